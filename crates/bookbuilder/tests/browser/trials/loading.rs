//! Pages load without an entry on the console, and without a request to another server.

use serde_json::Value;

use crate::{faults::Faults, lab::Lab, page::Browser};

/// Every page loads in silence, in a browser with logs of the console and the network.
pub fn in_silence(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let mut faults = Faults::default();
        for path in browser.pages().chain(["index.html", "404.html"]) {
            browser.go(path)?;
            faults.add(path, browser.session.log("browser")?.iter().filter_map(complaint));
            let messages = browser.session.log("performance")?;
            faults.add(path, messages.iter().filter_map(|entry| stranger(entry, browser)));
        }
        faults.end()
    })
}

/// Returns an entry of the console that is a warning or an error.
fn complaint(entry: &Value) -> Option<String> {
    let level = entry["level"].as_str()?;
    ["WARNING", "SEVERE"].contains(&level).then(|| format!("the console says {level}: {}", entry["message"]))
}

/// Returns the URL of a request that leaves the book.
fn stranger(entry: &Value, browser: &Browser<'_>) -> Option<String> {
    let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let message = &message["message"];
    if message["method"] != "Network.requestWillBeSent" {
        return None;
    }
    let url = message["params"]["request"]["url"].as_str()?;
    let own = url.strip_prefix(browser.origin).is_some_and(|rest| rest.starts_with('/'));
    (!own && !url.starts_with("data:")).then(|| format!("asks for {url}"))
}
