//! `cargo xtask book`: what can be done with the book.

use clap::{Args, Parser, Subcommand};

/// What bookbuilder, the program, takes.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask book", bin_name = "cargo xtask book", disable_help_subcommand = true)]
pub struct BookCli {
    /// What to do.
    #[command(flatten)]
    pub book: BookArgs,
}

/// `book`, `book build`, `book serve`, `book check`.
#[derive(Args, Clone, Copy, Debug)]
#[command(after_help = crate::EXIT_CODES)]
pub struct BookArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub what: Option<BookWhat>,
}

impl BookArgs {
    /// What to do: without a word more, the book is built.
    #[must_use]
    pub fn what(self) -> BookWhat {
        self.what.unwrap_or(BookWhat::Build)
    }
}

/// What can be done with the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum BookWhat {
    /// Build its pages, in target/book (the default)
    #[command(after_help = crate::EXIT_CODES)]
    Build,
    /// Show it at http://127.0.0.1:3000, and again at each change, until Ctrl-C
    Serve {
        /// The port on 127.0.0.1
        #[arg(long, value_name = "PORT", default_value_t = 3000)]
        port: u16,
    },
    /// Check its sources, its links and all output it shows
    #[command(after_help = crate::EXIT_CODES)]
    Check,
}
