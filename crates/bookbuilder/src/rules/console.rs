//! Console blocks contain commands, and output that is compared: it is included from a file together with its command, or typed
//! and then compared by a test. Programs are run in one way: a learner's own in its folder, a lesson's own by its name.

use std::{fs, path::PathBuf};

use crate::{
    book::{Book, Page, display_path},
    console::{console_blocks, read},
    includes::{directives, file},
    problem::{Problem, ProblemKind},
};

pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in &book.pages {
        let mut problem = |line, kind| problems.push(Problem::in_page(&page.path, line, kind));
        for block in console_blocks(&page.text) {
            let (above, commands) = read(&block);
            if let Some((line, _)) = above.first() {
                problem(*line, ProblemKind::NoCommand);
            }
            for (line, text) in &block.lines {
                let Some((path, recorded)) = included(book, page, text) else { continue };
                match recorded.strip_prefix("$ ").map(|command| command.lines().next().unwrap_or_default()) {
                    None => problem(*line, ProblemKind::NoRecordedCommand { path }),
                    Some(command) if runs_otherwise(command) => {
                        problem(*line, ProblemKind::RunOtherwise { command: command.to_owned() });
                    }
                    Some(_) => {}
                }
            }
            for command in commands {
                if runs_otherwise(&command.typed) {
                    problem(command.line, ProblemKind::RunOtherwise { command: command.typed.clone() });
                }
                match command.output.first() {
                    _ if command.includes => problem(command.line, ProblemKind::MixedOutput),
                    Some((line, _)) if !command.typed.starts_with("cargo ") => {
                        problem(*line, ProblemKind::NotRun { command: command.typed });
                    }
                    _ => {}
                }
            }
        }
    }
    problems
}

/// Returns the file that is included on this line, with its text. The rule about includes reports a missing file.
fn included(book: &Book, page: &Page, line: &str) -> Option<(PathBuf, String)> {
    let taken = directives(line).pop()?.taken?;
    let path = book.workspace.join(file(&display_path(&page.path), &taken));
    let recorded = fs::read_to_string(path).ok()?;
    Some((taken.path, recorded))
}

/// Returns whether a command runs a program in another way than the rest of the book.
fn runs_otherwise(command: &str) -> bool {
    let words = command.split_whitespace().skip_while(|word| word.contains('='));
    match words.collect::<Vec<_>>()[..] {
        ["cargo", "run", "-q"]
        | ["cargo", "run", "-q", "--", ..]
        | ["cargo", "run", "-q", "-p", _]
        | ["cargo", "run", "-q", "-p", _, "--", ..] => false,
        ["cargo", "run", ..] => true,
        _ => false,
    }
}
