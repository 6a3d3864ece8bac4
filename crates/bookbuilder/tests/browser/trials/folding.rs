//! The listings of a lesson's steps are behind folds: closed at first, open where the reader opened them.

use anyhow::ensure;
use serde_json::json;

use crate::{
    book::Page,
    lab::Lab,
    page::Browser,
    session::key::{ENTER, TAB},
};

/// The expression for the steps of all open folds on the current page, by the ids of their headings.
const OPEN: &str = "[...document.querySelectorAll('main details.hr-show[open]')].map(fold => {
    let above = fold;
    while (!/^H[1-6]$/.test(above.tagName)) above = above.previousElementSibling;
    return above.id;
})";

/// The expression for the number of folds on the current page.
const COUNT: &str = "document.querySelectorAll('main details.hr-show').length";

/// A click opens a fold, and another one closes it. Each page remembers its own folds.
pub fn open_by_a_click_and_stay_so(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let (first, second) = two_lessons(browser)?;
        browser.go(first)?;
        expect(browser, &[])?;
        click(browser, "connect")?;
        click(browser, "declare")?;
        click(browser, "close")?;
        click(browser, "declare")?;
        expect(browser, &["connect", "close"])?;
        browser.go(first)?;
        expect(browser, &["connect", "close"])?;
        browser.go(second)?;
        expect(browser, &[])?;
        click(browser, "declare")?;
        browser.go(first)?;
        click(browser, "close")?;
        browser.go(second)?;
        expect(browser, &["declare"])?;
        browser.go(first)?;
        expect(browser, &["connect"])
    })
}

/// Tab goes to a fold, Enter opens it, and the space bar closes it.
pub fn open_by_keys_and_stay_so(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let (first, _) = two_lessons(browser)?;
        browser.go(first)?;
        let summary = "document.querySelector('#publish ~ details.hr-show > summary')";
        // The focus starts at the link before the fold, from which a reader's Tab leads to it.
        browser.value("document.querySelector('#publish > a').focus()")?;
        browser.session.press(&TAB.to_string())?;
        ensure!(browser.value(&format!("document.activeElement === {summary}"))? == true, "Tab goes elsewhere");
        browser.session.press(&ENTER.to_string())?;
        expect(browser, &["publish"])?;
        browser.go(first)?;
        expect(browser, &["publish"])?;
        browser.value(&format!("{summary}.focus()"))?;
        browser.session.press(" ")?;
        expect(browser, &[])?;
        browser.go(first)?;
        expect(browser, &[])
    })
}

/// A book that is opened from a folder, without a server, also remembers its folds.
pub fn are_remembered_for_files(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let (first, _) = two_lessons(browser)?;
        let file = format!("file://{}/{first}", browser.book.folder.display());
        browser.session.go(&file)?;
        // An earlier run of this test may have left entries.
        browser.value("localStorage.clear()")?;
        browser.session.go(&file)?;
        expect(browser, &[])?;
        click(browser, "connect")?;
        browser.session.go(&file)?;
        let open = expect(browser, &["connect"]);
        browser.value("localStorage.clear()")?;
        open
    })
}

/// All folds are open without scripts, because nothing could remember them.
pub fn are_open_without_scripts(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let (first, _) = two_lessons(browser)?;
        let scripts = |are_off: bool| {
            browser.session.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": are_off }))
        };
        scripts(true)?;
        // The driver's own scripts still run.
        let seen = browser.go(first).and_then(|()| all_are_open(browser));
        scripts(false)?;
        seen
    })
}

/// All folds are open for the printer, even in browsers whose style sheets can't open a fold. Afterwards they are as before.
pub fn are_open_for_the_printer(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let (first, _) = two_lessons(browser)?;
        browser.go(first)?;
        click(browser, "connect")?;
        browser.value("dispatchEvent(new Event('beforeprint'))")?;
        all_are_open(browser)?;
        browser.value("dispatchEvent(new Event('afterprint'))")?;
        expect(browser, &["connect"])?;
        browser.go("print.html")?;
        all_are_open(browser)
    })
}

/// A search for a word in a listing opens its fold, but does not remember it.
pub fn open_where_a_search_leads(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let (first, _) = two_lessons(browser)?;
        browser.go(&format!("{first}?highlight=create_channel#connect"))?;
        let seen = browser.value("!!document.querySelector('#connect ~ details mark')?.checkVisibility()")?;
        ensure!(seen == true, "the word that was looked for is not shown");
        browser.go(first)?;
        expect(browser, &[])
    })
}

/// Returns the pages of two lessons that have the steps of these tests.
fn two_lessons<'a>(browser: &Browser<'a>) -> anyhow::Result<(&'a str, &'a str)> {
    let mut lessons = browser.book.lessons().map(|(Page { path, .. }, _)| path.as_str());
    match (lessons.next(), lessons.next()) {
        (Some(first), Some(second)) => Ok((first, second)),
        _ => anyhow::bail!("the table of contents has no two lessons"),
    }
}

fn click(browser: &Browser<'_>, step: &str) -> anyhow::Result<()> {
    browser.session.click(&format!("#{step} ~ details.hr-show > summary"))
}

fn expect(browser: &Browser<'_>, steps: &[&str]) -> anyhow::Result<()> {
    let open = browser.value(OPEN)?;
    ensure!(open == json!(steps), "these steps are open: {open}, and should be: {steps:?}");
    ensure!(browser.value(COUNT)? != json!(0), "the page has no folds");
    Ok(())
}

fn all_are_open(browser: &Browser<'_>) -> anyhow::Result<()> {
    let open = browser.value(&format!("{OPEN}.length"))?;
    let count = browser.value(COUNT)?;
    ensure!(open == count && count != json!(0), "{open} of {count} folds are open");
    let is_shown = "[...document.querySelectorAll('main details.hr-show pre')].every(code => code.checkVisibility())";
    ensure!(browser.value(is_shown)? == true, "a listing in an open fold is not shown");
    Ok(())
}
