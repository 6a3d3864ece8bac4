//! The watch on the book's sources and on all files that they include.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{self, Receiver};

use crate::{
    book::{Book, FOLDER, display_path},
    includes::{directives, file},
};

/// The pause after which a saved file is complete: an editor saves it in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// A watch on the book.
pub struct Watch {
    workspace: PathBuf,
    watcher: RecommendedWatcher,
    changes: Receiver<()>,
    /// The files outside the book's folder that matter.
    included: Arc<Mutex<HashSet<PathBuf>>>,
    /// The watched folders outside. An editor may replace a file with a new one, so watching the files alone is not enough.
    folders: HashSet<PathBuf>,
}

impl Watch {
    /// Watches the book's folder.
    pub fn new(workspace: &Path) -> anyhow::Result<Watch> {
        let workspace = workspace.canonicalize().with_context(|| workspace.display().to_string())?;
        let (book, included) = (workspace.join(FOLDER), Arc::<Mutex<HashSet<PathBuf>>>::default());
        let (inside, known) = (book.clone(), included.clone());
        let (changed, changes) = mpsc::channel(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Reads are not changes: the builder reads the files.
            let Some(event) = event.ok().filter(|event| !event.kind.is_access()) else { return };
            let known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if event.paths.iter().any(|path| path.starts_with(&inside) || known.contains(path)) {
                // One pending change is enough.
                let _ = changed.try_send(());
            }
        })
        .context("changes of files can't be watched")?;
        let watched = watcher.watch(&book, RecursiveMode::Recursive);
        watched.with_context(|| format!("{} can't be watched", book.display()))?;
        Ok(Watch { workspace, watcher, changes, included, folders: HashSet::new() })
    }

    /// Waits for a change, and for the quiet after it.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            // No sender is left, so there will be no more changes.
            std::future::pending().await
        }
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.changes.recv()).await {}
    }

    /// Also watches the files that this book includes. Without a book, nothing changes.
    pub fn look_at(&mut self, book: &Option<Book>) -> anyhow::Result<()> {
        let Some(book) = book else { return Ok(()) };
        let taken = book.pages.iter().flat_map(|page| {
            let taken = directives(&page.text).into_iter().filter_map(|directive| directive.taken);
            taken.map(|taken| self.workspace.join(file(&display_path(&page.path), &taken)))
        });
        // The chapter of a lesson depends on the lesson's steps.
        let lessons = self.workspace.join("lessons").read_dir().into_iter().flatten().flatten();
        let abouts = lessons.map(|lesson| lesson.path().join("lesson.toml"));
        let mut files = HashSet::new();
        for path in taken.chain(abouts).collect::<Vec<_>>() {
            // The file itself may not exist yet, which is a problem that the author is going to fix.
            let Some((folder, name)) = path.parent().zip(path.file_name()) else { continue };
            let Ok(folder) = folder.canonicalize() else { continue };
            files.insert(folder.join(name));
            if folder.is_dir()
                && !folder.starts_with(self.workspace.join(FOLDER))
                && self.folders.insert(folder.clone())
            {
                let watched = self.watcher.watch(&folder, RecursiveMode::NonRecursive);
                watched.with_context(|| format!("{} can't be watched", folder.display()))?;
            }
        }
        *self.included.lock().unwrap_or_else(PoisonError::into_inner) = files;
        Ok(())
    }
}
