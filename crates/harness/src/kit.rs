//! Where the kit lies.

use std::path::{Path, PathBuf};

/// The workspace's root folder. Every command makes sure first that there is one.
pub fn root() -> &'static Path {
    cli::kit().unwrap_or(Path::new("."))
}

/// Where learners' programs are, and what is remembered of them: `work/`, or the folder that `HELLO_RABBIT_WORK` names.
pub fn work() -> PathBuf {
    cli::work(root())
}

/// A path as people know it: from the root folder, where it is in there.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The cargo that runs us, or the one on the path.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
