//! The forms of a report, and their output: stdout has the answer, stderr all else.

pub mod json;
pub mod json_text;
pub mod schema;
pub mod spinner;
pub mod text;

use std::io::{self, IsTerminal, Write};

/// Prints a line to stderr.
pub fn say(what: &str) {
    // A closed stderr is no reason to fail.
    let _ = spinner::beside(|| writeln!(anstream::stderr(), "{what}"));
}

/// Prints the answer to stdout. A closed pipe is no error.
///
/// # Errors
///
/// When it can't be written for another reason, such as a full disk.
pub fn print(answer: &str) -> io::Result<()> {
    match write(answer) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Returns the width of text, in columns: that of the terminal, or 80 when stdout is not one.
#[must_use]
pub fn width() -> usize {
    if io::stdout().is_terminal() { textwrap::termwidth() } else { 80 }
}

/// Prints the answer as [`print()`] does, but a closed pipe is also an error.
///
/// # Errors
///
/// When it can't be written.
pub fn write(answer: &str) -> io::Result<()> {
    spinner::beside(|| {
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(answer.as_bytes()).and_then(|()| stdout.flush())
    })
}
