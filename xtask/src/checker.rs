//! Passes a command on to the checker.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context, ensure};

use crate::{
    cargo::{become_it, beside, cargo, root},
    fresh::Build,
    lessons,
    spinner::watched,
};

/// Builds the checker if necessary, and becomes it. The arguments are passed on as they were typed.
///
/// A lesson's own program is built along with it, because a second call of cargo would take a sixth of a second. If the program
/// does not compile, the checker reports it. If nothing has changed since the last build, cargo is not called at all.
pub fn run(command: &cli::Command) -> anyhow::Result<ExitCode> {
    let reference = reference(command);
    let features = features(command);
    if !checker()?.exists() {
        eprintln!("compiling the checker for the first time; about a minute …");
        if let Some(chapter) = chapter(command) {
            eprintln!("you can read the lesson's chapter meanwhile: {chapter}");
        }
    }
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

/// The numbers of the lessons that a checker without features can check.
const PART_1: [&str; 2] = ["01", "02"];

/// Returns the features of the checker that this command needs: as few as possible, because a first check compiles them. Once
/// checks have needed more of them, they keep them, because a check would otherwise start cargo twice.
fn features(command: &cli::Command) -> &'static str {
    let noted = beside(cli::CHECKER_FEATURES).ok().and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    match (noted.trim(), command) {
        ("docker", _) => "checker/docker",
        ("tools", _) => "checker/tools",
        (
            _,
            cli::Command::Watch(_)
            | cli::Command::Wire(_)
            | cli::Command::Diff(_)
            | cli::Command::Doctor(_)
            | cli::Command::Broker(_),
        ) => "checker/tools",
        ("later-lessons", _) | (_, cli::Command::Judge(_)) => "checker/later-lessons",
        // The checker itself knows exactly which lessons it lacks: this saves it a second build.
        (_, cli::Command::Check(_))
            if asked(command).is_none_or(|lesson| !PART_1.contains(&lesson.number.as_str())) =>
        {
            "checker/later-lessons"
        }
        _ => "",
    }
}

fn build(packages: &[&str], features: &str) -> anyhow::Result<()> {
    let programs = checker()?;
    let folder = programs.parent().unwrap_or(root());
    let state = Build::new(root(), folder, packages, &[features]);
    if state.is_fresh() {
        return Ok(());
    }
    let mut build = cargo("build");
    build.args(["--no-default-features", "--features", features]);
    packages.iter().for_each(|package| {
        build.args(["--package", package]);
    });
    let is_built = checker()?.exists();
    if is_built {
        build.arg("--quiet");
    }
    // With --quiet, cargo does not print that it compiles, or that it waits for another cargo, such as the editor's.
    // What cargo keeps for the next compilation of the kit's crates takes a fifth of their first one, and a learner never uses it.
    // Later compilations keep it; the switch makes cargo compile nothing again.
    let status = if is_built {
        watched("building the checker", || build.status())
    } else {
        build.env("CARGO_INCREMENTAL", "0").status()
    };
    let status = status.context("cargo could not be started")?;
    ensure!(status.success(), "the checker does not compile");
    state.keep();
    Ok(())
}

fn checker() -> anyhow::Result<PathBuf> {
    beside("checker")
}

/// Returns the package of the lesson's own program, if the command judges it, or shows it beside the learner's. A lesson's folder
/// is named after its number and its id, and its package after the id.
fn reference(command: &cli::Command) -> Option<String> {
    let even_beside_own = match command {
        cli::Command::Check(check) if check.program.path.is_some() || check.program.program.is_some() => return None,
        cli::Command::Check(check) => check.program.reference,
        cli::Command::Wire(_) => true,
        _ => return None,
    };
    let asked = asked(command)?;
    let has_own = cli::work(root()).join(asked.name()).join("Cargo.toml").is_file();
    (even_beside_own || !has_own).then_some(asked.id)
}

/// Returns the lesson that the command names.
fn asked(command: &cli::Command) -> Option<lessons::Lesson> {
    let lesson = match command {
        cli::Command::Check(check) => check.lesson.as_ref()?,
        cli::Command::Wire(wire) => &wire.lesson,
        cli::Command::Start(start) => &start.lesson,
        cli::Command::Hint(hint) => &hint.lesson,
        cli::Command::Watch(watch) => &watch.lesson,
        _ => return None,
    };
    lessons::all().ok()?.into_iter().find(|other| cli::is_lesson(lesson, &other.number, &other.id))
}

/// Returns the file with the chapter of the lesson that the command names, as a path in the kit.
fn chapter(command: &cli::Command) -> Option<String> {
    let chapter = format!("book/src/{}.md", asked(command)?.name());
    root().join(&chapter).is_file().then_some(chapter)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn the_chapter_of_a_lesson_is_named_while_the_checker_compiles() {
        let chapter = |line: &[&str]| chapter(&cli::Cli::parse_from([&["xtask"], line].concat()).command);
        for line in [["check", "01"], ["start", "hello-send"], ["hint", "1"]] {
            assert_eq!(chapter(&line).as_deref(), Some("book/src/01-hello-send.md"), "{line:?}");
        }
        assert_eq!(chapter(&["check", "99"]), None);
        assert_eq!(chapter(&["list"]), None);
    }
}
