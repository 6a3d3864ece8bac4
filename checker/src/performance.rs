//! What was seen of one program: its conversation, its output, its end. Plain data, made to be judged.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use wire::Event;

use crate::program::facts::Facts;

/// All that was seen of one program.
#[derive(Clone, Debug, Default)]
pub struct Performance {
    /// What was known of it before it ran.
    pub facts: Facts,
    /// The conversation, in the order it took place.
    pub events: Vec<Event>,
    /// The connections that the broker blocks, because of an alarm, each with the reason it gave.
    pub blocked: BTreeMap<u32, String>,
    /// Something was said after the recorder was full: `events` is the start of the conversation.
    pub events_cut: bool,
    /// What it wrote to stdout.
    pub stdout: Output,
    /// When each line of stdout was there, on the events' time axis: of the first [`TIMED`] lines.
    pub stdout_at: Vec<Duration>,
    /// What it wrote to stderr.
    pub stderr: Output,
    /// How it ended; None while it runs.
    pub exit: Option<Exit>,
    /// When Ctrl-C was pressed, on the events' time axis.
    pub interrupted_at: Option<Duration>,
    /// When the check killed it, on the events' time axis.
    pub killed_at: Option<Duration>,
    /// It ended, and what it had started was still running.
    pub left_running: bool,
}

/// Of so many lines of stdout it is known when they came.
pub const TIMED: usize = 1000;

impl Performance {
    /// It wrote to stdout.
    pub fn print(&mut self, bytes: &[u8], at: Duration) {
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        let more = ends.min(TIMED.saturating_sub(self.stdout_at.len()));
        self.stdout_at.extend(std::iter::repeat_n(at, more));
        self.stdout.push(bytes);
    }
}

/// A program's part in a scene.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it was: `worker 1`. Empty where there is one program only.
    pub role: String,
    /// What was seen of it.
    pub performance: Performance,
}

impl From<Performance> for Part {
    fn from(performance: Performance) -> Part {
        Part { role: String::new(), performance }
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code, when it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it (Unix).
    pub signal: Option<i32>,
    /// The checker ended it: it was still running at its time limit, or it said more than is kept
    /// ([`Performance::events_cut`]).
    pub overdue: bool,
    /// When, on the events' time axis.
    pub at: Duration,
}

/// The most that is kept of the start, and of the end, of what a program writes: 32 KiB each.
pub const KEPT: usize = 32 * 1024;

/// What a program wrote to one stream: its first and its last [`KEPT`] bytes.
#[derive(Clone, Debug, Default)]
pub struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Output {
    /// Takes in more output.
    pub fn push(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// Puts another text in the place of one.
    pub fn replace(&mut self, from: &str, to: &str) {
        let changed = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(from, to).into_bytes();
        self.head = changed(&self.head);
        self.tail = changed(self.tail.make_contiguous()).into();
    }

    /// The last line, where it has no end yet: what a program prints that waits for an answer.
    #[must_use]
    pub fn open_line(&self) -> Option<String> {
        let last = self.tail.back().or(self.head.last())?;
        if *last == b'\n' { None } else { self.lines().pop() }
    }

    /// The lines so far, the last one even when it has no end yet; without line ends and terminal colours. Where something
    /// was left out, a line says how much.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.left_out == 0 {
            return lines(&[self.head.as_slice(), &tail].concat());
        }
        let mut all = lines(&self.head);
        all.push(format!("… {} bytes left out …", self.left_out));
        all.extend(lines(&tail));
        all
    }
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let plain = anstream::adapter::strip_str(&text).to_string();
    plain.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

impl From<&str> for Output {
    fn from(text: &str) -> Output {
        let mut output = Output::default();
        output.push(text.as_bytes());
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_their_ends_and_colours() {
        assert_eq!(Output::from("one\r\n\x1b[31mtwo\x1b[0m\nthree").lines(), ["one", "two", "three"]);
        assert!(Output::default().lines().is_empty());
    }

    #[test]
    fn the_middle_of_a_flood_is_left_out() {
        let mut output = Output::from("first\n");
        for _ in 0..100 {
            output.push(&[b'x'; 1000]);
        }
        output.push(b"\nlast\n");
        let lines = output.lines();
        assert_eq!(lines.first().map(String::as_str), Some("first"));
        assert_eq!(lines.last().map(String::as_str), Some("last"));
        assert!(lines.contains(&format!("… {} bytes left out …", 6 + 100_000 + 6 - 2 * KEPT)), "{lines:?}");
    }
}
