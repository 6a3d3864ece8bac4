//! The files that changed between two moments, whether git tracks them or not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use anyhow::{Context, ensure};

use crate::cargo::root;

/// The files of the kit that git does not ignore, by their paths.
#[derive(Debug, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Reads the current files.
    pub fn read() -> anyhow::Result<Files> {
        let mut git = Command::new("git");
        git.arg("-C").arg(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = git.output().context("git could not be started; it is needed to list the changed files")?;
        let why = String::from_utf8_lossy(&listed.stderr);
        ensure!(listed.status.success(), "git could not list the files of {}: {}", root().display(), why.trim());
        let paths = listed.stdout.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        // A file that was removed is listed until the removal is committed.
        let read =
            |path: std::borrow::Cow<'_, str>| Some((path.clone().into_owned(), fs::read(root().join(&*path)).ok()?));
        Ok(Files(paths.filter(|path| !path.is_empty()).filter_map(read).collect()))
    }
}

/// Returns a line for each file that differs: its path, and the number of added and removed lines.
pub fn changes(before: &Files, after: &Files) -> Vec<String> {
    let paths: BTreeSet<&String> = before.0.keys().chain(after.0.keys()).collect();
    let differ = paths.into_iter().filter_map(|path| {
        let what = match (before.0.get(path), after.0.get(path)) {
            (Some(before), Some(after)) if before == after => return None,
            (Some(before), Some(after)) => {
                let [went, came] = lines_apart(before, after);
                format!("+{came} -{went}")
            }
            (None, Some(after)) => format!("new, +{}", lines(after).count()),
            (_, None) => "removed".to_owned(),
        };
        Some((path, what))
    });
    let differ: Vec<_> = differ.collect();
    let width = differ.iter().map(|(path, _)| path.chars().count()).max().unwrap_or_default();
    differ.iter().map(|(path, what)| format!(" {path:width$} | {what}")).collect()
}

/// Returns the number of lines that only the first has, and of those that only the second has, in any order.
fn lines_apart(one: &[u8], other: &[u8]) -> [usize; 2] {
    let mut counts: BTreeMap<&[u8], [usize; 2]> = BTreeMap::new();
    lines(one).for_each(|line| counts.entry(line).or_default()[0] += 1);
    lines(other).for_each(|line| counts.entry(line).or_default()[1] += 1);
    let more = |this: usize, that: usize| counts.values().map(|count| count[this].saturating_sub(count[that])).sum();
    [more(0, 1), more(1, 0)]
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Files {
        Files(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
    }

    #[test]
    fn files_that_differ_are_listed_with_their_lines() {
        let before = files(&[("a", "one\ntwo\n"), ("gone.snap", "x\n"), ("same", "same\n")]);
        let after = files(&[("a", "one\n2\n3\n"), ("book/new.txt", "1\n2\n"), ("same", "same\n")]);
        let expected = [" a            | +2 -1", " book/new.txt | new, +2", " gone.snap    | removed"];
        assert_eq!(changes(&before, &after), expected);
        assert!(changes(&before, &before).is_empty());
    }

    #[test]
    fn what_git_ignores_is_no_file_of_the_kit() {
        if !root().join(".git").exists() {
            return; // a copy of the kit that no git knows
        }
        let files = Files::read().unwrap();
        assert!(files.0.contains_key("xtask/src/bless/changes.rs"));
        assert!(!files.0.keys().any(|path| path.starts_with("target/")));
    }
}
