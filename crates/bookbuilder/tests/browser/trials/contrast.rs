//! Contrast: at least 4.5:1 between text and its background, and 3:1 for lines of pictures and icons.

use anyhow::Context;
use serde_json::json;

use crate::{faults::Faults, lab::Lab, page::Browser, session::key};

/// Every page can be read in this theme, and so can everything that opens on top of pages.
pub fn can_be_read(lab: &Lab, theme: &str) -> anyhow::Result<()> {
    lab.browse(|browser| {
        browser.go("index.html")?;
        browser.choose(theme)?;
        let mut faults = Faults::default();
        for path in browser.pages() {
            browser.go(path)?;
            browser.unfold()?;
            faults.add(path, look(browser)?);
        }
        browser.go("index.html")?;
        browser.session.click("#mdbook-theme-toggle")?;
        faults.add("the menu of themes", look(browser)?);
        browser.session.press(&key::ESCAPE.to_string())?;
        browser.session.press("?")?;
        faults.add("the keyboard's help", look(browser)?);
        browser.session.press(&key::ESCAPE.to_string())?;
        browser.session.press("/")?;
        faults.add("the search box", look(browser)?);
        browser.session.until("document.activeElement.id === 'mdbook-searchbar'")?;
        browser.session.press("message")?;
        browser.session.until("!!document.querySelector('#mdbook-searchresults em')")?;
        browser.session.press(&key::DOWN.to_string())?;
        faults.add("what is found", look(browser)?);
        let lesson = browser.book.lessons().next().context("the table of contents has no page of a lesson")?;
        browser.go(&format!("{}?highlight=queue", lesson.0.path))?;
        browser.session.until("!!document.querySelector('main mark')")?;
        faults.add("a page with what was looked for", look(browser)?);
        faults.end()
    })
}

/// Returns the parts of the current page that can't be read.
pub fn look(browser: &Browser<'_>) -> anyhow::Result<Vec<String>> {
    browser.faults(include_str!("../scripts/contrast.js"), json!([]))
}
