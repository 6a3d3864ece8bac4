//! Submissions a minute: `grade`, beside a plain loop of `check --path`, which compiles with cargo and has no sandbox.
//!
//! `cargo xtask bench class` runs it. Both sides grade the same right programs, each with a comment of its own, and everything that
//! is compiled once has been compiled before.

// clippy's own exception for tests does not see benchmarks.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

/// The number of submissions for `grade`.
const CLASS: usize = 60;

/// The number of submissions for the loop, each of which compiles its crates: about a minute.
const LOOP: usize = 3;

const MANIFEST: &str = "edition = \"2024\"\n\n[workspace]\n\n[dependencies]\nlapin = { version = \"4\", default-features = false, features = [\"tokio\"] }\ntokio = { version = \"1\", default-features = false, features = [\"fs\", \"io-util\", \"macros\", \"net\", \"process\", \"rt-multi-thread\", \"signal\", \"sync\", \"time\"] }\n";

fn main() -> ExitCode {
    // `cargo test --benches` runs this, too, and then there is nothing to measure.
    if !env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let right = fs::read_to_string(kit.join("lessons/01-hello-send/src/main.rs")).unwrap();
    let write = |class: &Path, count: usize| {
        for number in 0..count {
            let submission = class.join(format!("student-{number:03}"));
            fs::create_dir_all(submission.join("src")).unwrap();
            fs::write(submission.join("src/main.rs"), format!("{right}\n// {number}\n")).unwrap();
            fs::copy(kit.join("Cargo.lock"), submission.join("Cargo.lock")).unwrap();
            let manifest = format!("[package]\nname = \"student-{number:03}\"\n{MANIFEST}");
            fs::write(submission.join("Cargo.toml"), manifest).unwrap();
        }
    };
    let grade = |class: &Path| {
        let mut grade = Command::new(env!("CARGO_BIN_EXE_grader"));
        grade.arg("grade").arg(class).args(["--lesson", "01"]);
        quiet(&mut grade)
    };
    let check = |submission: &Path| {
        let mut check = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        check.current_dir(&kit).args(["xtask", "check", "01", "--broker", "embedded", "--path"]).arg(submission);
        quiet(&mut check)
    };
    // The first ones compile what is compiled once.
    let (first, class, looped) = (folder.path().join("first"), folder.path().join("class"), folder.path().join("loop"));
    write(&first, 1);
    write(&class, CLASS);
    write(&looped, LOOP);
    let (Some(_), Some(_)) = (grade(&first), check(&first.join("student-000"))) else { return ExitCode::FAILURE };
    let Some(graded) = grade(&class) else { return ExitCode::FAILURE };
    let checked: Option<Duration> = (0..LOOP).map(|number| check(&looped.join(format!("student-{number:03}")))).sum();
    let Some(checked) = checked else { return ExitCode::FAILURE };
    let pace = |count: usize, time: Duration| count as f64 / time.as_secs_f64() * 60.0;
    let (graded, checked) = (pace(CLASS, graded), pace(LOOP, checked));
    println!("grade, in the sandbox     {graded:>6.0} submissions a minute");
    println!("a loop of check --path    {checked:>6.0} submissions a minute");
    println!("{:.1} times as many", graded / checked);
    ExitCode::SUCCESS
}

/// Runs a command, and returns its duration. None if it fails, with a line about it.
fn quiet(command: &mut Command) -> Option<Duration> {
    let begin = Instant::now();
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    match output {
        Ok(output) if output.status.success() => Some(begin.elapsed()),
        Ok(output) => {
            eprintln!("error: {command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(error) => {
            eprintln!("error: {command:?}: {error}");
            None
        }
    }
}
