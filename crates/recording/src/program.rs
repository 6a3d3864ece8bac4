//! The facts about a program before it runs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A programming language, as far as hints differ between them.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Rust, the kit's own language.
    Rust,
    /// Python.
    Python,
    /// JavaScript and TypeScript.
    JavaScript,
    /// Go.
    Go,
    /// Java and Kotlin.
    Java,
    /// C# and other languages of .NET.
    DotNet,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
    /// Any other language.
    Other,
}

/// A program.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct Program {
    /// The program's name for people: a folder, or a command line.
    pub name: String,
    /// The command that repeats the check.
    pub again: String,
    /// The language; None if there is no sign of it.
    pub language: Option<Language>,
    /// The client library, if the program's text names one that is not its language's usual one.
    pub library: Option<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// The port that the check listens on, if the user chose one.
    pub port: Option<u16>,
    /// The addresses in its text.
    pub addresses: Vec<Address>,
    /// True if its text names AMQP_URL.
    pub reads_address: bool,
    /// True if it is a shell script or a command line that starts something in the background.
    pub backgrounds: bool,
    /// The compiler's warnings about unused values that must be used.
    pub warnings: Vec<Warning>,
}

/// A hard-coded address in a program.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Address {
    /// The scheme, such as `amqp`; empty if only a host is given.
    pub scheme: String,
    /// The host, such as `localhost`.
    pub host: String,
    /// The port, such as 5672; None if it is not given.
    pub port: Option<u16>,
}

impl Address {
    /// Returns whether it leads to this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        ["localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "host.docker.internal"].contains(&self.host.as_str())
    }
}

/// A warning about an unused value that must be used: a future does nothing unless it is awaited.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The file, relative to the package's folder.
    pub file: String,
    /// The line.
    pub line: u64,
    /// The code that the warning is about.
    pub code: String,
    /// The compiler's message: ``unused implementer of `Future` that must be used``.
    pub message: String,
    /// The compiler's note; empty if there is none.
    pub note: String,
}

impl Warning {
    /// Returns whether the value is a future, which does nothing by itself.
    #[must_use]
    pub fn is_future(&self) -> bool {
        self.note.contains("futures do nothing")
    }

    /// Returns the warning, with a line for each part.
    #[must_use]
    pub fn lines(&self) -> String {
        let Warning { file, line, code, message, note } = self;
        let code = code.lines().next().unwrap_or_default().trim();
        let note = if note.is_empty() { String::new() } else { format!("\nnote: {note}") };
        format!("{file}:{line}: {code}\nwarning: {message}{note}")
    }
}
