//! A class, as it was handed in: plain data, made by the intake.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

pub use crate::intake::Stored;

/// A student, as far as the layout and the roster say. Unknown fields are empty.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Student {
    /// The name, for people. Two students can have the same one.
    pub name: String,
    /// The number that the school or the platform uses.
    pub id: String,
    /// The login, such as a GitHub user name or an e-mail address.
    pub login: String,
}

/// The way in which a platform lays out submissions.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One folder, archive or file for each student.
    #[default]
    Plain,
    /// Moodle's download of all submissions.
    Moodle,
    /// Canvas's download of all submissions.
    Canvas,
    /// Repositories that `gh classroom clone` has cloned.
    Github,
    /// Repositories of Classroom 50.
    Classroom50,
}

/// A class.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// The layout, as given or as found.
    pub layout: Layout,
    /// The submissions, by student.
    pub submissions: Vec<Submission>,
    /// The entries that are no submission.
    pub left_aside: Vec<LeftAside>,
    /// The students of the roster without a submission.
    pub without_submission: Vec<Student>,
    /// Problems with joining submissions and the roster, one sentence each. Nothing is joined by name alone.
    pub not_joined: Vec<String>,
}

/// An entry that is no submission, or a part of a submission that is not used.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct LeftAside {
    /// The path, relative to the class's folder or to the submission.
    pub path: String,
    /// The reason, as a sentence without a full stop: `a build script, which is never run`.
    pub reason: String,
}

/// A submission: the files of one student.
#[derive(Clone, Debug)]
pub struct Submission {
    /// A name for files: letters, digits and dashes, unique in the class, and the same at each run.
    pub key: String,
    /// The student.
    pub student: Student,
    /// The entries that it was read from, relative to the class's folder.
    pub paths: Vec<String>,
    /// The time of submission, in seconds since 1970 (UTC), if the layout says it.
    pub submitted_at: Option<i64>,
    /// True if the platform marked it as late.
    pub marked_late: bool,
    /// The program and its files, or the reason why there are none.
    pub content: Result<Stored, NoContent>,
    /// The parts that are not used.
    pub laid_aside: Vec<LeftAside>,
}

/// The reason why a submission has no content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoContent {
    /// It can't be graded as it was handed in: a sentence or two that a teacher can forward.
    #[error("{0}")]
    Refused(String),
    /// It could not be read on this machine, which says nothing about the student: a sentence or two.
    #[error("{0}")]
    NotRead(String),
}

impl From<String> for NoContent {
    fn from(sentence: String) -> NoContent {
        NoContent::Refused(sentence)
    }
}

/// The files of a submission that are read: sources, and the files that those include.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The files, by path with `/` between its parts.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The program.
    pub program: Program,
}

/// The program in a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A Rust program.
    Rust(Package),
    /// A program in another language: the command that runs it, and the folder in which it runs, relative to the submission.
    Command {
        /// The command, as words.
        command: Vec<String>,
        /// The folder.
        folder: PathBuf,
    },
}

impl Default for Program {
    fn default() -> Program {
        Program::Rust(Package::default())
    }
}

/// The parts of a `Cargo.toml` that are kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Package {
    /// The package's name, as in `use my_package::…` with dashes for underscores.
    pub name: String,
    /// The edition: 2015, 2018, 2021 or 2024.
    pub edition: String,
    /// The path of the library's root, if there is one: `src/lib.rs`.
    pub library: Option<String>,
    /// The path of the program's root, relative to `folder`: `src/main.rs`.
    pub main: String,
    /// The name of the program.
    pub bin: String,
    /// The folder of the package, relative to the submission; empty if it is the submission's own.
    pub folder: String,
    /// The features of its own that are on by default.
    pub features: Vec<String>,
    /// The crates that it calls by another name: the name in its sources, and the crate's own.
    pub renamed: BTreeMap<String, String>,
}
