//! `watch 01`.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::{BrokerArgs, CheckOptions, CommandLine, EXIT_CODES, Format, ProgramArgs};

/// The environment variable that makes `watch` poll for changes, where the system reports none.
pub const POLL: &str = "HELLO_RABBIT_POLL";

/// `watch 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct WatchArgs {
    /// The lesson: its number or its id, such as 01 or hello-send
    pub lesson: String,
    /// The program.
    #[command(flatten)]
    pub program: WatchedArgs,
    /// The source of the broker.
    #[command(flatten)]
    pub broker: BrokerArgs,
    /// Time limit for the program in seconds, without the build
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = crate::seconds)]
    pub timeout: Duration,
}

/// The program to watch.
#[derive(Args, Clone, Debug, Default)]
pub struct WatchedArgs {
    /// Watch the Rust package in this folder, or the one with this file [default: yours in work/]
    #[arg(long, value_name = "PATH", conflicts_with = "program")]
    pub path: Option<PathBuf>,
    /// Check this program, if the package has several
    #[arg(long, value_name = "NAME", conflicts_with = "program")]
    pub bin: Option<String>,
    /// Check the program that this command starts, in any language, at each save of a source file in the current folder:
    /// --program 'python3 send.py'
    #[arg(long, value_name = "COMMAND", value_parser = crate::command_line)]
    pub program: Option<CommandLine>,
    /// Listen on this port, for a program with a fixed address such as localhost:5672
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
}

impl WatchedArgs {
    /// Returns the same flags as `check` has them.
    #[must_use]
    pub fn to_check(&self) -> ProgramArgs {
        let WatchedArgs { path, bin, program, port } = self.clone();
        ProgramArgs { path, bin, program, reference: false, port, as_mine: true }
    }
}

impl CheckOptions {
    /// Returns the options of a check at a save: its report is for people, and its messages differ each time.
    #[must_use]
    pub fn at_each_save(broker: BrokerArgs, timeout: Duration) -> CheckOptions {
        CheckOptions { broker, timeout, wire: false, format: Format::Text, seed: None, record: None }
    }
}
