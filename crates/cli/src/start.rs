//! `start lesson 01`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::EXIT_CODES;

/// `start lesson 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct StartArgs {
    /// The thing to start.
    #[command(subcommand)]
    pub what: StartWhat,
}

/// The things that can be started.
#[derive(Debug, Subcommand)]
pub enum StartWhat {
    /// Write the start of your own program for a lesson into work/: `start lesson 01`
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
        /// Write it to this folder instead of work/
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// Start over; the old content of the folder is kept beside it, as a numbered copy
        #[arg(long)]
        force: bool,
    },
}
