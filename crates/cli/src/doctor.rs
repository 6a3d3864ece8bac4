//! `cargo xtask doctor`: the installed tools and the reachable brokers.

use clap::{Args, ValueEnum};

use crate::EXIT_CODES;

/// `doctor`.
#[derive(Args, Clone, Copy, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct DoctorArgs {
    /// Format of the output
    #[arg(long, value_enum, default_value_t = DoctorFormat::Text)]
    pub format: DoctorFormat,
}

/// The formats of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// For people, and for requests for help: it contains no passwords and no user names
    Text,
    /// For programs: one JSON object
    Json,
}
