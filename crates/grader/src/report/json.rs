//! The JSON report, `hello-rabbit/grade/v1`: everything that was found out, for programs.

use serde::Serialize;

use super::{ReportError, plain::is_unsafe, view};
use crate::{
    class::{Layout, LeftAside, Student},
    grade::{Fault, Grade, Grades, Late, LessonAbout, Step, Verdict},
};

/// The format's name and version.
pub const FORMAT: &str = "hello-rabbit/grade/v1";

/// A class, as the report has it.
#[derive(Debug, Serialize)]
pub struct Class<'a> {
    format: &'static str,
    layout: Layout,
    isolation: &'a str,
    seed: u64,
    broker: &'a str,
    graded_at: String,
    lessons: &'a [LessonAbout],
    submissions: Vec<Submission<'a>>,
    left_aside: &'a [LeftAside],
    without_submission: &'a [Student],
    not_joined: &'a [String],
}

/// A submission in a lesson, as the report has it.
#[derive(Debug, Serialize)]
pub struct Submission<'a> {
    key: &'a str,
    paths: &'a [String],
    student: &'a Student,
    lesson: &'a str,
    verdict: Verdict,
    steps_passed: usize,
    steps: usize,
    score: Option<u32>,
    max_score: u32,
    late: Option<Late>,
    #[serde(rename = "override")]
    override_reason: Option<&'a str>,
    fault: Option<&'a Fault>,
    reason: Option<&'a str>,
    submitted_at: Option<String>,
    isolation: &'a str,
    broker: &'a str,
    seed: u64,
    unstable: bool,
    took_ms: u64,
    limits: &'a [String],
    notes: &'a [String],
    laid_aside: &'a [LeftAside],
    step_results: &'a [Step],
    stdout: &'a [String],
    stderr: &'a [String],
    conversation: &'a [String],
}

/// Returns the view of one grade.
pub fn submission<'a>(grades: &Grades, grade: &'a Grade) -> Submission<'a> {
    let (steps_passed, steps) = view::steps_passed(grades, grade);
    Submission {
        key: &grade.key,
        paths: &grade.paths,
        student: &grade.student,
        lesson: &grade.lesson,
        verdict: grade.verdict,
        steps_passed,
        steps,
        // A missing check has no score, whatever the rest of the data says.
        score: grade.score.filter(|_| grade.verdict != Verdict::NotChecked),
        max_score: grade.max_score,
        late: grade.late,
        override_reason: grade.override_reason.as_deref(),
        fault: grade.fault.as_ref(),
        reason: grade.reason.as_deref(),
        submitted_at: grade.submitted_at.map(view::rfc3339),
        isolation: &grade.isolation,
        broker: &grade.broker,
        seed: grade.seed,
        unstable: grade.unstable,
        took_ms: grade.took_ms,
        limits: &grade.limits,
        notes: &grade.notes,
        laid_aside: &grade.laid_aside,
        step_results: &grade.steps,
        stdout: &grade.stdout,
        stderr: &grade.stderr,
        conversation: &grade.conversation,
    }
}

/// Returns the view of these submissions; data about others are left out if it is not of the whole class.
pub fn class<'a>(grades: &'a Grades, of: &[&'a Grade], whole: bool) -> Class<'a> {
    Class {
        format: FORMAT,
        layout: grades.layout,
        isolation: &grades.isolation,
        seed: grades.seed,
        broker: &grades.broker,
        graded_at: view::rfc3339(grades.graded_at),
        lessons: &grades.lessons,
        submissions: of.iter().map(|grade| submission(grades, grade)).collect(),
        left_aside: if whole { &grades.left_aside } else { &[] },
        without_submission: if whole { &grades.without_submission } else { &[] },
        not_joined: if whole { &grades.not_joined } else { &[] },
    }
}

/// Returns the report.
pub fn report(grades: &Grades) -> Result<String, ReportError> {
    text(&class(grades, &grades.grades.iter().collect::<Vec<_>>(), true))
}

/// Returns a value as JSON that can be printed anywhere. It has the same content: only its characters are written as escapes.
pub fn text(value: &impl Serialize) -> Result<String, ReportError> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|error| ReportError::Format { format: "JSON", problem: error.to_string() })?;
    let mut text = String::with_capacity(json.len() + 1);
    for char in json.chars() {
        // Line breaks are outside of strings: those inside are escaped already.
        if char != '\n' && (is_unsafe(char) || matches!(char, '<' | '>')) {
            let mut units = [0; 2];
            text.extend(char.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(char);
        }
    }
    Ok(text.replace("##[", "#\\u0023[").replace("[[ATTACHMENT", "[\\u005bATTACHMENT") + "\n")
}
