//! A moving line while cargo builds without output.

use std::{
    env,
    io::{self, IsTerminal, Write},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// The time before the line appears: shorter work shows none.
const DELAY: Duration = Duration::from_millis(150);

/// The interval at which the line moves.
const TICK: Duration = Duration::from_millis(125);

const SPINNER: [char; 4] = ['⠋', '⠙', '⠸', '⠴'];

/// Does something that may take a while. On a terminal, a line moves in the meantime, and disappears afterwards.
pub fn watched<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let is_terminal = io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb");
    if is_terminal { watched_on(io::stderr(), what, work) } else { work() }
}

fn watched_on<T>(mut screen: impl Write + Send, what: &str, work: impl FnOnce() -> T) -> T {
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let begin = Instant::now();
            let mut wait = DELAY;
            let mut frames = SPINNER.iter().cycle();
            while is_done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let frame = frames.next().unwrap_or(&' ');
                // A screen that is gone is no reason to fail.
                let _ = write!(screen, "\r{frame} {what} … {}s", begin.elapsed().as_secs());
                let _ = screen.flush();
                wait = TICK;
            }
            if wait == TICK {
                let _ = write!(screen, "\r\u{1b}[K");
                let _ = screen.flush();
            }
        });
        let result = work();
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the drawn text while something takes this long.
    fn drawn(long: Duration) -> String {
        let mut screen = Vec::new();
        let (_held, never) = mpsc::channel::<()>();
        watched_on(&mut screen, "building", || never.recv_timeout(long).is_err());
        String::from_utf8(screen).unwrap()
    }

    #[test]
    fn what_takes_a_while_has_a_line_that_moves_and_goes_away() {
        assert_eq!(drawn(Duration::ZERO), "");
        let drawn = drawn(DELAY + TICK * 4);
        assert!(drawn.starts_with("\r⠋ building … 0s\r⠙ building … 0s\r"), "{drawn:?}");
        assert!(drawn.ends_with("\r\u{1b}[K"), "{drawn:?}");
    }
}
