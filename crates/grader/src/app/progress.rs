//! The line on a terminal while a class is checked.

use std::{
    io,
    time::{Duration, Instant},
};

use cli::line::{Line, can_move};

/// The progress of a class.
#[derive(Debug)]
pub struct Progress {
    line: Option<Line>,
    begin: Instant,
    done: usize,
    all: usize,
}

impl Progress {
    /// Begins with this number of checks to do.
    pub fn new(all: usize) -> Progress {
        let mut progress =
            Progress { line: can_move().then(|| Line::new(io::stderr())), begin: Instant::now(), done: 0, all };
        if progress.line.is_none() {
            let submissions = if all == 1 { "submission" } else { "submissions" };
            eprintln!("checking {all} {submissions} …");
        }
        progress.draw();
        progress
    }

    /// Counts one more check.
    pub fn one_more(&mut self) {
        self.done += 1;
        self.draw();
    }

    /// Removes the line.
    pub fn end(&mut self) {
        if let Some(line) = &mut self.line {
            line.clear();
        }
    }

    fn draw(&mut self) {
        let text = text(self.done, self.all, self.begin.elapsed());
        if let Some(line) = &mut self.line {
            line.draw(&text);
        }
    }
}

/// Returns the text: the time left is computed from the checks that are done.
fn text(done: usize, all: usize, elapsed: Duration) -> String {
    let left = match done {
        0 => String::new(),
        _ => {
            let seconds = elapsed.as_secs_f64() / done as f64 * (all - done.min(all)) as f64;
            format!(", about {} left", duration(seconds.ceil() as u64))
        }
    };
    format!("checked {done} of {all}{left}")
}

fn duration(seconds: u64) -> String {
    if seconds < 90 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_what_is_done() {
        let after = |done, seconds| text(done, 200, Duration::from_secs(seconds));
        assert_eq!(after(0, 3), "checked 0 of 200");
        assert_eq!(after(100, 60), "checked 100 of 200, about 60 s left");
        assert_eq!(after(10, 60), "checked 10 of 200, about 19 min left");
        assert_eq!(after(200, 60), "checked 200 of 200, about 0 s left");
    }
}
