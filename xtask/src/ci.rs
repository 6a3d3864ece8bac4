//! `cargo xtask ci`: all steps of CI, one after the other, up to the first that fails. If only a few tests fail, they are run
//! again with nothing beside them: most tests start programs, and wait for them. Those that pass then are named at the end.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::Context;

use crate::{
    cargo::{cargo, root},
    tally::{Tally, cargo_test},
};

/// The environment variable that makes every program of the gallery run on every available broker.
const FULL: &str = "HELLO_RABBIT_FULL";

/// The arguments for all packages with all their features.
const ALL: [&str; 3] = ["--workspace", "--features", "checker/docker,broker/program,bookbuilder/serve"];

/// The folders whose modules are declared by a macro or a build script, where rustfmt does not find them.
const UNSEEN: [&str; 2] = ["crates/contracts/src/lessons", "crates/broker/tests/difference/conversations"];

/// Runs all steps. The last line on stdout is the sum of all tests.
pub fn run(full: bool) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    for (name, mut command) in steps(full, &unseen(root())?) {
        eprintln!("── {name}");
        let begin = Instant::now();
        let good = if name == "tests" {
            tally.run(&mut command)? || tally.repeat(|| tests(full))?
        } else {
            command.status().context("cargo could not be started")?.success()
        };
        eprintln!("── {name}: {} after {:.0} s", if good { "passed" } else { "FAILED" }, begin.elapsed().as_secs_f64());
        if !good {
            tally.fail();
            break;
        }
    }
    Ok(if tally.print() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the Rust files in the [`UNSEEN`] folders, by name.
fn unseen(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in UNSEEN {
        let folder = root.join(folder);
        rust_files(&folder, &mut files).with_context(|| format!("{} could not be read", folder.display()))?;
    }
    files.sort();
    Ok(files)
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Returns the steps, by their names. `unseen` are files that `cargo fmt` does not find by itself.
fn steps(full: bool, unseen: &[PathBuf]) -> Vec<(&'static str, Command)> {
    let mut format = cargo("fmt");
    format.args(["--all", "--", "--check"]).args(unseen);
    let mut lints = cargo("clippy");
    lints.args(ALL).args(["--all-targets", "--", "--deny", "warnings"]);
    let mut docs = cargo("doc");
    docs.args(ALL).args(["--no-deps", "--document-private-items"]).env("RUSTDOCFLAGS", "--deny warnings");
    let mut steps = vec![("format", format), ("lints", lints), ("docs", docs)];
    // The processor time of other programs is read only on Linux.
    if cfg!(target_os = "linux") {
        let mut first = cargo("bench");
        first.args(ALL).args(["--bench", "first_build", "--profile", "dev"]);
        steps.push(("first build", first));
    }
    steps.push(("tests", tests(full)));
    steps
}

/// Returns the command that runs all tests.
fn tests(full: bool) -> Command {
    let mut tests = cargo_test(&ALL);
    tests.arg("--no-fail-fast");
    if full {
        tests.env(FULL, "1");
    }
    tests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::typed;

    #[test]
    fn everything_is_linted_once_and_tested_with_snapshots_that_stay() {
        let steps = steps(false, &["lessons/a.rs".into()]);
        let steps: Vec<String> = steps.iter().map(|(_, command)| typed(command)).collect();
        let all = "--workspace --features checker/docker,broker/program,bookbuilder/serve";
        let first = format!("cargo bench {all} --bench first_build --profile dev");
        assert_eq!(steps.contains(&first), cfg!(target_os = "linux"));
        assert_eq!(
            steps.into_iter().filter(|step| *step != first).collect::<Vec<_>>(),
            [
                "cargo fmt --all -- --check lessons/a.rs".to_owned(),
                format!("cargo clippy {all} --all-targets -- --deny warnings"),
                format!("RUSTDOCFLAGS='--deny warnings' cargo doc {all} --no-deps --document-private-items"),
                format!(
                    "INSTA_FORCE_PASS=0 INSTA_UPDATE=no RECORDINGS= SNAPSHOTS=verify cargo test {all} --no-fail-fast"
                ),
            ]
        );
    }

    #[test]
    fn files_that_rustfmt_does_not_find_are_named_to_it() {
        let files = unseen(root()).unwrap();
        for folder in UNSEEN {
            assert!(files.iter().any(|file| file.starts_with(root().join(folder))), "{folder} has no Rust files");
        }
        let deep = root().join("crates/contracts/src/lessons/worker/scene.rs");
        assert!(files.contains(&deep), "{files:?}");
    }

    #[test]
    fn the_workflow_has_the_same_features() {
        let workflow = fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap();
        assert!(workflow.contains(&format!("FEATURES: {}\n", ALL[2])), ".github/workflows/ci.yml has other features");
    }

    #[test]
    fn full_is_for_the_tests() {
        let steps = steps(true, &[]);
        let is_full = |(_, command): &&(&str, Command)| typed(command).contains("HELLO_RABBIT_FULL=1");
        let full: Vec<&str> = steps.iter().filter(is_full).map(|(name, _)| *name).collect();
        assert_eq!(full, ["tests"]);
    }
}
