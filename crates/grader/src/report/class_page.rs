//! The page about a class, for its teacher: `class.html`.

use std::fmt::Write as _;

use super::{
    html::{page as whole_page, sentence, text},
    view::{self, Mistake, date, number},
};
use crate::grade::{Grade, Grades, LessonAbout, Verdict};

/// Returns the page.
pub fn page(grades: &Grades) -> String {
    let mut body = String::new();
    body.push_str("<h1>Grades of the class</h1>\n");
    let sandbox = text(&view::sandbox(&grades.isolation));
    let broker = if grades.broker.is_empty() { String::new() } else { format!(", by {}", text(&grades.broker)) };
    push(&mut body, format_args!("<p class=\"soft\">Graded at {}{broker}{sandbox}.</p>\n", date(grades.graded_at)));
    let without = (!grades.without_submission.is_empty()).then_some(grades.without_submission.len());
    numbers(&mut body, &grades.grades.iter().collect::<Vec<_>>(), without);
    let lessons = view::lessons(grades);
    for (index, lesson) in lessons.iter().enumerate() {
        section(&mut body, grades, lesson, index, lessons.len() > 1);
    }
    list(
        &mut body,
        "Without submission",
        grades.without_submission.iter().map(|student| {
            let name = text(&view::name(student, "a student without a name"));
            format!("{name}{}", more(&[&student.id, &student.login]))
        }),
    );
    list(&mut body, "Not joined with the roster", grades.not_joined.iter().map(|problem| sentence(problem)));
    list(
        &mut body,
        "Left aside",
        grades.left_aside.iter().map(|left| format!("<code>{}</code>: {}", text(&left.path), sentence(&left.reason))),
    );
    whole_page("Grades of the class", &body, true)
}

/// Returns a lesson's name for people.
pub fn lesson_name(lesson: &LessonAbout) -> String {
    let name = if lesson.title.is_empty() { &lesson.id } else { &lesson.title };
    if lesson.number.is_empty() { format!("Lesson {name}") } else { format!("Lesson {}: {name}", lesson.number) }
}

fn numbers(body: &mut String, grades: &[&Grade], without: Option<usize>) {
    let counts = view::counts(grades.iter().copied());
    body.push_str("<dl class=\"numbers\">\n");
    for (name, value) in [
        ("Submissions", counts.all()),
        ("Passed", counts.passed),
        ("Failed", counts.failed),
        ("Not checked", counts.not_checked),
    ] {
        push(body, format_args!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
    }
    if let Some(without) = without {
        push(body, format_args!("<div><dt>Without submission</dt><dd>{without}</dd></div>\n"));
    }
    body.push_str("</dl>\n");
}

fn section(body: &mut String, grades: &Grades, lesson: &LessonAbout, index: usize, with_numbers: bool) {
    let of: Vec<&Grade> = grades.grades.iter().filter(|grade| grade.lesson == lesson.id).collect();
    push(body, format_args!("<section aria-labelledby=\"l{index}\">\n"));
    push(body, format_args!("<h2 id=\"l{index}\">{}</h2>\n", text(&lesson_name(lesson))));
    if of.is_empty() {
        body.push_str("<p>No submissions.</p>\n</section>\n");
        return;
    }
    if with_numbers {
        numbers(body, &of, None);
    }
    push(body, format_args!("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"t{index}\">\n"));
    let name = text(&lesson_name(lesson));
    push(
        body,
        format_args!("<table class=\"sortable\">\n<caption id=\"t{index}\">{name}: results.</caption>\n<thead><tr>"),
    );
    for title in ["Student", "Verdict", "Steps passed", "Score", "Late", "Failed step", "Mistake or reason"] {
        push(body, format_args!("<th scope=\"col\">{title}</th>"));
    }
    body.push_str("</tr></thead>\n<tbody>\n");
    for grade in &of {
        row(body, grades, grade);
    }
    body.push_str("</tbody>\n</table>\n</div>\n");
    mistakes(body, &view::mistakes(of.iter().copied()), of.len(), &name, index);
    body.push_str("</section>\n");
}

fn row(body: &mut String, grades: &Grades, grade: &Grade) {
    let (passed, steps) = view::steps_passed(grades, grade);
    let name = text(&view::name(&grade.student, &grade.key));
    let student = more(&[&grade.student.id, &grade.student.login]);
    let key = text(&grade.key);
    push(body, format_args!("<tr><th scope=\"row\"><a href=\"students/{key}.html\">{name}</a>{student}</th>"));
    push(body, format_args!("<td>{}</td>", verdict(grade.verdict)));
    push(body, format_args!("<td data-sort=\"{passed}\">{passed} of {steps}</td>"));
    let sort = grade.score.map_or(-1, i64::from);
    push(body, format_args!("<td data-sort=\"{sort}\">{}</td>", view::score(grade)));
    let (days, late) = grade.late.map_or((0, String::new()), |late| (late.days.max(1), number_of_days(late.days)));
    push(body, format_args!("<td data-sort=\"{days}\">{late}</td>"));
    let step = grade.fault.as_ref().map_or_else(String::new, |fault| text(&fault.step));
    push(body, format_args!("<td>{step}</td><td class=\"what\">{}</td></tr>\n", what(grade)));
}

fn number_of_days(days: u32) -> String {
    if days == 0 { "late".to_owned() } else { number(days as usize, "day", "days") }
}

fn what(grade: &Grade) -> String {
    let (code, message) = view::what(grade);
    let mut what = Vec::new();
    if !code.is_empty() {
        what.push(format!("<code>{}</code>", text(&code)));
    }
    what.push(sentence(&message));
    what.extend(grade.limits.iter().map(|limit| format!("Limit: {}.", sentence(limit))));
    if let Some(reason) = &grade.override_reason {
        what.push(format!("Override: {}.", sentence(reason)));
    }
    if grade.unstable {
        what.push("Unstable: repeated checks gave different verdicts.".to_owned());
    }
    what.retain(|part| !part.is_empty());
    what.join(" ")
}

/// Returns a verdict as HTML, with a sign and the word.
pub fn verdict(verdict: Verdict) -> String {
    let (class, sign) = match verdict {
        Verdict::Passed => ("passed", '✓'),
        Verdict::Failed => ("failed", '✗'),
        Verdict::NotChecked => ("open", '?'),
    };
    let word = view::verdict(verdict);
    format!("<span class=\"verdict {class}\"><span aria-hidden=\"true\">{sign}</span> {word}</span>")
}

/// Returns more about a student, in parentheses.
pub fn more(parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().filter(|part| !part.trim().is_empty()).map(|part| text(part)).collect();
    if parts.is_empty() { String::new() } else { format!(" <span class=\"soft\">({})</span>", parts.join(", ")) }
}

fn mistakes(body: &mut String, mistakes: &[Mistake], of: usize, lesson: &str, index: usize) {
    if mistakes.is_empty() {
        return;
    }
    body.push_str("<h3>Mistakes</h3>\n");
    push(body, format_args!("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"m{index}\">\n"));
    let all = number(of, "submission", "submissions");
    push(body, format_args!("<table>\n<caption id=\"m{index}\">{lesson}: mistakes by code, of {all}</caption>\n"));
    body.push_str("<thead><tr>");
    for title in ["Code", "Mistake", "Count", "Share of the submissions"] {
        push(body, format_args!("<th scope=\"col\">{title}</th>"));
    }
    body.push_str("</tr></thead>\n<tbody>\n");
    for mistake in mistakes {
        let share = mistake.count * 100 / of.max(1);
        push(body, format_args!("<tr><th scope=\"row\"><code>{}</code></th>", text(&mistake.code)));
        push(body, format_args!("<td class=\"what\">{}</td><td>{}</td>", sentence(&mistake.message), mistake.count));
        push(
            body,
            format_args!(
                "<td class=\"bar\"><svg aria-hidden=\"true\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\">"
            ),
        );
        push(body, format_args!("<rect width=\"{share}\" height=\"10\"/></svg>{share} %</td></tr>\n"));
    }
    body.push_str("</tbody>\n</table>\n</div>\n");
}

fn list(body: &mut String, title: &str, entries: impl Iterator<Item = String>) {
    let entries: Vec<String> = entries.map(|entry| format!("<li>{entry}</li>\n")).collect();
    if !entries.is_empty() {
        push(body, format_args!("<section>\n<h2>{title}</h2>\n<ul>\n{}</ul>\n</section>\n", entries.concat()));
    }
}

/// Appends to a page. Writing to a `String` does not fail.
pub fn push(body: &mut String, arguments: std::fmt::Arguments) {
    let _ = body.write_fmt(arguments);
}
