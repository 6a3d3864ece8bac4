//! The journal: a folder that keeps what was seen of each submission, so that a class can be graded on, graded again, and shown.
//!
//! ```text
//! class-grades/
//!   journal.lock           held while `grade` runs: two on one folder refuse each other
//!   journal.json             the class's seed
//!   checks/KEY.LESSON.json     what was checked; written last, so an entry without it counts as not done
//!   recordings/KEY.LESSON.json the recording
//! ```
//!
//! Grades are not kept. They are judged from the recordings each time, which takes milliseconds: after a contract was changed,
//! the same folder gives the new grades without running a program. Every file is written to a temporary name, flushed to the
//! disk and renamed, so that a power cut loses at most the check under way.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use harness::{fingerprint, kit};
use recording::Recording;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A journal that is open, and locked.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    // Only held: the operating system frees it with the process.
    _lock: File,
}

/// An error of the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process uses it.
    #[error("another `grade` is working on {0}")]
    Busy(PathBuf),
    /// A file can't be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
}

impl JournalError {
    /// Returns the advice.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            JournalError::Busy(_) => "wait until it has ended, or name another folder with --out",
            JournalError::File { .. } => "check that you may read and write there, or name another folder with --out",
        }
    }
}

/// The key of a check: what decides its recording.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CheckKey {
    /// The hash of the sources.
    pub source: String,
    /// The lesson's id.
    pub lesson: String,
    /// The seed.
    pub seed: u64,
    /// The sandbox.
    pub isolation: String,
    /// The broker's product and version: [`ClassBroker::name`](crate::broker::ClassBroker::name).
    #[serde(default)]
    pub broker: String,
    /// The time limit of one run, in seconds.
    pub time_limit: u64,
    /// The version of the lessons' contracts and scenes: [`contracts_version`].
    pub contracts: String,
}

/// Returns the version of the lessons' contracts and scenes: a hash of their sources in the kit. After a change of them, checks are
/// done again; `--regrade` judges the recordings there are.
#[must_use]
pub fn contracts_version() -> String {
    let mut files = Vec::new();
    let mut folders =
        ["lessons", "scenes"].map(|folder| kit::root().join("crates/contracts/src").join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    let hash = files.iter().fold(0, |hash, file| fingerprint::on(hash, &fs::read(file).unwrap_or_default()));
    format!("{hash:016x}")
}

/// One check that was done.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The key, which decides the recording.
    pub key: CheckKey,
    /// The limits that were hit, one sentence each.
    pub limits: Vec<String>,
    /// The limit that the compiler hit, so that nothing was run: a sentence.
    pub compile_limit: Option<String>,
    /// The number of attempts; more than one after a `not checked`.
    pub attempts: u32,
    /// The verdicts of earlier checks of the same sources that differ from this one.
    pub unstable: bool,
    /// The duration, in milliseconds.
    pub took_ms: u64,
    /// The hash of the recording's file. If another run was killed between the two files, they do not belong together.
    pub recording: String,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct About {
    seed: u64,
}

impl Journal {
    /// Opens the journal in this folder, and locks it. It is made if there is none.
    ///
    /// # Errors
    ///
    /// When another process uses it, or the folder can't be written.
    pub fn open(folder: &Path) -> Result<Journal, JournalError> {
        for inside in [folder.to_owned(), folder.join("checks"), folder.join("recordings")] {
            fs::create_dir_all(&inside).map_err(|error| at(&inside, error))?;
        }
        let path = folder.join("journal.lock");
        let lock = File::create(&path).map_err(|error| at(&path, error))?;
        match lock.try_lock() {
            Ok(()) => {
                // What a killed run has begun to write.
                for inside in ["checks", "recordings"] {
                    let entries = fs::read_dir(folder.join(inside)).into_iter().flatten().flatten();
                    let is_begun = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(".tmp");
                    entries.filter(is_begun).for_each(|entry| drop(fs::remove_file(entry.path())));
                }
                Ok(Journal { folder: folder.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => Err(JournalError::Busy(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(at(&path, error)),
        }
    }

    /// Returns its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the class's seed: the one asked for, else the one of earlier runs, else a new one.
    ///
    /// # Errors
    ///
    /// When `journal.json` can't be read or written.
    pub fn seed(&self, asked: Option<u64>) -> Result<u64, JournalError> {
        let path = self.folder.join("journal.json");
        let earlier = read::<About>(&path)?.map(|about| about.seed);
        // Small enough for every JSON reader.
        let seed = asked.or(earlier).unwrap_or_else(|| u64::from(fastrand::u32(..)));
        if earlier != Some(seed) {
            write(&path, &serde_json::to_vec_pretty(&About { seed }).unwrap_or_default())?;
        }
        Ok(seed)
    }

    /// Returns the check of a submission in a lesson, if it was done with this key.
    ///
    /// # Errors
    ///
    /// When the file can't be read.
    pub fn check(&self, submission: &str, key: &CheckKey) -> Result<Option<Check>, JournalError> {
        Ok(self.any_check(submission, &key.lesson)?.filter(|check| check.key == *key))
    }

    /// Returns the check of a submission in a lesson, with whatever key.
    ///
    /// # Errors
    ///
    /// When the file can't be read.
    pub fn any_check(&self, submission: &str, lesson: &str) -> Result<Option<Check>, JournalError> {
        read(&self.file("checks", submission, lesson))
    }

    /// Returns the recording of a check. None if it is gone, or is another one, or can't be judged any more: the check has to be
    /// done again.
    #[must_use]
    pub fn recording(&self, submission: &str, check: &Check) -> Option<Recording> {
        let text = fs::read(self.file("recordings", submission, &check.key.lesson)).ok()?;
        if hash(&text) != check.recording {
            return None;
        }
        Recording::read(text.as_slice()).ok()
    }

    /// Keeps a check and its recording.
    ///
    /// # Errors
    ///
    /// When a file can't be written, for example on a full disk. The check then counts as not done.
    pub fn keep(&self, submission: &str, check: &Check, recording: &Recording) -> Result<(), JournalError> {
        let path = self.file("recordings", submission, &check.key.lesson);
        let mut text = Vec::new();
        recording.write(&mut text).map_err(|error| at(&path, error))?;
        write(&path, &text)?;
        let check = &Check { recording: hash(&text), ..check.clone() };
        let path = self.file("checks", submission, &check.key.lesson);
        write(&path, &serde_json::to_vec_pretty(check).map_err(|error| at(&path, error.into()))?)
    }

    fn file(&self, folder: &str, submission: &str, lesson: &str) -> PathBuf {
        self.folder.join(folder).join(format!("{submission}.{lesson}.json"))
    }
}

fn hash(text: &[u8]) -> String {
    format!("{:016x}", fingerprint::of(text))
}

/// Writes a file so that it is whole or not there: to a temporary name, to the disk, and then renamed.
///
/// # Errors
///
/// When the folder can't be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let done = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(folder)?.sync_all()
    };
    done().map_err(|error| at(path, error))
}

/// Returns the content of a file. None if there is none, or if it is not whole, which counts as not done.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, JournalError> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path, error)),
    }
}

fn at(path: &Path, error: io::Error) -> JournalError {
    JournalError::File { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str) -> Check {
        let key = CheckKey {
            source: source.into(),
            lesson: "hello-send".into(),
            seed: 7,
            isolation: "bwrap".into(),
            broker: "RabbitMQ 4.3.6".into(),
            time_limit: 10,
            contracts: String::new(),
        };
        Check {
            key,
            limits: vec![],
            compile_limit: None,
            attempts: 1,
            unstable: false,
            took_ms: 3,
            recording: String::new(),
        }
    }

    #[test]
    fn a_check_is_found_again_by_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let (one, other) = (check("abc"), check("abd"));
        assert_eq!(journal.check("ada", &one.key).unwrap(), None);
        let recording = Recording { lesson: "hello-send".into(), ..Recording::default() };
        journal.keep("ada", &one, &recording).unwrap();
        let kept = journal.check("ada", &one.key).unwrap().unwrap();
        assert_eq!(Check { recording: String::new(), ..kept.clone() }, one);
        assert_eq!(journal.check("ada", &other.key).unwrap(), None);
        let on_another = CheckKey { broker: "RabbitMQ 4.0.5".into(), ..one.key.clone() };
        assert_eq!(journal.check("ada", &on_another).unwrap(), None);
        assert_eq!(journal.any_check("ada", "hello-send").unwrap(), Some(kept.clone()));
        assert_eq!(journal.recording("ada", &kept), Some(recording));
        // A run that was killed after the recording, and before the check.
        assert_eq!(journal.recording("ada", &one), None);
    }

    #[test]
    fn a_seed_stays_until_another_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let seed = journal.seed(None).unwrap();
        assert_eq!(journal.seed(None).unwrap(), seed);
        assert_eq!(journal.seed(Some(42)).unwrap(), 42);
        assert_eq!(journal.seed(None).unwrap(), 42);
    }

    #[test]
    fn a_second_one_on_the_same_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = Journal::open(folder.path()).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalError::Busy(_))));
        drop(first);
        Journal::open(folder.path()).unwrap();
    }

    #[test]
    fn a_file_that_is_not_whole_counts_as_not_done() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        fs::write(folder.path().join("checks/ada.hello-send.json"), "{\"key\":").unwrap();
        assert_eq!(journal.any_check("ada", "hello-send").unwrap(), None);
    }
}
