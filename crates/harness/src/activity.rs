//! Activities that take a while, for a listener. The harness itself prints nothing: a program that shows them calls [`listen`]
//! once, at its start.

use std::{fmt, io, sync::OnceLock};

/// Receives the activities.
pub trait Listener: Send + Sync {
    /// Begins an activity, which lasts until the result is dropped. `is_long` means that it is also worth a line in a log.
    fn begins(&self, what: &str, is_long: bool) -> Box<dyn Doing>;

    /// Shows a notice to people.
    fn says(&self, what: &str);

    /// Prints the answer of a command.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    fn answers(&self, text: &str) -> io::Result<()>;
}

/// An activity, which lasts until it is dropped.
pub trait Doing: Send + Sync {
    /// Shows its progress.
    fn how_far(&self, far: &str);

    /// Replaces it with this activity.
    fn now(&self, what: &str);
}

static LISTENER: OnceLock<&'static dyn Listener> = OnceLock::new();

/// Sets the listener. The first one stays.
pub fn listen(listener: &'static dyn Listener) {
    let _ = LISTENER.set(listener);
}

/// An activity, which lasts until this is dropped.
#[must_use = "the activity is over when this is dropped"]
pub struct Busy(Option<Box<dyn Doing>>);

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Busy").finish_non_exhaustive()
    }
}

/// Begins an activity that takes a while.
pub fn busy(what: &str) -> Busy {
    Busy(LISTENER.get().map(|listener| listener.begins(what, true)))
}

/// Begins an activity as [`busy`] does, but only for people who wait at a terminal.
pub fn watched(what: &str) -> Busy {
    Busy(LISTENER.get().map(|listener| listener.begins(what, false)))
}

/// Shows a notice to people.
pub fn say(what: &str) {
    if let Some(listener) = LISTENER.get() {
        listener.says(what);
    }
}

/// Prints the answer of a command.
///
/// # Errors
///
/// When it can't be written.
pub fn answer(text: &str) -> io::Result<()> {
    LISTENER.get().map_or(Ok(()), |listener| listener.answers(text))
}

impl Busy {
    /// Shows its progress.
    pub fn how_far(&self, far: &str) {
        if let Some(doing) = &self.0 {
            doing.how_far(far);
        }
    }

    /// Replaces it with this activity.
    pub fn now(&self, what: &str) {
        if let Some(doing) = &self.0 {
            doing.now(what);
        }
    }
}
