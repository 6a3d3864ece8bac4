//! `cargo xtask wire`: the conversation of the last check.

use clap::{Args, Subcommand, ValueEnum};

use crate::EXIT_CODES;

/// `wire lesson 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct WireArgs {
    /// What to show.
    #[command(subcommand)]
    pub what: WireWhat,
}

/// What there is a conversation of.
#[derive(Debug, Subcommand)]
pub enum WireWhat {
    /// The conversation of the last check of your program; where it failed, beside that of the lesson's own program
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
        /// How to show it.
        #[command(flatten)]
        show: WireShow,
    },
}

/// How a conversation is shown.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireShow {
    /// The form of it [default: text, or svg with --open]
    #[arg(long, value_enum)]
    pub format: Option<WireFormat>,
    /// Say under each line why it is said (text and json)
    #[arg(long)]
    pub explain: bool,
    /// Write the picture to a file, and show it in the browser (svg)
    #[arg(long)]
    pub open: bool,
}

/// The forms of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WireFormat {
    /// For a person: a line for each thing that was said
    Text,
    /// A sequence diagram, which stands alone
    Svg,
    /// For a program: what is in the check's report under `wire`
    Json,
}
