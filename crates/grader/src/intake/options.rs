//! The options of the intake, and its limits.

use std::{collections::BTreeMap, path::PathBuf};

use super::foreign::ProgramRule;
use crate::class::Layout;

/// The options for reading a class.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The layout; None to find it from the entries' names.
    pub layout: Option<Layout>,
    /// A regular expression for the entries' names, with the named groups `name`, `id`, `login` and `file`.
    ///
    /// `\w` and `\d` are ASCII only; `[^_]+` takes names in any script.
    pub pattern: Option<String>,
    /// The roster, a CSV file.
    pub roster: Option<PathBuf>,
    /// The rules for programs in other languages.
    pub programs: Vec<ProgramRule>,
    /// The limits of one submission.
    pub limits: Limits,
    /// The lesson's id, such as `hello-send`: it decides among several programs.
    pub lesson_id: String,
    /// The crates that the lesson offers, with their major version: `lapin` → `4`.
    pub offered: BTreeMap<String, String>,
}

/// The limits of one submission. Skipped parts, such as `target`, do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of files, those of the kit not counted if the whole kit was handed in.
    pub files: usize,
    /// The bytes of all files that are kept.
    pub bytes: u64,
    /// The bytes of one file that is kept. Larger files are laid aside.
    pub file_bytes: u64,
    /// The bytes of an archive, packed.
    pub archive_bytes: u64,
    /// The bytes of a compressed tar, unpacked, skipped parts included.
    pub stream_bytes: u64,
    /// The highest compression ratio, from `ratio_from` bytes on.
    pub ratio: u64,
    /// The unpacked bytes from which on the ratio counts.
    pub ratio_from: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            files: 2_000,
            bytes: 64 << 20,
            file_bytes: 4 << 20,
            archive_bytes: 256 << 20,
            stream_bytes: 512 << 20,
            ratio: 200,
            ratio_from: 1 << 20,
        }
    }
}

impl Limits {
    /// Returns true if this many unpacked bytes can't come from this many packed ones in an honest archive.
    pub(super) fn is_bomb(&self, packed: u64, unpacked: u64) -> bool {
        unpacked > self.ratio_from && unpacked / packed.max(1) > self.ratio
    }
}

/// Formats a number of bytes for a sentence.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}
