//! `cargo xtask ci`: everything that CI demands, one step after the other, up to the first that fails.

use std::{
    io::{BufRead, BufReader},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::Context;

use crate::cargo::cargo;

/// How many tests ran, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// How much of what a failed test says is said again at the end, in lines.
const AGAIN: usize = 40;

/// Runs all steps. The last line on stdout is the sum of all tests; before it stands again what the failed ones said, as it
/// may be thousands of lines away.
pub fn run() -> anyhow::Result<ExitCode> {
    let all = ["--workspace", "--features", "checker/docker,broker/program,bookbuilder/serve"];
    let steps: [(&str, Command); 5] = [
        ("format", with(&mut cargo("fmt"), &["--all", "--", "--check"])),
        ("lints", with(cargo("clippy").args(all), &["--all-targets", "--", "--deny", "warnings"])),
        (
            "lints without the Docker client and the book's server",
            with(cargo("clippy").arg("--workspace"), &["--all-targets", "--", "--deny", "warnings"]),
        ),
        (
            "docs",
            with(
                cargo("doc").args(all).env("RUSTDOCFLAGS", "--deny warnings"),
                &["--no-deps", "--document-private-items"],
            ),
        ),
        ("tests", with(cargo("test").args(all), &["--no-fail-fast"])),
    ];
    let mut count = Count::default();
    let mut failures = Failures::default();
    for (name, mut command) in steps {
        eprintln!("── {name}");
        let begin = Instant::now();
        // Snapshots are reviewed, never accepted on the way.
        command.env("INSTA_UPDATE", "no").env("INSTA_FORCE_PASS", "0").env("SNAPSHOTS", "verify");
        let good =
            if name == "tests" { counted(&mut command, &mut count, &mut failures)? } else { status(&mut command)? };
        eprintln!("── {name}: {} after {:.0} s", if good { "passed" } else { "FAILED" }, begin.elapsed().as_secs_f64());
        if !good {
            count.failed = count.failed.max(1);
            break;
        }
    }
    for line in &failures.again {
        println!("{line}");
    }
    println!("{} passed, {} failed, {} skipped", count.passed, count.failed, count.skipped);
    let nothing_ran = count.passed == 0;
    if nothing_ran {
        eprintln!("error: no test ran");
    }
    Ok(if count.failed > 0 || nothing_ran { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn with(command: &mut Command, arguments: &[&str]) -> Command {
    let mut whole = Command::new(command.get_program());
    // `fmt` and others take the manifest's path before what comes after `--`, and so do all of ours.
    whole.args(command.get_args()).args(arguments);
    for (key, value) in command.get_envs() {
        if let Some(value) = value {
            whole.env(key, value);
        }
    }
    whole
}

fn status(command: &mut Command) -> anyhow::Result<bool> {
    Ok(command.status().context("cargo could not be started")?.success())
}

/// Runs tests, shows what they print as they print it, and adds up their summaries.
fn counted(command: &mut Command, count: &mut Count, failures: &mut Failures) -> anyhow::Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo could not be started")?;
    let stdout = child.stdout.take().context("cargo has no stdout")?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = String::from_utf8_lossy(&line.context("what the tests print can't be read")?).into_owned();
        println!("{line}");
        add(count, &line);
        failures.hear(&line);
    }
    Ok(child.wait().context("cargo was lost")?.success())
}

/// Adds a summary such as `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`.
fn add(count: &mut Count, line: &str) {
    let Some((_, summary)) = line.split_once("test result: ") else { return };
    let words: Vec<&str> = summary.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
    for pair in words.windows(2) {
        let Ok(number) = pair[0].parse::<u64>() else { continue };
        match pair[1] {
            "passed" => count.passed += number,
            "failed" => count.failed += number,
            "ignored" => count.skipped += number,
            _ => {}
        }
    }
}

/// What a test runner says of failed tests, heard line by line: from `failures:` to its summary.
#[derive(Debug, Default)]
struct Failures {
    again: Vec<String>,
    listening: bool,
    /// Lines of the test that is being told of.
    lines: usize,
}

impl Failures {
    fn hear(&mut self, line: &str) {
        if line == "failures:" {
            // What comes first is what they say; the second time it is their names.
            self.lines = 0;
            self.listening = true;
        } else if line.starts_with("test result: ") {
            self.listening = false;
        } else if self.listening && !line.is_empty() {
            self.lines = if line.starts_with("---- ") { 0 } else { self.lines + 1 };
            match self.lines {
                ..AGAIN => self.again.push(line.to_owned()),
                AGAIN => self.again.push("…".to_owned()),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_add_up_and_other_lines_do_not() {
        let mut count = Count::default();
        add(
            &mut count,
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.00s",
        );
        add(
            &mut count,
            "test result: FAILED. 20 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        );
        add(&mut count, "7 passed");
        assert_eq!(count, Count { passed: 23, failed: 2, skipped: 1 });
    }

    #[test]
    fn what_failed_tests_say_is_kept_and_not_endless() {
        let mut failures = Failures::default();
        for line in
            ["test a ... FAILED", "", "failures:", "", "---- a ----", "not so", "", "", "failures:", "    a", ""]
        {
            failures.hear(line);
        }
        failures
            .hear("test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        failures.hear("test b ... ok");
        assert_eq!(failures.again, ["---- a ----", "not so", "    a"]);

        failures.hear("failures:");
        failures.hear("---- long ----");
        (0..1000).for_each(|number| failures.hear(&format!("line {number}")));
        failures.hear("---- short ----");
        assert_eq!(failures.again.len(), 3 + 1 + AGAIN + 1);
        assert_eq!(failures.again.last().map(String::as_str), Some("---- short ----"));
    }
}
