//! The terminal, in a mode that passes each key on immediately and does not echo it.
//!
//! This is less than raw mode: Ctrl-C and Ctrl-Z remain signals, and newlines remain newlines, so the output looks as usual.

use std::io::{self, IsTerminal};

use rustix::{
    process::getpgrp,
    termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr},
};

/// The terminal in this mode. It is restored when this is dropped, even by a panic.
pub struct Terminal {
    before: Termios,
}

impl Terminal {
    /// Opens the terminal, if stdin and stdout are terminals, and this process is not in the background.
    pub fn open() -> Option<Terminal> {
        let is_one = io::stdin().is_terminal() && io::stdout().is_terminal();
        if !is_one || !in_foreground() {
            return None;
        }
        let terminal = Terminal { before: tcgetattr(io::stdin()).ok()? };
        terminal.take();
        Some(terminal)
    }

    /// Sets the mode.
    pub fn take(&self) {
        let mut ours = self.before.clone();
        ours.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        // A read waits for one byte, without a timeout.
        ours.special_codes[SpecialCodeIndex::VMIN] = 1;
        ours.special_codes[SpecialCodeIndex::VTIME] = 0;
        set(&ours);
    }

    /// Restores the earlier mode.
    pub fn give_back(&self) {
        set(&self.before);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn set(mode: &Termios) {
    // In the background, this would stop the process, and the foreground program has a mode of its own.
    if in_foreground() {
        // Does not wait for pending output, which may be held back for any length of time.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, mode);
    }
}

fn in_foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|foreground| foreground == getpgrp())
}
