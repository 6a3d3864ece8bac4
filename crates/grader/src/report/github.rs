//! Files for GitHub Actions: the summary of a step, and annotations.

use super::{
    class_page::lesson_name,
    markdown::{cell, sentence, span, text},
    plain::{cut, plain},
    view::{self, number},
};
use crate::grade::{Grade, Grades, Verdict};

/// The size of a summary above which GitHub drops it as a whole.
pub const SUMMARY_BYTES: usize = 1024 * 1024;

/// The annotations of one type that GitHub shows for a step.
pub const ANNOTATIONS: usize = 10;

/// The characters of a message in a cell.
const CELL: usize = 600;

/// Returns the Markdown for `$GITHUB_STEP_SUMMARY`, cut at a line if it is too long.
pub fn summary(grades: &Grades) -> String {
    limit(&lines(grades), SUMMARY_BYTES)
}

fn lines(grades: &Grades) -> Vec<String> {
    let counts = view::counts(&grades.grades);
    let all = number(counts.all(), "submission", "submissions");
    let (passed, failed, open) = (counts.passed, counts.failed, counts.not_checked);
    let mut lines = vec![
        "# Grades of the class".to_owned(),
        String::new(),
        format!(
            "{all}: {passed} passed, {failed} failed, {open} not checked{}.",
            text(&view::sandbox(&grades.isolation))
        ),
    ];
    for lesson in &view::lessons(grades) {
        let of: Vec<&Grade> = grades.grades.iter().filter(|grade| grade.lesson == lesson.id).collect();
        if of.is_empty() {
            continue;
        }
        lines.extend([String::new(), format!("## {}", text(&lesson_name(lesson))), String::new()]);
        lines.push("| Student | Verdict | Steps | Score | What |".to_owned());
        lines.push("|---|---|---|---|---|".to_owned());
        lines.extend(of.iter().map(|grade| row(grades, grade)));
        let mistakes = view::mistakes(of.iter().copied());
        if !mistakes.is_empty() {
            lines.extend([String::new(), "### Mistakes".to_owned(), String::new()]);
        }
        lines.extend(mistakes.iter().map(|mistake| {
            format!("- {} × {}: {}", mistake.count, span(&mistake.code), sentence(&cut(&mistake.message, CELL)))
        }));
    }
    let mut list = |title: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            lines.extend([String::new(), format!("## {title}"), String::new()]);
            lines.extend(entries.iter().map(|entry| format!("- {entry}")));
        }
    };
    let without = grades.without_submission.iter();
    list("Without submission", without.map(|student| text(&view::name(student, "a student without a name"))).collect());
    list("Not joined", grades.not_joined.iter().map(|problem| sentence(problem)).collect());
    let left_aside = grades.left_aside.iter();
    let aside = left_aside.map(|left| format!("{}: {}", span(&plain(&left.path)), sentence(&left.reason)));
    list("Left aside", aside.collect());
    lines
}

fn row(grades: &Grades, grade: &Grade) -> String {
    let (passed, steps) = view::steps_passed(grades, grade);
    let (code, message) = view::what(grade);
    let code = if code.is_empty() { String::new() } else { format!("<code>{}</code> ", cell(&code)) };
    format!(
        "| {} | {} | {passed} of {steps} | {} | {code}{} |",
        cell(&view::name(&grade.student, &grade.key)),
        view::verdict(grade.verdict),
        view::score(grade),
        cell(&cut(&message, CELL)),
    )
}

/// Joins lines up to a size in bytes. If lines are left out, the last one says so.
fn limit(lines: &[String], bytes: usize) -> String {
    if lines.iter().map(|line| line.len() + 1).sum::<usize>() <= bytes {
        return lines.iter().map(|line| format!("{line}\n")).collect();
    }
    let mut summary = String::new();
    for (index, line) in lines.iter().enumerate() {
        let left = lines.len() - index;
        let note = format!("\nThis summary is cut: {left} more lines do not fit into GitHub's limit of 1 MiB.\n");
        // The number of the lines left out gets shorter, so the note for this line also fits for the next.
        if summary.len() + line.len() + 1 + note.len() > bytes {
            summary.push_str(&note);
            break;
        }
        summary.push_str(line);
        summary.push('\n');
    }
    summary
}

/// Returns workflow commands, one a line: an error for each failed submission, and a warning for each that was not checked.
///
/// At most ten of a type are there, because GitHub drops more without a word: the tenth then says how many are left out.
pub fn annotations(grades: &Grades) -> String {
    let mut annotations = String::new();
    for (command, verdict) in [("error", Verdict::Failed), ("warning", Verdict::NotChecked)] {
        let of: Vec<&Grade> = grades.grades.iter().filter(|grade| grade.verdict == verdict).collect();
        let shown = if of.len() > ANNOTATIONS { ANNOTATIONS - 1 } else { of.len() };
        for grade in &of[..shown] {
            let (code, message) = view::what(grade);
            let lesson = view::lesson(grades, &grade.lesson);
            let title = format!("{}, lesson {} {}", view::name(&grade.student, &grade.key), lesson.number, lesson.id);
            let message = if code.is_empty() { message } else { format!("{code}: {message}") };
            annotations.push_str(&annotation(command, &title, &message));
        }
        if shown < of.len() {
            let word = view::verdict(verdict);
            let message = format!("{} more submissions {word}: the summary has them all", of.len() - shown);
            annotations.push_str(&annotation(command, &format!("More: {word}"), &message));
        }
    }
    annotations
}

fn annotation(command: &str, title: &str, message: &str) -> String {
    let data = |text: &str| plain(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = data(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{command} title={title}::{}\n", data(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_summary_is_cut_at_a_line() {
        let lines: Vec<String> = (0..100).map(|line| format!("| {line} |")).collect();
        let cut = limit(&lines, 300);
        assert!(cut.len() <= 300 && cut.contains("This summary is cut: "), "{cut}");
        let kept = cut.lines().filter(|line| line.starts_with('|')).count();
        assert!(cut.contains(&format!("cut: {} more lines", 100 - kept)), "{cut}");
        assert_eq!(limit(&lines, 10_000).lines().count(), 100);
    }

    #[test]
    fn an_annotation_is_one_command() {
        assert_eq!(annotation("error", "a:b,c%", "x\n::y"), "::error title=a%3Ab%2Cc%25::x\\n::y\n");
    }
}
