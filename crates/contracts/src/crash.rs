//! A program that crashed: the error that ended it, and the line of the learner's own code where it happened.
//!
//! Every language writes its errors to stderr in its own form. Each file in `crash/` reads one form; all are tested with the
//! output of real programs.

mod compiled;
mod go;
mod java;
mod node;
mod perl;
mod php;
mod python;
mod ruby;
#[cfg(test)]
mod tests;

use regex_lite::Regex;

/// An error that ended a program, as its language wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The phase in which the error happened.
    pub phase: Phase,
    /// The error's kind and text, on one line: `TypeError: content is not a buffer`.
    pub error: String,
    /// The innermost frame in the learner's own code.
    pub at: Option<Place>,
    /// The index of the error's line among those that were read.
    line: usize,
}

/// The phase in which an error happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The program was running.
    Running,
    /// The program was being compiled, before it ran.
    Compiling,
}

/// A line of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the language names it.
    pub file: String,
    /// The line; None if the language names only the file.
    pub line: Option<u32>,
    /// The code on that line, if it was printed too.
    pub code: Option<String>,
}

/// A function that reads the errors of one language.
type Reader = fn(&[String]) -> Option<Crash>;

/// All readers. If several find an error, the last one in the text counts: what ends a program comes at the end.
const READERS: [Reader; 10] = [
    python::read,
    node::read,
    ruby::read,
    php::read,
    go::read,
    java::read,
    compiled::dotnet,
    compiled::cpp,
    compiled::compiler,
    perl::read,
];

/// Returns the error that ended a program, from its stderr.
#[must_use]
pub fn find(lines: &[String]) -> Option<Crash> {
    READERS.iter().filter_map(|read| read(lines)).max_by_key(|crash| crash.line)
}

impl Crash {
    fn new(line: usize, error: impl Into<String>, at: Option<Place>) -> Crash {
        Crash { phase: Phase::Running, error: error.into(), at, line }
    }
}

impl Place {
    fn new(file: &str, line: &str) -> Place {
        Place { file: file.to_owned(), line: line.parse().ok(), code: None }
    }
}

/// Compiles a pattern. This happens once per report, and only for a program that failed.
#[expect(clippy::unwrap_used, reason = "the patterns are constants, and the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Returns the frames among these lines, in order: the file and the line of each.
fn frames(lines: &[String], pattern: &Regex) -> Vec<(usize, Place)> {
    let frame = |(index, line): (usize, &String)| {
        let found = pattern.captures(line)?;
        Some((index, Place::new(&found["file"], &found["line"])))
    };
    lines.iter().enumerate().filter_map(frame).collect()
}

/// Returns whether a file belongs to a language or a library, by the marks in its path.
fn is_foreign(file: &str, marks: &[&str]) -> bool {
    let file = file.replace('\\', "/");
    marks.iter().any(|mark| file.contains(mark))
}

/// Returns `Class: message`, or the class alone.
fn named(class: &str, message: &str) -> String {
    if message.is_empty() { class.to_owned() } else { format!("{class}: {message}") }
}
