//! A recording in a file.

use std::{
    fmt,
    io::{self, Read, Write},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use crate::Recording;

/// The version of the format. Added fields do not change it, because readers skip unknown ones; anything else makes a new
/// version.
pub const FORMAT: &str = "hello-rabbit/recording/v1";

/// The start of the format's name, in every version.
const FAMILY: &str = "hello-rabbit/recording/";

/// The longest text that is read, in bytes.
const LONGEST: u64 = 1024 * 1024 * 1024;

/// The reason why a text is not a recording that can be judged.
#[derive(Debug)]
pub enum ReadError {
    /// The text can't be read at all.
    Io(io::Error),
    /// The text ends in the middle.
    Cut {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The text is of a version that this kit does not know.
    AnotherVersion(String),
    /// The text is something else.
    NotARecording(String),
}

impl std::error::Error for ReadError {}

impl fmt::Display for ReadError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => error.fmt(to),
            ReadError::Cut { line, column } => {
                write!(to, "the recording was cut: it ends in the middle, at line {line}, column {column}")
            }
            ReadError::AnotherVersion(found) => {
                write!(to, "the recording has the format {found:?}, and this kit reads {FORMAT:?}")
            }
            ReadError::NotARecording(why) => write!(to, "this is not a recording: {why}"),
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> ReadError {
        ReadError::Io(error)
    }
}

#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    #[serde(flatten)]
    recording: &'a Recording,
}

#[derive(Deserialize)]
struct Head {
    format: Option<String>,
}

impl Recording {
    /// Writes it as one JSON object, followed by a line end.
    ///
    /// # Errors
    ///
    /// The I/O error, if it can't be written.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut to, &Written { format: FORMAT, recording: self })?;
        to.write_all(b"\n")
    }

    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn read(from: impl Read) -> Result<Recording, ReadError> {
        let mut text = String::new();
        from.take(LONGEST).read_to_string(&mut text)?;
        let head: Head = serde_json::from_str(&text).map_err(|error| read_error(&text, &error))?;
        match head.format {
            Some(format) if format == FORMAT => {}
            Some(format) if format.starts_with(FAMILY) => return Err(ReadError::AnotherVersion(format)),
            Some(format) => return Err(ReadError::NotARecording(format!("its format is {format:?}"))),
            None => return Err(ReadError::NotARecording("it has no `format`".to_owned())),
        }
        let mut recording: Recording = serde_json::from_str(&text).map_err(|error| read_error(&text, &error))?;
        recording.introduce_runs();
        Ok(recording)
    }

    /// Sets the index and the program of each run.
    pub(crate) fn introduce_runs(&mut self) {
        let program = Arc::new(self.program.clone());
        for (index, run) in self.runs.iter_mut().enumerate() {
            (run.index, run.program) = (index, Arc::clone(&program));
        }
    }
}

fn read_error(text: &str, error: &serde_json::Error) -> ReadError {
    if error.classify() == Category::Eof && text.trim_start().starts_with('{') {
        return ReadError::Cut { line: error.line(), column: error.column() };
    }
    ReadError::NotARecording(if text.trim().is_empty() { "it is empty".to_owned() } else { error.to_string() })
}
