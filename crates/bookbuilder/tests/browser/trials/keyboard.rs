//! The book without a mouse.

use anyhow::{Context, bail, ensure};
use serde_json::json;

use crate::{
    faults::Faults,
    lab::Lab,
    page::Browser,
    session::key::{DOWN, ENTER, ESCAPE, LEFT, RIGHT, TAB},
};

/// Tab reaches everything that can be pressed, shows the focus, and returns to the start.
pub fn reaches_everything(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let mut faults = Faults::default();
        for (page, _) in browser.book.lessons() {
            browser.go(&page.path)?;
            faults.add(&page.path, tab_through(browser)?);
        }
        faults.end()
    })
}

/// Presses Tab all the way around the current page. Returns what it does not reach, and what can't be seen there.
pub fn tab_through(browser: &Browser<'_>) -> anyhow::Result<Vec<String>> {
    let count = browser.session.run(include_str!("../scripts/focus_begin.js"), json!([]))?;
    let count = count.as_u64().context("no number of elements")?;
    let mut found = Vec::new();
    // The loop takes some steps more than there are elements, because scrollable elements also get the focus.
    for _ in 0..count + 50 {
        browser.session.press(&TAB.to_string())?;
        let seen = browser.run(include_str!("../scripts/focus_look.js"), json!([]))?;
        found.extend(seen["fault"].as_str().map(ToOwned::to_owned));
        if seen["end"] == true {
            found.extend(browser.faults(
                "return hr_focus.filter(e => !hr_reached.has(e)).map(e => `Tab does not reach ${named(e)}`);",
                json!([]),
            )?);
            return Ok(found);
        }
    }
    bail!("Tab does not come around after {} presses", count + 50)
}

/// The menu of themes opens, moves and closes by keys.
pub fn chooses_a_theme(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        browser.go("index.html")?;
        browser.value("document.getElementById('mdbook-theme-toggle').focus()")?;
        // The keys go from the current theme, Light, to the second one after it.
        browser.session.press(&[ENTER, DOWN, DOWN].iter().collect::<String>())?;
        let focus = browser.text("document.activeElement.id")?;
        ensure!(focus == "mdbook-theme-coal", "two arrows down from Light is {focus}, not Coal");
        browser.session.press(&[ENTER, ESCAPE].iter().collect::<String>())?;
        browser.session.until("document.documentElement.classList.contains('coal')")?;
        let focus = browser.text("document.activeElement.id")?;
        ensure!(focus == "mdbook-theme-toggle", "Escape leaves the focus on {focus:?}, not on the button");
        let open = browser.text("getComputedStyle(document.getElementById('mdbook-theme-list')).display")?;
        ensure!(open == "none", "Escape leaves the menu open");
        Ok(())
    })
}

/// The arrow keys turn pages, from the first to the last and back.
pub fn turns_pages(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let pages = &browser.book.pages;
        browser.go(&pages[0].path)?;
        let forwards = pages[1..].iter().map(|page| (RIGHT, page));
        let backwards = pages[..pages.len() - 1].iter().rev().map(|page| (LEFT, page));
        for (key, page) in forwards.chain(backwards) {
            browser.session.press(&key.to_string())?;
            let there = format!("location.pathname === '/{}' && document.readyState === 'complete'", page.path);
            browser.session.until(&there).with_context(|| format!("the page of “{}” does not come", page.title))?;
        }
        Ok(())
    })
}

/// Everything that is folded opens and closes with Enter.
pub fn opens_details(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let mut faults = Faults::default();
        for path in browser.pages().filter(|path| *path != "print.html") {
            browser.go(path)?;
            let count = browser.value("document.querySelectorAll('main details').length")?;
            for place in 0..count.as_u64().unwrap_or_default() {
                let details = format!("document.querySelectorAll('main details')[{place}]");
                for _ in 0..2 {
                    let was_open = browser.value(&format!("{details}.open"))?;
                    browser.value(&format!("{details}.querySelector('summary').focus()"))?;
                    browser.session.press(&ENTER.to_string())?;
                    if browser.value(&format!("{details}.open"))? == was_open {
                        let name = browser.text(&format!("{details}.querySelector('summary').textContent"))?;
                        let verb = if was_open == true { "close" } else { "open" };
                        faults.add(path, [format!("Enter does not {verb} the details “{name}”")]);
                    }
                }
            }
        }
        faults.end()
    })
}

/// Keys open the table of contents, which is folded away on a narrow screen.
pub fn opens_the_sidebar(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let screen = json!({ "width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        browser.session.devtools("Emulation.setDeviceMetricsOverride", screen)?;
        browser.go("index.html")?;
        let hidden = "document.getElementById('mdbook-sidebar').checkVisibility()";
        ensure!(browser.value(hidden)? == false, "the table of contents covers a narrow screen");
        browser.session.press(&[TAB, ENTER].iter().collect::<String>())?;
        browser.session.until("document.querySelector('#mdbook-sidebar a').getBoundingClientRect().left >= 0")?;
        let inside = browser.value("!!document.activeElement.closest('#mdbook-sidebar')")?;
        ensure!(inside == true, "the focus does not go into the table of contents that was opened");
        Ok(())
    })
}
