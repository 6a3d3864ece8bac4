//! Passes a command on to the checker.

use std::{
    env,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context, ensure};

use crate::{
    cargo::{become_it, beside, cargo, root},
    lessons,
    spinner::watched,
};

/// Builds the checker if necessary, and becomes it. The arguments are passed on as they were typed.
///
/// A lesson's own program is built along with it, because a second call of cargo would take a sixth of a second. If the program
/// does not compile, the checker reports it.
pub fn run(command: &cli::Command) -> anyhow::Result<ExitCode> {
    let reference = reference(command);
    let built_both = reference.as_deref().is_some_and(|reference| build(&["checker", reference]).is_ok());
    if !built_both {
        build(&["checker"])?;
    }
    let mut checker = Command::new(checker()?);
    checker.args(env::args_os().skip(1));
    if env::args_os().len() == 1 {
        checker.arg("next");
    }
    if let Some(reference) = reference.filter(|_| built_both) {
        checker.env(cli::BUILT, reference);
    }
    become_it(checker, "the checker")
}

fn build(packages: &[&str]) -> anyhow::Result<()> {
    let mut build = cargo("build");
    packages.iter().for_each(|package| {
        build.args(["--package", package]);
    });
    let is_built = checker()?.exists();
    if is_built {
        build.arg("--quiet");
    } else {
        eprintln!("compiling the checker for the first time; about a minute …");
    }
    // With --quiet, cargo does not print that it compiles, or that it waits for another cargo, such as the editor's.
    let status = if is_built { watched("building the checker", || build.status()) } else { build.status() };
    let status = status.context("cargo could not be started")?;
    ensure!(status.success(), "the checker does not compile");
    Ok(())
}

fn checker() -> anyhow::Result<PathBuf> {
    beside("checker")
}

/// Returns the package of the lesson's own program, if the command judges it, or shows it beside the learner's. A lesson's folder
/// is named after its number and its id, and its package after the id.
fn reference(command: &cli::Command) -> Option<String> {
    let (lesson, even_beside_own) = match command {
        cli::Command::Check(check) if check.program.path.is_some() || check.program.program.is_some() => return None,
        cli::Command::Check(check) => (check.lesson.as_ref()?, check.program.reference),
        cli::Command::Wire(wire) => (&wire.lesson, true),
        _ => return None,
    };
    let asked = lessons::all().ok()?.into_iter().find(|other| cli::is_lesson(lesson, &other.number, &other.id))?;
    let has_own = cli::work(root()).join(asked.name()).join("Cargo.toml").is_file();
    (even_beside_own || !has_own).then_some(asked.id)
}
