//! `cargo xtask wire`: the conversation of the last check.

use clap::{Args, ValueEnum};

use crate::EXIT_CODES;

/// `wire 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct WireArgs {
    /// The lesson: its number or its id, such as 01 or hello-send
    pub lesson: String,
    /// The form of the output.
    #[command(flatten)]
    pub show: WireShow,
}

/// The form in which a conversation is shown.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireShow {
    /// Format of the conversation [default: text, or svg with --open]
    #[arg(long, value_enum)]
    pub format: Option<WireFormat>,
    /// Give the reason for each line below it (text and json)
    #[arg(long)]
    pub explain: bool,
    /// Write the picture to a file, and show it in the browser (svg)
    #[arg(long)]
    pub open: bool,
}

/// The forms of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WireFormat {
    /// For people: one line per event
    Text,
    /// A sequence diagram, as a complete picture
    Svg,
    /// For programs: the content of `wire` in the check's report
    Json,
}
