//! Points: the rubric, late days, and the teacher's overrides. All numbers are integers.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{NaiveDate, NaiveTime};
use contracts::lesson::Lesson;
use serde::Deserialize;

use crate::{
    class::{Student, Submission},
    grade::{Late, LessonAbout, StepAbout},
};

/// The seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// A rubric: `grade --rubric FILE`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Rubric {
    /// The points of the steps, by lesson number or id. A step that is not named keeps its default of 1 point.
    #[serde(default)]
    pub lessons: BTreeMap<String, BTreeMap<String, u32>>,
    /// The cost of lateness.
    #[serde(default)]
    pub late: LateRule,
}

/// The cost of lateness.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LateRule {
    /// The points for each day, begun ones included.
    #[serde(default)]
    pub points_per_day: u32,
    /// The minutes after the date that do not count as late.
    #[serde(default)]
    pub grace_minutes: u32,
}

/// An override of a score, with a reason: one `[[override]]` in `overrides.toml`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The student's number or login, or the submission's key.
    pub student: String,
    /// The lesson's number or id.
    pub lesson: String,
    /// The score.
    pub score: u32,
    /// The reason, which stands in the reports.
    pub reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Overrides {
    #[serde(default, rename = "override")]
    all: Vec<Override>,
}

/// An error in a file that a teacher wrote.
#[derive(Debug, thiserror::Error)]
pub enum PointsError {
    /// The file can't be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// The file is wrong.
    #[error("{path}: {what}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, and what was expected.
        what: String,
    },
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, PointsError> {
    let text = fs::read_to_string(path).map_err(|error| PointsError::Unreadable { path: path.to_owned(), error })?;
    toml::from_str(&text).map_err(|error| PointsError::Wrong { path: path.to_owned(), what: error.to_string() })
}

impl Rubric {
    /// Reads a rubric, and checks that its lessons and steps exist.
    ///
    /// # Errors
    ///
    /// An error that names the file and the line, or the wrong name and the known ones.
    pub fn read(path: &Path, lessons: &[Lesson]) -> Result<Rubric, PointsError> {
        let rubric: Rubric = read(path)?;
        let wrong = |what: String| PointsError::Wrong { path: path.to_owned(), what };
        for (name, steps) in &rubric.lessons {
            let lesson = lessons.iter().find(|lesson| cli::is_lesson(name, &lesson.number, &lesson.about.id));
            let lesson = lesson.ok_or_else(|| {
                let known: Vec<&str> = lessons.iter().map(|lesson| lesson.number.as_str()).collect();
                wrong(format!("there is no lesson {name:?}; the lessons are {}", known.join(", ")))
            })?;
            let known: Vec<&str> = lesson.about.steps.iter().map(|step| step.id.as_str()).collect();
            if let Some(step) = steps.keys().find(|step| !known.contains(&step.as_str())) {
                let known = known.join(", ");
                return Err(wrong(format!("lesson {} has no step {step:?}; its steps are {known}", lesson.number)));
            }
        }
        Ok(rubric)
    }

    /// Returns the lesson with the points of its steps.
    #[must_use]
    pub fn about(&self, lesson: &Lesson) -> LessonAbout {
        let named = self.lessons.iter().find(|(name, _)| cli::is_lesson(name, &lesson.number, &lesson.about.id));
        let points = |step: &str| named.and_then(|(_, steps)| steps.get(step)).copied().unwrap_or(1);
        let steps: Vec<StepAbout> = lesson
            .about
            .steps
            .iter()
            .map(|step| StepAbout { id: step.id.clone(), title: step.title.clone(), points: points(&step.id) })
            .collect();
        LessonAbout {
            number: lesson.number.clone(),
            id: lesson.about.id.clone(),
            title: lesson.about.title.clone(),
            max_score: steps.iter().fold(0, |sum, step| sum.saturating_add(step.points)),
            steps,
        }
    }

    /// Returns the lateness of a submission; None if it was in time, or no date is given.
    #[must_use]
    pub fn late(&self, submission: &Submission, due: Option<i64>) -> Option<Late> {
        let due = due?;
        match submission.submitted_at {
            Some(at) => {
                let seconds = at.saturating_sub(due).saturating_sub(i64::from(self.late.grace_minutes) * 60);
                let days =
                    u32::try_from(seconds.saturating_add(DAY - 1).div_euclid(DAY)).ok().filter(|days| *days > 0)?;
                Some(Late { days, points: days.saturating_mul(self.late.points_per_day) })
            }
            None => submission.marked_late.then_some(Late { days: 0, points: 0 }),
        }
    }
}

/// Reads the overrides of a class: `overrides.toml` in the journal, or the file that was named.
///
/// # Errors
///
/// An error that names the file and the line.
pub fn overrides(path: &Path) -> Result<Vec<Override>, PointsError> {
    Ok(read::<Overrides>(path)?.all)
}

/// Returns the override for a submission in a lesson.
#[must_use]
pub fn override_of<'a>(
    all: &'a [Override],
    key: &str,
    student: &Student,
    lesson: &LessonAbout,
) -> Option<&'a Override> {
    all.iter().find(|one| {
        let is_student = !one.student.is_empty() && [key, &student.id, &student.login].contains(&one.student.as_str());
        is_student && cli::is_lesson(&one.lesson, &lesson.number, &lesson.id)
    })
}

/// Returns the seconds since 1970 of a date: `2026-11-30`, which means its last minute, or `2026-11-30T18:00`, both in UTC.
///
/// # Errors
///
/// A sentence that says what was expected.
pub fn date(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not a date: write 2026-11-30, or 2026-11-30T18:00, in UTC");
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, "23:59:59"));
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").map_err(|_| wrong())?;
    let time = time.trim_end_matches('Z');
    let time = NaiveTime::parse_from_str(time, "%H:%M:%S").or_else(|_| NaiveTime::parse_from_str(time, "%H:%M"));
    Ok(day.and_time(time.map_err(|_| wrong())?).and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_utc_and_a_day_ends_with_its_last_second() {
        assert_eq!(date("1970-01-01T00:00"), Ok(0));
        assert_eq!(date("2026-11-30T18:00"), Ok(1_796_061_600));
        assert_eq!(date("2026-11-30"), Ok(1_796_083_199));
        assert_eq!(date("2024-02-29T12:00:30Z"), Ok(1_709_208_030));
        for wrong in ["", "tomorrow", "2026-13-01", "2026-11-30T25:00", "30.11.2026", "2026-11"] {
            assert!(date(wrong).unwrap_err().contains("is not a date"), "{wrong:?}");
        }
    }

    fn submission(at: Option<i64>, marked_late: bool) -> Submission {
        Submission {
            key: "ada".into(),
            student: Student::default(),
            paths: vec![],
            submitted_at: at,
            marked_late,
            content: Err(crate::class::NoContent::Refused(String::new())),
            laid_aside: vec![],
        }
    }

    #[test]
    fn late_days_begin_after_the_grace() {
        let rubric = Rubric { late: LateRule { points_per_day: 2, grace_minutes: 10 }, ..Rubric::default() };
        let late = |after: i64| rubric.late(&submission(Some(1000 + after), false), Some(1000));
        assert_eq!(late(-5), None);
        assert_eq!(late(600), None);
        assert_eq!(late(601), Some(Late { days: 1, points: 2 }));
        assert_eq!(late(600 + DAY), Some(Late { days: 1, points: 2 }));
        assert_eq!(late(601 + DAY), Some(Late { days: 2, points: 4 }));
        assert_eq!(rubric.late(&submission(None, true), Some(1000)), Some(Late { days: 0, points: 0 }));
        assert_eq!(rubric.late(&submission(Some(9999), true), None), None);
    }

    #[test]
    fn a_wrong_rubric_is_named_with_what_was_expected() {
        let lessons = contracts::lesson::all(harness::kit::root()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rubric.toml");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            Rubric::read(&path, &lessons).map_err(|error| error.to_string())
        };
        let rubric = read("[lessons.01]\npublish = 5\n[late]\npoints_per_day = 1\n").unwrap();
        let about = rubric.about(&lessons[0]);
        assert_eq!((about.max_score, about.steps[2].points), (9, 5));
        let wrong = |text: &str| read(text).unwrap_err();
        assert!(wrong("[lessons.77]\n").contains("there is no lesson \"77\"; the lessons are 01, 02"));
        assert!(wrong("[lessons.01]\nsend = 5\n").contains("lesson 01 has no step \"send\"; its steps are connect,"));
        assert!(
            wrong("[lessons.01]\npublish = 1.5\n").contains("line 2"),
            "{}",
            wrong("[lessons.01]\npublish = 1.5\n")
        );
    }
}
