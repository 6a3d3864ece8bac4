//! The page on which readers try topic patterns.

use anyhow::ensure;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    lab::Lab,
    page::Browser,
    session::key::{ENTER, TAB},
};

const PAGE: &str = "topics.html";

/// A pattern, keys that match it, and keys that don't. The contracts and the embedded broker are tested on the same file.
#[derive(Deserialize)]
struct Example {
    pattern: String,
    matches: Vec<String>,
    misses: Vec<String>,
}

/// The page's function gives the results of the examples.
pub fn match_as_in_the_examples(lab: &Lab) -> anyhow::Result<()> {
    let examples: Vec<Example> = serde_json::from_str(include_str!("../../../../../book/topics.json"))?;
    ensure!(!examples.is_empty(), "no examples");
    lab.browse(|browser| {
        browser.go(PAGE)?;
        for Example { pattern, matches, misses } in &examples {
            for (key, expected) in matches.iter().map(|key| (key, true)).chain(misses.iter().map(|key| (key, false))) {
                let seen = browser.session.run("return topicMatches(...arguments)", json!([pattern, key]))?;
                ensure!(seen == expected, "{pattern:?} and {key:?} give {seen}, not {expected}");
            }
        }
        Ok(())
    })
}

/// Patterns and keys are typed with the keyboard alone, and the table and its summary follow.
pub fn are_typed_and_compared(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        browser.go(PAGE)?;
        expect(browser, "The queue gets 3 of 6 messages, each of them once.", &json!([]))?;
        browser.value("document.getElementById('topic-patterns').select()")?;
        browser.value("document.getElementById('topic-patterns').focus()")?;
        browser.session.press(&format!("a.#{ENTER}a*{ENTER}*"))?;
        browser.session.press(&TAB.to_string())?;
        ensure!(browser.text("document.activeElement.id")? == "topic-keys", "Tab goes elsewhere");
        browser.value("document.activeElement.select()")?;
        browser.session.press(&format!("a.b.c{ENTER}b{ENTER}{ENTER} b.c {ENTER}ab{ENTER}a.*"))?;
        let notes = json!([
            "a* has the word a*, which matches only itself: * and # stand alone between dots.",
            "a.* is a routing key, where * and # are letters like any others.",
        ]);
        expect(browser, "The queue gets 4 of 5 messages, each of them once.", &notes)?;
        let rows = "[...document.querySelectorAll('#topic-table tr')].map(row => [...row.cells].map(cell => cell.textContent))";
        let expected = json!([
            ["routing key", "the queue", "a.#", "a*", "*"],
            ["a.b.c", "gets it", "matches", "–", "–"],
            ["b", "gets it", "–", "–", "matches"],
            ["b.c", "–", "–", "–", "–"],
            ["ab", "gets it", "–", "–", "matches"],
            ["a.*", "gets it", "matches", "–", "–"],
        ]);
        let seen = browser.value(rows)?;
        ensure!(seen == expected, "the table is {seen}");
        fill(browser, "topic-patterns", "")?;
        expect(browser, "Without a pattern, the queue gets nothing.", &notes.as_array().map_or(json!([]), |notes| json!([notes[1]])))?;
        // A key of 256 bytes with 255 letters.
        fill(browser, "topic-patterns", "#")?;
        fill(browser, "topic-keys", &("ä".to_owned() + &"a".repeat(254)))?;
        let long = browser.text("document.querySelector('#topic-notes li').textContent")?;
        ensure!(long.ends_with("has 256 bytes, and may have 255."), "{long}");
        fill(browser, "topic-keys", &"a".repeat(255))?;
        expect(browser, "The queue gets 1 of 1 message, each of them once.", &json!([]))
    })
}

/// Without scripts, the table of examples is there, and no empty field. On paper, too.
pub fn are_a_table_on_paper_and_without_scripts(lab: &Lab) -> anyhow::Result<()> {
    lab.browse(|browser| {
        let table = "[...document.querySelectorAll('main table:not(#topic-table) td')].filter(cell => cell.checkVisibility()).length";
        let fields = "[...document.querySelectorAll('main textarea')].filter(field => field.checkVisibility()).length";
        let look = |fields_shown: u64| {
            let (cells, shown) = (browser.value(table)?, browser.value(fields)?);
            ensure!(cells.as_u64().is_some_and(|cells| cells > 30), "the table of examples has {cells} cells");
            ensure!(shown == fields_shown, "{shown} fields are shown");
            Ok(())
        };
        browser.go(PAGE)?;
        look(2)?;
        browser.session.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" }))?;
        look(0)?;
        browser.session.devtools("Emulation.setEmulatedMedia", json!({ "media": "" }))?;
        browser.session.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true }))?;
        let seen = browser.go(PAGE).and_then(|()| look(0));
        browser.session.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": false }))?;
        seen
    })
}

fn fill(browser: &Browser<'_>, field: &str, text: &str) -> anyhow::Result<()> {
    let script = "const field = document.getElementById(arguments[0]); field.value = arguments[1]; \
                  field.dispatchEvent(new Event('input'))";
    browser.session.run(script, json!([field, text])).map(drop)
}

fn expect(browser: &Browser<'_>, summary: &str, notes: &Value) -> anyhow::Result<()> {
    let seen = browser.text("document.getElementById('topic-summary').textContent")?;
    ensure!(seen == summary, "the summary is {seen:?}, and should be {summary:?}");
    let seen = browser.value("[...document.querySelectorAll('#topic-notes li')].map(note => note.textContent)")?;
    ensure!(seen == *notes, "the notes are {seen}, and should be {notes}");
    Ok(())
}
