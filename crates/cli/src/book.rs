//! `cargo xtask book`: commands for the book.

use clap::{Args, Parser, Subcommand};

/// Build, serve or check the book.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask book", bin_name = "cargo xtask book", disable_help_subcommand = true)]
pub struct BookCli {
    /// The arguments.
    #[command(flatten)]
    pub book: BookArgs,
}

/// `book`, `book build`, `book serve`, `book check`.
#[derive(Args, Clone, Copy, Debug)]
#[command(after_help = crate::EXIT_CODES)]
pub struct BookArgs {
    /// The command.
    #[command(subcommand)]
    pub what: Option<BookWhat>,
}

impl BookArgs {
    /// Returns the command. The default is to build the book.
    #[must_use]
    pub fn what(self) -> BookWhat {
        self.what.unwrap_or(BookWhat::Build)
    }
}

/// Commands for the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum BookWhat {
    /// Build its pages in target/book (the default)
    #[command(after_help = crate::EXIT_CODES)]
    Build,
    /// Serve it at http://127.0.0.1:3000 until Ctrl-C, and reload it at each change
    Serve {
        /// The port on 127.0.0.1
        #[arg(long, value_name = "PORT", default_value_t = 3000)]
        port: u16,
    },
    /// Check its sources, its links and the output in it
    #[command(after_help = crate::EXIT_CODES)]
    Check,
}
