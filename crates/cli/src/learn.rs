//! `hint`, `reset` and `diff`: commands around a learner's own program.

use clap::Args;

use crate::EXIT_CODES;

/// `hint 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct HintArgs {
    /// The lesson: its number or its id, such as 01 or hello-send
    pub lesson: String,
    /// Start again at the first hint
    #[arg(long)]
    pub again: bool,
}

/// `reset 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct ResetArgs {
    /// The lesson: its number or its id, such as 01 or hello-send
    pub lesson: String,
}

/// `diff 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct DiffArgs {
    /// The lesson: its number or its id, such as 01 or hello-send
    pub lesson: String,
    /// Compare them even before yours has passed
    #[arg(long)]
    pub show_me: bool,
    /// Also compare the comments
    #[arg(long)]
    pub comments: bool,
}
