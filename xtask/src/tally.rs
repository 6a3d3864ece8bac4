//! Runs tests with cargo: prints their output as it comes, and adds up their summaries.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    thread,
};

use anyhow::Context;

use crate::cargo::cargo;

/// The number of lines of a failed test that are printed again at the end.
const AGAIN: usize = 40;

/// The largest number of failed tests that are run again. What fails more often than that is no accident of a busy machine.
const REPEATED: usize = 8;

/// The sum of the tests so far.
#[derive(Debug, Default)]
pub struct Tally {
    count: Count,
    failures: Failures,
    /// The number of test targets that failed, by cargo's own words.
    targets_failed: usize,
    /// The tests that failed, and passed when they were run again.
    unstable: Vec<String>,
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
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().context("cargo could not be started")?;
        let stdout = child.stdout.take().context("cargo has no stdout")?;
        let stderr = child.stderr.take().context("cargo has no stderr")?;
        let cargo = thread::spawn(move || pass_on(stderr));
        for line in BufReader::new(stdout).split(b'\n') {
            let line = String::from_utf8_lossy(&line.context("the output of the tests can't be read")?).into_owned();
            println!("{line}");
            self.hear(&line);
        }
        self.targets_failed += cargo.join().unwrap_or_default();
        Ok(child.wait().context("the exit status of cargo can't be read")?.success())
    }

    fn hear(&mut self, line: &str) {
        self.count.add(line);
        self.failures.hear(line);
    }

    /// Runs the few tests that failed again, by the command from `again`, one at a time. Those that pass now count as passed, and
    /// are named at the end. Returns whether there were such tests, and all of them passed.
    pub fn repeat(&mut self, again: impl Fn() -> Command) -> anyhow::Result<bool> {
        let names = self.failures.names.clone();
        let is_few = !names.is_empty() && names.len() <= REPEATED && self.count.failed == names.len() as u64;
        // A target without a summary was killed, or failed outside its tests.
        if !is_few || self.targets_failed != self.failures.targets {
            return Ok(false);
        }
        println!("── running again, one at a time: {}", names.join(", "));
        let (mut second, mut good) = (Tally::default(), true);
        for name in &names {
            // Some test runners take one name only.
            good &= second.run(again().args(["--", "--exact", name]))?;
        }
        self.add_repeated(second, good)
    }

    /// Adds the result of the second run of all tests that failed.
    fn add_repeated(&mut self, second: Tally, good: bool) -> anyhow::Result<bool> {
        let names = std::mem::take(&mut self.failures.names);
        let (passed, failed): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| !second.failures.names.contains(name));
        if !good && failed.is_empty() || (second.count.passed + second.count.failed) < self.count.failed {
            anyhow::bail!("the tests that failed could not be run again");
        }
        self.count.passed += passed.len() as u64;
        self.count.failed -= passed.len() as u64;
        self.unstable.extend(passed);
        self.failures.names = failed;
        Ok(good)
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
        for name in &self.unstable {
            println!("unstable: {name} failed, and passed when it was run again");
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

/// Passes cargo's own words on, and returns the number of targets that it calls failed.
fn pass_on(stderr: impl Read) -> usize {
    let mut failed = 0;
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        // As in `error: 2 targets failed:`.
        let number = line.strip_prefix("error: ").and_then(|rest| rest.split_once(" target"));
        if let Some((number, rest)) = number
            && rest.ends_with("failed:")
        {
            failed += number.parse::<usize>().unwrap_or_default();
        }
    }
    failed
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
    names: Vec<String>,
    /// The number of targets whose summary says that tests failed.
    targets: usize,
    listening: bool,
    are_names: bool,
    /// The number of lines of the current test.
    lines: usize,
}

impl Failures {
    fn hear(&mut self, line: &str) {
        if line == "failures:" {
            // The first time, the output of the tests follows; the second time, their names.
            self.lines = 0;
            self.are_names = self.listening;
            self.listening = true;
        } else if line.starts_with("test result: ") {
            (self.listening, self.are_names) = (false, false);
            self.targets += usize::from(line.starts_with("test result: FAILED"));
        } else if self.listening && !line.is_empty() {
            self.names.extend(self.are_names.then(|| line.trim_start().to_owned()));
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
    fn what_passes_at_the_second_run_is_passed_and_named() {
        let heard = |lines: &[&str]| {
            let mut tally = Tally::default();
            for line in lines {
                tally.hear(line);
            }
            tally
        };
        let list = ["failures:", "---- a ----", "late", "---- b ----", "wrong", "failures:", "    a", "    b"];
        let mut first =
            heard(&[&list[..], &["test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured;"]].concat());
        let second = heard(&[
            "failures:",
            "---- b ----",
            "wrong",
            "failures:",
            "    b",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored;",
        ]);
        assert!(!first.add_repeated(second, false).unwrap());
        assert_eq!(first.count, Count { passed: 8, failed: 1, skipped: 0 });
        assert_eq!((first.unstable, first.failures.names), (vec!["a".to_owned()], vec!["b".to_owned()]));

        // Nothing ran: that is no pass.
        let mut first = heard(&["failures:", "failures:", "    a", "test result: FAILED. 0 passed; 1 failed;"]);
        assert!(first.add_repeated(heard(&[]), true).is_err());
    }

    #[test]
    fn targets_that_failed_are_counted_by_the_words_of_cargo() {
        let words = b"   Running tests/it/main.rs\nerror: 2 targets failed:\n    `-p a --test it`\n    `-p b --lib`\n";
        assert_eq!(pass_on(&words[..]), 2);
        assert_eq!(pass_on(&b"error: could not compile `a`\n"[..]), 0);
    }

    #[test]
    fn many_failures_are_not_repeated() {
        let mut tally = Tally::default();
        tally.failures.names = (0..=REPEATED).map(|number| number.to_string()).collect();
        tally.count.failed = tally.failures.names.len() as u64;
        assert!(!tally.repeat(|| Command::new("/nowhere")).unwrap());
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
        assert_eq!(failures.names, ["a"]);

        failures.hear("failures:");
        failures.hear("---- long ----");
        (0..1000).for_each(|number| failures.hear(&format!("line {number}")));
        failures.hear("---- short ----");
        assert_eq!(failures.again.len(), 3 + 1 + AGAIN + 1);
        assert_eq!(failures.again.last().map(String::as_str), Some("---- short ----"));
    }
}
