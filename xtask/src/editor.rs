//! Tests: the editor's files are JSON, name every lesson, and use existing commands.
//!
//! `cargo xtask bless editor` writes the lessons into the tasks.

use std::fs;

use clap::Parser;
use serde_json::Value;
use snapbox::{Assert, Data, data::DataFormat};

use crate::{Cli, cargo::root, lessons};

fn read(path: &str) -> Value {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn tasks_are_commands_for_every_lesson() {
    let path = root().join(".vscode/tasks.json");
    let text = fs::read_to_string(&path).unwrap();
    let numbers: Vec<String> = lessons::all().unwrap().into_iter().map(|lesson| lesson.number).collect();
    Assert::new()
        .action_env("SNAPSHOTS")
        .eq(Data::text(with_options(&text, &numbers)).raw(), Data::read_from(&path, Some(DataFormat::Text)).raw());
    let tasks = read(".vscode/tasks.json");
    let commands: Vec<&str> =
        tasks["tasks"].as_array().unwrap().iter().map(|task| task["command"].as_str().unwrap()).collect();
    assert!(commands.len() > 3);
    for command in commands {
        let words = shell_words::split(&command.replace("${input:lesson}", &numbers[0])).unwrap();
        assert_eq!(words[0], "cargo", "{command}");
        let words = cli::typed(words.into_iter().skip(1).map(Into::into));
        assert!(Cli::try_parse_from(words).is_ok(), "no command: {command}");
    }
}

/// Returns the tasks, with a choice of these lessons.
fn with_options(text: &str, numbers: &[String]) -> String {
    let line = |line: &str| match line.split_once("\"options\": [") {
        Some((indent, _)) => format!("{indent}\"options\": [\"{}\"],\n", numbers.join("\", \"")),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn the_editor_does_not_wait_for_a_check_nor_a_check_for_the_editor() {
    for path in [".vscode/settings.json", ".devcontainer/devcontainer.json", "hello-rabbit.code-workspace"] {
        let settings = read(path).to_string();
        assert!(settings.contains("\"rust-analyzer.cargo.targetDir\":true"), "{path} has no target folder of its own");
    }
    read(".vscode/extensions.json");
}
