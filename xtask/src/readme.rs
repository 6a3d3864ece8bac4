//! Tests: the README's table of lessons has all of them, with their steps.
//!
//! `cargo xtask bless readme` writes it. It keeps the table's text about a lesson's program; for a new lesson, it takes the
//! description of its package.

use std::fs;

use snapbox::{Assert, Data, data::DataFormat};

use crate::{
    cargo::root,
    lessons::{self, Lesson},
};

/// The line above the rows.
const RULE: &str = "|---|---|---|\n";

#[test]
fn the_table_of_lessons_has_all_of_them_with_their_steps() {
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (above, rest) = text.split_once(&format!("| lesson | you write | steps that are checked |\n{RULE}")).unwrap();
    let (rows, below) = rest.split_once("\n\n").unwrap();
    let header = &text[above.len()..text.len() - rest.len()];
    let table: Vec<String> = lessons::all().unwrap().iter().map(|lesson| row(lesson, rows)).collect();
    let expected = format!("{above}{header}{}\n\n{below}", table.join("\n"));
    Assert::new()
        .action_env("SNAPSHOTS")
        .eq(Data::text(expected).raw(), Data::read_from(&path, Some(DataFormat::Text)).raw());
}

/// Returns a lesson's row. `rows` are the existing ones.
fn row(lesson: &Lesson, rows: &str) -> String {
    let folder = root().join("lessons").join(lesson.name());
    let start = format!("| [{}](lessons/{}/src/main.rs) | ", lesson.number, lesson.name());
    let before = rows.lines().find_map(|row| row.strip_prefix(&start)?.split(" | ").next());
    let package = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let description = quoted(&package, "description = \"Lesson").next().unwrap_or_default();
    let described = description.split_once(": ").map(|(_, program)| program).unwrap_or_default();
    let about = fs::read_to_string(folder.join("lesson.toml")).unwrap();
    let about = about.replace("[[steps]]\nid", "step");
    let steps: Vec<&str> = quoted(&about, "step = \"").collect();
    format!("{start}{} | {} |", before.unwrap_or(described), steps.join(", "))
}

/// Returns the rest of each line that begins with this, up to the closing quotes.
fn quoted<'a>(text: &'a str, start: &'static str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.strip_prefix(start)?.split('"').next())
}
