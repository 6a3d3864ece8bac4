//! A moving line while cargo builds without output.

use std::{
    io,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use cli::line::{Line, TICK, can_move};

/// The time before the line appears: shorter work shows none.
const DELAY: Duration = Duration::from_millis(150);

/// Does something that may take a while. On a terminal, a line moves in the meantime, and disappears afterwards.
pub fn watched<T>(what: &str, work: impl FnOnce() -> T) -> T {
    if can_move() { watched_on(Line::new(io::stderr()), what, work) } else { work() }
}

fn watched_on<T>(mut line: Line, what: &str, work: impl FnOnce() -> T) -> T {
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let begin = Instant::now();
            let mut wait = DELAY;
            while is_done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                line.draw(&format!("{what} … {}s", begin.elapsed().as_secs()));
                wait = TICK;
            }
            if wait == TICK {
                line.clear();
            }
        });
        let result = work();
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use super::*;

    /// A screen that sends what is drawn.
    struct Screen(Sender<String>);

    impl io::Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns the drawn text while something takes this long.
    fn drawn(long: Duration) -> String {
        let (screen, is_drawn) = mpsc::channel();
        let (_held, never) = mpsc::channel::<()>();
        watched_on(Line::new(Screen(screen)), "building", || never.recv_timeout(long).is_err());
        is_drawn.iter().collect()
    }

    #[test]
    fn what_takes_a_while_has_a_line_that_moves_and_goes_away() {
        assert_eq!(drawn(Duration::ZERO), "");
        let drawn = drawn(DELAY + TICK * 4);
        assert!(drawn.starts_with("\r⠋ building … 0s\u{1b}[K\r⠙ building … 0s\u{1b}[K"), "{drawn:?}");
        assert!(drawn.ends_with("\r\u{1b}[K"), "{drawn:?}");
    }
}
