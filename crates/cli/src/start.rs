//! `start 01`.

use std::path::PathBuf;

use clap::Args;

use crate::EXIT_CODES;

/// `start 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct StartArgs {
    /// The lesson: its number or its id, such as 01 or hello-send
    pub lesson: String,
    /// Write it to this folder instead of work/
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Start over; the old content of the folder is kept beside it, as a numbered copy
    #[arg(long)]
    pub force: bool,
}
