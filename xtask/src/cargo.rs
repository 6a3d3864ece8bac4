//! Starting cargo: the one that started us, in the workspace.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The workspace's root folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// cargo, about the workspace, from whatever folder we are in.
pub fn cargo(subcommand: &str) -> Command {
    let cargo = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let mut command = Command::new(cargo);
    command.arg(subcommand).arg("--manifest-path").arg(root().join("Cargo.toml"));
    command
}
