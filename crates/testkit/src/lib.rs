//! Shared parts of the tests of several crates: the [`gallery`] with its recordings, and the brokers that tests run on
//! (`brokers`, with the feature `brokers`).

#[cfg(feature = "brokers")]
pub mod brokers;
pub mod budget;
pub mod gallery;
pub mod measure;
pub mod snapshots;
pub mod topics;

use std::path::{Path, PathBuf};

/// Returns this kit's root folder.
#[must_use]
pub fn kit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
