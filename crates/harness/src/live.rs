//! What is seen of a program while it runs: tap and program write it, scenes wait on it.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use recording::ProgramRun;
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// What was seen of one program so far; tap and program write into it, scenes wait on it.
#[derive(Clone, Debug)]
pub struct LiveRun {
    run: Arc<Mutex<ProgramRun>>,
    /// How many times something was added.
    version: Arc<AtomicU64>,
    changed: watch::Sender<u64>,
}

impl Default for LiveRun {
    fn default() -> LiveRun {
        LiveRun::told(watch::Sender::new(0))
    }
}

impl LiveRun {
    /// Nothing yet; of what will be, `changed` tells those who wait.
    pub(crate) fn told(changed: watch::Sender<u64>) -> LiveRun {
        LiveRun { run: Arc::default(), version: Arc::default(), changed }
    }

    /// Adds to what was seen, and wakes who waits for it.
    pub fn add(&self, change: impl FnOnce(&mut ProgramRun)) {
        change(&mut self.run.lock().unwrap_or_else(PoisonError::into_inner));
        self.version.fetch_add(1, Ordering::Relaxed);
        self.changed.send_modify(|version| *version += 1);
    }

    /// What was seen so far, for as long as it is held.
    pub(crate) fn lock(&self) -> MutexGuard<'_, ProgramRun> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many times something was added.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// What tells of each change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Looks at what was seen so far.
    pub fn look<T>(&self, look: impl FnOnce(&ProgramRun) -> T) -> T {
        look(&self.run.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until `holds`, or until `deadline`. Returns whether it holds.
    pub async fn until(&self, deadline: Instant, mut holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        until(&self.changed, deadline, || self.look(&mut holds)).await
    }
}

/// Waits until `holds`, or until `deadline`; looks again at each change. Returns whether it holds.
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
