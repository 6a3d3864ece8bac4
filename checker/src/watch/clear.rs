//! A clear screen for the next check. What was on it stays above, where the terminal scrolls back to.

use std::io::{self, IsTerminal, Write};

use crate::report::spinner;

/// Clears the screen, where stdout is a terminal that knows how.
pub fn clear() {
    let is_plain = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let Some(rows) = rows().filter(|_| io::stdout().is_terminal() && !is_plain) else { return };
    // A terminal that is gone shows nothing more, and what comes next says so.
    let _ = spinner::beside(|| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(codes(rows).as_bytes()).and_then(|()| stdout.flush())
    });
}

/// As many lines as the terminal has push all that is on it upwards; only then the cursor goes home. The code that erases a
/// screen would take what is on it away for good, in many terminals.
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
