//! `cargo xtask grade`: builds the grader if necessary, and becomes it.

use std::{
    env,
    process::{Command, ExitCode},
};

use anyhow::{Context, ensure};

use crate::{
    cargo::{become_it, beside, cargo},
    spinner::watched,
};

/// Passes the command on as it was typed.
pub fn run() -> anyhow::Result<ExitCode> {
    let grader = beside("grader")?;
    let mut build = cargo("build");
    build.args(["--package", "grader"]);
    let status = if grader.exists() {
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
