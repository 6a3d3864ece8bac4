//! Classroom 50's `result.json` and `release-body.md`, for one submission.
//!
//! Its schema is closed at the top level, so data of ours are only in `tests`.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    ReportError,
    files::Output,
    gradescope::checked,
    json,
    plain::{cut, flow, plain, plain_lines},
    student_text,
    view::{self, ByKey},
};
use crate::grade::Grades;

/// The data that Classroom 50's runner gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classroom50 {
    /// The classroom's short name.
    pub classroom: String,
    /// The assignment's slug.
    pub assignment: String,
    /// `individual` or `group`.
    pub assignment_type: String,
    /// The login of the repository's owner.
    pub owner: String,
    /// The tag of the submission: `submit/…`.
    pub submission: String,
    /// The URL of the commit.
    pub commit: String,
    /// The URL of the release.
    pub release: String,
    /// The URL of the review; the commit's, if there is nothing to compare.
    pub review: String,
    /// The time of the commit, exactly `YYYY-MM-DDTHH:MM:SSZ`; if empty, the submission's.
    pub datetime: String,
    /// The login of the person who pushed, if known.
    pub submitted_by: Option<String>,
    /// The number of the person who pushed, if known.
    pub submitted_by_id: Option<u64>,
}

impl Classroom50 {
    /// Reads the data from environment variables, or says which are missing.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Classroom50, ReportError> {
        let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let mut missing = Vec::new();
        let mut needed = |names: &[&'static str]| {
            names.iter().find_map(|name| set(name)).unwrap_or_else(|| {
                missing.push(names.join(" or "));
                String::new()
            })
        };
        let about = Classroom50 {
            classroom: needed(&["CLASSROOM"]),
            assignment: needed(&["ASSIGNMENT"]),
            assignment_type: set("ASSIGNMENT_TYPE").unwrap_or_else(|| "individual".to_owned()),
            owner: needed(&["OWNER", "USERNAME"]),
            submission: needed(&["SUBMISSION_TAG"]),
            commit: needed(&["COMMIT_URL"]),
            release: needed(&["RELEASE_URL"]),
            review: needed(&["REVIEW_URL", "COMMIT_URL"]),
            datetime: String::new(),
            submitted_by: set("GITHUB_ACTOR"),
            submitted_by_id: set("GITHUB_ACTOR_ID").and_then(|id| id.parse().ok()),
        };
        missing.dedup();
        if missing.is_empty() { Ok(about) } else { Err(ReportError::Environment(missing.join(", "))) }
    }
}

/// Writes the files of each submission that was checked, and lists the others as skipped: a missing check is no 0.
pub fn write(grades: &Grades, about: &Classroom50, to: &Path, output: &mut Output) -> Result<(), ReportError> {
    for (student, path) in checked(grades, to, "result.json", output) {
        output.write(&path, json::text(&result(grades, about, &student))?.as_bytes())?;
        output.write(&path.with_file_name("release-body.md"), student_text::text(grades, &student).as_bytes())?;
    }
    Ok(())
}

fn result(grades: &Grades, about: &Classroom50, student: &ByKey) -> Value {
    let score: u32 = student.grades.iter().filter_map(|grade| grade.score).sum();
    let max: u32 = student.grades.iter().map(|grade| grade.max_score).sum();
    let submitted_at = student.grades.iter().find_map(|grade| grade.submitted_at).unwrap_or(grades.graded_at);
    let datetime = if about.datetime.is_empty() { view::rfc3339(submitted_at) } else { about.datetime.clone() };
    let mut tests = Vec::new();
    for grade in &student.grades {
        let lesson = view::lesson(grades, &grade.lesson);
        for step in view::steps(grades, grade) {
            tests.push(json!({
                "test-name": plain(&format!("{} {}", view::number_or_id(&lesson), step.id)),
                "passed": step.verdict == "passed",
                "score": step.points.min(step.max_points),
                "max-score": step.max_points,
                "verdict": plain(&step.verdict),
                "message": flow(&step.message),
                "hint": flow(&step.hint),
                "output": cut(&plain_lines(&step.evidence), 10_000),
            }));
        }
    }
    let mut result = json!({
        "schema": "classroom50/result/v1",
        "classroom": about.classroom,
        "assignment": about.assignment,
        "assignment_type": about.assignment_type,
        "owner": about.owner,
        "submission": about.submission,
        "commit": about.commit,
        "release": about.release,
        "review": about.review,
        "datetime": datetime,
        "graded_at": view::rfc3339(grades.graded_at),
        "score": score.min(max),
        "max-score": max,
        "tests": tests,
    });
    if let Some(username) = &about.submitted_by {
        result["submitted_by"] = json!({ "username": username, "id": about.submitted_by_id });
    }
    result
}
