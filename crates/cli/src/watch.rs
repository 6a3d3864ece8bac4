//! `watch lesson 01`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

use crate::{BrokerArgs, CheckOptions, CommandLine, EXIT_CODES, Format, ProgramArgs};

/// The environment variable that makes `watch` look for changes again and again, where the system tells of none.
pub const POLL: &str = "HELLO_RABBIT_POLL";

/// `watch lesson 01`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct WatchArgs {
    /// What to watch.
    #[command(subcommand)]
    pub what: WatchWhat,
}

/// What can be watched.
#[derive(Debug, Subcommand)]
pub enum WatchWhat {
    /// Your own program for this lesson: `watch lesson 01`. It is judged now, and at each save
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
        /// Which program, and how.
        #[command(flatten)]
        program: WatchedArgs,
        /// Where the broker comes from.
        #[command(flatten)]
        broker: BrokerArgs,
        /// Seconds that the program may run after it was built
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = crate::seconds)]
        timeout: Duration,
    },
}

/// The program to watch.
#[derive(Args, Clone, Debug, Default)]
pub struct WatchedArgs {
    /// Watch the Rust package in this folder, or of this file; without it, your own in work/
    #[arg(long, value_name = "PATH", conflicts_with = "program")]
    pub path: Option<PathBuf>,
    /// Judge this program of the package, where it has several
    #[arg(long, value_name = "NAME", conflicts_with = "program")]
    pub bin: Option<String>,
    /// Judge what this command line runs, in any language, at each save of a source in the current folder:
    /// --program 'python3 send.py'
    #[arg(long, value_name = "COMMAND", value_parser = crate::command_line)]
    pub program: Option<CommandLine>,
    /// Listen on this port, for a program that has localhost:5672 written into it
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
}

impl WatchedArgs {
    /// The same, as `check` takes it.
    #[must_use]
    pub fn to_check(&self) -> ProgramArgs {
        let WatchedArgs { path, bin, program, port } = self.clone();
        ProgramArgs { path, bin, program, reference: false, port, as_mine: true }
    }
}

impl CheckOptions {
    /// As a check at each save has them: its report is for a person, and its messages are others each time.
    #[must_use]
    pub fn at_each_save(broker: BrokerArgs, timeout: Duration) -> CheckOptions {
        CheckOptions { broker, timeout, wire: false, format: Format::Text, seed: None, record: None }
    }
}
