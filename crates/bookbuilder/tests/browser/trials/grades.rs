//! The pages that `cargo xtask grade` writes: the class for its teacher, and a student's page to hand back. Both are opened as
//! files, without a server, and the names and outputs on them are hostile.

use std::{fs, path::PathBuf};

use anyhow::{Context, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    book::repository,
    faults::Faults,
    lab::Lab,
    page::Browser,
    session::key::{ENTER, TAB},
    trials::{contrast, keyboard},
};

/// The pages, by their places in the folder that `grade` writes, and the tests of the grader that compare them.
const PAGES: [(&str, &str); 2] = [("class.html", "class"), ("students/evil-1.html", "student")];

/// The colours that a browser can ask for.
pub const SCHEMES: [&str; 2] = ["light", "dark"];

/// The width of a sheet of A4 without its margins, in pixels.
const PAPER: u32 = 718;

/// Returns the text of a page, as the grader's tests compare it.
fn text(name: &str) -> anyhow::Result<String> {
    let snapshots = repository().join("crates/grader/src/report/tests/snapshots");
    let path = snapshots.join(format!("grader__report__tests__snapshots__{name}.snap.html"));
    fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))
}

/// The folder with the pages, as a teacher has it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> anyhow::Result<Folder> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("students"))?;
        for (path, name) in PAGES {
            fs::write(folder.path().join(path), text(name)?)?;
        }
        Ok(Folder(folder))
    }

    fn open(&self, browser: &Browser<'_>, path: &str) -> anyhow::Result<()> {
        let path: PathBuf = self.0.path().join(path);
        browser.session.go(&format!("file://{}", path.display()))
    }
}

/// Runs a test on each page, with a browser.
fn each(lab: &Lab, test: impl Fn(&Browser<'_>) -> anyhow::Result<Vec<String>>) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    lab.browse(|browser| {
        let mut faults = Faults::default();
        for (path, _) in PAGES {
            folder.open(browser, path)?;
            faults.add(path, test(browser)?);
        }
        faults.end()
    })
}

/// Sets the medium and the colours that the browser asks for.
fn media(browser: &Browser<'_>, medium: &str, scheme: &str) -> anyhow::Result<()> {
    let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
    browser.session.devtools("Emulation.setEmulatedMedia", json!({ "media": medium, "features": features })).map(drop)
}

fn screen(browser: &Browser<'_>, width: u32) -> anyhow::Result<()> {
    let screen = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600 });
    browser.session.devtools("Emulation.setDeviceMetricsOverride", screen).map(drop)
}

/// axe-core finds nothing, in these colours, on a wide and on a narrow screen.
pub fn axe_finds_nothing(lab: &Lab, scheme: &str) -> anyhow::Result<()> {
    let axe = lab.axe()?;
    each(lab, |browser| {
        media(browser, "", scheme)?;
        browser.session.run(&axe, json!([]))?;
        let mut found = Vec::new();
        for width in [1200, 400] {
            screen(browser, width)?;
            found.extend(browser.faults(include_str!("../scripts/axe.js"), json!([false]))?);
        }
        Ok(found)
    })
}

/// All text stands out from its background, in these colours.
pub fn can_be_read(lab: &Lab, scheme: &str) -> anyhow::Result<()> {
    each(lab, |browser| {
        media(browser, "", scheme)?;
        contrast::look(browser)
    })
}

/// The names in the table, the titles with their order, and the title that has the focus.
fn table(browser: &Browser<'_>) -> anyhow::Result<(Vec<String>, Vec<String>, String)> {
    let seen = browser.run(include_str!("../scripts/grades.js"), json!([]))?;
    Ok(serde_json::from_value(seen)?)
}

/// Checks the order of the students, by the first words of their names.
fn expect(browser: &Browser<'_>, title: &str, order: &str, names: [&str; 5]) -> anyhow::Result<()> {
    let (seen, orders, _) = table(browser)?;
    let sorted: Vec<&String> = orders.iter().filter(|order| !order.ends_with(" none")).collect();
    ensure!(sorted == [&format!("{title} {order}")], "sorted by {sorted:?}, not by {title} {order}");
    let fits = seen.len() == names.len() && seen.iter().zip(names).all(|(seen, name)| seen.starts_with(name));
    ensure!(fits, "{title} {order}: the students are {seen:?}, not {names:?}");
    Ok(())
}

/// Each title sorts the table, upwards and then downwards; numbers count as numbers, and a missing score is the lowest.
pub fn sort_by_clicks(lab: &Lab) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    lab.browse(|browser| {
        folder.open(browser, "class.html")?;
        let (before, titles, _) = table(browser)?;
        ensure!(titles.iter().all(|title| title.ends_with(" none")) && titles.len() == 7, "{titles:?}");
        let click =
            |column: usize| browser.session.click(&format!("table.sortable thead th:nth-child({column}) button"));
        click(4)?;
        expect(browser, "Score", "ascending", ["Wang", "Robert", "=cmd", "Zoë", "Ada"])?;
        click(4)?;
        expect(browser, "Score", "descending", ["Ada", "Zoë", "=cmd", "Robert", "Wang"])?;
        click(1)?;
        expect(browser, "Student", "ascending", ["=cmd", "Ada", "Robert", "Wang", "Zoë"])?;
        click(5)?;
        click(5)?;
        let (after, ..) = table(browser)?;
        ensure!(after[0].starts_with("Zoë"), "the latest one is not first: {after:?}");
        ensure!(after.len() == before.len(), "rows are lost: {after:?}");
        Ok(())
    })
}

/// The same with keys alone: Tab reaches everything, and Enter and the space bar sort, without losing the focus.
pub fn sort_by_keys(lab: &Lab) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    lab.browse(|browser| {
        let mut faults = Faults::default();
        for (path, _) in PAGES {
            folder.open(browser, path)?;
            faults.add(path, keyboard::tab_through(browser)?);
        }
        faults.end()?;
        folder.open(browser, "class.html")?;
        // The table can be scrolled, so it comes first, and then the first title.
        browser.session.press(&[TAB, TAB, ENTER].iter().collect::<String>())?;
        expect(browser, "Student", "ascending", ["=cmd", "Ada", "Robert", "Wang", "Zoë"])?;
        browser.session.press(" ")?;
        expect(browser, "Student", "descending", ["Zoë", "Wang", "Robert", "Ada", "=cmd"])?;
        let (.., focus) = table(browser)?;
        ensure!(focus == "Student", "the focus is on {focus:?}");
        Ok(())
    })
}

/// The pages are not wider than a phone; a table and a block of output scroll in a box of their own.
pub fn fit(lab: &Lab, width: u32) -> anyhow::Result<()> {
    each(lab, |browser| {
        screen(browser, width)?;
        browser.faults(include_str!("../scripts/grades_fit.js"), json!([width, ".scroll, pre"]))
    })
}

/// On paper, nothing is cut off at the right, nothing is there to press, and ink is dark, also where the screen is.
pub fn print(lab: &Lab) -> anyhow::Result<()> {
    each(lab, |browser| {
        media(browser, "print", "dark")?;
        screen(browser, PAPER)?;
        let mut found = browser.faults(include_str!("../scripts/grades_fit.js"), json!([PAPER, ""]))?;
        found.extend(contrast::look(browser)?);
        let paper = browser.text("getComputedStyle(document.body).backgroundColor")?;
        found.extend((paper != "rgb(255, 255, 255)").then(|| format!("the paper is {paper}")));
        let advice = browser.value("[...document.querySelectorAll('.screen')].some(e => e.checkVisibility())")?;
        found.extend((advice == true).then(|| "paper can't be sorted, and the caption says so".to_owned()));
        let pdf = BASE64_STANDARD.decode(browser.session.print()?)?;
        found.extend((!pdf.starts_with(b"%PDF-")).then(|| "what is printed is no PDF".to_owned()));
        Ok(found)
    })
}

/// Without scripts, all is there but the buttons.
pub fn need_no_scripts(lab: &Lab) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    lab.browse(|browser| {
        let scripts = |are_off: bool| {
            browser.session.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": are_off }))
        };
        scripts(true)?;
        // The driver's own scripts still run.
        let seen = folder.open(browser, "class.html").and_then(|()| {
            let (names, ..) = table(browser)?;
            ensure!(names.len() == 5, "without scripts the students are {names:?}");
            let shown = browser.faults(
                "return [...document.querySelectorAll('table, th, td:not(:empty), li, h2')].filter(e => !shown(e)).map(named);",
                json!([]),
            )?;
            ensure!(shown.is_empty(), "without scripts these are hidden: {shown:?}");
            let buttons = browser.value("document.querySelectorAll('button, .screen').length")?;
            ensure!(buttons == 0, "{buttons} things have no effect");
            Ok(())
        });
        scripts(false)?;
        seen
    })
}

/// The pages load without an entry on the console, ask for nothing else, and run no script of a student's.
pub fn load_in_silence(lab: &Lab) -> anyhow::Result<()> {
    each(lab, |browser| {
        let mut found: Vec<String> = Vec::new();
        for entry in browser.session.log("browser")? {
            found.push(format!("the console says {}", entry["message"]));
        }
        for entry in browser.session.log("performance")? {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap_or("null"))?;
            let message = &message["message"];
            let url = message["params"]["request"]["url"].as_str().unwrap_or_default();
            if message["method"] == "Network.requestWillBeSent" && !url.starts_with("file://") {
                found.push(format!("asks for {url}"));
            }
        }
        let scripts = browser.value("document.scripts.length")?;
        found.extend((scripts.as_u64() > Some(1)).then(|| format!("{scripts} scripts")));
        Ok(found)
    })
}
