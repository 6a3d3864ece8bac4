//! `cargo xtask bless`: accepts new output. Tests write the files that they would compare, and the changed files are listed.

mod changes;

use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::{
    bench,
    bless::changes::{Files, changes},
    cargo::cargo,
    tally::Tally,
    test::FAST,
};

/// The arguments for the tests of the checker without a broker.
const CHECKER: &[&str] = &["--package=checker", "--test=it", "--no-fail-fast"];

/// The arguments for the tests of the checker with a broker.
const REAL_BROKER: &[&str] = &["--package=checker", "--test=real_broker", "--no-fail-fast"];

/// The kinds of output that have a name.
const KINDS: &str = "recordings, reports, book, first-build";

/// Runs the tests that write this output, then lists the changed files.
pub fn run(what: Option<&str>, program: Option<&str>) -> anyhow::Result<ExitCode> {
    if let (Some(program), false) = (program, what == Some("recordings")) {
        eprintln!("error: a program's name ({program}) goes only with recordings");
        eprintln!("hint: cargo xtask bless recordings {program}");
        return Ok(cli::Exit::Usage.into());
    }
    if what == Some("first-build") {
        let done =
            bench::whole("first-build").arg("--").arg("--bless").status().context("cargo could not be started")?;
        return Ok(if done.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let before = Files::read()?;
    let mut tally = Tally::default();
    tally.run_all(commands(what, program))?;
    let good = tally.print();
    let changes = changes(&before, &Files::read()?);
    if changes.is_empty() {
        println!("no file changed");
    } else {
        changes.iter().for_each(|change| println!("{change}"));
        println!("read the difference before you commit it: git diff");
    }
    if !tally.ran() {
        eprintln!("hint: choose one of {KINDS}, or part of the name of a test that needs no broker");
        eprintln!("hint: for a program of the gallery: cargo xtask bless recordings PART");
    } else if !good {
        eprintln!("error: tests failed, and no file that they write can fix that");
        eprintln!("hint: fix the failures above, and change a text inside a test's source by hand");
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the tests that write this output.
fn commands(what: Option<&str>, program: Option<&str>) -> Vec<Command> {
    let all = [FAST[0], FAST[1], CHECKER];
    match what {
        None => all.map(|arguments| writes(arguments, &[])).into(),
        Some("recordings") => {
            let mut command = writes(REAL_BROKER, &[program.unwrap_or("embedded::gallery")]);
            // Recordings come from the embedded broker only, but a program's name, as a filter, would match every broker.
            command.env("RECORDINGS", "overwrite").env("HELLO_RABBIT_TEST_BROKERS", "");
            vec![command]
        }
        Some("first-build") => Vec::new(),
        Some("reports") => vec![writes(REAL_BROKER, &["embedded::"])],
        Some("book") => vec![
            writes(&["--package=xtask"], &["help"]),
            writes(CHECKER, &["reference", "start::book"]),
            writes(REAL_BROKER, &["embedded::book"]),
        ],
        Some(filter) => all.map(|arguments| writes(arguments, &[filter])).into(),
    }
}

/// Returns a `cargo test` that writes snapshots instead of comparing them. It can't write a text inside a test's own source, so a
/// difference there fails the test; `INSTA_FORCE_PASS` would hide that.
fn writes(arguments: &[&str], filters: &[&str]) -> Command {
    let mut command = cargo("test");
    command.args(arguments);
    if !filters.is_empty() {
        command.arg("--").args(filters);
    }
    command.env("INSTA_UPDATE", "always").env("INSTA_FORCE_PASS", "0").env("SNAPSHOTS", "overwrite");
    command.env_remove("RECORDINGS");
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::typed;

    const WRITES: &str = "INSTA_FORCE_PASS=0 INSTA_UPDATE=always RECORDINGS= SNAPSHOTS=overwrite cargo test";

    fn all(what: Option<&str>) -> Vec<String> {
        let typed: Vec<String> = commands(what, None).iter().map(typed).collect();
        typed.iter().map(|typed| typed.strip_prefix(WRITES).unwrap_or(typed).trim().to_owned()).collect()
    }

    #[test]
    fn without_a_word_everything_that_needs_no_broker_is_written() {
        let fast = FAST.map(|arguments| arguments.join(" "));
        assert_eq!(all(None), [&*fast[0], &fast[1], "--package=checker --test=it --no-fail-fast"]);
        let filtered = all(Some("prefetch"));
        assert_eq!(filtered[0], format!("{} -- prefetch", fast[0]));
        assert_eq!(filtered[2], "--package=checker --test=it --no-fail-fast -- prefetch");
    }

    #[test]
    fn the_kinds_have_tests_of_their_own_on_the_embedded_broker() {
        assert_eq!(
            all(Some("recordings")),
            [
                "HELLO_RABBIT_TEST_BROKERS= INSTA_FORCE_PASS=0 INSTA_UPDATE=always RECORDINGS=overwrite SNAPSHOTS=overwrite \
                 cargo test --package=checker --test=real_broker --no-fail-fast -- embedded::gallery"
            ]
        );
        let one = commands(Some("recordings"), Some("helo"));
        assert!(typed(&one[0]).ends_with("--test=real_broker --no-fail-fast -- helo"));
        assert_eq!(all(Some("reports")), ["--package=checker --test=real_broker --no-fail-fast -- embedded::"]);
        assert_eq!(
            all(Some("book")),
            [
                "--package=xtask -- help",
                "--package=checker --test=it --no-fail-fast -- reference start::book",
                "--package=checker --test=real_broker --no-fail-fast -- embedded::book",
            ]
        );
        for kind in KINDS.split(", ").filter(|kind| *kind != "first-build") {
            assert!(!all(Some(kind))[0].ends_with(&format!("-- {kind}")), "{kind} is taken for part of a test's name");
        }
    }
}
