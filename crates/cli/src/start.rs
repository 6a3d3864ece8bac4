//! `start lesson 01`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::EXIT_CODES;

/// `start lesson 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct StartArgs {
    /// What to begin.
    #[command(subcommand)]
    pub what: StartWhat,
}

/// What can be begun.
#[derive(Debug, Subcommand)]
pub enum StartWhat {
    /// Write a program to begin with, in work/, by the lesson's number or its id: `start lesson 01`
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
        /// Write it to this folder instead of one in work/
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// Start afresh: what is in the folder is kept beside it, as a copy with a number
        #[arg(long)]
        force: bool,
    },
}
