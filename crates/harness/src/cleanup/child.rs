//! A child of a run: one check of many, with everything that it owns. It ends before the run does.
//!
//! A child is a [`Run`] itself, in a folder inside the run's, with a record of what it owns. If the child was not ended, the end of
//! the run cleans it up, or the next run does so after `kill -9`.

use std::{
    convert::Infallible,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak, atomic::Ordering},
    time::Duration,
};

use broker::Server;
use tokio::sync::mpsc;

use super::{Run, at};

/// The prefix of a child's folder, before its number.
const FOLDER: &str = "child-";

/// The things that a run owns in this process. They need no record, because they end with the process.
#[derive(Debug)]
pub(super) struct Inside {
    /// Vhosts of an embedded broker in this process.
    vhosts: Mutex<Vec<(Weak<Server>, String)>>,
    guard: Guard,
    let_go: mpsc::Receiver<Infallible>,
}

/// A guard for a task of a run: the run's end waits until all guards are dropped.
#[derive(Clone, Debug)]
pub struct Guard {
    // Only held: the receiver sees when the last copy is dropped.
    _sender: mpsc::Sender<Infallible>,
}

impl Inside {
    pub(super) fn new() -> Inside {
        let (sender, let_go) = mpsc::channel(1);
        Inside { vhosts: Mutex::default(), guard: Guard { _sender: sender }, let_go }
    }

    /// Waits until all tasks are gone, at most for `time_limit`, and deletes the vhosts.
    pub(super) async fn end(self, time_limit: Duration) {
        let Inside { vhosts, guard, mut let_go } = self;
        drop(guard);
        let _ = tokio::time::timeout(time_limit, let_go.recv()).await;
        for (server, name) in vhosts.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if let Some(server) = server.upgrade() {
                server.with(|broker| broker.delete_vhost(&name));
            }
        }
    }
}

impl Run {
    /// Begins a child of this run. End it like any run.
    ///
    /// # Errors
    ///
    /// When the folder for it can't be made; the error names it.
    pub fn child(&self) -> io::Result<Run> {
        let number = self.children.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(format!("{FOLDER}{number}"));
        fs::create_dir(&folder).map_err(|error| at(&folder, &error))?;
        Ok(Run::in_folder(format!("{}.{number}", self.id), folder, self.lock.clone()))
    }

    /// Records that the run owns a vhost of an embedded broker in this process.
    pub fn owns_vhost(&self, server: &Arc<Server>, name: &str) {
        let mut vhosts = self.inside.vhosts.lock().unwrap_or_else(PoisonError::into_inner);
        vhosts.push((Arc::downgrade(server), name.to_owned()));
    }

    /// Returns a guard for a task of this run: see [`Guard`].
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.inside.guard.clone()
    }
}

/// Returns the children of the run in this folder that were not ended: their ids and their folders.
pub(super) fn children(id: &str, folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| {
            let number = path.file_name()?.to_str()?.strip_prefix(FOLDER)?.to_owned();
            Some((format!("{id}.{number}"), path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use broker::Config;

    use super::*;
    use crate::{
        brokers::address::Address,
        cleanup::{Resource, reap, whole_record},
    };

    #[tokio::test]
    async fn a_part_goes_before_its_run_and_what_it_owns_is_on_the_runs_record() {
        let run = Run::begin().unwrap();
        let (one, other) = (run.child().unwrap(), run.child().unwrap());
        assert_eq!((one.whole(), one.id()), (run.id(), format!("{}.0", run.id()).as_str()));
        // Nothing listens there, so the queue counts as gone.
        let queue = Resource::Queue { address: Address::loopback(1), name: "q".to_owned() };
        one.owns(&queue).unwrap();
        other.owns(&queue).unwrap();
        assert_eq!(whole_record(run.folder()).len(), 2);
        assert_eq!(one.end().await, Vec::<String>::new());
        assert_eq!(whole_record(run.folder()).len(), 1);
        // A child that is still there is alive, as its run is.
        reap().await;
        assert!(other.folder().exists());
        let folder = run.folder().to_owned();
        // Windows removes no folder with an open file in it, and a child keeps its run's lock open.
        if cfg!(windows) {
            drop(other);
        }
        assert_eq!(run.end().await, Vec::<String>::new());
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn the_end_waits_for_tasks_and_takes_vhosts_of_this_process_away() {
        let server = Arc::new(Server::start(Config::default(), None).await.unwrap());
        let run = Run::begin().unwrap();
        let child = run.child().unwrap();
        server.with(|broker| broker.add_vhost("a vhost"));
        child.owns_vhost(&server, "a vhost");
        let (guard, (done, is_done)) = (child.guard(), tokio::sync::oneshot::channel());
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            let _ = done.send(());
            drop(guard);
        });
        child.end().await;
        is_done.await.unwrap();
        assert_eq!(server.with(|broker| broker.vhosts()), ["/"]);
        run.end().await;
    }
}
