//! The program to judge: where it comes from, building it, and running it under watch.

pub mod build;
mod cargo;
mod command;
pub mod facts;
pub mod messages;
pub mod running;
pub mod script;
pub mod sources;
pub mod target;

use std::path::PathBuf;

/// A program that is ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The command and its arguments; never empty.
    pub command: Vec<String>,
    /// The folder to run it in.
    pub folder: PathBuf,
    /// Whether cargo built it, from the package in that folder.
    pub is_package: bool,
    /// What the compiler warned of when it was built.
    pub warnings: Vec<recording::Warning>,
}
