//! What takes a while, on stderr: what is done, how far it is, and for how long already. It goes away when it is over.
//!
//! A terminal sees one line that changes once a second. Where there is none, the line is said once.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::say;

/// How often the line is drawn again: it has a clock in it that shows seconds.
const TICK: Duration = Duration::from_secs(1);

/// Something that is being done, until this is dropped.
#[derive(Debug)]
#[must_use = "it is over when this is dropped"]
pub struct Busy {
    what: String,
    line: Option<ProgressBar>,
}

/// Tells that this is being done, and takes a while.
pub fn busy(what: &str) -> Busy {
    let busy = watched(what);
    if busy.line.is_none() {
        say(&format!("{what} …"));
    }
    busy
}

/// As [`busy`], for what is of interest only to somebody who sits there and waits: without a terminal, nothing is said.
pub fn watched(what: &str) -> Busy {
    let on_terminal = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    if on_terminal {
        return drawn(what, ProgressDrawTarget::stderr());
    }
    Busy { what: what.to_owned(), line: None }
}

fn drawn(what: &str, target: ProgressDrawTarget) -> Busy {
    let style = ProgressStyle::with_template("{msg} … {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    let line = ProgressBar::with_draw_target(None, target).with_style(style).with_message(what.to_owned());
    line.tick();
    line.enable_steady_tick(TICK);
    Busy { what: what.to_owned(), line: Some(line) }
}

impl Busy {
    /// Tells how far it is.
    pub fn how_far(&self, far: &str) {
        if let Some(line) = &self.line {
            line.set_message(format!("{}: {far}", self.what));
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    #[test]
    fn what_and_how_far_are_shown_and_go_away() {
        let screen = InMemoryTerm::new(5, 60);
        let busy = drawn("compiling", ProgressDrawTarget::term_like(Box::new(screen.clone())));
        assert_eq!(screen.contents(), "compiling … 0s");
        busy.how_far("12 crates");
        busy.line.as_ref().unwrap().tick();
        assert_eq!(screen.contents(), "compiling: 12 crates … 0s");
        drop(busy);
        assert_eq!(screen.contents(), "");
    }
}
