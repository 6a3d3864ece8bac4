//! Handing a command on to the checker.

use std::{
    env,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::Context;

use crate::cargo::cargo;

/// Builds the checker if need be, and becomes it. The arguments go on as they were typed.
pub fn run() -> anyhow::Result<ExitCode> {
    let mut checker = cargo("run");
    checker.args(["--package", "checker", "--bin", "checker"]);
    if was_built() {
        checker.arg("--quiet");
    } else {
        eprintln!("compiling the checker, this once; about a minute …");
    }
    checker.arg("--").args(env::args_os().skip(1));
    become_it(checker)
}

/// Whether there is a checker, beside the program that runs now.
fn was_built() -> bool {
    let program = env::current_exe().unwrap_or_default();
    let name = format!("checker{}", env::consts::EXE_SUFFIX);
    program.parent().unwrap_or(Path::new(".")).join(name).exists()
}

/// Becomes another program: one process fewer, and signals meet the one that knows what to clean up.
#[cfg(unix)]
fn become_it(mut command: Command) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).context("cargo could not be started")
}

/// Starts another program and ends as it does.
#[cfg(not(unix))]
fn become_it(mut command: Command) -> anyhow::Result<ExitCode> {
    let status = command.status().context("cargo could not be started")?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(3)))
}
