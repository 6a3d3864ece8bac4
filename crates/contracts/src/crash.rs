//! A program that crashed: the error that ended it, and the line of the learner's own where it happened.
//!
//! Every language writes its errors in a form of its own, on stderr. Each file in `crash/` reads one of them; all are tested with
//! what real programs wrote.

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
    /// When it happened.
    pub phase: Phase,
    /// The error's kind and its words: `TypeError: content is not a buffer`. One line.
    pub error: String,
    /// The innermost frame that is the learner's own.
    pub at: Option<Place>,
    /// Where the error's line stands among those that were read.
    line: usize,
}

/// When an error happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// While the program ran.
    Running,
    /// While it was compiled, before it ran.
    Compiling,
}

/// A line of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the language names it.
    pub file: String,
    /// The line; None where the language names the file only.
    pub line: Option<u32>,
    /// The code that stands there, where it was printed, too.
    pub code: Option<String>,
}

/// Reads the errors of one language.
type Reader = fn(&[String]) -> Option<Crash>;

/// All of them. Of several that find something, the one that finds it last is right: what ends a program comes at the end.
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

/// The error that ended a program, in what it wrote to stderr.
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

/// A pattern. It is compiled once a report, and only for a program that failed.
#[expect(clippy::unwrap_used, reason = "the patterns are constants, and the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// The frames among these lines, in their order: the file and the line that each names.
fn frames(lines: &[String], pattern: &Regex) -> Vec<(usize, Place)> {
    let frame = |(index, line): (usize, &String)| {
        let found = pattern.captures(line)?;
        Some((index, Place::new(&found["file"], &found["line"])))
    };
    lines.iter().enumerate().filter_map(frame).collect()
}

/// Whether a file belongs to a language or a library, by what its path has in it.
fn is_foreign(file: &str, marks: &[&str]) -> bool {
    let file = file.replace('\\', "/");
    marks.iter().any(|mark| file.contains(mark))
}

/// `Class: message`, or the class alone.
fn named(class: &str, message: &str) -> String {
    if message.is_empty() { class.to_owned() } else { format!("{class}: {message}") }
}
