//! `hint`, `reset` and `diff`: commands around a learner's own program.

use clap::{Args, Subcommand};

use crate::EXIT_CODES;

/// `hint lesson 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct HintArgs {
    /// The subject of the hint.
    #[command(subcommand)]
    pub what: HintWhat,
}

/// The subjects of hints.
#[derive(Debug, Subcommand)]
pub enum HintWhat {
    /// Show the next hint for the step that failed at your last check
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
        /// Start again at the first hint
        #[arg(long)]
        again: bool,
    },
}

/// `reset lesson 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct ResetArgs {
    /// The thing to start again.
    #[command(subcommand)]
    pub what: ResetWhat,
}

/// The things that can be started again.
#[derive(Debug, Subcommand)]
pub enum ResetWhat {
    /// Start a lesson again; your old program is kept beside the new one, and your progress is forgotten
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
    /// The thing to compare.
    #[command(subcommand)]
    pub what: DiffWhat,
}

/// The things that can be compared.
#[derive(Debug, Subcommand)]
pub enum DiffWhat {
    /// Compare your program with the lesson's own, once yours has passed
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
        /// Compare them even before yours has passed
        #[arg(long)]
        show_me: bool,
        /// Also compare the comments
        #[arg(long)]
        comments: bool,
    },
}
