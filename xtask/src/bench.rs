//! `cargo xtask bench`.

use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::cargo::cargo;

/// Runs one benchmark that measures whole commands: `first-verdict`, `first-build`, `container` or `class`.
pub fn one(name: &str) -> anyhow::Result<ExitCode> {
    let status = whole(name).status().context("cargo could not be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the command for one benchmark that measures whole commands.
pub fn whole(name: &str) -> Command {
    let name = name.replace('-', "_");
    // Its own speed does not matter, so it is not compiled with optimizations.
    let package: &[&str] = if name == "class" {
        &["--package", "grader"]
    } else {
        &["--package", "checker", "--features", "checker/docker"]
    };
    let bench = [package, &["--bench", &name, "--profile", "dev"]].concat();
    let mut command = cargo("bench");
    command.args(bench);
    command
}

/// Runs the benchmarks with optimizations. `quick` shortens the longest one, the load on two brokers.
pub fn run(quick: bool) -> anyhow::Result<ExitCode> {
    let packages = ["--package", "wire", "--package", "checker", "--features", "checker/docker"];
    let small = ["--bench", "listen", "--bench", "overhead"];
    let load: &[&str] = if quick { &["--bench", "load", "--", "--quick"] } else { &["--bench", "load"] };
    for benches in [&small, load] {
        let status = cargo("bench").args(packages).args(benches).status().context("cargo could not be started")?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
