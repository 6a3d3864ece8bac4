//! The table on the terminal: a line for each submission, and a summary.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{plain::plain, view};
use crate::grade::{Grade, Grades};

/// The mistakes in the summary.
const MISTAKES: usize = 5;

/// The space between columns.
const GAP: usize = 2;

/// Returns the table and its summary. No line is wider than `width` columns.
pub fn table(grades: &Grades, width: usize) -> String {
    let width = width.max(20);
    let mut lines = Vec::new();
    if !grades.grades.is_empty() {
        lines.extend(rows(grades, width));
        lines.push(String::new());
    }
    for line in summary(grades) {
        // A word that was not at the beginning of a line can be there now: each line is made harmless again.
        lines.extend(wrap(&line, width).iter().map(|line| fit(&plain(line), width)));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn rows(grades: &Grades, width: usize) -> Vec<String> {
    let mut rows = vec![["student", "lesson", "verdict", "steps", "score", "what"].map(str::to_owned)];
    rows.extend(grades.grades.iter().map(|grade| row(grades, grade)));
    let mut widths: [usize; 6] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or_default());
    // The last column gets the rest; names and lessons give way for it.
    let fixed = widths[2] + widths[3] + widths[4] + 5 * GAP;
    widths[0] = widths[0].min((width.saturating_sub(fixed) / 3).max(8));
    widths[1] = widths[1].min((width.saturating_sub(fixed) / 4).max(6));
    widths[5] = width.saturating_sub(fixed + widths[0] + widths[1]);
    let cells = |row: [String; 6]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| pad(&fit(cell, width), width));
        fit(&cells.collect::<Vec<_>>().join(&" ".repeat(GAP)), width)
    };
    rows.into_iter().map(cells).collect()
}

fn row(grades: &Grades, grade: &Grade) -> [String; 6] {
    let lesson = view::lesson(grades, &grade.lesson);
    let (passed, steps) = view::steps_passed(grades, grade);
    let (code, message) = view::what(grade);
    let mut what = if code.is_empty() { message } else { code };
    if grade.unstable {
        what = format!("unstable: {what}");
    }
    [
        view::name(&grade.student, &grade.key),
        plain(&format!("{} {}", lesson.number, lesson.id)).trim().to_owned(),
        view::verdict(grade.verdict).to_owned(),
        format!("{passed}/{steps}"),
        grade.score.map_or_else(|| "-".to_owned(), |score| format!("{score}/{}", grade.max_score)),
        what,
    ]
}

fn summary(grades: &Grades) -> Vec<String> {
    let counts = view::counts(&grades.grades);
    let mut lines = vec![format!(
        "{}: {} passed, {} failed, {} not checked{}",
        view::number(counts.all(), "submission", "submissions"),
        counts.passed,
        counts.failed,
        counts.not_checked,
        view::sandbox(&grades.isolation)
    )];
    let mistakes = view::mistakes(&grades.grades);
    if !mistakes.is_empty() {
        lines.push("Most frequent mistakes:".to_owned());
        lines.extend(
            mistakes
                .iter()
                .take(MISTAKES)
                .map(|mistake| format!("  {} × {}: {}", mistake.count, mistake.code, mistake.message)),
        );
    }
    let mut list = |title: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            lines.push(format!("{title}:"));
            lines.extend(entries.iter().map(|entry| format!("  {entry}")));
        }
    };
    let left_aside = grades.left_aside.iter();
    list("Left aside", left_aside.map(|left| format!("{}: {}", plain(&left.path), plain(&left.reason))).collect());
    let without = grades.without_submission.iter();
    list("Without submission", without.map(|student| view::name(student, "a student without a name")).collect());
    list("Not joined", grades.not_joined.iter().map(|problem| plain(problem)).collect());
    lines
}

/// Returns the text, cut to this many display columns, with an ellipsis if something is left out.
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut fitted = String::new();
    for char in text.chars() {
        fitted.push(char);
        // The width of a text can be less than the sum of its characters'.
        if fitted.width() > width.saturating_sub(1) {
            fitted.pop();
            break;
        }
    }
    if width > 0 {
        fitted.push('…');
    }
    fitted
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Breaks a line at spaces; the next ones are indented by two columns more. A long word is broken anywhere.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let (mut lines, mut current) = (Vec::new(), " ".repeat(indent));
    let next = " ".repeat(indent + 2);
    let mut empty = true;
    for word in line.trim_start_matches(' ').split(' ') {
        if !empty && current.width() + 1 + word.width() > width {
            lines.push(std::mem::replace(&mut current, next.clone()));
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        for char in word.chars() {
            if current.width() + char.width().unwrap_or(0) > width {
                lines.push(std::mem::replace(&mut current, next.clone()));
            }
            current.push(char);
        }
        empty = false;
    }
    lines.push(current);
    lines
}
