//! `cargo xtask ci`.

use std::process::ExitCode;

/// x
pub fn run() -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
