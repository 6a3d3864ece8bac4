//! The copy button beside a program.

use std::fs;

use anyhow::{Context, ensure};
use serde_json::json;

use crate::{
    book::{Page, repository},
    faults::Faults,
    lab::Lab,
    page::Browser,
};

/// On each lesson's page, the button of the whole program puts on the clipboard what is in the lesson's file.
pub fn gives_the_program(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let rights = json!({ "origin": browser.origin, "permissions": ["clipboardReadWrite"] });
        browser.session.devtools("Browser.grantPermissions", rights)?;
        let mut faults = Faults::default();
        let mut lessons = browser.book.lessons().peekable();
        ensure!(lessons.peek().is_some(), "the table of contents has no page of a lesson");
        for (Page { path, .. }, number) in lessons {
            faults.add(path, copy(browser, path, number).err().map(|error| format!("{error:#}")));
        }
        faults.end()
    })
}

fn copy(browser: &Browser<'_>, path: &str, number: &str) -> anyhow::Result<()> {
    browser.go(path)?;
    let found = browser.value(include_str!("../scripts/whole_program.js"))?;
    ensure!(found == true, "no ```rust block under a heading with the id whole-program");
    browser.session.click("#the-button")?;
    browser.session.until("document.querySelector('#the-button.tooltipped')?.textContent === 'Copied!'")?;
    let copied = browser.text("await navigator.clipboard.readText()")?;
    // mdBook drops the end of a listing's last line.
    let program = program(number)?.trim_end().to_owned();
    if copied != program {
        let (line, (is, should)) = (copied.lines().map(Some).chain([None]))
            .zip(program.lines().map(Some).chain([None]))
            .enumerate()
            .find(|(_, (is, should))| is != should)
            .map_or((0, (None, None)), |(line, pair)| (line + 1, pair));
        let (is, should) = (is.unwrap_or("(end)"), should.unwrap_or("(end)"));
        anyhow::bail!("what is copied differs from the program in line {line}: {is:?} instead of {should:?}");
    }
    Ok(())
}

/// A lesson's program as it is shown: without the marks of its steps.
fn program(number: &str) -> anyhow::Result<String> {
    let lessons = repository().join("lessons");
    let named = |name: &str| name.starts_with(&format!("{number}-"));
    let lesson = fs::read_dir(&lessons)?.flatten().find(|entry| entry.file_name().to_str().is_some_and(named));
    let path = lesson.with_context(|| format!("no lesson {number} in lessons/"))?.path().join("src/main.rs");
    let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    Ok(text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("// ANCHOR")).collect())
}
