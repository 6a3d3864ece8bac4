//! Exit codes: one table, for the programs, their help and the book.

use std::process::ExitCode;

/// How a command can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was judged is right, or what was asked for is done.
    Passed,
    /// What was judged is wrong.
    Failed,
    /// The command was typed wrongly.
    Usage,
    /// It could not be told, or could not be done.
    NotChecked,
    /// Ctrl-C ended it.
    Interrupted,
}

impl Exit {
    /// All of them, by their codes.
    pub const ALL: [Exit; 5] = [Exit::Passed, Exit::Failed, Exit::Usage, Exit::NotChecked, Exit::Interrupted];

    /// The code that the program ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotChecked => 3,
            // As shells have it: 128 and the number of the signal.
            Exit::Interrupted => 130,
        }
    }

    /// In a word or two.
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

    /// What it says to you.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Passed => "The program does what the lesson asks, or the command did what you asked for.",
            Exit::Failed => "The program is wrong, or the book is, and the report says where.",
            Exit::Usage => "The command was typed wrongly, and nothing was done.",
            Exit::NotChecked => "We could not tell, or could not do it. It says nothing about your program.",
            Exit::Interrupted => "Ctrl-C ended it, and it cleaned up.",
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
