//! Passes a command on to the checker.

use std::{
    env, fs,
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
    let features = features(command);
    let built_both = reference.as_deref().is_some_and(|reference| build(&["checker", reference], features).is_ok());
    if !built_both {
        build(&["checker"], features)?;
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

/// Returns the features of the checker that this command needs: as few as possible, because a first check compiles them. Once
/// the checker has had the Docker client, it keeps it, because a check would otherwise start cargo twice.
fn features(command: &cli::Command) -> &'static str {
    let remembered = beside(cli::CHECKER_FEATURES).ok().and_then(|file| fs::read_to_string(file).ok());
    match command {
        _ if remembered.is_some_and(|features| features.trim() == "docker") => "checker/docker",
        cli::Command::Watch(_) | cli::Command::Wire(_) | cli::Command::Diff(_) | cli::Command::Doctor(_) => {
            "checker/tools"
        }
        _ => "",
    }
}

fn build(packages: &[&str], features: &str) -> anyhow::Result<()> {
    let mut build = cargo("build");
    build.args(["--no-default-features", "--features", features]);
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
