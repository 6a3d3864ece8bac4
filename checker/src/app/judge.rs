//! `judge` judges recordings of checks again; `explain` explains a fault.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use cli::{Exit, ExplainArgs, Format, JudgeArgs};
use contracts::{catalogue, clients::Client, translate};
use recording::Recording;

use super::{known, learner, tell, unwritten, worst};
use crate::{
    lessons::Lesson,
    report::{
        self,
        text::{Layout, lines_of},
    },
    verdict::Report,
};

/// The extension of the recordings in a folder.
const ENDING: &str = "json";

/// Judges recordings, one after the other.
pub(super) fn judge(args: &JudgeArgs) -> ExitCode {
    let lessons = match known() {
        Ok(lessons) => lessons,
        Err(code) => return code,
    };
    let files = match files(&args.paths) {
        Ok(files) => files,
        Err((path, error)) => {
            tell("error", &format!("{}: {error}", path.display()));
            tell(
                "hint",
                "name a file that `cargo xtask check lesson 01 --record FILE` wrote, or a folder of such files",
            );
            return Exit::NotChecked.into();
        }
    };
    let mut code = Exit::Passed;
    for file in &files {
        let exit = match read(&lessons, file) {
            Ok(report) => {
                if let Err(error) = print(&report, args, file, files.len() > 1) {
                    return unwritten(&error).into();
                }
                report.verdict.exit()
            }
            Err((why, hint)) => {
                tell("error", &format!("{}: {why}", file.display()));
                tell("hint", &hint);
                Exit::NotChecked
            }
        };
        code = worst(code, exit);
    }
    code.into()
}

/// Returns the named files, and the recordings in the named folders, by name.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut all = Vec::new();
    for path in paths {
        let failed = |error| (path.clone(), error);
        if !fs::metadata(path).map_err(failed)?.is_dir() {
            all.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?;
        let mut inside: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        inside.retain(|path| path.is_file() && path.extension().is_some_and(|ending| ending == ENDING));
        inside.sort();
        if inside.is_empty() {
            return Err(failed(io::Error::new(io::ErrorKind::NotFound, "there is no recording in this folder")));
        }
        all.append(&mut inside);
    }
    Ok(all)
}

/// Judges the recording in this file. An error is a message and a hint.
fn read(lessons: &[Lesson], file: &Path) -> Result<Report, (String, String)> {
    let again = || "record the check again: cargo xtask check lesson 01 --record FILE".to_owned();
    let opened = fs::File::open(file).map_err(|error| (error.to_string(), again()))?;
    let recording = Recording::read(opened).map_err(|error| (error.to_string(), again()))?;
    let lesson = lessons.iter().find(|lesson| lesson.about.id == recording.lesson).ok_or_else(|| {
        let known: Vec<&str> = lessons.iter().map(|lesson| lesson.about.id.as_str()).collect();
        let why = format!("the recording is of the lesson {:?}, which is not in this kit", recording.lesson);
        (why, format!("judge a recording of one of these lessons: {}", known.join(" · ")))
    })?;
    Ok(Report::of(lesson, recording))
}

fn print(report: &Report, args: &JudgeArgs, file: &Path, several: bool) -> io::Result<()> {
    if several && args.format == Format::Text {
        report::print(&format!("── {}\n", file.display()))?;
    }
    report::print(&match args.format {
        Format::Json => report::json_text::line(&report::json::report(report)),
        Format::Text => report::text::report(report, Layout { width: report::width(), wire: args.wire }),
    })
}

/// Explains a fault, or lists all.
pub(super) fn explain(args: &ExplainArgs) -> ExitCode {
    let Some(code) = &args.code else { return learner::done(learner::answer(&list())) };
    if let Some(entry) = catalogue::entry(code).filter(|entry| !entry.message.is_empty()) {
        return learner::done(learner::answer(&explained(code, entry)));
    }
    if let Some(error) = translate::example(code) {
        let client = Client::default();
        let printed = format!("The error is printed as: {}", error.text);
        return learner::done(learner::answer(&paragraphs(
            code,
            &[&client.say(&error.cause), &printed, &client.say(&error.remedy)],
        )));
    }
    tell("error", &format!("there is no fault {code:?}"));
    if let Some(near) = nearest(code) {
        tell("hint", &format!("try this one: cargo xtask explain {near}"));
    }
    tell("hint", "list all of them: cargo xtask explain");
    Exit::Usage.into()
}

/// Returns the list of codes, by theme.
fn list() -> String {
    let mut text = String::new();
    for (name, theme) in catalogue::themes() {
        text.push_str(&format!("{}\n", theme.title));
        for (entry, _) in theme.entries.iter().filter(|(_, entry)| !entry.message.is_empty()) {
            text.push_str(&format!("  {name}.{entry}\n"));
        }
        text.push('\n');
    }
    text.push_str("Errors of brokers and client libraries\n");
    translate::codes().for_each(|code| text.push_str(&format!("  {code}\n")));
    text + "\ncargo xtask explain CODE explains one\n"
}

fn explained(code: &str, entry: &catalogue::Entry) -> String {
    let client = Client::default();
    let shown = |text: &str| client.say(&catalogue::without_values(text));
    let (message, hint) = (shown(&entry.message), shown(&entry.hint));
    let mut text = paragraphs(code, &[&message, &entry.why]);
    for (label, line) in [("wrong", &entry.wrong), ("right", &entry.right)] {
        if !line.is_empty() {
            text.push_str(&format!("  {label}   {line}\n"));
        }
    }
    if !entry.wrong.is_empty() || !entry.right.is_empty() {
        text.push('\n');
    }
    text + &paragraph(&hint)
}

fn paragraphs(code: &str, all: &[&str]) -> String {
    let shown = all.iter().filter(|text| !text.is_empty()).map(|text| paragraph(text) + "\n");
    format!("{code}\n\n{}", shown.collect::<String>())
}

fn paragraph(text: &str) -> String {
    textwrap::fill(text, lines_of(report::width())) + "\n"
}

/// Returns the code that is closest to a misspelt one.
fn nearest(code: &str) -> Option<String> {
    let faults = catalogue::themes().iter().flat_map(|(name, theme)| {
        let messages = theme.entries.iter().filter(|(_, entry)| !entry.message.is_empty());
        messages.map(move |(entry, _)| format!("{name}.{entry}"))
    });
    let all = faults.chain(translate::codes().map(str::to_owned));
    let alike = all.map(|other| (strsim::normalized_levenshtein(code, &other), other));
    let (alike, nearest) = alike.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (alike > 0.5).then_some(nearest)
}
