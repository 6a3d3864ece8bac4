//! The program to judge: its source, its build and its run.

pub mod build;
mod cargo;
mod command;
pub mod facts;
pub mod messages;
pub mod running;
pub mod script;
pub mod sources;
pub(crate) mod starved;
pub mod target;

use std::path::PathBuf;

/// A program that is ready to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The command and its arguments; never empty.
    pub command: Vec<String>,
    /// The folder to run it in.
    pub folder: PathBuf,
    /// True if cargo built it, from the package in that folder.
    pub is_package: bool,
    /// The words before the command when it is started, such as those of a sandbox; usually none. The command alone says what
    /// the program is.
    pub wrapper: Vec<String>,
    /// The compiler's warnings from its build.
    pub warnings: Vec<recording::Warning>,
}

impl Program {
    /// Returns the words that start it: the first one, and the rest.
    fn words(&self) -> (&str, impl Iterator<Item = &str>) {
        let mut words = self.wrapper.iter().chain(&self.command).map(String::as_str);
        (words.next().unwrap_or_default(), words)
    }
}
