//! A submission's files in memory, collected under limits.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use super::{
    HAND_IN, key,
    options::{Limits, size},
    path::{self, Place},
};
use crate::class::{LeftAside, NoContent};

/// The files of a submission, and the parts that are not used.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The files, by path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The parts that are not used: path and reason.
    pub(super) aside: BTreeMap<String, String>,
    /// The number of further parts that are not used.
    more_aside: usize,
}

/// The most parts that are not used and are listed. The others are counted.
const MOST_ASIDE: usize = 1_000;

impl Tree {
    /// Adds a part that is not used.
    pub(super) fn lay_aside(&mut self, path: impl Into<String>, reason: impl Into<String>) {
        let path = path.into();
        if self.aside.contains_key(&path) {
            return;
        }
        if self.aside.len() >= MOST_ASIDE {
            self.more_aside += 1;
            return;
        }
        self.aside.insert(path, reason.into());
    }

    /// Returns the parts that are not used, as the class has them.
    pub(super) fn laid_aside(&self) -> Vec<LeftAside> {
        let aside = |(path, reason): (&String, &String)| LeftAside {
            path: key::printable(path),
            reason: key::printable(reason),
        };
        let more = (self.more_aside > 0).then(|| LeftAside {
            path: "…".to_owned(),
            reason: format!("{} more parts that are not used", self.more_aside),
        });
        self.aside.iter().map(aside).chain(more).collect()
    }
}

/// The most entries of a submission that are looked at, those that are skipped included.
const MOST_ENTRIES: usize = 100_000;

/// The number of times that the whole kit may exceed the number of files of one submission.
const KIT: usize = 5;

/// Fills a tree, and refuses what exceeds the limits.
pub(super) struct Collector<'a> {
    /// The limits.
    pub(super) limits: &'a Limits,
    /// The tree so far.
    pub(super) tree: Tree,
    /// The archives that were found and are still to be unpacked: path and bytes.
    pub(super) archives: Vec<(String, Vec<u8>)>,
    /// True while an archive is unpacked: one inside of it is not opened.
    pub(super) inside_archive: bool,
    seen: usize,
    count: usize,
    kept: u64,
    packed: u64,
    unpacked: u64,
}

impl<'a> Collector<'a> {
    /// Creates an empty one.
    pub(super) fn new(limits: &'a Limits) -> Collector<'a> {
        Collector {
            limits,
            tree: Tree::default(),
            archives: Vec::new(),
            inside_archive: false,
            seen: 0,
            count: 0,
            kept: 0,
            packed: 0,
            unpacked: 0,
        }
    }

    /// Counts entries that are looked at.
    pub(super) fn look_at(&mut self, entries: usize) -> Result<(), NoContent> {
        self.seen = self.seen.saturating_add(entries);
        if self.seen > MOST_ENTRIES {
            return Err(format!("It has more than {MOST_ENTRIES} files and folders. {HAND_IN}").into());
        }
        Ok(())
    }

    /// Takes a file. `packed` is its compressed size, if it comes from an archive that says it.
    pub(super) fn file(&mut self, raw: &str, packed: Option<u64>, bytes: &mut dyn Read) -> Result<(), NoContent> {
        let path = match path::classify(raw)? {
            Place::Keep(path) => path,
            Place::Skip(path, reason) => {
                self.tree.lay_aside(path, reason);
                return Ok(());
            }
            Place::Top => return Ok(()),
        };
        self.counted()?;
        let is_archive = super::archive::Kind::of(&path).is_some();
        if is_archive && self.inside_archive {
            self.tree.lay_aside(path, "an archive inside an archive, which is not opened");
            return Ok(());
        }
        let most = if is_archive { self.limits.archive_bytes } else { self.limits.file_bytes };
        let mut read = Vec::new();
        bytes.take(most + 1).read_to_end(&mut read).map_err(|error| unreadable(&format!("The file {path}"), &error))?;
        let length = read.len() as u64;
        if let Some(packed) = packed {
            self.packed += packed;
            self.unpacked += length;
            if self.limits.is_bomb(packed, length) || self.limits.is_bomb(self.packed, self.unpacked) {
                return Err(bomb(&path, self.limits).into());
            }
        }
        if length > most {
            self.tree.lay_aside(path, format!("larger than {}", size(most)));
            return Ok(());
        }
        if is_archive {
            if self.archives.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>() + length > most {
                self.tree.lay_aside(path, format!("one of several archives of more than {} together", size(most)));
                return Ok(());
            }
            self.archives.push((path, read));
            return Ok(());
        }
        self.kept += length;
        if self.kept > self.limits.bytes {
            let most = size(self.limits.bytes);
            return Err(format!("Its files have more than {most} together, which is the limit. {HAND_IN}").into());
        }
        self.keep(path, read);
        Ok(())
    }

    /// Takes a part that is no regular file, such as a link.
    pub(super) fn other(&mut self, raw: &str, reason: &str) -> Result<(), NoContent> {
        match path::classify(raw)? {
            Place::Keep(path) => {
                self.counted()?;
                self.tree.lay_aside(path, reason);
            }
            Place::Skip(path, reason) => self.tree.lay_aside(path, reason),
            Place::Top => {}
        }
        Ok(())
    }

    fn counted(&mut self) -> Result<(), String> {
        self.count += 1;
        // The whole kit has more files than one program: they are counted again once its own parts are laid aside.
        if self.count > self.limits.files.saturating_mul(KIT) { Err(too_many_files(self.limits)) } else { Ok(()) }
    }

    fn keep(&mut self, path: String, bytes: Vec<u8>) {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        if let Some(file) = folders.into_iter().find(|folder| self.tree.files.contains_key(*folder)) {
            let reason = format!("inside of {file}, which is a file");
            self.tree.lay_aside(path.clone(), reason);
            return;
        }
        let below = format!("{path}/");
        if self.tree.files.range(below.clone()..).next().is_some_and(|(next, _)| next.starts_with(&below)) {
            self.tree.lay_aside(path, "a file with the name of a folder");
            return;
        }
        let is_equal = self.tree.files.get(&path) == Some(&bytes);
        if self.tree.files.insert(path.clone(), bytes).is_some() && !is_equal {
            self.tree.lay_aside(path, "an earlier file of the same path; the last one is used");
        }
    }
}

/// Builds the reason for a file or folder that can't be read. An error of the operating system is the machine's; any other one is
/// that of a damaged archive.
pub(super) fn unreadable(what: &str, error: &io::Error) -> NoContent {
    if error.raw_os_error().is_some() {
        return NoContent::NotRead(format!(
            "{what} can't be read on this machine ({error}). Give the same command again once it can."
        ));
    }
    NoContent::Refused(format!("{what} can't be read ({error}). Hand it in again."))
}

/// Builds the refusal of a submission with too many files.
pub(super) fn too_many_files(limits: &Limits) -> String {
    format!("It has more than {} files, which is the limit. {HAND_IN}", limits.files)
}

/// Builds the refusal of an archive that unpacks to far more than an honest one.
pub(super) fn bomb(path: &str, limits: &Limits) -> String {
    let ratio = limits.ratio;
    format!("Its archive unpacks to more than {ratio} times its size (at {path}), which is refused. {HAND_IN}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that fails, or an archive that is damaged.
    struct Failing(fn() -> io::Error);

    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err((self.0)())
        }
    }

    #[test]
    fn a_failure_of_the_machine_is_no_refusal() {
        let limits = Limits::default();
        let read = |error| Collector::new(&limits).file("src/main.rs", None, &mut Failing(error)).unwrap_err();
        let disk = read(|| io::Error::from_raw_os_error(5));
        let sentence = "The file src/main.rs can't be read on this machine (Input/output error (os error 5)).";
        assert!(matches!(&disk, NoContent::NotRead(why) if why.starts_with(sentence)), "{disk:?}");
        let archive = read(|| io::Error::other("corrupt deflate stream"));
        assert!(matches!(&archive, NoContent::Refused(why) if why.ends_with("Hand it in again.")), "{archive:?}");
    }
}
