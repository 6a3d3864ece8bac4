//! axe-core, which has the rules of WCAG 2 that a program can check. There are no exceptions.

use serde_json::json;

use crate::{faults::Faults, lab::Lab};

/// Every page passes, in this theme. A theme changes only colours, so other rules are checked in one theme.
pub fn finds_nothing(lab: &Lab, theme: &str) -> anyhow::Result<()> {
    let axe = lab.axe()?;
    lab.browse(|browser| {
        browser.go("index.html")?;
        browser.choose(theme)?;
        let mut faults = Faults::default();
        let only_colours = theme != "light";
        // The page for the printer repeats all others. axe would need more than two minutes for that one page.
        for path in browser.pages().filter(|path| *path != "print.html") {
            browser.go(path)?;
            browser.unfold()?;
            browser.session.run(&axe, json!([]))?;
            faults.add(path, browser.faults(include_str!("../scripts/axe.js"), json!([only_colours]))?);
        }
        faults.end()
    })
}
