//! A learner's way through a lesson: progress, hints, and the comparison with the lesson's program.

use std::{fs, sync::PoisonError};

use checker::lessons::anchors;

use crate::{
    shared::{render, snapshot},
    start::{BUILDS, checker, empty},
};

#[test]
fn from_the_first_command_to_a_passed_lesson() {
    let _one_at_a_time = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = empty("way");
    let prints = |name: &str, arguments: &[&str], code: i32| {
        let output = checker(&folder, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", render(&output));
        snapshot(name, &render(&output));
    };
    let check = ["check", "lesson", "01", "--broker", "embedded"];
    prints("next_before", &["next"], 0);
    prints("list_before", &["list"], 0);
    prints("diff_without_a_program", &["diff", "lesson", "01"], 2);
    assert_eq!(checker(&folder, &["start", "lesson", "01"]).status.code(), Some(0));
    prints("next_begun", &["next"], 0);

    let file = folder.join("work/01-hello-send/src/main.rs");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let solution = fs::read_to_string(root.join("lessons/01-hello-send/src/main.rs")).unwrap();
    let solution = anchors::without_marks(&solution);
    fs::write(&file, solution.replace("basic_publish(\"\".into()", "basic_publish(\"hello\".into()")).unwrap();
    assert_eq!(checker(&folder, &check).status.code(), Some(1));
    prints("hint_wrong_exchange", &["hint", "lesson", "01"], 0);
    fs::write(&file, solution.replace("b\"Hello World!\"", "b\"Hello world!\"")).unwrap();
    let failed = checker(&folder, &check);
    assert_eq!(failed.status.code(), Some(1));
    let story = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(
        story.contains("stuck? cargo xtask hint lesson 01 · ") && story.ends_with("cargo xtask wire lesson 01\n"),
        "{story}"
    );
    prints("next_failed", &["next"], 0);
    prints("list_failed", &["list"], 0);
    prints("hint_1", &["hint", "lesson", "01"], 0);
    prints("hint_2", &["hint", "lesson", "01"], 0);
    prints("hint_again", &["hint", "lesson", "01", "--again"], 0);
    prints("diff_too_early", &["diff", "lesson", "01"], 2);

    fs::write(&file, format!("{solution}// mine\n")).unwrap();
    assert_eq!(checker(&folder, &check).status.code(), Some(0));
    prints("next_passed", &["next"], 0);
    prints("hint_passed", &["hint", "lesson", "01"], 0);
    prints("diff_passed", &["diff", "lesson", "01"], 0);
    prints("diff_passed_comments", &["diff", "lesson", "01", "--comments"], 0);
    fs::write(&file, solution.replace("\"Goodbye\"", "\"Bye\"")).unwrap();
    prints("diff_of_code", &["diff", "lesson", "01"], 0);
    fs::write(&file, format!("{solution}// mine\n")).unwrap();
    // The lesson's own program is judged only on request, and does not count as the learner's.
    let reference = checker(&folder, &[&check[..], &["--reference"]].concat());
    assert!(String::from_utf8_lossy(&reference.stdout).contains("the lesson's own program"), "{}", render(&reference));

    // Another person's program does not count either, unless the learner claims it with `--as-mine`.
    let elses = ["--program", "true"];
    let other = checker(&folder, &[&check[..], &elses].concat());
    assert_eq!(other.status.code(), Some(1));
    snapshot("check_of_anothers_program", &String::from_utf8_lossy(&other.stderr));
    prints("next_passed", &["next"], 0);
    let mine = checker(&folder, &[&check[..], &elses, &["--as-mine"]].concat());
    assert_eq!(mine.status.code(), Some(1));
    prints("list_failed_after_passed", &["list"], 0);

    assert_eq!(checker(&folder, &["reset", "lesson", "01"]).status.code(), Some(0));
    prints("list_reset", &["list"], 0);
    assert!(fs::read_to_string(folder.join("work/01-hello-send.1/src/main.rs")).unwrap().ends_with("// mine\n"));
}

#[test]
fn a_call_that_is_not_awaited_is_shown_with_its_line() {
    let _one_at_a_time = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = empty("unawaited");
    assert_eq!(checker(&folder, &["start", "lesson", "01"]).status.code(), Some(0));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let solution = fs::read_to_string(root.join("lessons/01-hello-send/src/main.rs")).unwrap();
    let solution = anchors::without_marks(&solution);
    let program = |find: &str, replace: &str| {
        assert_eq!(solution.matches(find).count(), 1, "{find}");
        fs::write(folder.join("work/01-hello-send/src/main.rs"), solution.replace(find, replace)).unwrap();
        let output = checker(&folder, &["check", "lesson", "01", "--broker", "embedded", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let failed = report["steps"].as_array().unwrap().iter().find(|step| step["verdict"] == "failed");
        failed.map_or(serde_json::Value::Null, serde_json::Value::clone)
    };
    let not_awaited = program("flags, body, properties).await?;", "flags, body, properties);");
    assert_eq!(not_awaited["id"], "publish", "{not_awaited:#}");
    let evidence = not_awaited["evidence"].as_str().unwrap();
    let line = 1 + solution.lines().position(|line| line.contains("basic_publish(")).unwrap();
    let expected = format!(
        "\nsrc/main.rs:{line}: channel.basic_publish(\"\".into(), \"hello\".into(), flags, body, properties);\n\
         warning: unused implementer of `Future` that must be used\n\
         note: futures do nothing unless you `.await` or poll them"
    );
    assert!(evidence.ends_with(&expected), "{evidence}");
    // A program with another mistake, in which every call is awaited, has no such line.
    let wrong = program("b\"Hello World!\"", "b\"Hello world!\"");
    assert!(!wrong["evidence"].as_str().unwrap().contains("warning"), "{wrong:#}");
}

#[test]
fn an_invalid_progress_file_is_reported_and_kept() {
    let folder = empty("spoilt");
    let file = folder.join("work/.hello-rabbit/progress.json");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "not json").unwrap();
    let output = checker(&folder, &["list"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("progress.json") && said.contains("move it away"), "{said}");
    // The check itself still works.
    let output = checker(&folder, &["check", "lesson", "01", "--broker", "embedded", "--as-mine", "--program", "true"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("warning: your progress could not be saved"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "not json");
}
