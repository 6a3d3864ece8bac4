//! The search box.

use anyhow::ensure;

use crate::{lab::Lab, session::key};

/// What people look for, and the start of the path of a page that must be among what they get.
pub const WORDS: [(&str, &str); 3] = [("queue_declare", "01-"), ("exchange", "glossary"), ("disk", "trouble")];

/// Opens the search with `/`, types, and follows the first result.
pub fn finds(lab: &Lab, word: &str, page: &str) -> anyhow::Result<()> {
    lab.browse(|browser| {
        browser.go("index.html")?;
        // The index is loaded when somebody first searches.
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
