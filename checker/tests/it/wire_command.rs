//! `wire lesson 01`: the conversation of the last check, in all its forms.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::PoisonError,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use checker::lessons::anchors;
use serde_json::Value;

use crate::{
    shared::{render, snapshot},
    start::{BUILDS, checker, command, empty, target},
};

/// Compares the output with a snapshot, without the folders of this run.
fn steady(name: &str, folder: &Path, output: &Output) {
    let mut text = render(output);
    // A program's folder is printed relative to the kit.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (place, instead) in [(folder, "[folder]"), (target(), "[target]")] {
        text = text.replace(&place.display().to_string(), instead);
        if let Ok(inside) = place.strip_prefix(root) {
            text = text.replace(&format!("program    {}", inside.display()), &format!("program    {instead}"));
        }
    }
    snapshot(name, &text);
}

/// Runs `wire` with this number of columns.
fn wire(folder: &Path, columns: &str, arguments: &[&str]) -> Output {
    command(folder, &[&["wire", "lesson"], arguments].concat()).env("COLUMNS", columns).output().unwrap()
}

fn check(folder: &Path, arguments: &[&str], code: i32) {
    let output = checker(folder, &[&["check", "lesson"], arguments, &["--broker", "embedded"]].concat());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", render(&output));
}

/// Builds the lesson's own program for sending, which these tests use as a learner's. Returns its path.
fn sender(folder: &Path) -> String {
    check(folder, &["01", "--reference"], 0);
    target().join("debug").join("hello-send").display().to_string()
}

fn lessons_program(number: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../lessons").join(number).join("src/main.rs")
}

#[test]
fn a_learners_mistakes_are_shown_beside_the_lessons_program() {
    let _one_at_a_time = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = empty("wire-failed");
    assert_eq!(checker(&folder, &["start", "lesson", "01"]).status.code(), Some(0));
    let own = folder.join("work/01-hello-send/src/main.rs");
    let solution = anchors::without_marks(&fs::read_to_string(lessons_program("01-hello-send")).unwrap());
    let wrong = solution.replace("b\"Hello World!\"", "b\"Hello world!\"");
    fs::write(&own, wrong.replace("durable: true", "durable: false")).unwrap();
    check(&folder, &["01"], 1);
    // A transient queue is also right, so the first difference is the one at which the check failed.
    for (name, columns, arguments) in [
        ("wire_failed_80", "80", &["01"][..]),
        ("wire_failed_120", "120", &["01"]),
        ("wire_failed_explained_80", "80", &["01", "--explain"]),
        ("wire_failed_explained_120", "120", &["hello-send", "--explain"]),
    ] {
        let output = wire(&folder, columns, arguments);
        assert_eq!(output.status.code(), Some(0), "{}", render(&output));
        let limit: usize = columns.parse().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let wide = text.lines().find(|line| !line.starts_with("program  ") && line.chars().count() > limit);
        assert_eq!(wide, None, "wider than {columns} columns");
        steady(name, &folder, &output);
    }

    fs::write(&own, "fn main() { let x: u8 = \"text\"; }\n").unwrap();
    check(&folder, &["01"], 1);
    steady("wire_does_not_compile", &folder, &wire(&folder, "80", &["01"]));

    assert_eq!(checker(&folder, &["reset", "lesson", "01"]).status.code(), Some(0));
    assert_eq!(wire(&folder, "80", &["01"]).status.code(), Some(2), "what was said is forgotten with the rest");
}

#[test]
fn without_a_check_the_command_to_type_is_printed() {
    let folder = empty("wire-nothing");
    for (name, arguments) in
        [("wire_no_program", &["wire", "lesson", "01"][..]), ("wire_no_check", &["wire", "lesson", "01", "--open"])]
    {
        let output = checker(&folder, arguments);
        assert_eq!(output.status.code(), Some(2));
        steady(name, &folder, &output);
        checker(&folder, &["start", "lesson", "01"]);
    }
}

#[test]
fn a_sender_is_no_receiver_and_a_program_that_says_nothing_says_nothing() {
    let folder = empty("wire-programs");
    let sender = sender(&folder);
    check(&folder, &["02", "--as-mine", "--program", &sender, "--seed", "7"], 1);
    steady("wire_sender_as_receiver_120", &folder, &wire(&folder, "120", &["02"]));
    check(&folder, &["01", "--as-mine", "--program", "true"], 1);
    steady("wire_nothing_said", &folder, &wire(&folder, "80", &["01"]));
}

#[test]
fn a_program_that_passed_is_shown_as_the_check_shows_it() {
    let folder = empty("wire-passed");
    let sender = sender(&folder);
    assert_eq!(wire(&folder, "80", &["01"]).status.code(), Some(2), "the lesson's own program is not the learner's");
    check(&folder, &["01", "--as-mine", "--program", &sender], 0);
    steady("wire_passed", &folder, &wire(&folder, "80", &["01"]));
    steady("wire_passed_explained", &folder, &wire(&folder, "80", &["01", "--explain"]));

    let json = wire(&folder, "80", &["01", "--format", "json", "--explain"]);
    let events: Vec<Value> = serde_json::from_slice(&json.stdout).unwrap();
    assert!(events.iter().all(|event| event["why"].is_string()), "{events:#?}");
    let report = fs::read_to_string(folder.join("work/.hello-rabbit/hello-send.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let plain: Value = serde_json::from_slice(&wire(&folder, "80", &["01", "--format", "json"]).stdout).unwrap();
    for (kept, reported) in plain.as_array().unwrap().iter().zip(report["wire"].as_array().unwrap()) {
        // The login is compared, too; only the times may differ.
        assert_eq!(
            (&kept["method"], &kept["args"], &kept["body"]),
            (&reported["method"], &reported["args"], &reported["body"])
        );
    }
    assert_eq!(plain.as_array().unwrap().len(), report["wire"].as_array().unwrap().len());
}

#[test]
fn a_program_that_changed_since_the_check_is_reported() {
    let _one_at_a_time = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = empty("wire-stale");
    assert_eq!(checker(&folder, &["start", "lesson", "01"]).status.code(), Some(0));
    let own = folder.join("work/01-hello-send/src/main.rs");
    let solution = anchors::without_marks(&fs::read_to_string(lessons_program("01-hello-send")).unwrap());
    fs::write(&own, &solution).unwrap();
    check(&folder, &["01"], 0);
    let shown_text = || render(&wire(&folder, "80", &["01"]));
    assert!(shown_text().contains("\nchecked    less than a minute ago\nverdict    passed\n"), "{}", shown_text());

    fs::write(&own, solution.replace("durable: true", "durable: false")).unwrap();
    steady("wire_stale", &folder, &wire(&folder, "80", &["01"]));
    let json = wire(&folder, "80", &["01", "--format", "json"]);
    let said = String::from_utf8_lossy(&json.stderr);
    assert!(
        said.contains("warning: the check was less than a minute ago, and your program has changed since then\n"),
        "{said}"
    );
    assert!(said.contains("hint: check it again: cargo xtask check lesson 01\n"), "{said}");
    assert!(serde_json::from_slice::<Value>(&json.stdout).is_ok());

    check(&folder, &["01"], 0);
    assert!(shown_text().contains("\nchecked    less than a minute ago\n"), "{}", shown_text());
    let file = folder.join("work/.hello-rabbit/hello-send.recording.json");
    let mut kept: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    for (earlier, expected) in [(200, "3 minutes ago"), (3 * 3600, "3 hours ago"), (-600, "less than a minute ago")] {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        kept["kept"]["at"] = now.saturating_add_signed(-earlier).into();
        fs::write(&file, kept.to_string()).unwrap();
        assert!(shown_text().contains(&format!("\nchecked    {expected}\n")), "{}", shown_text());
    }
}

#[test]
fn of_several_programs_the_heading_says_which_is_shown() {
    let _one_at_a_time = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = empty("wire-several");
    assert_eq!(checker(&folder, &["start", "lesson", "03"]).status.code(), Some(0));
    let solution = anchors::without_marks(&fs::read_to_string(lessons_program("03-new-task")).unwrap());
    fs::write(folder.join("work/03-new-task/src/main.rs"), solution).unwrap();
    check(&folder, &["03", "--seed", "7"], 0);
    steady("wire_several", &folder, &wire(&folder, "80", &["03"]));
    let picture = wire(&folder, "80", &["03", "--format", "svg"]);
    assert!(String::from_utf8_lossy(&picture.stdout).contains("your program, run 1"));
    // After a failed check, the lesson's conversation is shown beside the learner's.
    let sender = sender(&folder);
    check(&folder, &["03", "--as-mine", "--program", &sender, "--seed", "7"], 1);
    let text = render(&wire(&folder, "120", &["03"]));
    assert!(
        text.contains("shown      run 1, one of 3\n           all of them: cargo xtask check lesson 03 --program"),
        "{text}"
    );
    assert!(text.contains("│ your program, run 1\n"), "{text}");
}

#[test]
fn the_picture_is_well_formed_stands_alone_and_runs_nothing() {
    let folder = empty("wire-picture");
    let sender = sender(&folder);
    check(&folder, &["01", "--as-mine", "--program", &sender], 0);
    let output = wire(&folder, "80", &["01", "--format", "svg"]);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    let picture = String::from_utf8(output.stdout).unwrap();
    well_formed(&picture);
    assert!(picture.starts_with("<svg ") && picture.contains("xmlns=\"http://www.w3.org/2000/svg\""));
    assert!(picture.contains("<style>") && picture.contains("prefers-color-scheme:dark"));
    for forbidden in ["<script", "javascript:", "href", " on", "url(", "@import", "<foreignObject"] {
        assert!(!picture.replace(" on the", "").contains(forbidden), "{forbidden} in {picture}");
    }
    assert!(picture.contains("basic.publish") && picture.contains("your program"), "{picture}");
}

/// Checks that every tag is closed, in order, and that every & begins one of XML's entities.
fn well_formed(xml: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = xml;
    while let Some((text, tail)) = rest.split_once('<') {
        entities(text);
        let (tag, tail) = tail.split_once('>').expect("a tag ends");
        entities(tag);
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap().to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{tag}> closes another tag");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = tail;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "left open: {open:?}");
}

fn entities(text: &str) {
    for part in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;"].iter().any(|entity| part.starts_with(entity));
        assert!(known, "&{part} is no entity");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_browser_is_opened_and_a_missing_one_is_reported() {
    use std::os::unix::fs::PermissionsExt;

    let folder = empty("wire-open");
    check(&folder, &["01", "--as-mine", "--program", "true"], 1);
    let picture = folder.join("work/.hello-rabbit/hello-send.svg");
    let nothing = folder.join("nothing");
    fs::create_dir_all(&nothing).unwrap();
    let open = |path: &Path| -> Output {
        let mut command: std::process::Command = command(&folder, &["wire", "lesson", "01", "--open"]);
        command.env("PATH", path).output().unwrap()
    };
    let output = open(&nothing);
    assert_eq!(output.status.code(), Some(0));
    steady("wire_open_no_browser", &folder, &output);
    well_formed(&fs::read_to_string(&picture).unwrap());

    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let browser = bin.join("xdg-open");
    fs::write(&browser, "#!/bin/sh\necho \"$1\" > \"${0%/*}/opened\"\n").unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let output = open(&bin);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), picture.display().to_string());
    assert_eq!(fs::read_to_string(bin.join("opened")).unwrap().trim(), picture.display().to_string());
}

#[test]
fn what_is_kept_has_no_password_and_an_invalid_file_is_reported() {
    let folder = empty("wire-kept");
    let sender = sender(&folder);
    check(&folder, &["01", "--as-mine", "--program", &sender], 0);
    let file = folder.join("work/.hello-rabbit/hello-send.recording.json");
    let kept: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(kept["format"], "hello-rabbit/recording/v1");
    let events = kept["runs"][0]["events"].as_array().unwrap().iter();
    let frames = events.filter_map(|event| event["raw"]["method"]["frame"].as_str());
    let frames: Vec<Vec<u8>> = frames.map(|frame| BASE64_STANDARD.decode(frame).unwrap()).collect();
    let holds = |bytes: &[u8]| frames.iter().any(|frame| frame.windows(bytes.len()).any(|window| window == bytes));
    assert!(holds(b"\0guest\0(hidden)") && !holds(b"\0guest\0guest"), "{frames:?}");

    fs::write(&file, "{\"format\":\"hello-rabbit/recording/v2\"}").unwrap();
    let output = wire(&folder, "80", &["01"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("hello-send.recording.json") && said.contains("hint: Check again: cargo xtask check lesson 01"),
        "{said}"
    );
}
