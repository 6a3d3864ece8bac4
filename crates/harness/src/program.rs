//! The program to judge: its source, its build and its run.

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
    /// True if cargo built it, from the package in that folder.
    pub is_package: bool,
    /// The compiler's warnings from its build.
    pub warnings: Vec<recording::Warning>,
}
