//! What a learner does beside checking: one more hint, beginning again, the own program beside the lesson's.

use clap::{Args, Subcommand};

use crate::EXIT_CODES;

/// `hint lesson 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct HintArgs {
    /// For what.
    #[command(subcommand)]
    pub what: HintWhat,
}

/// What there are hints for.
#[derive(Debug, Subcommand)]
pub enum HintWhat {
    /// The next hint for the step that the last check of your program failed at
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
        /// Begin again at the first hint
        #[arg(long)]
        again: bool,
    },
}

/// `reset lesson 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct ResetArgs {
    /// What to begin again.
    #[command(subcommand)]
    pub what: ResetWhat,
}

/// What can be begun again.
#[derive(Debug, Subcommand)]
pub enum ResetWhat {
    /// Begin a lesson again; your program so far is kept beside the new one, and your progress is forgotten
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
    },
}

/// `diff lesson 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct DiffArgs {
    /// What to compare.
    #[command(subcommand)]
    pub what: DiffWhat,
}

/// What can be compared.
#[derive(Debug, Subcommand)]
pub enum DiffWhat {
    /// Your program beside the lesson's own, once yours has passed
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
        /// Show it before yours has passed, too
        #[arg(long)]
        show_me: bool,
        /// Compare the comments, too
        #[arg(long)]
        comments: bool,
    },
}
