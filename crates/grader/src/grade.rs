//! The result of grading: plain data. Each report is a view of it.

use serde::{Deserialize, Serialize};

use crate::class::{Layout, LeftAside, Student};

/// The verdicts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The program does what the lesson asks.
    Passed,
    /// The program is wrong, or does not compile, or the submission can't be graded as it was handed in.
    Failed,
    /// The check could not be done, which is not the student's fault. It is never a 0.
    NotChecked,
}

/// A graded class.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Grades {
    /// The lessons, in the order of their numbers.
    pub lessons: Vec<LessonAbout>,
    /// The layout of the folder.
    pub layout: Layout,
    /// The results, by student and lesson.
    pub grades: Vec<Grade>,
    /// The entries that are no submission.
    pub left_aside: Vec<LeftAside>,
    /// The students of the roster without a submission.
    pub without_submission: Vec<Student>,
    /// Problems with joining submissions and the roster, one sentence each.
    pub not_joined: Vec<String>,
    /// The sandbox: `docker`, `bwrap` or `none`.
    pub isolation: String,
    /// The class's seed, from which each submission's is made.
    pub seed: u64,
    /// The broker, such as `the embedded broker 0.1.0` or `RabbitMQ 4.3.6`; with commas, if checks had different ones.
    pub broker: String,
    /// The time of grading, in seconds since 1970 (UTC).
    pub graded_at: i64,
}

/// A lesson, as far as reports need it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct LessonAbout {
    /// The number, such as `01`.
    pub number: String,
    /// The id, such as `hello-send`.
    pub id: String,
    /// The title.
    pub title: String,
    /// The points of all steps together.
    pub max_score: u32,
    /// The steps that all programs are judged by, in order.
    pub steps: Vec<StepAbout>,
}

/// A step of a lesson.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct StepAbout {
    /// The id, such as `publish`.
    pub id: String,
    /// The title.
    pub title: String,
    /// The points.
    pub points: u32,
}

/// The result of one submission in one lesson.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Grade {
    /// The submission's name for files, unique in the class.
    pub key: String,
    /// The student.
    pub student: Student,
    /// The entries that it was read from, relative to the class's folder.
    pub paths: Vec<String>,
    /// The lesson's id.
    pub lesson: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The steps, in order. Before them may stand a step `submission` (it can't be graded as it was handed in) or `build`.
    pub steps: Vec<Step>,
    /// The score, after lateness and overrides. None if not checked.
    pub score: Option<u32>,
    /// The highest possible score.
    pub max_score: u32,
    /// The lateness; None if it was in time, or no date was given.
    pub late: Option<Late>,
    /// The teacher's override, if there is one: its reason.
    pub override_reason: Option<String>,
    /// The fault, if the verdict is `failed`.
    pub fault: Option<Fault>,
    /// The reason, if the verdict is `not_checked`.
    pub reason: Option<String>,
    /// The limits that it hit, one sentence each: `it started more than 64 processes`.
    pub limits: Vec<String>,
    /// Notes on a program that passed.
    pub notes: Vec<String>,
    /// The parts of the submission that were not used.
    pub laid_aside: Vec<LeftAside>,
    /// True if repeated checks gave different verdicts.
    pub unstable: bool,
    /// The sandbox in which it was checked.
    pub isolation: String,
    /// The broker on which it was checked.
    pub broker: String,
    /// The seed of the check.
    pub seed: u64,
    /// The time of submission, in seconds since 1970 (UTC).
    pub submitted_at: Option<i64>,
    /// The first lines of stdout.
    pub stdout: Vec<String>,
    /// The first lines of stderr.
    pub stderr: Vec<String>,
    /// The conversation with the broker, a line for each frame.
    pub conversation: Vec<String>,
    /// The duration of the check, in milliseconds.
    pub took_ms: u64,
}

/// The lateness of a submission.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Late {
    /// The days, begun ones included. 0 if the platform marked it as late and says no time.
    pub days: u32,
    /// The points that it costs.
    pub points: u32,
}

/// The fault that decided the verdict.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The step, such as `publish`, `build` or `submission`.
    pub step: String,
    /// The code, such as `publish.other-key`. A teacher counts them.
    pub code: String,
    /// The fault, in a sentence or two.
    pub message: String,
}

/// The result of a step.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The id.
    pub id: String,
    /// The title.
    pub title: String,
    /// `passed`, `failed`, `skipped` or `not_checked`.
    pub verdict: String,
    /// The points that it earned.
    pub points: u32,
    /// The points that it can earn.
    pub max_points: u32,
    /// The fault in words; empty unless it failed.
    pub message: String,
    /// The hint; empty if there is none.
    pub hint: String,
    /// The evidence, which may have several lines, of what the program said or printed.
    pub evidence: String,
    /// The book's section about it, such as `01-hello-send.html#publish`; empty if there is none.
    pub page: String,
}
