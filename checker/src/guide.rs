//! The learner's progress and next command: `cargo xtask`, `list`, `hint`.

use harness::kit;
use std::{fmt::Write, fs, io, path::PathBuf};

use serde_json::Value;

use wire::words::harmless;

use crate::{
    lessons::{Lesson, hints},
    progress::{self, Progress, Record},
    report,
    verdict::{Report, Verdict},
};

/// Returns the folder of the learner's program for this lesson, when there is one.
#[must_use]
pub fn own_program(lesson: &Lesson) -> Option<PathBuf> {
    let folder = kit::work().join(lesson.folder.file_name()?);
    folder.join("Cargo.toml").is_file().then_some(folder)
}

/// Describes the learner's progress in a lesson.
fn state(lesson: &Lesson, record: &Record) -> String {
    let count = lesson.about.steps.len();
    match (record.passed_at, &record.failed) {
        (Some(_), None) => "passed".to_owned(),
        (Some(_), Some(failed)) => format!("passed before; now {} fails", failed.step),
        (None, Some(failed)) => format!("{} of {count} steps passed, {} is next", record.steps_passed, failed.step),
        (None, None) if own_program(lesson).is_some() => "started".to_owned(),
        (None, None) => "not started".to_owned(),
    }
}

/// `list`: returns all lessons, with their minutes and the learner's progress.
#[must_use]
pub fn list(lessons: &[Lesson], progress: &Progress) -> String {
    let rows: Vec<[String; 5]> = lessons
        .iter()
        .map(|lesson| {
            let about = &lesson.about;
            let state = state(lesson, &progress.of(&about.id));
            [lesson.number.clone(), about.id.clone(), about.title.clone(), format!("{} min", about.minutes), state]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| textwrap::core::display_width(&row[column])).max().unwrap_or(0);
    let mut text = String::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            let filler = " ".repeat(width(column) - textwrap::core::display_width(cell));
            let _ = write!(text, "{cell}{filler}  ");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// `cargo xtask`: returns the learner's progress, and the next commands.
#[must_use]
pub fn next(lessons: &[Lesson], progress: &Progress) -> String {
    let passed = |lesson: &&Lesson| progress.of(&lesson.about.id).passed_at.is_some();
    let mut text = format!("{} of {} lessons passed\n\n", lessons.iter().filter(passed).count(), lessons.len());
    let Some(lesson) = lessons.iter().find(|lesson| !passed(lesson)) else {
        let broken = lessons.iter().filter(|lesson| progress.of(&lesson.about.id).failed.is_some());
        for lesson in broken {
            let state = state(lesson, &progress.of(&lesson.about.id));
            let _ = writeln!(text, "lesson {} {state}: cargo xtask check lesson {0}", lesson.number);
        }
        text.push_str("You have passed all lessons. `cargo xtask list` lists them.\n");
        return text;
    };
    let (about, number) = (&lesson.about, &lesson.number);
    let _ = writeln!(text, "lesson {number} · {}, {} minutes", about.title, about.minutes);
    let record = progress.of(&about.id);
    if own_program(lesson).is_none() {
        text.push_str("you have not started it yet\n\n");
        let _ = writeln!(text, "  start    cargo xtask start lesson {number}");
    } else {
        if let Some(failed) = &record.failed {
            let _ = writeln!(text, "{}\n{}", state(lesson, &record), harmless(&failed.message));
        }
        let _ = writeln!(text, "\n  check    cargo xtask check lesson {number}");
        let _ = writeln!(text, "  hint     cargo xtask hint lesson {number}");
    }
    let _ = writeln!(text, "  read     {}", page(lesson));
    text.push_str("  more     cargo xtask list · cargo xtask --help\n");
    text
}

/// Returns the commands to type after a check of the learner's program.
#[must_use]
pub fn after(report: &Report) -> String {
    let number = &report.number;
    match report.verdict {
        Verdict::Passed => {
            format!("compare it with the lesson's own: cargo xtask diff lesson {number} · go on: cargo xtask")
        }
        Verdict::Failed => {
            format!("stuck? cargo xtask hint lesson {number} · see the conversation: cargo xtask wire lesson {number}")
        }
        Verdict::NotChecked => {
            format!("this is not your program's fault; once it is fixed: cargo xtask check lesson {number}")
        }
    }
}

/// The note after a check of a program that is not known to be the learner's.
pub const NOT_YOURS: &str =
    "your progress is unchanged; with --as-mine, the check counts as yours, also for `hint` and `wire`";

/// `hint`: returns one more hint, and the record that counts it. The report of the last check has the first hint; the later
/// ones go from a nudge to nearly the line. Hints about things that the program of that `report` already does are left out.
/// `more` is the command or the key for the next hint.
#[must_use]
pub fn hint(lesson: &Lesson, mut record: Record, report: &Value, more: &str) -> (String, Record) {
    let (steps, number) = (&lesson.about.steps, &lesson.number);
    if record.failed.is_none() && record.passed_at.is_some() {
        let text = format!("lesson {number} is passed, so there are no more hints\n\n  next     cargo xtask\n");
        return (text, record);
    }
    let failed = record.failed.as_ref();
    // A failed `build` is not a step of the lesson.
    let index = failed.map_or(Some(0), |failed| steps.iter().position(|step| step.id == failed.step));
    let step = index.map(|index| &steps[index]);
    let mut hints = step.map_or_else(Vec::new, |step| hints::left(&step.hints, &step.done, report));
    hints.retain(|hint| failed.is_none_or(|failed| failed.hint != *hint));
    let place = match (index, failed) {
        (Some(index), _) => format!("step {} of {}, {}", index + 1, steps.len(), steps[index].id),
        (None, Some(failed)) => failed.step.clone(),
        (None, None) => String::new(),
    };
    let level = record.hints_shown.min(hints.len().saturating_sub(1));
    let (which, words) = match (hints.get(level), failed) {
        (Some(hint), _) => (format!(" · hint {} of {}", level + 1, hints.len()), (*hint).to_owned()),
        (None, Some(failed)) => {
            (String::new(), format!("There is no hint beyond the last report. {} {}", failed.message, failed.hint))
        }
        (None, None) => (String::new(), "There is no hint.".to_owned()),
    };
    let mut text = format!("lesson {number} · {place}{which}\n\n");
    for line in textwrap::wrap(&words, report::width().max(44) - 4) {
        let _ = writeln!(text, "  {line}");
    }
    text.push('\n');
    if level + 1 < hints.len() {
        let _ = writeln!(text, "  more     {more}");
    } else {
        let _ = writeln!(
            text,
            "  that was the last; see the lesson's own program: cargo xtask diff lesson {number} --show-me"
        );
    }
    record.hints_shown = level + 1;
    (text, record)
}

/// Returns one more hint, as [`hint`] does, and remembers that it was shown. `again` starts over with the first hint.
///
/// # Errors
///
/// When the progress can't be read or written; the error names the file.
pub fn one_more_hint(lesson: &Lesson, again: bool, more: &str) -> io::Result<String> {
    let mut progress = Progress::read()?;
    let mut record = progress.of(&lesson.about.id);
    if again {
        record.hints_shown = 0;
    }
    let report = fs::read(progress::last_report(&lesson.about.id)).unwrap_or_default();
    let report = serde_json::from_slice(&report).unwrap_or_default();
    let (text, record) = hint(lesson, record, &report, more);
    progress.lessons.insert(lesson.about.id.clone(), record);
    progress.write()?;
    Ok(text)
}

/// Returns the path of the lesson's page, and the command to read it.
#[must_use]
pub fn page(lesson: &Lesson) -> String {
    format!("{} (in a browser: cargo xtask book serve)", lesson.page())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{lessons, progress::Failed};

    fn first() -> Lesson {
        lessons::all().unwrap().remove(0)
    }

    fn failed(step: &str, hint: &str) -> Record {
        let failed = Failed {
            step: step.to_owned(),
            code: "declare.never".to_owned(),
            message: "Something is wrong.".to_owned(),
            hint: hint.to_owned(),
        };
        Record { failed: Some(failed), ..Record::default() }
    }

    /// Returns the hints that follow each other after this report.
    fn hints(lesson: &Lesson, mut record: Record, report: &Value, count: usize) -> Vec<String> {
        let mut seen = Vec::new();
        for _ in 0..count {
            let (text, after) = hint(lesson, record, report, "MORE");
            record = after;
            seen.push(text);
        }
        seen
    }

    #[test]
    fn hints_go_on_from_what_the_check_saw_and_end_at_the_last() {
        let seen = hints(&first(), failed("publish", "Look at the marked letter."), &Value::Null, 5);
        assert!(seen[0].starts_with("lesson 01 · step 3 of 5, publish · hint 1 of 3\n"), "{}", seen[0]);
        assert!(seen.iter().all(|hint| !hint.contains("Look at the marked letter.")), "{seen:?}");
        assert!(seen[0].contains("  more     MORE\n") && !seen[0].contains("--show-me"));
        assert!(seen[2].contains("hint 3 of 3") && seen[2].contains("--show-me"));
        assert_eq!(seen[2], seen[4], "the last one stays");
        let different: std::collections::BTreeSet<&String> = seen[..3].iter().collect();
        assert_eq!(different.len(), 3);
    }

    #[test]
    fn what_the_program_did_already_and_what_the_report_said_needs_no_hint() {
        let publish = |key: &str| {
            let args = json!({ "exchange": "", "routing-key": key });
            json!({ "wire": [{ "from": "program", "method": "basic.publish", "args": args }] })
        };
        let seen = hints(&first(), failed("publish", "Make it \"hello\"."), &publish("hi"), 2);
        assert!(seen[0].contains("hint 1 of 2") && seen[0].contains("Which exchange knows every queue"), "{}", seen[0]);
        assert!(seen[1].contains("hint 2 of 2") && !seen[1].contains("in this order"), "{}", seen[1]);

        let seen = hints(&first(), failed("publish", "Look at the marked letter."), &publish("hello"), 1);
        let expected = "  There is no hint beyond the last report. Something is wrong. Look at the\n  marked letter.\n";
        assert!(
            seen[0].starts_with("lesson 01 · step 3 of 5, publish\n\n") && seen[0].contains(expected),
            "{}",
            seen[0]
        );
        assert!(seen[0].contains("that was the last"), "{}", seen[0]);

        let said = &first().about.steps[2].hints[0];
        let seen = hints(&first(), failed("publish", said), &Value::Null, 2);
        assert!(seen[0].contains("hint 1 of 2") && !seen.concat().contains("Which exchange"), "{seen:?}");
    }

    #[test]
    fn without_a_check_hints_are_about_the_first_step_and_a_passed_lesson_has_none() {
        let hint = |record: Record| super::hint(&first(), record, &Value::Null, "MORE");
        let (text, _) = hint(Record::default());
        assert!(text.contains("step 1 of 5, connect · hint 1 of 3"), "{text}");
        let (text, record) = hint(Record { passed_at: Some(1), ..Record::default() });
        assert!(text.contains("is passed") && record.hints_shown == 0);
        let (text, _) = hint(failed("build", "Fix the first error first."));
        assert!(text.starts_with("lesson 01 · build\n") && text.contains("Fix the first\n  error first."), "{text}");
    }

    #[test]
    fn every_step_has_hints_and_the_last_names_the_method() {
        for lesson in lessons::all().unwrap() {
            for step in &lesson.about.steps {
                assert!((2..=3).contains(&step.hints.len()), "{} {}", lesson.number, step.id);
                assert!(step.hints.iter().all(|hint| hint.ends_with(['.', '`', '?', ')'])), "{}", step.id);
                for done in &step.done {
                    let place = format!("`done` of {}, in the lesson.toml of {}", step.id, lesson.number);
                    let are_there = done.hints.iter().all(|number| (1..=step.hints.len()).contains(number));
                    assert!(are_there && !done.hints.is_empty(), "{place} names a hint that is not there");
                    assert!(done.says.is_some() || done.prints.is_some(), "{place} is always done");
                    assert!(done.says.is_some() || done.args.is_empty(), "{place} has arguments of no method");
                }
            }
        }
    }
}
