//! The forms of a report, and where they are printed: stdout is the answer, stderr the story.

pub mod busy;
pub mod json;
pub mod json_text;
pub mod schema;
pub mod text;

use std::io::{self, IsTerminal, Write};

/// Tells the story, on stderr.
pub fn say(what: &str) {
    // A closed stderr is no reason to fail.
    let _ = busy::beside(|| writeln!(anstream::stderr(), "{what}"));
}

/// Gives the answer, on stdout. A reader that went away is no error.
///
/// # Errors
///
/// When it can't be written for another reason: a full disk.
pub fn print(answer: &str) -> io::Result<()> {
    match write(answer) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// How wide a text may be, in columns: as the terminal is, and 80 where stdout is none.
#[must_use]
pub fn width() -> usize {
    if io::stdout().is_terminal() { textwrap::termwidth() } else { 80 }
}

/// As [`print()`], for who goes on afterwards: a reader that went away is an error, too.
///
/// # Errors
///
/// When it can't be written.
pub fn write(answer: &str) -> io::Result<()> {
    busy::beside(|| {
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(answer.as_bytes()).and_then(|()| stdout.flush())
    })
}
