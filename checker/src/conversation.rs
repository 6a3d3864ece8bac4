//! The recording of the last check of a learner's program, kept so that its conversation can be shown again:
//! `cargo xtask wire`.
//!
//! Each lesson has a file beside the learner's progress: a recording ([`recording::FORMAT`]) that is smaller than others, with
//! the result of the check as one more field.

#[cfg(feature = "tools")]
pub mod compare;
#[cfg(feature = "tools")]
pub mod text;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use recording::{FORMAT, Limits, ProgramRun, Recording};
use serde::{Deserialize, Serialize};
use wire::Event;

use crate::{
    cleanup::at,
    program::sources::Sources,
    progress::{self, Failed},
    report,
    verdict::Report,
};

/// The limits of each run. A program that polls repeats itself, so more events would show nothing new.
const LIMITS: Limits = Limits { events: 2000, bytes: 4 * 1024 * 1024, body: 64 * 1024 };

/// The conversation of one check, and the result of the check.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// The name of the program.
    pub program: String,
    /// The broker, in words.
    pub judged_by: String,
    /// The ids of the steps that passed.
    pub passed: Vec<String>,
    /// The step that failed; None when the program passed.
    pub failed: Option<Failed>,
    /// The seed of the scene's random choices.
    pub seed: Option<u64>,
    /// The events, in their order.
    pub events: Vec<Event>,
    /// Set when there were more events than are kept.
    pub cut: bool,
    /// The time at which the check ended, in seconds since 1970.
    pub at: u64,
    /// The program's sources, as they were when the check began.
    pub sources: Option<Sources>,
    /// The command that makes the same check again.
    pub again: String,
    /// The role of the program that is shown, such as `worker 1`. Empty when there is one program.
    pub role: String,
    /// The number of programs.
    pub programs: usize,
}

impl Conversation {
    /// Returns the age of the check, in words.
    #[must_use]
    pub fn age(&self) -> String {
        ago(progress::now().saturating_sub(self.at))
    }

    /// Names the program, in words.
    #[must_use]
    pub fn whose(&self) -> String {
        if self.programs > 1 { format!("your program, {}", self.role) } else { "your program".to_owned() }
    }

    /// Returns whether the program has changed since the check.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.sources.as_ref().is_some_and(Sources::have_changed)
    }
}

/// Describes a time that is this many seconds ago.
fn ago(seconds: u64) -> String {
    let of = |count: u64, unit: &str| format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" });
    match seconds {
        0..60 => "less than a minute ago".to_owned(),
        60..3600 => of(seconds / 60, "minute"),
        3600..86_400 => of(seconds / 3600, "hour"),
        _ => of(seconds / 86_400, "day"),
    }
}

/// The content of the file: a recording, and one more field.
#[derive(Serialize)]
struct File {
    format: &'static str,
    #[serde(flatten)]
    recording: Recording,
    kept: Kept,
}

/// The field that the file has in addition to the recording.
#[derive(Deserialize)]
struct Beside {
    kept: Kept,
}

/// The result of the check.
#[derive(Deserialize, Serialize)]
struct Kept {
    at: u64,
    sources: Option<Sources>,
    passed: Vec<String>,
    failed: Option<Failed>,
    /// The run that is shown, by its place in the recording.
    run: usize,
}

fn file(lesson: &str) -> PathBuf {
    progress::folder().join(format!("{lesson}.recording.json"))
}

/// The picture's file.
#[must_use]
pub fn picture(lesson: &str) -> PathBuf {
    progress::folder().join(format!("{lesson}.svg"))
}

/// Keeps the conversation of this check, in place of the one before.
///
/// # Errors
///
/// When it can't be written; the error names the file. The old file is then unchanged.
pub fn keep(report: &Report) -> io::Result<()> {
    let mut recording = report.recording.clone();
    recording.shorten(LIMITS);
    let kept = Kept {
        at: progress::now(),
        sources: report.sources.clone(),
        passed: report.passed().map(|step| step.id.clone()).collect(),
        failed: report.failed().map(|(step, mistake)| Failed::at(step, mistake)),
        run: report.primary().map_or(0, |run| run.index),
    };
    let file = self::file(&recording.lesson);
    let text = serde_json::to_string(&File { format: FORMAT, recording, kept }).map_err(io::Error::from)?;
    progress::replace(&file, &(text + "\n"))
}

/// Returns the conversation of the last check for the lesson with this id; None when there was none.
///
/// # Errors
///
/// When the file can't be read, or has another format; the error names it, and says what to do.
pub fn last(lesson: &str) -> io::Result<Option<Conversation>> {
    let file = file(lesson);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(&file, &error)),
    };
    read(&text).map(Some).map_err(|why| unreadable(&file, &why))
}

fn read(text: &str) -> Result<Conversation, String> {
    let recording = Recording::read(text.as_bytes()).map_err(|error| error.to_string())?;
    let Beside { kept } = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let programs = recording.runs.len();
    let run = recording.runs.into_iter().nth(kept.run).unwrap_or_default();
    let ProgramRun { role, events, events_cut: cut, .. } = run;
    Ok(Conversation {
        program: recording.program.name,
        judged_by: recording.broker.as_ref().map(report::text::judge).unwrap_or_default(),
        passed: kept.passed,
        failed: kept.failed,
        seed: recording.seed,
        events,
        cut,
        at: kept.at,
        sources: kept.sources,
        again: recording.program.again,
        role,
        programs,
    })
}

fn unreadable(file: &Path, why: &str) -> io::Error {
    let what = format!("{why}; the next check replaces it");
    at(file, &io::Error::new(io::ErrorKind::InvalidData, what))
}

/// Removes the conversation and its picture.
///
/// # Errors
///
/// When the file is there and can't be removed; the error names it.
pub fn forget(lesson: &str) -> io::Result<()> {
    for file in [file(lesson), picture(lesson)] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&file, &error)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_check_has_the_largest_unit() {
        let ages = [0, 59, 60, 179, 3599, 3600, 86_399, 86_400, 172_800].map(ago);
        let minute = "less than a minute ago";
        assert_eq!(
            ages,
            [
                minute,
                minute,
                "1 minute ago",
                "2 minutes ago",
                "59 minutes ago",
                "1 hour ago",
                "23 hours ago",
                "1 day ago",
                "2 days ago"
            ]
        );
    }
}
