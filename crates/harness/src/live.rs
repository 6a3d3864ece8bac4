//! The record of a running program: the tap and the program write into it, and scenes wait for changes.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use recording::ProgramRun;
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// The record of one program so far.
#[derive(Clone, Debug)]
pub struct LiveRun {
    run: Arc<Mutex<ProgramRun>>,
    /// The number of changes.
    version: Arc<AtomicU64>,
    pub(crate) changed: watch::Sender<u64>,
}

impl Default for LiveRun {
    fn default() -> LiveRun {
        LiveRun::notifying(watch::Sender::new(0))
    }
}

impl LiveRun {
    /// Returns an empty record. `changed` wakes those that wait for changes.
    pub(crate) fn notifying(changed: watch::Sender<u64>) -> LiveRun {
        LiveRun { run: Arc::default(), version: Arc::default(), changed }
    }

    /// Adds to the record, and wakes the waiting scenes.
    pub fn add(&self, change: impl FnOnce(&mut ProgramRun)) {
        change(&mut self.run.lock().unwrap_or_else(PoisonError::into_inner));
        self.version.fetch_add(1, Ordering::Relaxed);
        self.changed.send_modify(|version| *version += 1);
    }

    /// Locks the record.
    pub(crate) fn lock(&self) -> MutexGuard<'_, ProgramRun> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of changes.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Returns a receiver of all changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Reads the record so far.
    pub fn look<T>(&self, look: impl FnOnce(&ProgramRun) -> T) -> T {
        look(&self.run.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until `holds` is true, or until `deadline`. Returns whether it holds.
    pub async fn until(&self, deadline: Instant, mut holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        until(&self.changed, deadline, || self.look(&mut holds)).await
    }
}

/// Waits until `holds` is true, or until `deadline`. It is evaluated at each change. Returns whether it holds.
pub(crate) async fn until(changed: &watch::Sender<u64>, deadline: Instant, mut holds: impl FnMut() -> bool) -> bool {
    let mut changes = changed.subscribe();
    loop {
        changes.mark_unchanged();
        if holds() {
            return true;
        }
        match timeout_at(deadline, changes.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return holds(),
        }
    }
}
