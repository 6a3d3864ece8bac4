//! `cargo xtask`: the commands. It stays small, so that the first command of all is quick to compile; the work is done by
//! the programs it starts.

mod bench;
mod book;
mod cargo;
mod checker;
mod ci;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod editor;
#[cfg(test)]
mod help;
mod patience;

use std::{env, process::ExitCode};

use clap::{Parser, Subcommand};

/// Learn RabbitMQ in Rust, one small program at a time, with each step proved.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Checker(Box<cli::Command>),
    /// Build the book, show it, check it
    Book(cli::BookArgs),
    /// Measure the checker's overhead, and the embedded broker beside RabbitMQ
    Bench {
        /// Load the brokers for a shorter time
        #[arg(long)]
        quick: bool,
    },
    /// Everything that CI demands: format, lints, docs, tests, every lesson and every step on every broker
    Ci,
}

fn main() -> ExitCode {
    // Without a command: where am I?
    let command =
        Cli::parse_from(cli::typed(env::args_os())).command.unwrap_or(Command::Checker(cli::Command::Next.into()));
    if let Err(no_kit) = cli::kit() {
        eprintln!("error: {no_kit}\nhint: {}", cli::NoKit::HINT);
        return cli::Exit::NotChecked.into();
    }
    let done = match command {
        Command::Checker(command) => checker::run(&command),
        Command::Book(book) => book::run(book.what()),
        Command::Bench { quick } => bench::run(quick),
        Command::Ci => ci::run(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        cli::Exit::NotChecked.into()
    })
}
