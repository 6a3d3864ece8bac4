//! The learner's progress, kept between two commands: the lessons that passed, and the result of the last check.
//!
//! The file is beside the learner's programs, in `work/.hello-rabbit/`, so an update of the kit leaves it alone. It uses the
//! lessons' ids, so lessons may be renumbered.

use harness::kit;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::{
    cleanup::at,
    report::{json, json_text},
    verdict::{Mistake, Report, Step, Verdict},
};

/// The version of the file's format.
const FORMAT: &str = "hello-rabbit/progress/v1";

/// The progress in all lessons.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Progress {
    format: String,
    /// The records, by lesson id.
    pub lessons: BTreeMap<String, Record>,
}

/// The progress in one lesson.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct Record {
    /// The time at which the learner's program first passed, in seconds since 1970; None before that.
    pub passed_at: Option<u64>,
    /// The number of steps that passed at the last check.
    pub steps_passed: usize,
    /// The step that failed at the last check; None when it passed.
    pub failed: Option<Failed>,
    /// The number of hints that were shown for that step.
    pub hints_shown: usize,
}

/// A step that failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The step's id.
    pub step: String,
    /// The fault's code; empty where an older kit wrote it.
    #[serde(default)]
    pub code: String,
    /// The message of the report.
    pub message: String,
    /// The hint of the report.
    pub hint: String,
}

impl Failed {
    /// Takes the id and the fault of a step that failed.
    pub(crate) fn at(step: &Step, mistake: &Mistake) -> Failed {
        Failed {
            step: step.id.clone(),
            code: mistake.code.to_owned(),
            message: mistake.message.clone(),
            hint: mistake.hint.clone(),
        }
    }
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { format: FORMAT.to_owned(), lessons: BTreeMap::new() }
    }
}

/// Returns the folder of the progress.
#[must_use]
pub fn folder() -> PathBuf {
    kit::work().join(".hello-rabbit")
}

fn file() -> PathBuf {
    folder().join("progress.json")
}

/// Returns the file with the report of the last check of a program for this lesson, as JSON (`hello-rabbit/check/v1`).
#[must_use]
pub fn last_report(lesson: &str) -> PathBuf {
    folder().join(format!("{lesson}.json"))
}

impl Progress {
    /// Reads the progress; without a file, it is empty.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or has another format; the error names it, and says what to do.
    pub fn read() -> io::Result<Progress> {
        let file = file();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Progress::default()),
            Err(error) => return Err(at(&file, &error)),
        };
        let wrong = |what: String| {
            let what = format!("{what}; move it away to begin without progress (your programs stay)");
            at(&file, &io::Error::new(io::ErrorKind::InvalidData, what))
        };
        let progress: Progress = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if progress.format == FORMAT { Ok(progress) } else { Err(wrong(format!("its format is {}", progress.format))) }
    }

    /// Writes the progress.
    ///
    /// # Errors
    ///
    /// When it can't be written; the error names the file. The old file is then unchanged.
    pub fn write(&self) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from)?;
        replace(&file(), &(text + "\n"))
    }

    /// Returns the progress in this lesson.
    #[must_use]
    pub fn of(&self, lesson: &str) -> Record {
        self.lessons.get(lesson).cloned().unwrap_or_default()
    }
}

/// Updates the progress after a check of the learner's program, and keeps the report.
///
/// # Errors
///
/// When it can't be written; the error names the file.
pub(crate) fn learn(report: &Report) -> io::Result<()> {
    let mut progress = Progress::read()?;
    let lesson = &report.recording.lesson;
    let record = progress.lessons.entry(lesson.clone()).or_default();
    record.learn(report);
    progress.write()?;
    replace(&last_report(lesson), &json_text::line(&json::report(report)))
}

impl Record {
    fn learn(&mut self, report: &Report) {
        self.steps_passed = report.passed().count();
        let failed = report.failed().map(|(step, mistake)| Failed::at(step, mistake));
        // A different mistake starts with its first hint.
        let same = |old: &Failed, new: &Failed| old.step == new.step && old.code == new.code;
        if !self.failed.iter().zip(&failed).any(|(old, new)| same(old, new)) {
            self.hints_shown = 0;
        }
        self.failed = failed;
        if report.verdict == Verdict::Passed {
            self.passed_at.get_or_insert(now());
        }
    }
}

/// Returns the time, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Replaces a file's text, or leaves the file as it is.
pub(crate) fn replace(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| at(folder, &error))?;
    let beside = file.with_extension(format!("new-{}", std::process::id()));
    fs::write(&beside, text).map_err(|error| at(&beside, &error))?;
    fs::rename(&beside, file).map_err(|error| {
        let _ = fs::remove_file(&beside);
        at(file, &error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::Recording;

    use crate::verdict::Outcome;

    fn report(outcomes: &[Outcome]) -> Report {
        let step = |(index, outcome): (usize, &Outcome)| Step {
            id: format!("step-{index}"),
            title: String::new(),
            outcome: outcome.clone(),
            page: String::new(),
            read: String::new(),
        };
        let passed = outcomes.iter().all(|outcome| matches!(outcome, Outcome::Passed(_)));
        Report {
            number: "01".to_owned(),
            title: String::new(),
            verdict: if passed { Verdict::Passed } else { Verdict::Failed },
            reason: None,
            steps: outcomes.iter().enumerate().map(step).collect(),
            notes: Vec::new(),
            shows_all: true,
            recording: Recording { lesson: "hello-send".to_owned(), ..Recording::default() },
            sources: None,
        }
    }

    #[test]
    fn a_lesson_stays_passed_and_another_mistake_begins_at_its_first_hint() {
        let passed = Outcome::Passed(String::new());
        let failed =
            |code| Outcome::Failed(Mistake { code, message: "always the same".to_owned(), ..Mistake::default() });
        let mut record = Record::default();
        record.learn(&report(&[passed.clone(), failed("one")]));
        assert_eq!((record.steps_passed, record.passed_at), (1, None));
        record.hints_shown = 2;
        record.learn(&report(&[passed.clone(), failed("one")]));
        assert_eq!(record.hints_shown, 2);
        record.learn(&report(&[passed.clone(), failed("other")]));
        assert_eq!(record.hints_shown, 0);
        record.learn(&report(&[passed.clone(), passed.clone()]));
        let when = record.passed_at;
        assert!(when.is_some() && record.failed.is_none());
        record.learn(&report(&[failed("one"), passed]));
        assert_eq!((record.passed_at, record.steps_passed), (when, 1));
    }

    #[test]
    fn fields_may_be_missing_and_added() {
        let text = r#"{"format":"hello-rabbit/progress/v1","lessons":{"hello-send":{"new":1}},"more":true}"#;
        let progress: Progress = serde_json::from_str(text).unwrap();
        assert_eq!(progress.of("hello-send"), Record::default());
    }
}
