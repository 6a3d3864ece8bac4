//! Tests: the commands in the book and the documents can be typed.

use std::{ffi::OsString, fs, path::PathBuf};

use clap::{Parser, error::ErrorKind};

use crate::{Cli, cargo::root};

/// Returns the book's pages and the other documents.
fn documents() -> Vec<PathBuf> {
    let mut documents = ["README.md", "CONTRIBUTING.md", "crates/broker/README.md", "grading/README.md"]
        .map(|path| root().join(path))
        .to_vec();
    let mut folders = vec![root().join("book/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                documents.push(path);
            }
        }
    }
    documents
}

/// Returns the kit's commands in the console blocks of a text, each with its line. Continued lines are joined, and comments
/// removed.
fn commands(text: &str) -> Vec<(usize, String)> {
    let (mut commands, mut inside) = (Vec::new(), false);
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let line = line.trim_start();
        if line.starts_with("```") {
            inside = !inside && line.starts_with("```console");
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            let mut command = command.trim_end().to_owned();
            while let Some(start) = command.strip_suffix('\\') {
                command = format!("{}{}", start, lines.next().map_or("", |(_, next)| next.trim()));
            }
            let command = command.split(" #").next().unwrap_or_default();
            if command == "cargo xtask" || command.starts_with("cargo xtask ") {
                commands.push((number, command.to_owned()));
            }
        }
    }
    commands
}

/// Returns the error in a command, if there is one.
fn wrong(command: &str) -> Option<String> {
    let words = match shell_words::split(command) {
        Ok(words) => words,
        Err(error) => return Some(error.to_string()),
    };
    // `cargo xtask` is two words, and one program.
    match Cli::try_parse_from(cli::typed(words.into_iter().skip(1).map(OsString::from))) {
        Err(error) if !matches!(error.kind(), ErrorKind::DisplayHelp) => Some(error.to_string()),
        _ => None,
    }
}

#[test]
fn commands_in_the_documents_are_commands() {
    let mut count = 0;
    for document in documents() {
        for (line, command) in commands(&fs::read_to_string(&document).unwrap()) {
            count += 1;
            if let Some(wrong) = wrong(&command) {
                panic!("{}:{line} has a command that is none: {command}\n{wrong}", document.display());
            }
        }
    }
    assert!(count > 0, "no document has a command");
}

#[test]
fn commands_are_found_and_so_are_wrong_ones() {
    let text =
        "```console\n$ cargo xtask check \\\n    all  # a comment\n$ ls\n```\n\n```text\n$ cargo xtask no\n```\n";
    assert_eq!(commands(text), [(2, "cargo xtask check all ".to_owned())]);
    assert_eq!(wrong("cargo xtask check lesson 01 --program 'python3 send.py'"), None);
    assert_eq!(wrong("cargo xtask book serve --help"), None);
    for none in ["cargo xtask chek all", "cargo xtask check lesson 01 --brokre local", "cargo xtask check lesson 'x"] {
        assert!(wrong(none).is_some(), "{none} was taken");
    }
}
