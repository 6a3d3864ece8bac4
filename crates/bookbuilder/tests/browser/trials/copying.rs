//! The copy buttons beside programs and commands.

use std::fs;

use anyhow::{Context, ensure};
use serde_json::json;

use crate::{
    book::{Page, repository},
    faults::Faults,
    lab::Lab,
    page::Browser,
};

/// The button of the whole program, on each lesson's page, copies the content of the lesson's file.
pub fn gives_the_program(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        allow_copying(browser)?;
        let mut faults = Faults::default();
        let mut lessons = browser.book.lessons().peekable();
        ensure!(lessons.peek().is_some(), "the table of contents has no page of a lesson");
        for (Page { path, .. }, number) in lessons {
            faults.add(path, copy(browser, path, number).err().map(|error| format!("{error:#}")));
        }
        faults.end()
    })
}

/// The button of a terminal session copies the commands, without prompts and output.
pub fn gives_what_is_typed(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        allow_copying(browser)?;
        browser.go("setup.html")?;
        let shown = browser.text(include_str!("../scripts/first_session.js"))?;
        let typed: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
        ensure!(!typed.is_empty(), "no command in the page's first ```console block: {shown:?}");
        let copied = press(browser)?;
        ensure!(copied.lines().eq(typed.iter().copied()), "of {shown:?}, this is copied: {copied:?}");
        Ok(())
    })
}

fn allow_copying(browser: &Browser<'_>) -> anyhow::Result<()> {
    let rights = json!({ "origin": browser.origin, "permissions": ["clipboardReadWrite"] });
    browser.session.devtools("Browser.grantPermissions", rights)?;
    Ok(())
}

/// Presses the button that a script has found, and returns the content of the clipboard.
fn press(browser: &Browser<'_>) -> anyhow::Result<String> {
    browser.session.click("#the-button")?;
    browser.session.until("document.querySelector('#the-button.tooltipped')?.textContent === 'Copied!'")?;
    browser.text("await navigator.clipboard.readText()")
}

fn copy(browser: &Browser<'_>, path: &str, number: &str) -> anyhow::Result<()> {
    browser.go(path)?;
    let found = browser.value(include_str!("../scripts/whole_program.js"))?;
    ensure!(found == true, "no ```rust block under a heading with the id whole-program");
    let copied = press(browser)?;
    // mdBook drops the newline at the end of a listing.
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

/// Returns a lesson's program as the book shows it: without the marks of its steps.
fn program(number: &str) -> anyhow::Result<String> {
    let lessons = repository().join("lessons");
    let named = |name: &str| name.starts_with(&format!("{number}-"));
    let lesson = fs::read_dir(&lessons)?.flatten().find(|entry| entry.file_name().to_str().is_some_and(named));
    let path = lesson.with_context(|| format!("no lesson {number} in lessons/"))?.path().join("src/main.rs");
    let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    Ok(text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("// ANCHOR")).collect())
}
