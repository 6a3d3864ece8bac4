//! A clear screen for the next check. The old content stays above, in the terminal's scrollback.

use std::io::{self, IsTerminal, Write};

use crate::report::spinner;

/// Clears the screen, if stdout is a terminal that supports it.
pub fn clear() {
    let is_plain = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let Some(rows) = rows().filter(|_| io::stdout().is_terminal() && !is_plain) else { return };
    // A terminal that is gone shows nothing more, and the next output reports that.
    let _ = spinner::beside(|| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(codes(rows).as_bytes()).and_then(|()| stdout.flush())
    });
}

/// Returns the codes that clear a terminal with this many rows. The same number of newlines pushes its content upwards, and
/// only then the cursor goes home: in many terminals, the code that erases the screen would lose the content.
fn codes(rows: u16) -> String {
    format!("{}\u{1b}[H", "\n".repeat(usize::from(rows)))
}

#[cfg(unix)]
fn rows() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0).then_some(size.ws_row)
}

#[cfg(not(unix))]
fn rows() -> Option<u16> {
    None
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, TermLike};

    use super::*;

    #[test]
    fn the_screen_is_clear_and_the_cursor_at_its_top() {
        for before in ["", "one\ntwo", "1\n2\n3\n4\n5\n6\n7"] {
            let screen = InMemoryTerm::new(5, 20);
            screen.write_str(&format!("{before}{}next", codes(5)).replace('\n', "\r\n")).unwrap();
            assert_eq!(screen.contents(), "next", "after {before:?}");
        }
    }
}
