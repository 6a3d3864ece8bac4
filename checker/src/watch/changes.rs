//! The watch on a program's files.
//!
//! Folders are watched one by one, and not recursively: cargo's build output below them is thousands of files.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use notify::{
    Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, MetadataKind, ModifyKind},
};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::{cleanup::at, report::say, watch::network_fs};

/// The polling interval, where the system reports no changes.
const INTERVAL: Duration = Duration::from_millis(250);

/// The most folders that are watched.
const FOLDERS: usize = 500;

/// The kind of files that matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchedKind {
    /// The files that cargo builds a package from.
    Package,
    /// Source files in any language.
    Sources,
}

/// The extensions of source files. Other files may be a program's output, which must not start the next check.
const SOURCES: [&str; 24] = [
    "c", "cc", "clj", "cpp", "cs", "erl", "ex", "exs", "go", "h", "hpp", "java", "js", "kt", "mjs", "php", "pl", "py",
    "rb", "rs", "scala", "sh", "swift", "ts",
];

/// Folders without sources, in addition to those whose names begin with a dot.
const NOT_SOURCES: [&str; 4] = ["target", "node_modules", "__pycache__", "venv"];

/// A watch on a folder of sources.
pub struct Changes {
    place: Place,
    watcher: Box<dyn Watcher + Send>,
    polls: bool,
    saved: UnboundedReceiver<PathBuf>,
    tell: UnboundedSender<PathBuf>,
}

/// A folder, and the kind of its files that matter.
#[derive(Clone)]
struct Place {
    folder: PathBuf,
    kind: WatchedKind,
}

impl Changes {
    /// Watches this folder.
    ///
    /// # Errors
    ///
    /// When there is no such folder, or it can't be watched; the error names it.
    pub fn of(folder: &Path, kind: WatchedKind) -> io::Result<Changes> {
        let folder = folder.canonicalize().map_err(|error| at(folder, &error))?;
        let place = Place { folder, kind };
        let (tell, saved) = mpsc::unbounded_channel();
        let asked = std::env::var_os(cli::POLL).is_some_and(|value| !value.is_empty());
        let polls = asked || network_fs::may_change_unseen(&place.folder);
        let watcher = if polls { None } else { events(&place, &tell).ok() };
        let mut changes = match watcher {
            Some(watcher) => Changes { watcher, polls: false, place, saved, tell },
            None => Changes { watcher: polling(&place, &tell)?, polls: true, place, saved, tell },
        };
        changes.look()?;
        if changes.polls {
            say(&format!(
                "looking for changes every {} ms, because the system may not report them",
                INTERVAL.as_millis()
            ));
        }
        Ok(changes)
    }

    /// Watches the folders that are new.
    ///
    /// # Errors
    ///
    /// When a folder can't be watched; the error names it.
    pub fn look(&mut self) -> io::Result<()> {
        match self.watch_all() {
            // The system's limit is reached, or it has no events: polling takes over.
            Err(_) if !self.polls => {
                self.polls = true;
                self.watcher = polling(&self.place, &self.tell)?;
                self.watch_all()
            }
            done => done,
        }
    }

    fn watch_all(&mut self) -> io::Result<()> {
        for folder in self.place.folders(&self.place.folder) {
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                // A folder that is gone by now. The watch on the folder above reports when it is back.
                Err(_) if !folder.is_dir() => {}
                watched => watched.map_err(|error| at(&folder, &io::Error::other(error)))?,
            }
        }
        // The folder may be moved away and replaced, as `reset` does. Without permission for the folder above, this watch is
        // left out.
        if let Some(above) = self.place.folder.parent() {
            let _ = self.watcher.watch(above, RecursiveMode::NonRecursive);
        }
        Ok(())
    }

    /// Waits for a change, and returns the path of the saved file or new folder, relative to this folder. Dropping the future
    /// loses nothing.
    pub async fn next(&mut self) -> PathBuf {
        loop {
            // This struct has a sender, too, so the channel never closes.
            let path = self.saved.recv().await.unwrap_or_default();
            if path.is_dir() {
                // Files that are already in the folder cause no more events; later ones do, from here on. If it can't be
                // watched, the next check reports that.
                let _ = self.look();
                if !self.place.has_sources(&path) {
                    continue;
                }
            } else if !self.place.is_source(&path) {
                // A folder that came and is gone again: cargo first makes `target` under another name.
                continue;
            }
            return path.strip_prefix(&self.place.folder).map(Path::to_owned).unwrap_or(path);
        }
    }

    /// Waits until nothing has changed for this long.
    pub async fn quiet(&mut self, long: Duration) {
        while let Ok(Some(_)) = tokio::time::timeout(long, self.saved.recv()).await {}
    }
}

/// Returns a watcher that uses the system's own events.
fn events(place: &Place, tell: &UnboundedSender<PathBuf>) -> notify::Result<Box<dyn Watcher + Send>> {
    let watcher: RecommendedWatcher = notify::recommended_watcher(teller(place, tell))?;
    Ok(Box::new(watcher))
}

/// Returns a watcher that polls.
fn polling(place: &Place, tell: &UnboundedSender<PathBuf>) -> io::Result<Box<dyn Watcher + Send>> {
    let config = Config::default().with_poll_interval(INTERVAL);
    let watcher = PollWatcher::new(teller(place, tell), config);
    Ok(Box::new(watcher.map_err(|error| at(&place.folder, &io::Error::other(error)))?))
}

fn teller(place: &Place, tell: &UnboundedSender<PathBuf>) -> impl Fn(notify::Result<Event>) + Send + 'static {
    let (place, tell) = (place.clone(), tell.clone());
    move |event| {
        let Some(event) = event.ok().filter(|event| is_change(&event.kind)) else { return };
        for path in event.paths.into_iter().filter(|path| place.matters(path, &event.kind)) {
            let _ = tell.send(path);
        }
    }
}

/// Returns whether an event is a change. Reads and new permissions are not. A file that was open for writing was saved, even if
/// its text is the same.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(what) => *what == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(ModifyKind::Metadata(what)) => *what == MetadataKind::WriteTime,
        _ => true,
    }
}

impl Place {
    fn matters(&self, path: &Path, kind: &EventKind) -> bool {
        if !self.may_hold(path) {
            return false;
        }
        // A folder that appears may already contain files.
        let comes = matches!(kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)));
        self.is_source(path) || (comes && path.is_dir())
    }

    fn is_source(&self, path: &Path) -> bool {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match self.kind {
            WatchedKind::Package => extension == "rs" || is_one_of(path, &["Cargo.toml", "Cargo.lock"]),
            WatchedKind::Sources => SOURCES.contains(&extension),
        }
    }

    /// Returns this folder, and the folders below it that may hold sources.
    fn folders(&self, top: &Path) -> Vec<PathBuf> {
        let mut folders = vec![top.to_owned()];
        let mut next = 0;
        while let Some(folder) = folders.get(next) {
            let below: Vec<PathBuf> = entries(folder)
                .filter(|(path, is_folder)| *is_folder && self.may_hold(path))
                .map(|(path, _)| path)
                .take(FOLDERS.saturating_sub(folders.len()))
                .collect();
            folders.extend(below);
            next += 1;
        }
        folders
    }

    fn has_sources(&self, folder: &Path) -> bool {
        let is_source =
            |(path, is_folder): (PathBuf, bool)| !is_folder && self.may_hold(&path) && self.is_source(&path);
        self.folders(folder).iter().any(|folder| entries(folder).any(is_source))
    }

    /// Returns whether this is in the folder, and neither hidden nor build output.
    fn may_hold(&self, path: &Path) -> bool {
        let Ok(inside) = path.strip_prefix(&self.folder) else { return false };
        inside.components().all(|part| {
            let Component::Normal(name) = part else { return false };
            let name = name.to_string_lossy();
            !name.starts_with('.') && !NOT_SOURCES.contains(&name.as_ref())
        })
    }
}

/// Returns the entries of a folder, and whether each is a folder.
fn entries(folder: &Path) -> impl Iterator<Item = (PathBuf, bool)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (entry.path(), entry.file_type().is_ok_and(|kind| kind.is_dir())))
}

fn is_one_of(path: &Path, names: &[&str]) -> bool {
    path.file_name().is_some_and(|name| names.iter().any(|known| name == *known))
}

#[cfg(test)]
mod tests {
    use notify::event::CreateKind;

    use super::*;

    #[test]
    fn sources_matter_and_build_output_does_not() {
        let place = |kind| Place { folder: PathBuf::from("/home/ann/work"), kind };
        let matters = |kind, path: &str| {
            place(kind).matters(&Path::new("/home/ann/work").join(path), &EventKind::Create(CreateKind::File))
        };
        for path in ["src/main.rs", "build.rs", "Cargo.toml", "Cargo.lock", "src/a/b.rs"] {
            assert!(matters(WatchedKind::Package, path), "{path}");
        }
        for path in ["target/debug/build/x/out/a.rs", "src/.main.rs.swp", "src/main.rs~", "notes.txt", "/home/ann/a.rs"]
        {
            assert!(!matters(WatchedKind::Package, path), "{path}");
        }
        assert!(matters(WatchedKind::Sources, "send.py") && !matters(WatchedKind::Sources, "__pycache__/send.py"));
        assert!(!matters(WatchedKind::Sources, "log.txt") && !matters(WatchedKind::Package, "send.py"));
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_again_is_no_change() {
        let folder = std::env::temp_dir().join(format!("hello-rabbit-changes-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut changes = Changes::of(&folder, WatchedKind::Package).unwrap();
        for path in ["targetKqHzhI", "src/main.rs"] {
            changes.tell.send(changes.place.folder.join(path)).unwrap();
        }
        let next = tokio::time::timeout(Duration::from_secs(10), changes.next()).await;
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(next.unwrap(), Path::new("src/main.rs"));
    }

    #[test]
    fn reading_is_no_change() {
        assert!(!is_change(&EventKind::Access(AccessKind::Any)));
        assert!(!is_change(&EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(is_change(&EventKind::Access(AccessKind::Close(AccessMode::Write))));
        assert!(!is_change(&EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any))));
        assert!(is_change(&EventKind::Modify(ModifyKind::Metadata(MetadataKind::WriteTime))));
        assert!(is_change(&EventKind::Any));
    }
}
