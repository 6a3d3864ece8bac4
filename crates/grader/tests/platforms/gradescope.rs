//! Gradescope: the package is unpacked as its image builder does, `setup.sh` runs once, and `run_autograder` for each submission.

use std::{
    fs,
    io::{Cursor, Read as _},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output},
};

use crate::{
    schema,
    stand_in::{COMPILING, Machine, json, kit, right, text, wrong},
};

/// The bytes that Gradescope takes as an autograder.
const MOST_BYTES: u64 = 100 << 20;

/// Packages the kit on this machine, as a teacher does.
fn package(machine: &Machine, more: &[&str]) -> Output {
    let mut package = Command::new(env!("CARGO_BIN_EXE_grader"));
    package.args(["grade", "package", "gradescope", "--lesson", "01"]).args(more);
    package.current_dir(machine.path("")).env("CARGO_MANIFEST_DIR", kit().join("xtask")).output().unwrap()
}

/// Unpacks a package below `autograder/`, with the submission's folder.
fn unpack(machine: &Machine, package: &str) {
    let bytes = fs::read(machine.path(package)).unwrap();
    assert!((bytes.len() as u64) < MOST_BYTES);
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        let path = machine.path("autograder/source").join(file.enclosed_name().unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(file.unix_mode().unwrap())).unwrap();
    }
    fs::copy(machine.path("autograder/source/run_autograder"), machine.path("autograder/run_autograder")).unwrap();
    for folder in ["submission", "results"] {
        fs::create_dir_all(machine.path("autograder").join(folder)).unwrap();
    }
}

/// Runs one of the scripts, with the folders of this machine and its Rust.
fn run(machine: &Machine, script: &str) -> Output {
    let mut run = machine.command_within(COMPILING, &machine.path(script).display().to_string());
    run.env("AUTOGRADER", machine.path("autograder")).env("KIT", machine.path("opt/hello-rabbit")).env("RUST", "");
    run.current_dir(machine.path("autograder")).output().unwrap()
}

/// Puts a submission in the place of the last one.
fn submit(machine: &Machine, file: &str, text: &str) {
    fs::remove_dir_all(machine.path("autograder/submission")).unwrap();
    machine.write(&format!("autograder/submission/{file}"), text);
    machine.write(
        "autograder/submission_metadata.json",
        r#"{"id": 1, "users": [{"name": "Ada"}], "previous_submissions": []}"#,
    );
    // A result that is there already does not count.
    machine.write("autograder/results/results.json", r#"{"score": 100}"#);
}

pub fn grades_a_submission() {
    let machine = Machine::new();
    machine.write("rubric.toml", "[lessons.01]\npublish = 4\n");
    let output = package(&machine, &["--rubric", "rubric.toml", "--out", "autograder.zip"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("set the assignment's points to 8."), "{}", text(&output));
    unpack(&machine, "autograder.zip");
    // The base is compiled in this kit, so this only grades the lesson's own program.
    let output = run(&machine, "autograder/source/setup.sh");
    assert!(output.status.success(), "{}", text(&output));
    assert!(
        machine.calls().contains("apt-get install --yes --no-install-recommends bubblewrap"),
        "{}",
        machine.calls()
    );
    assert!(!machine.calls().lines().any(|call| call.starts_with("curl ")), "Rust is there: {}", machine.calls());
    assert!(machine.path("opt/hello-rabbit/xtask/src/main.rs").is_file());

    submit(&machine, "main.rs", &right());
    let output = run(&machine, "autograder/run_autograder");
    assert!(output.status.success(), "{}", text(&output));
    let results = json(&machine.path("autograder/results/results.json"));
    schema::gradescope(&results);
    assert_eq!(results["score"], 8);
    let tests = results["tests"].as_array().unwrap();
    assert!(tests.iter().all(|test| test["status"] == "passed" && test["visibility"] == "visible"), "{results:#}");

    submit(&machine, "src/main.rs", &wrong());
    let first = run(&machine, "autograder/run_autograder");
    assert!(first.status.success(), "{}", text(&first));
    let results = json(&machine.path("autograder/results/results.json"));
    schema::gradescope(&results);
    assert_eq!(results["score"], 2);
    let failed: Vec<&str> = results["tests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|test| test["status"] == "failed")
        .filter_map(|test| test["number"].as_str())
        .collect();
    assert_eq!(failed, ["01.3", "01.4", "01.5"], "{results:#}");
    assert!(results["tests"][2]["output"].as_str().unwrap().contains("only in capitalization"), "{results:#}");
    // Each submission runs in a new container, and repeats with the same seed.
    let seed = results["extra_data"]["submissions"][0]["seed"].clone();
    assert!(seed.is_u64());
    run(&machine, "autograder/run_autograder");
    assert_eq!(json(&machine.path("autograder/results/results.json"))["extra_data"]["submissions"][0]["seed"], seed);
}

pub fn without_a_sandbox_there_is_no_score() {
    let machine = Machine::new();
    assert!(package(&machine, &[]).status.success());
    unpack(&machine, "gradescope-01.zip");
    fs::create_dir_all(machine.path("opt/hello-rabbit")).unwrap();
    machine.without_sandbox();
    submit(&machine, "main.rs", &right());
    let output = run(&machine, "autograder/run_autograder");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("This is not a score of 0"), "{}", text(&output));
    assert!(!machine.path("autograder/results/results.json").exists());
}

pub fn wrong_choices_are_named() {
    let machine = Machine::new();
    machine.write("rubric.toml", "[lessons.01]\nsend = 3\n");
    let wrong: [(&[&str], i32, &str); 4] = [
        (&["--lesson", "99"], 2, "there is no lesson \"99\""),
        (&["--rubric", "rubric.toml"], 2, "rubric.toml: lesson 01 has no step \"send\""),
        (&["--rubric", "none.toml"], 2, "none.toml"),
        (&["--out", "rubric.toml/autograder.zip"], 3, "rubric.toml/autograder.zip can't be written"),
    ];
    for (flags, code, expected) in wrong {
        let output = package(&machine, flags);
        assert_eq!(output.status.code(), Some(code), "{flags:?}: {}", text(&output));
        assert!(text(&output).contains(expected) && text(&output).contains("\nhint: "), "{}", text(&output));
        assert!(!machine.path("gradescope-01.zip").exists(), "{flags:?}");
    }
}

/// The package has all that the grader needs. This takes some minutes, so it is a part of the full tests only.
pub fn a_packaged_kit_compiles() {
    let machine = Machine::new();
    assert!(package(&machine, &[]).status.success());
    unpack(&machine, "gradescope-01.zip");
    fs::remove_file(machine.path("bin/cargo")).unwrap();
    let output = run(&machine, "autograder/source/setup.sh");
    assert!(output.status.success(), "{}", text(&output));
    submit(&machine, "main.rs", &right());
    let output = run(&machine, "autograder/run_autograder");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(json(&machine.path("autograder/results/results.json"))["score"], 5);
}
