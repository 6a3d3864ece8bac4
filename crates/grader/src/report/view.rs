//! Questions that several reports ask: counts, names, dates and steps.

use chrono::DateTime;
use std::collections::BTreeMap;

use super::{
    ReportError,
    plain::{flow, plain},
};
use crate::{
    class::Student,
    grade::{Grade, Grades, LessonAbout, Step, Verdict},
};

/// The grades of one key, in the order of lessons.
#[derive(Debug)]
pub struct ByKey<'a> {
    /// The key.
    pub key: &'a str,
    /// The grades.
    pub grades: Vec<&'a Grade>,
}

impl ByKey<'_> {
    /// Returns the first grade that could not be made.
    pub fn not_checked(&self) -> Option<&Grade> {
        self.grades.iter().copied().find(|grade| grade.verdict == Verdict::NotChecked || grade.score.is_none())
    }

    /// Returns the name for people, made harmless.
    pub fn name(&self) -> String {
        self.grades.first().map_or_else(|| self.key.to_owned(), |grade| name(&grade.student, self.key))
    }
}

/// Returns the grades by key, in the order in which the keys first occur.
pub fn by_key(grades: &Grades) -> Vec<ByKey<'_>> {
    let mut all: Vec<ByKey> = Vec::new();
    let mut at = BTreeMap::new();
    for grade in &grades.grades {
        let index = *at.entry(grade.key.as_str()).or_insert(all.len());
        if index == all.len() {
            all.push(ByKey { key: &grade.key, grades: Vec::new() });
        }
        all[index].grades.push(grade);
    }
    all
}

/// Returns the sandbox, for the end of a sentence; empty if there was none.
pub fn sandbox(isolation: &str) -> String {
    if isolation.is_empty() { String::new() } else { format!(", sandbox {}", plain(isolation)) }
}

/// Returns the grades of one lesson only, selected by its id or number.
pub fn only(grades: &Grades, lesson: &str) -> Result<Grades, ReportError> {
    let found = grades.lessons.iter().find(|about| about.id == lesson || about.number == lesson);
    let Some(about) = found else {
        return Err(ReportError::NoLesson { wanted: lesson.to_owned(), found: ids(grades) });
    };
    let mut only = grades.clone();
    only.lessons = vec![about.clone()];
    only.grades.retain(|grade| grade.lesson == about.id);
    Ok(only)
}

/// Returns the lessons' ids, for an error.
pub fn ids(grades: &Grades) -> String {
    grades.lessons.iter().map(|lesson| lesson.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// Returns a student's name for people, made harmless: the name, else the login, the id, or the key.
pub fn name(student: &Student, key: &str) -> String {
    let names = [&student.name, &student.login, &student.id];
    plain(names.into_iter().map(|name| name.trim()).find(|name| !name.is_empty()).unwrap_or(key))
}

/// Returns the lesson of a grade. A lesson that is not among the grades has only its id.
pub fn lesson(grades: &Grades, id: &str) -> LessonAbout {
    let found = grades.lessons.iter().find(|lesson| lesson.id == id);
    found.cloned().unwrap_or_else(|| LessonAbout { id: id.to_owned(), ..LessonAbout::default() })
}

/// Returns the lessons, and those that only grades name.
pub fn lessons(grades: &Grades) -> Vec<LessonAbout> {
    let mut lessons = grades.lessons.clone();
    for grade in &grades.grades {
        if !lessons.iter().any(|known| known.id == grade.lesson) {
            lessons.push(lesson(grades, &grade.lesson));
        }
    }
    lessons
}

/// Returns all steps of a grade: its own, then the lesson's that it does not have, as skipped or not checked.
pub fn steps(grades: &Grades, grade: &Grade) -> Vec<Step> {
    let mut steps = grade.steps.clone();
    let verdict = if grade.verdict == Verdict::NotChecked { "not_checked" } else { "skipped" };
    for about in lesson(grades, &grade.lesson).steps {
        if !steps.iter().any(|step| step.id == about.id) {
            steps.push(Step {
                id: about.id,
                title: about.title,
                verdict: verdict.to_owned(),
                points: 0,
                max_points: about.points,
                message: String::new(),
                hint: String::new(),
                evidence: String::new(),
                page: String::new(),
            });
        }
    }
    steps
}

/// Returns the numbers of the lesson's steps that passed, and of all of them. `submission` and `build` do not count.
pub fn steps_passed(grades: &Grades, grade: &Grade) -> (usize, usize) {
    let steps = steps(grades, grade);
    let counted = steps.iter().filter(|step| !matches!(step.id.as_str(), "submission" | "build"));
    let verdicts: Vec<bool> = counted.map(|step| step.verdict == "passed").collect();
    (verdicts.iter().filter(|passed| **passed).count(), verdicts.len())
}

/// Returns a lesson's number, or its id if it has none.
pub fn number_or_id(lesson: &LessonAbout) -> &str {
    if lesson.number.is_empty() { &lesson.id } else { &lesson.number }
}

/// Returns a verdict in words.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::NotChecked => "not checked",
    }
}

/// Returns a step's verdict in words.
pub fn step_verdict(step: &Step) -> String {
    plain(&step.verdict.replace('_', " "))
}

/// Returns the score in words: `7 of 10`, or `none` if the submission was not checked.
pub fn score(grade: &Grade) -> String {
    grade.score.map_or_else(|| "none".to_owned(), |score| format!("{score} of {}", grade.max_score))
}

/// Returns the lateness in a sentence without a full stop, or None.
pub fn late(grade: &Grade) -> Option<String> {
    let late = grade.late?;
    let days = match late.days {
        0 => "late, as the platform says".to_owned(),
        1 => "1 day late".to_owned(),
        days => format!("{days} days late"),
    };
    Some(match late.points {
        0 => format!("{days}, which costs no points"),
        1 => format!("{days}, which costs 1 point"),
        points => format!("{days}, which costs {points} points"),
    })
}

/// Returns the fault's or the missing check's code and message: the code is empty if the submission was not checked.
pub fn what(grade: &Grade) -> (String, String) {
    match (&grade.fault, &grade.reason) {
        (Some(fault), _) => (plain(&fault.code), flow(&fault.message)),
        (None, Some(reason)) => (String::new(), flow(reason)),
        (None, None) => (String::new(), String::new()),
    }
}

/// The numbers of the verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The submissions that passed.
    pub passed: usize,
    /// The submissions that failed.
    pub failed: usize,
    /// The submissions that were not checked.
    pub not_checked: usize,
}

impl Counts {
    /// Returns the number of all.
    pub fn all(&self) -> usize {
        self.passed + self.failed + self.not_checked
    }
}

/// Counts verdicts.
pub fn counts<'a>(grades: impl IntoIterator<Item = &'a Grade>) -> Counts {
    grades.into_iter().fold(Counts::default(), |mut counts, grade| {
        match grade.verdict {
            Verdict::Passed => counts.passed += 1,
            Verdict::Failed => counts.failed += 1,
            Verdict::NotChecked => counts.not_checked += 1,
        }
        counts
    })
}

/// A mistake, and how often the class made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The code, made harmless.
    pub code: String,
    /// The message that it has most often, made harmless.
    pub message: String,
    /// The number of submissions.
    pub count: usize,
}

/// Counts the mistakes by code, the most frequent one first.
pub fn mistakes<'a>(grades: impl IntoIterator<Item = &'a Grade>) -> Vec<Mistake> {
    let mut codes: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for fault in grades.into_iter().filter_map(|grade| grade.fault.as_ref()) {
        *codes.entry(&fault.code).or_default().entry(&fault.message).or_default() += 1;
    }
    let mut mistakes: Vec<Mistake> = codes
        .into_iter()
        .map(|(code, messages)| {
            let most = messages.values().max().copied().unwrap_or_default();
            let message = messages.iter().find(|(_, count)| **count == most).map_or("", |(message, _)| *message);
            Mistake { code: plain(code), message: flow(message), count: messages.values().sum() }
        })
        .collect();
    mistakes.sort_by_key(|mistake| std::cmp::Reverse(mistake.count));
    mistakes
}

/// Returns a number of things: `1 submission`, `2 submissions`.
pub fn number(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
}

/// Returns a time in RFC 3339, in UTC: `2026-11-30T06:20:00Z`.
pub fn rfc3339(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns a time for people: `2026-11-30 06:20 UTC`.
pub fn date(seconds: i64) -> String {
    let time = rfc3339(seconds);
    format!("{} UTC", time.get(..16).unwrap_or(&time).replace('T', " "))
}
