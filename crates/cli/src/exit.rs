//! Exit codes: one table for the programs, their help and the book.

use std::process::ExitCode;

/// The end of a command, as an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The program or the book is right, or the command is done.
    Passed,
    /// The program or the book is wrong.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The check or the command could not be done.
    NotChecked,
    /// Ctrl-C ended the command.
    Interrupted,
}

impl Exit {
    /// All exit codes, in order.
    pub const ALL: [Exit; 5] = [Exit::Passed, Exit::Failed, Exit::Usage, Exit::NotChecked, Exit::Interrupted];

    /// Returns the code that the program ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotChecked => 3,
            // The convention of shells: 128 plus the number of the signal.
            Exit::Interrupted => 130,
        }
    }

    /// Returns it in a word or two.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Exit::Passed => "passed",
            Exit::Failed => "failed",
            Exit::Usage => "usage",
            Exit::NotChecked => "not checked",
            Exit::Interrupted => "interrupted",
        }
    }

    /// Returns its meaning, in a sentence or two.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Passed => "The program does what the lesson asks, or the command did what you asked for.",
            Exit::Failed => "The program or the book is wrong, and the report names the place.",
            Exit::Usage => "The command line is wrong, and nothing was done.",
            Exit::NotChecked => "The check or the command could not be done. This says nothing about your program.",
            Exit::Interrupted => "Ctrl-C ended the command, which cleaned up first.",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_all_codes() {
        let table = Exit::ALL.map(|exit| format!("{} {}", exit.code(), exit.word())).join(" · ");
        assert_eq!(crate::EXIT_CODES, format!("Exit codes: {table}"));
    }

    #[test]
    fn codes_are_in_order_and_unique() {
        assert!(Exit::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
    }
}
