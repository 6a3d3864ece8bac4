//! The terminal, in a mode that passes each key on at once and does not show it.
//!
//! That is less than raw mode: Ctrl-C and Ctrl-Z stay signals, and a line's end stays one, so whatever is printed looks as it
//! always does.

use std::io::{self, IsTerminal};

use rustix::{
    process::getpgrp,
    termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr},
};

/// A terminal of ours. It is set back when this is dropped, which a panic does, too.
pub struct Terminal {
    before: Termios,
}

impl Terminal {
    /// Opens the terminal, if stdin and stdout are one, and we are not in its background.
    pub fn open() -> Option<Terminal> {
        let is_one = io::stdin().is_terminal() && io::stdout().is_terminal();
        if !is_one || !in_foreground() {
            return None;
        }
        let terminal = Terminal { before: tcgetattr(io::stdin()).ok()? };
        terminal.take();
        Some(terminal)
    }

    /// Sets it our way.
    pub fn take(&self) {
        let mut ours = self.before.clone();
        ours.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        // A read waits for one byte, and no time.
        ours.special_codes[SpecialCodeIndex::VMIN] = 1;
        ours.special_codes[SpecialCodeIndex::VTIME] = 0;
        set(&ours);
    }

    /// Sets it back as it was.
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
    // From the background it would stop us, and the program in the foreground has its own mode.
    if in_foreground() {
        // Without waiting for what is still to be printed: that may be held back without a limit.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, mode);
    }
}

fn in_foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|foreground| foreground == getpgrp())
}
