//! The page about one student, to hand back: `KEY.html`.

use super::{
    class_page::{lesson_name, more, push, verdict},
    html::{block, page as whole_page, sentence, text},
    view::{self, ByKey, date},
};
use crate::grade::{Grade, Grades, Step};

/// Returns the page.
pub fn page(grades: &Grades, student: &ByKey) -> String {
    let mut body = String::new();
    let about = student.grades.first().map(|grade| &grade.student);
    let more = about.map_or_else(String::new, |student| more(&[&student.id, &student.login]));
    push(&mut body, format_args!("<h1>Results of {}{more}</h1>\n", text(&student.name())));
    for grade in &student.grades {
        lesson(&mut body, grades, grade);
    }
    push(&mut body, format_args!("<p class=\"soft\">Graded at {}", date(grades.graded_at)));
    if !grades.broker.is_empty() {
        push(&mut body, format_args!(", by {}", text(&grades.broker)));
    }
    body.push_str(".</p>\n");
    whole_page(&format!("Results of {}", student.name()), &body, false)
}

fn lesson(body: &mut String, grades: &Grades, grade: &Grade) {
    let about = view::lesson(grades, &grade.lesson);
    let (passed, of) = view::steps_passed(grades, grade);
    push(body, format_args!("<section>\n<h2>{}</h2>\n", text(&lesson_name(&about))));
    push(body, format_args!("<p>{}. Steps: {passed} of {of}. ", verdict(grade.verdict)));
    push(body, format_args!("Score: {}.</p>\n", view::score(grade)));
    for line in remarks(grade) {
        push(body, format_args!("<p>{}</p>\n", sentence(&line)));
    }
    body.push_str("<h3>Steps</h3>\n<ol>\n");
    for step in view::steps(grades, grade) {
        step_entry(body, &step, &lesson_name(&about));
    }
    body.push_str("</ol>\n");
    let aside = grade.laid_aside.iter();
    list(
        body,
        "Not used of the submission",
        aside.map(|left| format!("<code>{}</code>: {}", text(&left.path), sentence(&left.reason))),
    );
    list(body, "Limits", grade.limits.iter().map(|limit| sentence(limit)));
    list(body, "Notes", grade.notes.iter().map(|note| sentence(note)));
    for (title, lines) in
        [("Conversation with the broker", &grade.conversation), ("Output", &grade.stdout), ("Errors", &grade.stderr)]
    {
        if !lines.is_empty() {
            let name = format!("{title}, {}", lesson_name(&about));
            push(body, format_args!("<h3>{title}</h3>\n{}", block(&name, &lines.join("\n"))));
        }
    }
    push(body, format_args!("<p class=\"soft\">{}</p>\n</section>\n", text(&seed(grade))));
}

fn step_entry(body: &mut String, step: &Step, lesson: &str) {
    let title = if step.title.is_empty() { &step.id } else { &step.title };
    let points = points(step);
    push(body, format_args!("<li><strong>{}</strong>: {}{points}\n", sentence(title), text(&view::step_verdict(step))));
    if !step.message.is_empty() {
        push(body, format_args!("<p>{}</p>\n", sentence(&step.message)));
    }
    if !step.hint.is_empty() {
        push(body, format_args!("<p>Hint: {}</p>\n", sentence(&step.hint)));
    }
    if !step.evidence.is_empty() {
        body.push_str(&block(&format!("Evidence, step {}, {lesson}", step.id), &step.evidence));
    }
    if !step.page.is_empty() {
        push(body, format_args!("<p>In the book: <code>{}</code></p>\n", text(&step.page)));
    }
    body.push_str("</li>\n");
}

fn list(body: &mut String, title: &str, entries: impl Iterator<Item = String>) {
    let entries: Vec<String> = entries.map(|entry| format!("<li>{entry}</li>\n")).collect();
    if !entries.is_empty() {
        push(body, format_args!("<h3>{title}</h3>\n<ul>\n{}</ul>\n", entries.concat()));
    }
}

/// Returns the points of a step, if it can earn some: `, 2 of 3 points`.
pub fn points(step: &Step) -> String {
    match step.max_points {
        0 => String::new(),
        1 => format!(", {} of 1 point", step.points),
        max => format!(", {} of {max} points", step.points),
    }
}

/// Returns the sentences that explain a verdict and its score.
pub fn remarks(grade: &Grade) -> Vec<String> {
    let mut remarks = Vec::new();
    let (_, message) = view::what(grade);
    if let Some(fault) = &grade.fault {
        // A failed step has the message already.
        if !grade.steps.iter().any(|step| step.verdict == "failed" && step.message.trim() == fault.message.trim()) {
            remarks.push(message);
        }
    } else if !message.is_empty() {
        remarks.push(format!("Not checked, which is not a score of 0: {message}"));
    }
    if let Some(late) = view::late(grade) {
        remarks.push(format!("{}.", capital(&late)));
    }
    if let Some(reason) = &grade.override_reason {
        remarks.push(format!("Your teacher has changed this result: {reason}"));
    }
    if grade.unstable {
        remarks.push("Repeated checks of this submission gave different verdicts.".to_owned());
    }
    remarks
}

/// Returns the last line: the data with which the check can be repeated.
pub fn seed(grade: &Grade) -> String {
    let sandbox = view::sandbox(&grade.isolation);
    let time = grade.submitted_at.map_or_else(String::new, |time| format!(", submitted at {}", date(time)));
    format!("Seed {}{sandbox}{time}.", grade.seed)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
