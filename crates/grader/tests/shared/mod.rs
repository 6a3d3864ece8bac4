//! A class in a folder of its own, for tests that grade one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::SystemTime,
};

use serde_json::Value;

/// Returns whether the tests must not be left out, because a machine lacks something.
pub fn is_required() -> bool {
    env::var("HELLO_RABBIT_SANDBOX").is_ok_and(|value| value == "required")
}

/// The manifest of a submission.
pub const MANIFEST: &str = "[package]\nname = \"my-program\"\nedition = \"2021\"\n\n[dependencies]\nlapin = \"4\"\n";

/// Returns the program of lesson 01.
pub fn right() -> String {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(kit.join("lessons/01-hello-send/src/main.rs")).unwrap()
}

/// A class in a folder of its own.
pub struct Class {
    pub folder: tempfile::TempDir,
}

impl Class {
    pub fn new() -> Class {
        Class { folder: tempfile::tempdir().unwrap() }
    }

    pub fn add(&self, student: &str, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = self.class().join(student).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    pub fn class(&self) -> PathBuf {
        self.folder.path().join("class")
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("class-grades")
    }

    pub fn command(&self, more: &[&str]) -> Command {
        let mut grade = Command::new(env!("CARGO_BIN_EXE_grader"));
        grade.arg("grade").arg(self.class()).args(["--lesson", "01", "--seed", "1"]).args(more);
        grade.env("COLUMNS", "100").stdin(Stdio::null()).current_dir(self.folder.path());
        grade
    }

    pub fn grade(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    /// Returns the JSON report.
    pub fn report(&self) -> Value {
        let text = fs::read_to_string(self.journal().join("grades.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Returns a line for each submission in the JSON report.
    pub fn lines(&self) -> Vec<String> {
        let report = self.report();
        let line = |one: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let (name, verdict) = (text(&one["student"]["name"]), text(&one["verdict"]));
            format!("{name} {verdict} {} {}", one["score"], text(&one["fault"]["code"]))
        };
        report["submissions"].as_array().unwrap().iter().map(line).collect()
    }

    /// Returns the files of finished checks, with their times.
    pub fn finished(&self) -> Vec<(PathBuf, SystemTime)> {
        let entries = fs::read_dir(self.journal().join("checks")).into_iter().flatten().flatten();
        let mut all: Vec<_> =
            entries.map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap())).collect();
        all.retain(|(path, _)| path.extension().is_some_and(|ending| ending == "json"));
        all.sort();
        all
    }
}

/// Returns what a command printed on stderr.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
