//! Whether everything can be read: text has a contrast of 4.5:1 or more to what is behind it, lines of pictures and icons 3:1.

use anyhow::Context;
use serde_json::json;

use crate::{faults::Faults, lab::Lab, page::Browser, session::key};

/// Every page in a theme, and what opens on top of pages.
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

/// What can't be read on the page that is shown, as it is shown.
pub fn look(browser: &Browser<'_>) -> anyhow::Result<Vec<String>> {
    browser.faults(include_str!("../scripts/contrast.js"), json!([]))
}
