//! What stays of a check of a learner's program: the progress, the report and the conversation.

use std::io;

use crate::{
    conversation, progress,
    report::say,
    verdict::{Report, Verdict},
};

/// Remembers what a check of a learner's program found. One that could not be done says nothing about the program, and changes
/// nothing.
///
/// # Errors
///
/// When it can't be written; the error names the file.
pub fn remember(report: &Report) -> io::Result<()> {
    if report.verdict == Verdict::NotChecked {
        return Ok(());
    }
    progress::learn(report)?;
    conversation::keep(report)
}

/// As [`remember`]. Where it can't be written, a warning is printed, and that is no reason not to go on.
pub fn remember_or_warn(report: &Report) {
    if let Err(error) = remember(report) {
        say(&format!("warning: your progress could not be written down: {error}"));
    }
}
