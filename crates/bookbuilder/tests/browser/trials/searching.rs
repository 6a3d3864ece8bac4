//! The search box.

use anyhow::ensure;

use crate::{lab::Lab, session::key};

/// Search terms, and the beginning of a path that must be among the results.
pub const WORDS: [(&str, &str); 3] = [("queue_declare", "01-"), ("exchange", "05-"), ("disk", "trouble")];

/// The search opens with `/`, and its first result for this word leads to this page.
pub fn finds(lab: &Lab, word: &str, page: &str) -> anyhow::Result<()> {
    lab.browse(|browser| {
        browser.go("index.html")?;
        // The index is loaded at the first search.
        browser.session.press("/")?;
        browser.session.until("document.activeElement.id === 'mdbook-searchbar'")?;
        browser.session.press(word)?;
        browser
            .session
            .until(&format!("document.getElementById('mdbook-searchresults-header').textContent.includes('{word}')"))?;
        let results =
            browser.value("[...document.querySelectorAll('#mdbook-searchresults a')].map(a => a.pathname)")?;
        let results: Vec<String> = serde_json::from_value(results)?;
        ensure!(!results.is_empty(), "nothing is found for {word}");
        let found = results.iter().any(|path| path.trim_start_matches('/').starts_with(page));
        ensure!(found, "{word} is found on {}, and not on {page}…", results.join(", "));
        browser.session.press(&key::ENTER.to_string())?;
        let there = format!("location.pathname === '{}' && document.querySelector('main mark')", results[0]);
        browser.session.until(&format!("!!({there})"))
    })
}
