//! `cargo xtask grade`: builds the grader if necessary, and becomes it.

use std::{
    env, fs,
    process::{Command, ExitCode},
};

use anyhow::{Context, ensure};
use cli::{BrokerChoice, GradeArgs};

use crate::{
    cargo::{become_it, beside, cargo},
    spinner::watched,
};

/// The file beside the grader that says that it needs the Docker client: a container may be left from an earlier command, and a
/// grader with other features would be compiled again each time.
const WITH_DOCKER: &str = "grader-has-docker";

/// Passes the command on as it was typed.
pub fn run(args: &GradeArgs) -> anyhow::Result<ExitCode> {
    let grader = beside("grader")?;
    let note = grader.with_file_name(WITH_DOCKER);
    let mut build = cargo("build");
    build.args(["--package", "grader", "--no-default-features"]);
    let had_docker = note.exists();
    let has_docker = had_docker || args.broker == BrokerChoice::Docker;
    if has_docker {
        build.args(["--features", "docker"]);
        // Without the note, the next command compiles another grader, and nothing worse.
        let _ = note.parent().map(fs::create_dir_all).map(|_| fs::write(&note, ""));
    }
    let status = if has_docker && !had_docker {
        eprintln!("compiling the grader with the Docker client for the first time; about a minute …");
        build.status()
    } else if grader.exists() {
        build.arg("--quiet");
        watched("building the grader", || build.status())
    } else {
        eprintln!("compiling the grader for the first time; about half a minute …");
        build.status()
    };
    ensure!(status.context("cargo could not be started")?.success(), "the grader does not compile");
    let mut grade = Command::new(grader);
    grade.args(env::args_os().skip(1));
    become_it(grade, "the grader")
}
