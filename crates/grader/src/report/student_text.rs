//! The Markdown file about one student, to hand back: `KEY.md`.

use super::{
    class_page::{lesson_name, push},
    markdown::{block, sentence, span, text as md},
    plain::plain,
    student_page::{points, remarks, seed},
    view::{self, ByKey, date},
};
use crate::grade::{Grade, Grades, Step};

/// Returns the text.
pub fn text(grades: &Grades, student: &ByKey) -> String {
    let mut body = format!("# Results of {}\n", md(&student.name()));
    for grade in &student.grades {
        lesson(&mut body, grades, grade);
    }
    push(&mut body, format_args!("\nGraded at {}", date(grades.graded_at)));
    if !grades.broker.is_empty() {
        push(&mut body, format_args!(", by {}", md(&grades.broker)));
    }
    body.push_str(".\n");
    body
}

/// Appends a lesson's result.
pub fn lesson(body: &mut String, grades: &Grades, grade: &Grade) {
    let (passed, of) = view::steps_passed(grades, grade);
    push(body, format_args!("\n## {}\n", md(&lesson_name(&view::lesson(grades, &grade.lesson)))));
    push(body, format_args!("\nVerdict: **{}**. Steps: {passed} of {of}. ", view::verdict(grade.verdict)));
    push(body, format_args!("Score: {}.\n", view::score(grade)));
    for line in remarks(grade) {
        push(body, format_args!("\n{}\n", paragraph(&line)));
    }
    body.push_str("\n### Steps\n\n");
    for step in view::steps(grades, grade) {
        step_entry(body, &step);
    }
    let aside = grade.laid_aside.iter();
    list(
        body,
        "Not used of the submission",
        aside.map(|left| format!("{}: {}", span(&plain(&left.path)), sentence(&left.reason))),
    );
    list(body, "Limits", grade.limits.iter().map(|limit| paragraph(limit)));
    list(body, "Notes", grade.notes.iter().map(|note| paragraph(note)));
    for (title, lines) in
        [("Conversation with the broker", &grade.conversation), ("Output", &grade.stdout), ("Errors", &grade.stderr)]
    {
        if !lines.is_empty() {
            push(body, format_args!("\n### {title}\n\n{}", block(&lines.join("\n"))));
        }
    }
    push(body, format_args!("\n{}\n", md(&seed(grade))));
}

fn step_entry(body: &mut String, step: &Step) {
    let title = if step.title.is_empty() { &step.id } else { &step.title };
    push(body, format_args!("- **{}**: {}{}\n", md(title), md(&view::step_verdict(step)), points(step)));
    let mut details = String::new();
    if !step.message.is_empty() {
        push(&mut details, format_args!("\n{}\n", paragraph(&step.message)));
    }
    if !step.hint.is_empty() {
        push(&mut details, format_args!("\nHint: {}\n", sentence(&step.hint)));
    }
    if !step.evidence.is_empty() {
        push(&mut details, format_args!("\n{}", block(&step.evidence)));
    }
    if !step.page.is_empty() {
        push(&mut details, format_args!("\nIn the book: {}\n", span(&plain(&step.page))));
    }
    for line in details.lines() {
        // Spaces at the end of a line can be the evidence.
        let indent = if line.is_empty() { "" } else { "  " };
        push(body, format_args!("{indent}{line}\n"));
    }
}

/// Returns a sentence that begins a line: it is no list, no heading and no quotation.
fn paragraph(line: &str) -> String {
    let line = sentence(line);
    let digits = line.len() - line.trim_start_matches(|char: char| char.is_ascii_digit()).len();
    match line[digits..].chars().next() {
        Some(char @ ('.' | ')')) if digits > 0 => format!("{}\\{char}{}", &line[..digits], &line[digits + 1..]),
        Some('-' | '+' | '=') if digits == 0 => format!("\\{line}"),
        _ => line,
    }
}

fn list(body: &mut String, title: &str, entries: impl Iterator<Item = String>) {
    let entries: Vec<String> = entries.map(|entry| format!("- {entry}\n")).collect();
    if !entries.is_empty() {
        push(body, format_args!("\n### {title}\n\n{}", entries.concat()));
    }
}
