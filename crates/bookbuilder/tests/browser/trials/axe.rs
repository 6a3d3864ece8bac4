//! axe-core, which knows rules of WCAG 2 that a program can check. Nothing is excepted.

use serde_json::json;

use crate::{faults::Faults, lab::Lab};

/// Every page in a theme. A theme changes colours only, so rules that do not look at colours are asked once.
pub fn finds_nothing(lab: &Lab, theme: &str) -> anyhow::Result<()> {
    let axe = lab.axe()?;
    lab.browse(|browser| {
        browser.go("index.html")?;
        browser.choose(theme)?;
        let mut faults = Faults::default();
        let only_colours = theme != "light";
        // The page for the printer repeats the others' colours.
        for path in browser.pages().filter(|path| !only_colours || *path != "print.html") {
            browser.go(path)?;
            browser.unfold()?;
            browser.session.run(&axe, json!([]))?;
            faults.add(path, browser.faults(include_str!("../scripts/axe.js"), json!([only_colours]))?);
        }
        faults.end()
    })
}
