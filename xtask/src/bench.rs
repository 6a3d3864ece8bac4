//! `cargo xtask bench`.

use std::process::ExitCode;

use anyhow::Context;

use crate::cargo::cargo;

/// Runs the benchmarks, built for speed.
pub fn run() -> anyhow::Result<ExitCode> {
    let status = cargo("bench")
        .args(["--package", "wire", "--package", "checker", "--features", "checker/docker"])
        .status()
        .context("cargo could not be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
