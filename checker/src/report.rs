//! The forms of a report, and where they are printed: stdout is the answer, stderr the story.

pub mod json;
pub mod text;

use std::io::Write;

/// Tells the story: what is being done, on stderr.
pub fn progress(what: &str) {
    // A closed stderr is no reason to fail.
    let _ = writeln!(anstream::stderr(), "{what} …");
}

/// Gives the answer, on stdout. A reader that went away is no error.
pub fn print(answer: &str) {
    let mut stdout = anstream::stdout().lock();
    let _ = stdout.write_all(answer.as_bytes()).and_then(|()| stdout.flush());
}
