//! A line on a terminal that moves while something takes a while.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::Duration,
};

/// The time between two moves of a line.
pub const TICK: Duration = Duration::from_millis(125);

/// The columns of a terminal that does not say how many it has.
const COLUMNS: usize = 80;

const FRAMES: [char; 4] = ['⠋', '⠙', '⠸', '⠴'];

/// Returns whether stderr is a terminal on which a line can move.
#[must_use]
pub fn can_move() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The line. It disappears with [`clear`](Line::clear).
pub struct Line {
    screen: Box<dyn Write + Send>,
    frame: usize,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    /// Makes a line for this screen, and draws nothing yet.
    #[must_use]
    pub fn new(screen: impl Write + Send + 'static) -> Line {
        Line { screen: Box::new(screen), frame: 0 }
    }

    /// Draws the next frame with this text, cut to the width of the terminal: a line that wraps could not be removed.
    pub fn draw(&mut self, text: &str) {
        let columns = terminal_size::terminal_size_of(io::stderr()).map_or(COLUMNS, |(width, _)| usize::from(width.0));
        let frame = FRAMES[self.frame % FRAMES.len()];
        self.frame += 1;
        self.write(&format!("\r{frame} {}\u{1b}[K", cut(text, columns.saturating_sub(3))));
    }

    /// Removes it. The next [`draw`](Line::draw) shows it again.
    pub fn clear(&mut self) {
        self.write("\r\u{1b}[K");
    }

    fn write(&mut self, codes: &str) {
        // A screen that is gone is no reason to fail.
        let _ = self.screen.write_all(codes.as_bytes()).and_then(|()| self.screen.flush());
    }
}

/// Returns the beginning of a text that is this many columns wide.
fn cut(text: &str, columns: usize) -> &str {
    let mut width = 0;
    let end = text.char_indices().find(|(_, letter)| {
        width += unicode_width::UnicodeWidthChar::width(*letter).unwrap_or(0);
        width > columns
    });
    end.map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_moves_and_disappears() {
        let screen = Screen::default();
        let mut line = Line::new(screen.clone());
        line.draw("building");
        line.draw("building");
        line.clear();
        let drawn = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
        assert_eq!(drawn, "\r⠋ building\u{1b}[K\r⠙ building\u{1b}[K\r\u{1b}[K");
    }

    #[test]
    fn a_text_is_cut_to_columns_and_not_to_letters() {
        assert_eq!(cut("building", 80), "building");
        assert_eq!(cut("building", 5), "build");
        assert_eq!(cut("日本語の名前", 5), "日本");
        assert_eq!(cut("building", 0), "");
    }
}
