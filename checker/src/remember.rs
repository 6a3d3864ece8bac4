//! The results of a check of the learner's program that are kept: progress, report and conversation.

use std::io;

use crate::{
    conversation, progress,
    report::say,
    verdict::{Report, Verdict},
};

/// Remembers the result of a check of the learner's program. A check that could not be done changes nothing.
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

/// Calls [`remember`], and prints a warning when that fails.
pub fn remember_or_warn(report: &Report) {
    if let Err(error) = remember(report) {
        say(&format!("warning: your progress could not be saved: {error}"));
    }
}
