//! What takes a while, for whoever listens. The harness itself prints nothing: a program that wants to show what is being done
//! calls [`listen`] once, at its start.

use std::{fmt, io, sync::OnceLock};

/// Hears what is being done.
pub trait Listener: Send + Sync {
    /// This is being done, until what is returned is dropped. `is_long` is for what is worth a line in a log, too.
    fn begins(&self, what: &str, is_long: bool) -> Box<dyn Doing>;

    /// Something that a person should know.
    fn says(&self, what: &str);

    /// The answer to what was asked for.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    fn answers(&self, text: &str) -> io::Result<()>;
}

/// Something that is being done, until it is dropped.
pub trait Doing: Send + Sync {
    /// How far it is.
    fn how_far(&self, far: &str);

    /// From now on, this is being done in its place.
    fn now(&self, what: &str);
}

static LISTENER: OnceLock<&'static dyn Listener> = OnceLock::new();

/// From now on, this one hears what is being done. The first that listens stays.
pub fn listen(listener: &'static dyn Listener) {
    let _ = LISTENER.set(listener);
}

/// Something that is being done, until this is dropped.
#[must_use = "it is over when this is dropped"]
pub struct Busy(Option<Box<dyn Doing>>);

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Busy").finish_non_exhaustive()
    }
}

/// This is being done, and takes a while.
pub fn busy(what: &str) -> Busy {
    Busy(LISTENER.get().map(|listener| listener.begins(what, true)))
}

/// As [`busy`], for what is of interest only to somebody who sits there and waits.
pub fn watched(what: &str) -> Busy {
    Busy(LISTENER.get().map(|listener| listener.begins(what, false)))
}

/// Something that a person should know.
pub fn say(what: &str) {
    if let Some(listener) = LISTENER.get() {
        listener.says(what);
    }
}

/// The answer to what was asked for.
///
/// # Errors
///
/// When it can't be written.
pub fn answer(text: &str) -> io::Result<()> {
    LISTENER.get().map_or(Ok(()), |listener| listener.answers(text))
}

impl Busy {
    /// How far it is.
    pub fn how_far(&self, far: &str) {
        if let Some(doing) = &self.0 {
            doing.how_far(far);
        }
    }

    /// From now on, this is being done in its place.
    pub fn now(&self, what: &str) {
        if let Some(doing) = &self.0 {
            doing.now(what);
        }
    }
}
