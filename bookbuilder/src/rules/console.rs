//! Console blocks hold commands, and output that is compared: included from a file together with its command, or typed and
//! then run by a test.

use std::{fs, path::PathBuf};

use crate::{
    book::{Book, Page, shown},
    console::{console_blocks, read},
    includes::{directives, file},
    problem::{Kind, Problem},
};

pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in &book.pages {
        let mut problem = |line, kind| problems.push(Problem::in_page(&page.path, line, kind));
        for block in console_blocks(&page.text) {
            let (above, commands) = read(&block);
            if let Some((line, _)) = above.first() {
                problem(*line, Kind::NoCommand);
            }
            for (line, text) in &block.lines {
                if let Some(path) = without_command(book, page, text) {
                    problem(*line, Kind::NoRecordedCommand { path });
                }
            }
            for command in commands {
                match command.output.first() {
                    _ if command.includes => problem(command.line, Kind::MixedOutput),
                    Some((line, _)) if !command.typed.starts_with("cargo ") => {
                        problem(*line, Kind::NotRun { command: command.typed });
                    }
                    _ => {}
                }
            }
        }
    }
    problems
}

/// The file that is included on this line, when it does not begin with the command that its output is of.
fn without_command(book: &Book, page: &Page, line: &str) -> Option<PathBuf> {
    let taken = directives(line).pop()?.taken?;
    let path = book.workspace.join(file(&shown(&page.path), &taken));
    // One that is not there is told by the rule about includes.
    let recorded = fs::read_to_string(path).ok()?;
    (!recorded.starts_with("$ ")).then_some(taken.path)
}
