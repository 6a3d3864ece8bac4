//! `judge`, `explain`: recordings, and what reports say.

use std::path::PathBuf;

use clap::Args;

use crate::{EXIT_CODES, Format};

/// `judge FILE`, `judge DIR`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct JudgeArgs {
    /// Recordings that `check --record` wrote, and folders of them
    #[arg(value_name = "FILE|DIR", required = true)]
    pub paths: Vec<PathBuf>,
    /// Also print the conversation between program and broker
    #[arg(long)]
    pub wire: bool,
    /// How to print the reports
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `explain CODE`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code of a report, such as publish.other-key; without one, all codes are listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}
