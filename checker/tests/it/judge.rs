//! Recordings: written by a check, judged again, and refused when they are invalid.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;

use crate::{
    shared::{render, snapshot},
    start::{checker, empty},
};

/// Checks a command line and records the check. Returns the output.
fn record(folder: &Path, lesson: &str, command: &str, file: &Path, format: &str) -> Output {
    let file = file.to_str().unwrap();
    let check = ["check", "lesson", lesson, "--broker", "embedded", "--program", command, "--seed", "1"];
    checker(folder, &[&check[..], &["--timeout", "3", "--record", file, "--format", format]].concat())
}

fn judge(folder: &Path, arguments: &[&str]) -> Output {
    checker(folder, &[&["judge"], arguments].concat())
}

/// Makes a recording of the lesson's own program, in a folder of its own.
fn recording(name: &str) -> (PathBuf, PathBuf) {
    let folder = empty(name);
    let file = folder.join("recording.json");
    let check = ["check", "lesson", "01", "--reference", "--broker", "embedded", "--record", file.to_str().unwrap()];
    assert_eq!(checker(&folder, &check).status.code(), Some(0));
    (folder, file)
}

#[test]
fn a_recording_judged_again_gives_the_same_report_byte_for_byte() {
    let folder = empty("judge-same");
    // These pass, fail, or can't be started.
    let programs = [("01", "true"), ("02", "sh -c 'echo nothing; exit 3'"), ("04", "true"), ("03", "no-such-program")];
    for (lesson, command) in programs {
        for format in ["text", "json"] {
            let file = folder.join(format!("{lesson}-{format}.json"));
            let checked = record(&folder, lesson, command, &file, format);
            let judged = judge(&folder, &[file.to_str().unwrap(), "--format", format]);
            assert_eq!(judged.status.code(), checked.status.code(), "{}", render(&judged));
            assert_eq!(String::from_utf8_lossy(&judged.stdout), String::from_utf8_lossy(&checked.stdout), "{command}");
        }
    }
}

#[test]
fn a_folder_of_recordings_is_judged_one_after_the_other() {
    let (folder, file) = recording("judge-folder");
    fs::copy(&file, folder.join("another.json")).unwrap();
    fs::write(folder.join("notes.txt"), "no recording, and not looked at").unwrap();
    let judged = judge(&folder, &[folder.to_str().unwrap()]);
    assert_eq!(judged.status.code(), Some(0));
    let text = String::from_utf8(judged.stdout).unwrap();
    let (first, second) = (text.find("another.json").unwrap(), text.find("recording.json").unwrap());
    assert!(first < second && text.matches("passed: all 5 steps of lesson 01").count() == 2, "{text}");

    let lines = judge(&folder, &[folder.to_str().unwrap(), "--format", "json"]).stdout;
    let reports: Vec<Value> =
        lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(reports.len(), 2);

    let none = judge(&folder, &[folder.join("..").join("judge-folder/none").to_str().unwrap()]);
    assert_eq!(none.status.code(), Some(3));
}

#[test]
fn what_is_no_recording_is_reported_as_that_and_not_judged() {
    let (folder, file) = recording("judge-none");
    let text = fs::read_to_string(&file).unwrap();
    let changed = |find: &str, replace: &str| {
        assert!(text.contains(find), "{find}");
        text.replacen(find, replace, 1)
    };
    let cases = [
        ("cut", text[..text.len() / 2].to_owned()),
        ("empty", String::new()),
        ("prose", "This is the report of my program.\n".to_owned()),
        ("another_format", "{\"format\":\"hello-rabbit/check/v1\"}\n".to_owned()),
        ("no_format", "{}\n".to_owned()),
        ("newer", changed("hello-rabbit/recording/v1", "hello-rabbit/recording/v2")),
        ("no_such_lesson", changed("\"lesson\":\"hello-send\"", "\"lesson\":\"hello-world\"")),
        ("no_frame", changed("\"frame\":\"", "\"frame\":\"AAAA")),
    ];
    let mut all = String::new();
    for (name, text) in cases {
        let file = folder.join(format!("{name}.txt"));
        fs::write(&file, text).unwrap();
        let judged = judge(&folder, &[file.to_str().unwrap()]);
        assert_eq!(judged.status.code(), Some(3), "{name}: {}", render(&judged));
        assert!(judged.stdout.is_empty(), "{name}: {}", render(&judged));
        let said = String::from_utf8_lossy(&judged.stderr).replace(folder.to_str().unwrap(), "[folder]");
        all.push_str(&format!("## {name}\n{said}\n"));
    }
    let column = regex::Regex::new(r"line \d+,? column \d+").unwrap();
    snapshot("judge_no_recording", &column.replace_all(&all, "line [n], column [n]"));
}

#[test]
fn fields_that_a_newer_kit_adds_are_no_trouble() {
    let (folder, file) = recording("judge-fields");
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    value["weather"] = "fine".into();
    value["runs"][0]["mood"] = 7.into();
    value["runs"][0]["events"][3]["args"]["more"] = true.into();
    fs::write(&file, value.to_string()).unwrap();
    assert_eq!(judge(&folder, &[file.to_str().unwrap()]).status.code(), Some(0));
}

#[test]
fn a_recording_that_cannot_be_written_is_an_error_that_names_the_file() {
    let folder = empty("judge-unwritable");
    let output = record(&folder, "01", "true", &folder.join("no/such/folder.json"), "text");
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no/such/folder.json") && said.contains("hint: "), "{said}");
}

#[test]
fn a_fault_is_explained_by_its_code() {
    let folder = empty("explain");
    let explain = |arguments: &[&str]| render(&checker(&folder, &[&["explain"], arguments].concat()));
    snapshot("explain", &explain(&["publish.other-key"]));
    snapshot("explain_error", &explain(&["error.no-queue"]));
    snapshot("explain_misspelt", &explain(&["publish.otherkey"]));
    snapshot("explain_unknown", &explain(&["weather"]));
    let list = checker(&folder, &["explain"]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains("\n  publish.other-key\n") && list.contains("\n  error.no-queue\n"), "{list}");
}
