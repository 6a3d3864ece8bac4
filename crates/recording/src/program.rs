//! What is known of a program before it runs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A programming language, as far as hints differ.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// The kit's own.
    Rust,
    /// Python.
    Python,
    /// JavaScript and TypeScript.
    JavaScript,
    /// Go.
    Go,
    /// Java and Kotlin.
    Java,
    /// C# and others of .NET.
    DotNet,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
    /// Any other.
    Other,
}

/// A program.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct Program {
    /// Which program it is, for people: a folder, or a command line.
    pub name: String,
    /// The command that makes the same check again.
    pub again: String,
    /// Its language; None where nothing tells.
    pub language: Option<Language>,
    /// Its client library, where its text names one that is not its language's usual one.
    pub library: Option<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// The port that the check listens on, where the user chose one.
    pub port: Option<u16>,
    /// The addresses in its text.
    pub addresses: Vec<Address>,
    /// Whether its text names AMQP_URL.
    pub reads_address: bool,
    /// Whether it is a shell's script, or command line, that starts something in the background.
    pub backgrounds: bool,
    /// The compiler's warnings about values that are not used, and should be.
    pub warnings: Vec<Warning>,
}

/// An address that is written into a program.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Address {
    /// As in `amqp`; empty where a host stands alone.
    pub scheme: String,
    /// As in `localhost`.
    pub host: String,
    /// As in 5672; None where none is given.
    pub port: Option<u16>,
}

impl Address {
    /// Whether it leads to this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        ["localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "host.docker.internal"].contains(&self.host.as_str())
    }
}

/// A warning about a value that is not used, and should be: a future does nothing unless it is awaited.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The file, from the package's folder.
    pub file: String,
    /// The line.
    pub line: u64,
    /// The code that the warning is about.
    pub code: String,
    /// What the compiler says: ``unused implementer of `Future` that must be used``.
    pub message: String,
    /// The compiler's note; empty where there is none.
    pub note: String,
}

impl Warning {
    /// Whether it is a future, which does nothing as it stands.
    #[must_use]
    pub fn is_future(&self) -> bool {
        self.note.contains("futures do nothing")
    }

    /// The warning, a line for each part.
    #[must_use]
    pub fn lines(&self) -> String {
        let Warning { file, line, code, message, note } = self;
        let code = code.lines().next().unwrap_or_default().trim();
        let note = if note.is_empty() { String::new() } else { format!("\nnote: {note}") };
        format!("{file}:{line}: {code}\nwarning: {message}{note}")
    }
}
