//! The keys that are pressed, one at a time, in a terminal that otherwise stays as it is.
//!
//! A thread waits for them. The shell uses the terminal, too, so it must not become non-blocking, which an asynchronous reader
//! would need. Keys that are pressed meanwhile wait in a queue.

#[cfg(unix)]
use std::{
    io::{self, PipeWriter},
    thread::JoinHandle,
};

#[cfg(unix)]
use rustix::process;
#[cfg(unix)]
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};

#[cfg(unix)]
use crate::watch::terminal::Terminal;

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "no key is read there"))]
pub enum Key {
    /// A letter, in lower case.
    Letter(char),
    /// The end of the input: Ctrl-D, or the terminal is gone.
    End,
}

/// The terminal's keys. The terminal is restored when this is dropped.
#[cfg(unix)]
pub struct Keys {
    terminal: Terminal,
    pressed: UnboundedReceiver<Key>,
    /// Ctrl-Z.
    suspended: Signal,
    resumed: Signal,
    thread: Option<JoinHandle<()>>,
    // Closing this wakes the thread.
    stop: Option<PipeWriter>,
}

#[cfg(unix)]
impl Keys {
    /// Opens the terminal, if there is one and it belongs to this process.
    pub fn open() -> Option<Keys> {
        let terminal = Terminal::open()?;
        let [suspended, resumed] =
            [process::Signal::TSTP, process::Signal::CONT].map(|kind| signal(SignalKind::from_raw(kind.as_raw())).ok());
        let (suspended, resumed) = suspended.zip(resumed)?;
        let (stopped, stop) = io::pipe().ok()?;
        let (tell, pressed) = mpsc::unbounded_channel();
        let thread = std::thread::Builder::new().name("keys".to_owned()).spawn(move || listen(&stopped, &tell)).ok()?;
        Some(Keys { terminal, pressed, suspended, resumed, thread: Some(thread), stop: Some(stop) })
    }

    /// Waits for the next key. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Key {
        loop {
            tokio::select! {
                key = self.pressed.recv() => return key.unwrap_or(Key::End),
                _ = self.suspended.recv() => {
                    self.terminal.give_back();
                    let _ = process::kill_process(process::getpid(), process::Signal::STOP);
                }
                // After `fg`: the shell has changed the terminal's mode in between.
                _ = self.resumed.recv() => self.terminal.take(),
            }
        }
    }
}

#[cfg(unix)]
impl Drop for Keys {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads until `stopped` or the terminal is closed.
#[cfg(unix)]
fn listen(stopped: &io::PipeReader, tell: &UnboundedSender<Key>) {
    use rustix::{
        event::{PollFd, PollFlags, poll},
        io::{Errno, read},
    };
    let (stdin, mut letters, mut buffer) = (io::stdin(), Letters::default(), [0; 256]);
    loop {
        let mut sources = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut sources, None) {
            Ok(_) if !sources[1].revents().is_empty() => return,
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => break,
        }
        match read(&stdin, &mut buffer) {
            Ok(read @ 1..) => {
                for key in letters.of(&buffer[..read]) {
                    let _ = tell.send(key);
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Ok(_) | Err(_) => break,
        }
    }
    let _ = tell.send(Key::End);
}

/// A filter for the letters in a terminal's input: arrows and other keys are sequences that contain letters, too.
#[cfg(unix)]
#[derive(Default)]
struct Letters {
    inside: Inside,
}

#[cfg(unix)]
#[derive(Clone, Copy, Default, PartialEq)]
enum Inside {
    #[default]
    Nothing,
    /// After Esc.
    Escape,
    /// After Esc and `[` or `O`.
    Sequence,
}

#[cfg(unix)]
impl Letters {
    /// Returns the keys in the bytes of one read.
    fn of(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut pressed = Vec::new();
        for byte in bytes {
            self.inside = match (self.inside, byte) {
                (_, 0x1b) => Inside::Escape,
                (Inside::Escape, b'[' | b'O') => Inside::Sequence,
                (Inside::Sequence, 0x20..=0x3f) => Inside::Sequence,
                (Inside::Sequence | Inside::Escape, _) => Inside::Nothing,
                (Inside::Nothing, 0x04) => {
                    pressed.push(Key::End);
                    Inside::Nothing
                }
                (Inside::Nothing, byte) => {
                    let letter = char::from(*byte);
                    pressed.extend(letter.is_ascii_alphabetic().then(|| Key::Letter(letter.to_ascii_lowercase())));
                    Inside::Nothing
                }
            };
        }
        // Esc alone is a key, too, and the next byte belongs to another key.
        if self.inside == Inside::Escape {
            self.inside = Inside::Nothing;
        }
        pressed
    }
}

/// The keys on systems without Unix's terminals: there are none.
#[cfg(not(unix))]
pub enum Keys {}

#[cfg(not(unix))]
impl Keys {
    /// Returns None: there are no keys.
    pub fn open() -> Option<Keys> {
        None
    }

    /// Waits for the next key.
    pub async fn next(&mut self) -> Key {
        match *self {}
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_and_arrows_are_none() {
        let letters = |reads: &[&[u8]]| {
            let mut letters = Letters::default();
            reads.iter().flat_map(|read| letters.of(read)).collect::<Vec<_>>()
        };
        let [h, b, q] = ['h', 'b', 'q'].map(Key::Letter);
        assert_eq!(letters(&[b"hBq"]), [h, b, q]);
        // Down, Ctrl-Right, Delete, F1, Alt-B, and a sequence in two pieces.
        assert_eq!(letters(&[b"h\x1b[Bq\x1b[1;5Cb\x1b[3~\x1bOP\x1bb", b"\x1b[1;", b"5Cq"]), [h, q, b, q]);
        assert_eq!(letters(&[b"\x1b", b"q\r\n \xc3\xa4", b"\x04"]), [q, Key::End]);
    }
}
