//! `cargo xtask`: the commands. It is small, so that the very first command compiles quickly. The programs that it starts do the
//! work.

mod bench;
mod bless;
mod book;
mod cargo;
mod checker;
mod ci;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod editor;
#[cfg(test)]
mod first_build;
mod fresh;
mod grade;
#[cfg(test)]
mod help;
mod lessons;
mod new;
#[cfg(test)]
mod readme;
mod spinner;
mod tally;
mod test;

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
    /// Build, serve or check the book
    Book(cli::BookArgs),
    /// Grade a class: check all submissions in a sandbox, and write reports
    Grade(Box<cli::GradeArgs>),
    /// Measure the checker's overhead, and compare the embedded broker with RabbitMQ
    Bench {
        /// first-verdict  the time from a fresh clone to the first verdict, beside `cargo install rustlings`
        /// first-build    the processor time of each package of a first check, beside its budget
        /// container      a check in a fresh container, beside the boot of a bare one
        /// class          submissions a minute of `grade`, beside a loop of `check --path`
        ///
        /// Without it: the checker's overhead, and the load on both brokers.
        #[arg(value_name = "WHAT", verbatim_doc_comment, value_parser = ["first-verdict", "first-build", "container", "class"])]
        what: Option<String>,
        /// Load the brokers for a shorter time
        #[arg(long, conflicts_with = "what")]
        quick: bool,
    },
    /// Write the skeleton of a new lesson
    New(new::NewArgs),
    /// Run the fast tests after an edit; they need no broker
    Test,
    /// Accept new output of tests: write the files that they compare, and list the changes
    Bless {
        /// recordings   the recordings of the gallery's programs
        /// reports      all output that needs the embedded broker
        /// book         the recordings in the book
        /// first-build  the budget for the first check
        /// PART         the output of tests with PART in their names
        ///
        /// Without it: all output that needs no broker.
        #[arg(value_name = "WHAT", verbatim_doc_comment)]
        what: Option<String>,
        /// With recordings: only of programs with this in their names, or of the lesson with this id
        #[arg(value_name = "PART")]
        program: Option<String>,
    },
    /// Run all steps of CI: format, lints, docs, and all tests on every available broker
    Ci {
        /// Run every program of the gallery on every broker
        #[arg(long)]
        full: bool,
    },
}

fn main() -> ExitCode {
    // Without a command, it is `next`.
    let command =
        Cli::parse_from(cli::typed(env::args_os())).command.unwrap_or(Command::Checker(cli::Command::Next.into()));
    if let Err(no_kit) = cli::kit() {
        eprintln!("error: {no_kit}\nhint: {}", cli::NoKit::HINT);
        return cli::Exit::NotChecked.into();
    }
    let done = match command {
        Command::Checker(command) => checker::run(&command),
        Command::Book(book) => book::run(book.what()),
        Command::Grade(args) => grade::run(&args),
        Command::Bench { what: Some(what), .. } => bench::one(&what),
        Command::Bench { quick, .. } => bench::run(quick),
        Command::New(new) => new::run(new.what),
        Command::Test => test::run(),
        Command::Bless { what, program } => bless::run(what.as_deref(), program.as_deref()),
        Command::Ci { full } => ci::run(full),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        cli::Exit::NotChecked.into()
    })
}
