//! Runs tests with cargo: prints their output as it comes, and adds up their summaries.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use anyhow::Context;

use crate::cargo::cargo;

/// The number of lines of a failed test that are printed again at the end.
const AGAIN: usize = 40;

/// The sum of the tests so far.
#[derive(Debug, Default)]
pub struct Tally {
    count: Count,
    failures: Failures,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Returns a `cargo test` with these arguments. Snapshots are compared and never accepted.
pub fn cargo_test(arguments: &[&str]) -> Command {
    let mut command = cargo("test");
    command.args(arguments);
    compares(&mut command);
    command
}

/// Makes tests compare their snapshots, regardless of the environment.
pub fn compares(command: &mut Command) {
    command.env("INSTA_UPDATE", "no").env("INSTA_FORCE_PASS", "0").env("SNAPSHOTS", "verify").env_remove("RECORDINGS");
}

impl Tally {
    pub fn run(&mut self, command: &mut Command) -> anyhow::Result<bool> {
        let mut child = command.stdout(Stdio::piped()).spawn().context("cargo could not be started")?;
        let stdout = child.stdout.take().context("cargo has no stdout")?;
        for line in BufReader::new(stdout).split(b'\n') {
            let line = String::from_utf8_lossy(&line.context("the output of the tests can't be read")?).into_owned();
            println!("{line}");
            self.count.add(&line);
            self.failures.hear(&line);
        }
        Ok(child.wait().context("the exit status of cargo can't be read")?.success())
    }

    /// Runs one `cargo test` after the other, up to one that does not compile.
    pub fn run_all(&mut self, commands: impl IntoIterator<Item = Command>) -> anyhow::Result<()> {
        for mut command in commands {
            let failed_before = self.count.failed;
            if !self.run(&mut command)? && self.count.failed == failed_before {
                self.fail();
                break;
            }
        }
        Ok(())
    }

    /// Counts a failure that no test runner reported: something does not compile, or is not formatted.
    pub fn fail(&mut self) {
        self.count.failed = self.count.failed.max(1);
    }

    /// Returns whether a test ran.
    pub fn ran(&self) -> bool {
        self.count.passed + self.count.failed > 0
    }

    /// Prints the output of failed tests again, as it may be thousands of lines away, and then the sum. Returns whether tests ran
    /// and none failed.
    pub fn print(&self) -> bool {
        for line in &self.failures.again {
            println!("{line}");
        }
        let Count { passed, failed, skipped } = self.count;
        println!("{passed} passed, {failed} failed, {skipped} skipped");
        if !self.ran() {
            eprintln!("error: no test ran");
        }
        if self.failures.again.iter().any(|line| line.contains("SNAPSHOTS=overwrite") || line.contains("cargo insta")) {
            eprintln!("hint: read what differs; if the new output is right: cargo xtask bless");
        }
        failed == 0 && passed > 0
    }
}

impl Count {
    /// Adds a summary such as `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`.
    fn add(&mut self, line: &str) {
        let Some((_, summary)) = line.split_once("test result: ") else { return };
        let words: Vec<&str> = summary.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }
}

/// The output of failed tests, collected line by line: from `failures:` to the summary.
#[derive(Debug, Default)]
struct Failures {
    again: Vec<String>,
    listening: bool,
    /// The number of lines of the current test.
    lines: usize,
}

impl Failures {
    fn hear(&mut self, line: &str) {
        if line == "failures:" {
            // The first time, the output of the tests follows; the second time, their names.
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
        count.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.00s");
        count.add("test result: FAILED. 20 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s");
        count.add("7 passed");
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
