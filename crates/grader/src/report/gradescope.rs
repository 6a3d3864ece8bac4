//! Gradescope's `results.json`, for one student.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{
    ReportError,
    files::Output,
    json,
    plain::plain_lines,
    student_page::remarks,
    view::{self, ByKey},
};
use crate::grade::{Grade, Grades, Step};

/// Writes a file for each student whose submissions were all checked, and lists the others as skipped.
///
/// Without a score, `results.json` is invalid, and a missing check is no 0: Gradescope itself reports that there are no results.
pub fn write(grades: &Grades, to: &Path, output: &mut Output) -> Result<(), ReportError> {
    for (student, path) in checked(grades, to, "results.json", output) {
        output.write(&path, json::text(&results(grades, &student))?.as_bytes())?;
    }
    Ok(())
}

/// Returns the students whose submissions were all checked, each with the path of a file with this name, and lists the others as
/// skipped.
pub fn checked<'a>(grades: &'a Grades, to: &Path, name: &str, output: &mut Output) -> Vec<(ByKey<'a>, PathBuf)> {
    let students = view::by_key(grades);
    let is_alone = students.len() == 1;
    let mut checked = Vec::new();
    for student in students {
        if let Some(grade) = student.not_checked() {
            output.written.skipped.push(not_checked(&student, grade));
            continue;
        }
        let path = if is_alone { super::files::file_at(to, name) } else { to.join(student.key).join(name) };
        checked.push((student, path));
    }
    checked
}

/// Returns the sentence about a student without a result.
fn not_checked(student: &ByKey, grade: &Grade) -> String {
    let (_, reason) = view::what(grade);
    let lesson = super::plain::plain(&grade.lesson);
    format!("{} ({}): lesson {lesson} was not checked, so there is no result: {reason}", student.name(), student.key)
}

fn results(grades: &Grades, student: &ByKey) -> Value {
    let score: u32 = student.grades.iter().filter_map(|grade| grade.score).sum();
    let took: u64 = student.grades.iter().map(|grade| grade.took_ms).sum();
    let mut tests = Vec::new();
    let mut about = Vec::new();
    for grade in &student.grades {
        let lesson = view::lesson(grades, &grade.lesson);
        about.extend(remarks(grade));
        for step in view::steps(grades, grade) {
            // A step has the same number for everyone: those before the lesson's steps have 0.
            let number = lesson.steps.iter().position(|about| about.id == step.id).map_or(0, |index| index + 1);
            tests.push(test(&step, &format!("{}.{number}", view::number_or_id(&lesson)), &lesson.id));
        }
    }
    json!({
        "score": score,
        "execution_time": took as f64 / 1000.0,
        "output": about.iter().map(|line| plain_lines(line)).collect::<Vec<_>>().join("\n\n"),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": json::class(grades, &student.grades, false),
    })
}

fn test(step: &Step, number: &str, lesson: &str) -> Value {
    let mut output = vec![plain_lines(&step.message)];
    if !step.hint.is_empty() {
        output.push(format!("Hint: {}", plain_lines(&step.hint)));
    }
    output.push(plain_lines(&step.evidence));
    output.retain(|part| !part.is_empty());
    if step.verdict == "skipped" {
        output.push("Skipped, because an earlier step failed.".to_owned());
    }
    let title = if step.title.is_empty() { &step.id } else { &step.title };
    json!({
        "number": plain_lines(number),
        "name": super::plain::plain(title),
        "name_format": "text",
        "score": step.points,
        "max_score": step.max_points,
        "status": if step.verdict == "passed" { "passed" } else { "failed" },
        "visibility": "visible",
        "output": output.join("\n\n"),
        "output_format": "text",
        "tags": [super::plain::plain(lesson), super::plain::plain(&step.id)],
    })
}
