//! A WebDriver session, which is one browser window: the few commands that the tests need.

use std::{path::Path, time::Duration};

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// The time limit of a command: longer than the slowest page takes with the slowest script, on a busy machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(150);

/// The browser's own time limit for a script or a page, in milliseconds. By default, a script has 30 s, which looking for
/// barriers in a long page can take on a busy machine.
const BROWSER_TIMEOUT: u64 = 120_000;

/// The keys for which WebDriver has special code points.
pub mod key {
    pub const ENTER: char = '\u{e007}';
    pub const ESCAPE: char = '\u{e00c}';
    pub const TAB: char = '\u{e004}';
    pub const LEFT: char = '\u{e012}';
    pub const RIGHT: char = '\u{e014}';
    pub const DOWN: char = '\u{e015}';
}

/// A browser that a test opened. It closes when this is dropped.
pub struct Session {
    agent: ureq::Agent,
    url: String,
}

impl Session {
    /// Opens a browser. It can resolve no name except 127.0.0.1: the book must not need a network.
    pub fn open(driver: &str, chromium: &Path) -> anyhow::Result<Self> {
        let config = ureq::Agent::config_builder();
        let agent = config.timeout_global(Some(ANSWER_WITHIN)).http_status_as_error(false).build().new_agent();
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "timeouts": { "script": BROWSER_TIMEOUT, "pageLoad": BROWSER_TIMEOUT },
            "goog:chromeOptions": { "binary": chromium, "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                // Each test chooses the theme, not the machine.
                "--window-size=1400,900", "--force-prefers-reduced-motion",
            ] },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } });
        let mut session = Self { agent, url: format!("{driver}/session") };
        let answer = session.post("", capabilities).context("Chromium does not open")?;
        let id = answer["sessionId"].as_str().context("a session without an id")?;
        session.url = format!("{}/{id}", session.url);
        // The page for the printer opens the printer's window by itself.
        let silence = json!({ "source": "window.print = () => {}" });
        session.devtools("Page.addScriptToEvaluateOnNewDocument", silence)?;
        Ok(session)
    }

    /// Loads a page, up to its `load` event.
    pub fn go(&self, url: &str) -> anyhow::Result<()> {
        self.post("/url", json!({ "url": url })).map(drop).with_context(|| url.to_owned())
    }

    /// Runs the body of a function in the page. If it returns a promise, waits for it.
    pub fn run(&self, script: &str, arguments: Value) -> anyhow::Result<Value> {
        self.post("/execute/sync", json!({ "script": script, "args": arguments }))
    }

    /// Waits until an expression is true. It is evaluated before each drawn frame.
    pub fn until(&self, expression: &str) -> anyhow::Result<()> {
        let seen = self.run(include_str!("scripts/until.js"), json!([expression]))?;
        if seen != json!(true) {
            bail!("not seen within 10 s: {expression}");
        }
        Ok(())
    }

    /// Presses and releases keys, one after the other.
    pub fn press(&self, keys: &str) -> anyhow::Result<()> {
        let strokes = keys
            .chars()
            .flat_map(|key| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })])
            .collect::<Vec<_>>();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("/actions", json!({ "actions": [keyboard] })).map(drop)
    }

    /// Clicks on the middle of an element, as a mouse does: the pointer moves there first.
    pub fn click(&self, selector: &str) -> anyhow::Result<()> {
        let find = json!({ "using": "css selector", "value": selector });
        let element = self.post("/element", find).with_context(|| selector.to_owned())?;
        let there = json!({ "type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": element });
        let strokes = json!([there, { "type": "pointerDown", "button": 0 }, { "type": "pointerUp", "button": 0 }]);
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": strokes });
        self.post("/actions", json!({ "actions": [mouse] })).map(drop).with_context(|| selector.to_owned())
    }

    /// Sends a command of the Chrome DevTools protocol.
    pub fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": parameters }))
    }

    /// Returns the entries of a log (`browser`, `performance`) since the last call.
    pub fn log(&self, name: &str) -> anyhow::Result<Vec<Value>> {
        match self.post("/se/log", json!({ "type": name }))? {
            Value::Array(entries) => Ok(entries),
            other => bail!("a log that is no list: {other}"),
        }
    }

    /// Returns the page as a PDF.
    pub fn print(&self) -> anyhow::Result<String> {
        // WebDriver's own command for it gives up after 10 s, which a busy machine needs for a long page.
        let pdf = self.devtools("Page.printToPDF", json!({}))?;
        pdf["data"].as_str().map(ToOwned::to_owned).context("a print that is no text in base64")
    }

    fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let mut answer: Value = self
            .agent
            .post(format!("{}{path}", self.url))
            .send_json(body)?
            .body_mut()
            .with_config()
            // A printed book is longer than ureq's default limit.
            .limit(100 << 20)
            .read_json()?;
        let value = answer["value"].take();
        if let Some(error) = value.get("error") {
            let message = value["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
            bail!("the browser says {error}: {message}");
        }
        Ok(value)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.agent.delete(&self.url).call().ok();
    }
}
