//! One run of a program: its conversation, its output, its end.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use wire::{
    Event, What,
    json::{micros, microseconds, whole_microseconds},
    secrets,
};

use crate::Program;

/// Everything that was recorded of one run of a program.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ProgramRun {
    /// The role in the scene: `worker 1`. Empty if there is only one program.
    pub role: String,
    /// The index in the recording, from 0.
    #[serde(skip)]
    pub index: usize,
    /// The words that were typed after the program's name.
    pub arguments: Vec<String>,
    /// The facts about the program before it ran: the same for all runs of a recording, which stores them once.
    #[serde(skip)]
    pub program: Arc<Program>,
    /// The conversation, in order.
    pub events: Vec<Event>,
    /// True if the conversation went on after the recorder was full: `events` is its start.
    pub events_cut: bool,
    /// The connections that the broker blocks because of an alarm, each with the broker's reason. They are not stored: a check
    /// with an alarm gives no verdict.
    #[serde(skip)]
    pub blocked: BTreeMap<u32, String>,
    /// The output on stdout.
    pub stdout: Output,
    /// The time of each of the first [`TIMED`] lines of stdout, on the events' time axis. Stored in microseconds.
    #[serde(with = "all_micros")]
    pub stdout_at: Vec<Duration>,
    /// The output on stderr.
    pub stderr: Output,
    /// The end; None while it runs.
    pub exit: Option<ProgramExit>,
    /// The time of Ctrl-C, on the events' time axis. Stored in microseconds.
    #[serde(with = "some_micros")]
    pub interrupted_at: Option<Duration>,
    /// The time at which the check killed it, on the events' time axis. Stored in microseconds.
    #[serde(with = "some_micros")]
    pub killed_at: Option<Duration>,
    /// True if it ended, and what it had started was still running.
    pub left_running: bool,
}

/// The number of lines of stdout whose times are kept.
pub const TIMED: usize = 1000;

impl ProgramRun {
    /// Adds output on stdout.
    pub fn print(&mut self, bytes: &[u8], at: Duration) {
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        let more = ends.min(TIMED.saturating_sub(self.stdout_at.len()));
        self.stdout_at.extend(std::iter::repeat_n(at, more));
        self.stdout.push(bytes);
    }

    /// Reduces it to what is stored, so that it is judged the same before and after: whole microseconds, no passwords, and at
    /// most [`Limits`] of the conversation.
    pub(crate) fn finish(&mut self, limits: Limits) {
        let mut bytes = 0;
        let mut fits = |event: &Event| {
            bytes += size(event, limits.body);
            bytes <= limits.bytes
        };
        let kept = self.events.iter().take(limits.events).take_while(|event| fits(event)).count();
        self.events_cut |= kept < self.events.len();
        self.events.truncate(kept);
        for event in &mut self.events {
            event.at = whole_microseconds(event.at);
            if let What::Method { method, content, .. } = &mut event.what {
                *method = secrets::taken_out(method);
                if let Some(content) = content.as_mut().filter(|content| content.body.len() > limits.body) {
                    content.body.truncate(limits.body);
                    content.complete = false;
                }
            }
        }
        self.stdout_at.iter_mut().for_each(|at| *at = whole_microseconds(*at));
        for at in [&mut self.interrupted_at, &mut self.killed_at].into_iter().flatten() {
            *at = whole_microseconds(*at);
        }
        if let Some(exit) = &mut self.exit {
            exit.at = whole_microseconds(exit.at);
        }
        self.stdout.finish();
        self.stderr.finish();
    }
}

/// The limits of a stored conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of events.
    pub events: usize,
    /// The bytes of all events.
    pub bytes: usize,
    /// The bytes of one body.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { events: 10_000, bytes: 8 * 1024 * 1024, body: 1024 * 1024 }
    }
}

/// Returns the approximate size of an event, in bytes.
fn size(event: &Event, body: usize) -> usize {
    let content = match &event.what {
        What::Method { content: Some(content), .. } => content.body.len().min(body),
        _ => 0,
    };
    content + 64
}

mod all_micros {
    use super::{Deserialize, Duration, Serialize, microseconds};

    pub fn serialize<S: serde::Serializer>(all: &[Duration], serializer: S) -> Result<S::Ok, S::Error> {
        all.iter().copied().map(microseconds).collect::<Vec<_>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
        Ok(Vec::<u64>::deserialize(deserializer)?.into_iter().map(Duration::from_micros).collect())
    }
}

mod some_micros {
    use super::{Deserialize, Duration, Serialize, microseconds};

    pub fn serialize<S: serde::Serializer>(at: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(microseconds).serialize(serializer)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_micros))
    }
}

/// The end of a program.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ProgramExit {
    /// The exit code, if the program ended by itself.
    pub code: Option<i32>,
    /// The signal that ended the program (Unix).
    pub signal: Option<i32>,
    /// True if the checker ended it: it was still running at its time limit, or it sent more than is kept
    /// ([`ProgramRun::events_cut`]).
    pub overdue: bool,
    /// The time, on the events' time axis. Stored in microseconds.
    #[serde(with = "micros")]
    pub at: Duration,
}

/// The number of bytes that are kept of the start, and of the end, of a program's output: 32 KiB each.
pub const KEPT: usize = 32 * 1024;

/// The output of a program on one stream: its first and its last [`KEPT`] bytes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(from = "StoredOutput", into = "StoredOutput")]
pub struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

/// The stored form: text, in which invalid bytes are replaced.
#[derive(Deserialize, Serialize)]
struct StoredOutput {
    /// All of the output, or its start, if something was left out.
    text: String,
    /// The number of bytes that were left out between `text` and `end`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    left_out: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    end: String,
}

fn is_nothing(count: &u64) -> bool {
    *count == 0
}

impl From<Output> for StoredOutput {
    fn from(mut output: Output) -> StoredOutput {
        output.finish();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        StoredOutput { text: text(output.head), left_out: output.left_out, end: text(output.tail.into()) }
    }
}

impl From<StoredOutput> for Output {
    fn from(StoredOutput { text, left_out, end }: StoredOutput) -> Output {
        Output { head: text.into(), tail: end.into_bytes().into(), left_out }
    }
}

impl Output {
    /// Adds more output.
    pub fn push(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(KEPT.saturating_sub(self.head.len())));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// Returns the number of bytes that were left out.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Converts it to text, in one piece if nothing was left out.
    fn finish(&mut self) {
        if self.left_out == 0 {
            self.head.extend(std::mem::take(&mut self.tail));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned().into_bytes();
        self.head = text(&self.head);
        self.tail = text(self.tail.make_contiguous()).into();
    }

    /// Replaces one text with another.
    pub fn replace(&mut self, from: &str, to: &str) {
        let changed = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(from, to).into_bytes();
        self.head = changed(&self.head);
        self.tail = changed(self.tail.make_contiguous()).into();
    }

    /// Returns the last line if it has no end yet: the question of a program that waits for an answer.
    #[must_use]
    pub fn open_line(&self) -> Option<String> {
        let last = self.tail.back().or(self.head.last())?;
        if *last == b'\n' { None } else { self.lines().pop() }
    }

    /// Returns the lines so far, including a last one without an end; without line ends and terminal colours. If something was
    /// left out, a line gives the number of bytes.
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
