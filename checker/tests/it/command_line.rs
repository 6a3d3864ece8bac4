//! The output and the exit code of commands as a user types them.

use std::process::{Command, Output};

use crate::shared::{render, snapshot};

fn checker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    command
        .args(arguments)
        .env_remove("AMQP_URL")
        .env_remove("HELLO_RABBIT_IMAGE")
        .env("HELLO_RABBIT_WORK", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-work"))
        .env("NO_COLOR", "1")
        .env("COLUMNS", "80");
    command
}

fn run(arguments: &[&str]) -> Output {
    checker(arguments).output().unwrap()
}

#[test]
fn help_texts() {
    for (name, arguments) in [
        ("help", vec!["--help"]),
        ("help_start", vec!["start", "lesson", "--help"]),
        ("help_watch", vec!["watch", "lesson", "--help"]),
        ("help_hint", vec!["hint", "lesson", "--help"]),
        ("help_diff", vec!["diff", "lesson", "--help"]),
        ("help_wire", vec!["wire", "lesson", "--help"]),
        ("help_doctor", vec!["doctor", "--help"]),
        ("help_reset", vec!["reset", "lesson", "--help"]),
        ("help_check", vec!["check", "--help"]),
        ("help_judge", vec!["judge", "--help"]),
        ("help_explain", vec!["explain", "--help"]),
        ("help_broker", vec!["broker", "--help"]),
        ("help_broker_up", vec!["broker", "up", "--help"]),
        ("help_broker_publish", vec!["broker", "publish", "--help"]),
        ("help_broker_alarm", vec!["broker", "alarm", "--help"]),
    ] {
        snapshot(name, &render(&run(&arguments)));
    }
}

#[test]
fn a_usage_error_is_reported_and_exits_with_2() {
    for (name, arguments) in [
        ("usage_nothing", vec![]),
        ("usage_unknown_lesson", vec!["check", "lesson", "99"]),
        ("usage_start_unknown_lesson", vec!["start", "lesson", "hello"]),
        ("usage_start_in_the_kit", vec!["start", "lesson", "01", "--to", "/"]),
        ("usage_broker", vec!["check", "lesson", "01", "--broker", "rabbit"]),
        ("usage_user", vec!["broker", "up", "--broker", "embedded", "--user", "ann"]),
        ("usage_amqps", vec!["check", "lesson", "01", "--broker", "amqps://host"]),
        ("usage_timeout", vec!["check", "lesson", "01", "--timeout", "soon"]),
        ("usage_empty_program", vec!["check", "lesson", "01", "--program", ""]),
        ("usage_shell_syntax", vec!["check", "lesson", "01", "--program", "python3 send.py | cat"]),
        ("usage_wire_unknown_lesson", vec!["wire", "lesson", "99"]),
        ("usage_wire_open_text", vec!["wire", "lesson", "01", "--open", "--format", "text"]),
        ("usage_wire_explain_svg", vec!["wire", "lesson", "01", "--explain", "--format", "svg"]),
        ("usage_judge_nothing", vec!["judge"]),
        ("usage_two_programs", vec!["check", "lesson", "01", "--path", ".", "--program", "true"]),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        snapshot(name, &render(&output));
    }
}

#[test]
fn the_embedded_broker_judges_with_nothing_installed() {
    let output = run(&["check", "lesson", "01", "--broker", "embedded"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    snapshot("embedded_report", &render(&output));
}

#[test]
fn a_broker_that_is_none_of_ours_gets_no_accounts() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-accounts");
    std::fs::create_dir_all(&folder).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = port.min(55_535).to_string();
    let output = checker(&["broker", "up", "--broker", "local", "--user", "ann:secret", "--port", &port])
        .env("TMPDIR", &folder)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    snapshot("not_for_local", &render(&output));
}

/// Returns the address of a port that was free a moment ago, so that nothing listens there.
fn dead_address() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("amqp://127.0.0.1:{port}")
}

#[test]
fn no_broker_at_the_address_is_not_the_programs_fault() {
    let output = run(&["check", "lesson", "01", "--broker", &dead_address(), "--program", "true"]);
    assert_eq!(output.status.code(), Some(3));
    snapshot("not_checked_no_broker", &render(&output));
}

#[test]
fn no_broker_as_json_says_not_checked() {
    let output = run(&["check", "lesson", "01", "--broker", &dead_address(), "--program", "true", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "not_checked");
    assert!(report["reason"].as_str().unwrap().contains("No broker answers"), "{report}");
    assert_eq!(report["broker"], serde_json::Value::Null);
    assert!(report["steps"].as_array().unwrap().iter().all(|step| step["verdict"] == "not_checked"));
}

#[test]
fn an_invalid_address_is_reported() {
    let output =
        checker(&["check", "lesson", "01", "--program", "true"]).env("AMQP_URL", "localhost:5672").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    snapshot("not_checked_wrong_address", &render(&output));
}

#[test]
fn a_folder_without_a_package_is_reported() {
    let output = run(&["check", "lesson", "01", "--broker", &dead_address(), "--path", "/nowhere"]);
    assert_eq!(output.status.code(), Some(3));
    snapshot("not_checked_no_package", &render(&output));
}

#[test]
fn a_program_that_does_not_compile_failed() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("does-not-compile");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = "[package]\nname = \"does-not-compile\"\nedition = \"2024\"\n[workspace]\n";
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/main.rs"), "fn main() { let x: u8 = \"text\"; }\n").unwrap();
    // A relative path is relative to the current folder.
    let arguments =
        ["check", "lesson", "01", "--broker", &dead_address(), "--path", "does-not-compile", "--format", "json"];
    let output = checker(&arguments).current_dir(env!("CARGO_TARGET_TMPDIR")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "failed");
    assert_eq!(report["steps"][0]["id"], "build");
    assert!(report["steps"][0]["evidence"].as_str().unwrap().contains("error[E0308]"), "{report}");
    assert_eq!(report["steps"][0]["read"], "https://doc.rust-lang.org/error_codes/E0308.html");
    assert_eq!(report["steps"][1]["verdict"], "skipped");
    let text = checker(&arguments[..arguments.len() - 2]).current_dir(env!("CARGO_TARGET_TMPDIR")).output().unwrap();
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.ends_with("\nfailed: step 1 of 5, build\n"), "{text}");
}

#[test]
fn who_has_no_program_does_not_wait_for_a_broker() {
    // It accepts the connection and sends nothing, as a broker that never comes up.
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = format!("amqp://{}", silent.local_addr().unwrap());
    let folder = package("no-program-no-broker", &[("src/main.rs", "fn main() { nothing }\n")]);
    let arguments =
        ["check", "lesson", "01", "--broker", &address, "--path", folder.to_str().unwrap(), "--format", "json"];
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let milliseconds = |of: &str| report["timing_ms"][of].as_f64().unwrap();
    // A wait for the broker would end after five seconds, counted from the start.
    assert!(milliseconds("total") - milliseconds("build") < 500.0, "{report}");
}

/// Makes a package with these files, in a folder of its own.
fn package(place: &str, files: &[(&str, &str)]) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(place);
    let _ = std::fs::remove_dir_all(&folder);
    let manifest = "[package]\nname = \"same-name\"\nedition = \"2024\"\n[workspace]\n";
    for (file, text) in [("Cargo.toml", manifest)].iter().chain(files) {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// cargo takes two packages with the same name in one target folder for one. The checker must not.
#[test]
fn a_program_is_not_taken_for_another_of_the_same_name() {
    let printed = |folder: &std::path::Path| {
        let arguments = ["check", "lesson", "01", "--broker", "embedded", "--format", "json", "--path"];
        let output = checker(&[&arguments[..], &[folder.to_str().unwrap()]].concat())
            .env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/same-target"))
            .output()
            .unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["stdout"][0].as_str().unwrap_or_default().to_owned()
    };
    let one = package("same-one", &[("src/main.rs", "fn main() { println!(\"one\") }")]);
    let two = package("same-two", &[("src/main.rs", "fn main() { println!(\"two\") }")]);
    // The second was written before the first was built, so cargo can't see a change by its time.
    assert_eq!(printed(&one), "one");
    assert_eq!(printed(&two), "two");
    assert_eq!(printed(&one), "one");
}

/// Returns the exit code and the stdout of a check with these flags. The text is on one line, because line breaks depend on the
/// length of a folder's path.
fn words_of(flags: &[&str]) -> (Option<i32>, String) {
    let output = run(&[&["check", "lesson", "01", "--broker", "embedded"], flags].concat());
    let words = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code(), words)
}

const PRINTS: [(&str, &str); 2] = [
    ("src/bin/receive.rs", "fn main() { println!(\"receive\") }"),
    ("src/bin/send.rs", "fn main() { println!(\"send\") }"),
];

#[test]
fn a_package_without_a_program_or_with_several_is_reported() {
    let folder = package("no-program", &[("src/lib.rs", "")]);
    let (code, words) = words_of(&["--path", folder.to_str().unwrap()]);
    assert_eq!(code, Some(3));
    assert!(words.contains("The package `same-name` has no program"), "{words}");

    let folder = package("programs", &PRINTS);
    let path = folder.to_str().unwrap();
    let (code, words) = words_of(&["--path", path]);
    assert_eq!(code, Some(3));
    assert!(words.contains("The package `same-name` has several programs: receive, send."), "{words}");
    let hint = format!("cargo xtask check lesson 01 --path {} --bin send", shell_words::quote(path));
    assert!(words.contains(&hint), "{words}");

    // The hint works as printed.
    let typed = shell_words::split(hint.trim_start_matches("cargo xtask check lesson 01 ")).unwrap();
    let (code, words) = words_of(&typed.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("first line on stdout: send"), "{words}");
    let (code, words) = words_of(&["--path", path, "--bin", "sned"]);
    assert_eq!(code, Some(3));
    assert!(words.contains("has no program `sned`; it has receive, send."), "{words}");
}

#[test]
fn a_path_may_be_a_manifest_a_source_or_a_workspace() {
    let folder = package("path-programs", &PRINTS);
    let source = folder.join("src/bin/receive.rs");
    let (_, words) = words_of(&["--path", source.to_str().unwrap()]);
    assert!(words.contains("first line on stdout: receive"), "{words}");

    let manifest = "[package]\nname = \"same-name\"\nedition = \"2024\"\ndefault-run = \"receive\"\n[workspace]\n";
    let folder = package("path-default", &[PRINTS[0], PRINTS[1], ("Cargo.toml", manifest)]);
    let (_, words) = words_of(&["--path", folder.join("Cargo.toml").to_str().unwrap()]);
    assert!(words.contains("first line on stdout: receive"), "{words}");

    let member = "[package]\nname = \"member\"\nedition = \"2024\"\n";
    let library = "[package]\nname = \"tools\"\nedition = \"2024\"\n";
    let root = "[workspace]\nresolver = \"3\"\nmembers = [\"member\", \"tools\"]\n";
    let files = [
        ("Cargo.toml", root),
        ("member/Cargo.toml", member),
        ("member/src/main.rs", "fn main() { println!(\"member\") }"),
        ("tools/Cargo.toml", library),
        ("tools/src/lib.rs", ""),
    ];
    let folder = package("path-workspace", &files);
    let (_, words) = words_of(&["--path", folder.to_str().unwrap()]);
    assert!(words.contains("first line on stdout: member"), "{words}");
    let (code, words) = words_of(&["--path", folder.join("tools/src/lib.rs").to_str().unwrap()]);
    assert_eq!(code, Some(3));
    assert!(words.contains("The package `tools` has no program"), "{words}");
}

#[test]
fn a_lesson_is_known_by_the_name_of_its_folder() {
    for name in ["1", "hello_send", "01-hello-send/"] {
        let output = run(&["check", "lesson", name, "--broker", &dead_address(), "--program", "true"]);
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("lesson 01 "), "{name}: {}", render(&output));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_reported() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = checker(&["check", "lesson", "01", "--broker", &dead_address(), "--program", "true"]);
    let output = command.stdout(full).stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("could not be written to stdout"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = checker(&["check", "lesson", "01", "--broker", &dead_address(), "--program", "true"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
