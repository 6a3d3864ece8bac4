//! No report obeys what a student wrote.

use std::{collections::BTreeMap, path::PathBuf};

use super::fixture::{class, passed, student};
use crate::report::{
    Kind, Options, ReportError,
    classroom50::Classroom50,
    html, list, markdown,
    plain::{is_unsafe, plain, plain_lines},
    table, write, write_with,
};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr as _;

/// Returns all files of all reports, except for gradebooks, and the table.
fn everything() -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> =
        (20..200).map(|width| (format!("table {width}"), table(&class(), width))).collect();
    let about = Classroom50::from_env(|name| Some(format!("the {name}"))).unwrap();
    let options = Options { classroom50: Some(about), ..Options::default() };
    for (kind, name) in Kind::ALL {
        if matches!(kind, Kind::Canvas | Kind::Moodle) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        for file in write_with(kind, &class(), folder.path(), &options).unwrap().files {
            let path = file.strip_prefix(folder.path()).unwrap();
            all.insert(format!("{name}/{}", path.display()), std::fs::read_to_string(&file).unwrap());
        }
    }
    assert!(all.len() > 20, "{:?}", all.keys());
    all
}

#[test]
fn nothing_is_obeyed() {
    for (name, text) in everything() {
        let found = text.chars().find(|char| is_unsafe(*char) && !matches!(char, '\n' | '\t'));
        assert_eq!(found, None, "{name} has a control character");
        assert!(!text.contains("##["), "{name} has a command of GitHub's runner");
        assert!(!text.to_ascii_lowercase().contains("[[attachment|"), "{name} names an attachment");
        for line in text.lines() {
            let ours = name == "github/annotations.txt";
            assert!(ours || !line.trim_start().starts_with("::"), "{name} has a workflow command: {line}");
            assert!(!ours || line.starts_with("::error title=") || line.starts_with("::warning title="), "{line}");
        }
        // In the other formats a tag is text.
        let tags = [".html", ".xml", ".json"].iter().any(|ending| name.ends_with(ending));
        assert!(!tags || !text.contains("<script>alert"), "{name} has a tag");
    }
}

#[test]
fn markdown_outside_of_code_has_no_markup_of_students() {
    for (name, text) in everything().into_iter().filter(|(name, _)| name.ends_with(".md")) {
        let mut fence: Option<String> = None;
        for line in text.lines() {
            let line = line.trim_start();
            let ticks = line.len() - line.trim_start_matches('`').len();
            match &fence {
                Some(open) if line == open => fence = None,
                Some(_) => {}
                None if ticks >= 3 && line.ends_with("text") => fence = Some("`".repeat(ticks)),
                None => {
                    let code = without_code(line);
                    assert!(
                        !code.contains("<script") && !code.contains("<!--") && !code.contains("![x]"),
                        "{name}: {line}"
                    );
                }
            }
        }
        assert_eq!(fence, None, "{name}: a block is open");
    }
}

/// Returns a line without its code spans.
fn without_code(line: &str) -> String {
    let mut rest = line.replace("\\`", "");
    while let Some(at) = rest.find('`') {
        let ticks = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let fence = "`".repeat(ticks);
        let after = &rest[at + ticks..];
        let end = after
            .match_indices(&fence)
            .map(|(end, _)| end)
            .find(|end| !after[..*end].ends_with('`') && !after[end + ticks..].starts_with('`'));
        let end = end.unwrap_or_else(|| panic!("a code span does not end: {line}"));
        rest = format!("{}{}", &rest[..at], &after[end + ticks..]);
    }
    rest
}

#[test]
fn pages_are_well_formed() {
    for (name, text) in everything().into_iter().filter(|(name, _)| name.ends_with(".html")) {
        assert_eq!(text.matches("<h1>").count(), 1, "{name}");
        let (mut open, mut ids) = (Vec::new(), Vec::new());
        let mut rest = text.split_once("<body>").unwrap().1.split("<script>").next().unwrap();
        while let Some((_, tag)) = rest.split_once('<') {
            let (tag, after) = tag.split_once('>').unwrap();
            rest = after;
            match tag.strip_prefix('/') {
                Some("body" | "html") => {}
                Some(end) => assert_eq!(open.pop(), Some(end), "{name}: </{end}>"),
                None if tag.ends_with('/') => {}
                None => {
                    open.push(tag.split(' ').next().unwrap());
                    ids.extend(tag.split_once(" id=\"").map(|(_, id)| id.split('"').next().unwrap()));
                }
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
        for (at, _) in text.match_indices("aria-labelledby=\"") {
            let id = text[at + 17..].split('"').next().unwrap();
            assert_eq!(ids.iter().filter(|known| **known == id).count(), 1, "{name}: {id}");
        }
        assert!(!text.contains("style=\"") && !text.contains("src=\""), "{name}");
    }
}

#[test]
fn the_table_fits() {
    for width in [20, 33, 40, 60, 80, 120, 200] {
        for line in table(&class(), width).lines() {
            assert!(line.width() <= width, "{width}: {} {line:?}", line.width());
        }
    }
    assert!(table(&class(), 80).contains("docker") || table(&class(), 80).contains("sandbox"));
}

#[test]
fn a_csv_reader_gets_the_same_number_of_cells() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    write(Kind::Csv, &class(), &path, None).unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 5);
    for row in rows {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
    }
}

#[test]
fn a_key_is_no_path() {
    for key in ["../x", "", ".hidden", "a/b", "a\\b", "-x", "a b"] {
        let mut grades = class();
        grades.grades = vec![passed(key, student("A", "1", "a"))];
        let error = write(Kind::Students, &grades, &PathBuf::from("/nonexistent"), None).unwrap_err();
        assert!(matches!(error, ReportError::Key(_)), "{error}");
    }
}

/// Strings of characters that mean something to one of the readers.
const CHARACTERS: &str = "[#\\[\\]:!=+@|`<>&\"' \t\r\n\u{85}\u{9b}\u{202e}\u{2028}\u{3000}\u{ffff}aä]{0,24}";

proptest! {
    #[test]
    fn plain_text_is_harmless(text in CHARACTERS) {
        let line = plain(&text);
        prop_assert!(!line.contains(is_unsafe), "{line:?}");
        prop_assert!(!line.contains("##[") && !line.trim_start().starts_with("::"), "{line:?}");
        prop_assert_eq!(plain(&line), line.as_str());
        for line in plain_lines(&text).split('\n') {
            prop_assert!(!line.replace('\t', "").contains(is_unsafe), "{line:?}");
            prop_assert!(!line.contains("##[") && !line.trim_start().starts_with("::"), "{line:?}");
        }
    }

    #[test]
    fn escaped_text_is_no_markup(text in CHARACTERS) {
        prop_assert!(!html::text(&text).contains(['<', '>', '"', '\'']));
        prop_assert!(!markdown::cell(&text).contains(['|', '`', '[', '\n']));
        prop_assert!(!list::cell(&text).trim_start().starts_with(['=', '+', '-', '@']));
        let block = markdown::block(&text);
        let fence = block.lines().next().unwrap_or_default().trim_end_matches("text");
        let inner = &block[fence.len() + 4..block.len() - fence.len() - 1];
        prop_assert!(fence.len() >= 3 && !inner.contains(fence), "{block:?}");
    }

    #[test]
    fn any_name_fits_into_the_table(name in CHARACTERS, width in 20usize..120) {
        let mut grades = class();
        grades.grades.push(passed("x", student(&name, "", "")));
        grades.not_joined = vec![name];
        for line in table(&grades, width).lines() {
            prop_assert!(line.width() <= width && !line.trim_start().starts_with("::"), "{line:?}");
        }
    }
}
