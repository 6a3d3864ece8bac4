//! The errors of the intake. They concern the class; a problem of one submission is its `content`.

use std::{io, path::PathBuf};

use thiserror::Error;

/// A reason why a class can't be read.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// A file or folder that can't be read.
    #[error("{}: can't be read: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A path that is neither a folder nor a zip.
    #[error("{}: expected a folder or a .zip with an entry for each student", path.display())]
    NotAClass {
        /// The path.
        path: PathBuf,
    },
    /// The folder of one package in place of a class.
    #[error("{}: it has a Cargo.toml, so it is one package: expected the folder above it", path.display())]
    OnePackage {
        /// The folder.
        path: PathBuf,
    },
    /// A zip that can't be read.
    #[error("{}: can't be read as a zip: {reason}", path.display())]
    Zip {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A pattern that is not a regular expression, or has no group that is used.
    #[error(
        "--match: {reason}: expected a regular expression with a named group (?P<name>…), (?P<id>…) or (?P<login>…)"
    )]
    Pattern {
        /// The reason.
        reason: String,
    },
    /// A command that names no file.
    #[error("--program: `{command}`: expected a command with the file's name, such as `python3 send.py`")]
    Program {
        /// The command.
        command: String,
    },
    /// A line of the roster that can't be used.
    #[error("{}: line {line}: {problem}: expected {expected}", path.display())]
    Roster {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The problem.
        problem: String,
        /// The expectation.
        expected: String,
    },
}
