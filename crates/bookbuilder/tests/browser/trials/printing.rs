//! The book on paper.

use anyhow::ensure;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use crate::{faults::Faults, lab::Lab, trials::contrast};

/// The page for the printer has everything that the pages have: headings, pictures, listings and details.
pub fn is_complete(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let script = include_str!("../scripts/contents.js");
        browser.go("print.html")?;
        let printed: Vec<String> = browser.faults(script, json!([]))?;
        let mut faults = Faults::default();
        for page in &browser.book.pages {
            browser.go(&page.path)?;
            let mut left = printed.clone();
            for content in browser.faults(script, json!([]))? {
                match left.iter().position(|printed| *printed == content) {
                    Some(place) => drop(left.swap_remove(place)),
                    None => faults.add(&page.path, [format!("print.html is without its {content}")]),
                }
            }
        }
        faults.end()
    })
}

/// A page on paper has nothing to press, everything that opens is open, and ink is dark, whatever the theme on the screen.
pub fn is_fit_for_paper(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        browser.go("index.html")?;
        browser.choose("navy")?;
        browser.session.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" }))?;
        let mut faults = Faults::default();
        for path in browser.pages() {
            browser.go(path)?;
            faults.add(path, browser.faults(include_str!("../scripts/paper.js"), json!([]))?);
            faults.add(path, contrast::look(browser)?);
        }
        faults.end()
    })
}

/// The browser prints the book as a PDF.
pub fn gives_a_pdf(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        browser.go("print.html")?;
        let pdf = BASE64_STANDARD.decode(browser.session.print()?)?;
        ensure!(pdf.starts_with(b"%PDF-"), "what is printed is no PDF");
        let pages = pdf.windows(11).filter(|part| part.starts_with(b"/Type /Page") && !part.ends_with(b"s")).count();
        ensure!(pages >= browser.book.pages.len(), "{} chapters on {pages} sheets", browser.book.pages.len());
        Ok(())
    })
}
