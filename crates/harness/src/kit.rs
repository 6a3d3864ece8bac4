//! The kit's folders.

use std::path::{Path, PathBuf};

/// Returns the workspace's root folder. Every command first makes sure that it exists.
pub fn root() -> &'static Path {
    cli::kit().unwrap_or(Path::new("."))
}

/// Returns the folder of learners' programs and of their progress: `work/`, or the one that `HELLO_RABBIT_WORK` names.
pub fn work() -> PathBuf {
    cli::work(root())
}

/// Returns a path for people: relative to the root folder, if it is inside.
pub fn display_path(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// Returns the cargo that runs this program, or the one in the PATH.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
