//! `cargo xtask doctor`: what is installed and reachable.

use clap::{Args, ValueEnum};

use crate::EXIT_CODES;

/// `doctor`.
#[derive(Args, Clone, Copy, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct DoctorArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = DoctorFormat::Text)]
    pub format: DoctorFormat,
}

/// The forms of what the doctor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// For a person, and for a request for help: it holds no passwords and no names of users
    Text,
    /// For a program: one JSON object
    Json,
}
