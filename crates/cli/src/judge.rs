//! `judge` and `explain`: recordings, and the faults in reports.

use std::path::PathBuf;

use clap::Args;

use crate::{EXIT_CODES, Format};

/// `judge FILE`, `judge DIR`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct JudgeArgs {
    /// Recordings from `check --record`, and folders of them
    #[arg(value_name = "FILE|DIR", required = true)]
    pub paths: Vec<PathBuf>,
    /// Also print the conversation between program and broker
    #[arg(long)]
    pub wire: bool,
    /// Format of the reports
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `explain CODE`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code in a report, such as publish.other-key [default: list all codes]
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}
