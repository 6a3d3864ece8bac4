//! Tests: what the editor is told is JSON, names every lesson, and types commands that are ones.

use std::fs;

use clap::Parser;
use serde_json::Value;

use crate::{Cli, cargo::root};

fn read(path: &str) -> Value {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn tasks_are_commands_for_every_lesson() {
    let tasks = read(".vscode/tasks.json");
    let options: Vec<String> = tasks["inputs"][0]["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| option.as_str().unwrap().to_owned())
        .collect();
    let mut numbers: Vec<String> = fs::read_dir(root().join("lessons"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().split('-').next().unwrap().to_owned())
        .collect();
    numbers.sort();
    assert_eq!(options, numbers, ".vscode/tasks.json offers other lessons than there are");
    let commands: Vec<&str> =
        tasks["tasks"].as_array().unwrap().iter().map(|task| task["command"].as_str().unwrap()).collect();
    assert!(commands.len() > 3);
    for command in commands {
        let words = shell_words::split(&command.replace("${input:lesson}", &options[0])).unwrap();
        assert_eq!(words[0], "cargo", "{command}");
        assert!(Cli::try_parse_from(words.into_iter().skip(1)).is_ok(), "no command: {command}");
    }
}

#[test]
fn the_editor_does_not_wait_for_a_check_nor_a_check_for_the_editor() {
    for path in [".vscode/settings.json", ".devcontainer/devcontainer.json", "hello-rabbit.code-workspace"] {
        let told = read(path).to_string();
        assert!(told.contains("\"rust-analyzer.cargo.targetDir\":true"), "{path} has no target folder of its own");
    }
    read(".vscode/extensions.json");
}
