//! The cargo that builds a learner's program.

use std::path::PathBuf;

use tokio::process::Command;

use crate::kit;

/// The variables of a cargo that runs the checker. They would override the package's own choice of a toolchain.
const INHERITED: [&str; 4] = ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"];

/// Returns cargo as typed in the package's folder: with the toolchain that is chosen there, not the one that runs the checker.
pub(super) fn cargo() -> Command {
    let is_there = |folder: PathBuf| folder.join(format!("cargo{}", std::env::consts::EXE_SUFFIX)).is_file();
    let on_path = std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(is_there));
    let mut cargo = if on_path { Command::new("cargo") } else { Command::new(kit::cargo()) };
    for inherited in INHERITED {
        cargo.env_remove(inherited);
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toolchain_that_runs_us_is_not_handed_on() {
        let cargo = cargo();
        let removed: Vec<_> =
            cargo.as_std().get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
            assert!(removed.iter().any(|other| *other == name), "{name} is inherited: {removed:?}");
        }
    }
}
