//! The entries of a class's folder or zip.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use zip::ZipArchive;

use super::{
    archive,
    error::IntakeError,
    folder, key,
    path::{self, Place},
    tree::{Collector, unreadable},
};
use crate::class::NoContent;

/// The most bytes of a class's zip that are read for its directory.
const DIRECTORY: u64 = 64 << 20;

/// An entry: what lies at the top of the class's folder.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The name, as it is written.
    pub(super) name: String,
    /// The kind.
    pub(super) kind: Kind,
    /// True if it is a folder with a history of git.
    pub(super) has_git: bool,
    at: At,
}

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A link, which is never followed.
    Link,
    /// Something else, such as a device.
    Other,
}

#[derive(Clone, Debug)]
enum At {
    Disk(PathBuf),
    /// The places in the zip's directory.
    Zip(Vec<usize>),
}

/// The entries of a class, and the zip in which they may be.
pub(super) struct Entries {
    /// The entries, by name.
    pub(super) list: Vec<Entry>,
    /// Entries of a zip whose paths are refused: path and reason.
    pub(super) refused: Vec<(String, String)>,
    zip: Option<archive::Zip<io::BufReader<fs::File>>>,
    /// The number of folders in the zip above the entries.
    above: usize,
}

impl Entries {
    /// Opens a class.
    ///
    /// # Errors
    ///
    /// Returns an error if it is no class, or can't be read.
    pub(super) fn open(class: &Path) -> Result<Entries, IntakeError> {
        let metadata = fs::metadata(class).map_err(|source| IntakeError::Io { path: class.to_owned(), source })?;
        if metadata.is_dir() {
            return Self::open_folder(class);
        }
        let is_zip = class.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
        if is_zip { Self::open_zip(class) } else { Err(IntakeError::NotAClass { path: class.to_owned() }) }
    }

    fn open_folder(class: &Path) -> Result<Entries, IntakeError> {
        let failed = |source| IntakeError::Io { path: class.to_owned(), source };
        let mut list = Vec::new();
        for entry in fs::read_dir(class).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let kind = match () {
                () if kind.is_symlink() => Kind::Link,
                () if kind.is_dir() => Kind::Folder,
                () if kind.is_file() => Kind::File,
                () => Kind::Other,
            };
            let at = entry.path();
            let has_git = kind == Kind::Folder && fs::symlink_metadata(at.join(".git")).is_ok_and(|git| git.is_dir());
            let name = entry.file_name().to_string_lossy().into_owned();
            list.push(Entry { name, kind, has_git, at: At::Disk(at) });
        }
        list.sort_by(|one, other| one.name.cmp(&other.name));
        if list.iter().any(|entry| entry.name == "Cargo.toml" && entry.kind == Kind::File) {
            return Err(IntakeError::OnePackage { path: class.to_owned() });
        }
        let mut visible = list.iter().filter(|entry| !entry.name.starts_with('.'));
        if let (Some(Entry { name, kind: Kind::Folder, at: At::Disk(below), .. }), None) =
            (visible.next(), visible.next())
            && is_wrapper(name, class)
            && !below.join("Cargo.toml").is_file()
        {
            return Self::open_folder(below);
        }
        Ok(Entries { list, refused: Vec::new(), zip: None, above: 0 })
    }

    fn open_zip(class: &Path) -> Result<Entries, IntakeError> {
        let failed = |source| IntakeError::Io { path: class.to_owned(), source };
        let broken =
            |error: zip::result::ZipError| IntakeError::Zip { path: class.to_owned(), reason: error.to_string() };
        let file = fs::File::open(class).map_err(failed)?;
        let mut zip = archive::open_zip(io::BufReader::new(file), DIRECTORY).map_err(broken)?;
        let mut names: Vec<(usize, Vec<String>, Kind)> = Vec::new();
        let mut refused = Vec::new();
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(broken)?;
            let name = archive::zip_name(&entry).replace('\\', "/");
            let kind = match () {
                () if archive::is_special(&entry) => Kind::Link,
                () if entry.is_dir() || name.ends_with('/') => Kind::Folder,
                () => Kind::File,
            };
            // A path that leads out is judged with the submission, if its first part names one.
            let parts: Vec<String> =
                name.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect();
            if parts.is_empty() || matches!(parts[0].as_str(), ".." | "__MACOSX") || name.starts_with('/') {
                if !parts.is_empty() && parts[0] != "__MACOSX" {
                    refused.push((name, "a path that leads out of the zip".to_owned()));
                }
                continue;
            }
            names.push((index, parts, kind));
        }
        let first = names.first().map(|(_, parts, _)| parts[0].clone()).unwrap_or_default();
        let is_one_folder =
            names.iter().all(|(_, parts, kind)| parts[0] == first && (parts.len() > 1 || *kind == Kind::Folder));
        let above = usize::from(is_one_folder && is_wrapper(&first, class));
        let mut list: BTreeMap<String, Entry> = BTreeMap::new();
        for (index, parts, kind) in names.iter().filter(|(_, parts, _)| parts.len() > above) {
            let name = &parts[above];
            let is_itself = parts.len() == above + 1;
            let kind = if is_itself { *kind } else { Kind::Folder };
            let entry = list.entry(name.clone()).or_insert_with(|| Entry {
                name: name.clone(),
                kind,
                has_git: false,
                at: At::Zip(Vec::new()),
            });
            if kind == Kind::Folder {
                entry.kind = Kind::Folder;
            }
            entry.has_git |= parts.get(above + 1).is_some_and(|part| part == ".git");
            if let At::Zip(indices) = &mut entry.at {
                indices.push(*index);
            }
        }
        Ok(Entries { list: list.into_values().collect(), refused, zip: Some(zip), above })
    }

    /// Reads an entry into a collector: a folder's files, an archive's, or the file itself under the name `file`.
    ///
    /// # Errors
    ///
    /// A sentence that a teacher can forward.
    pub(super) fn read(&mut self, entry: &Entry, file: &str, collector: &mut Collector) -> Result<(), NoContent> {
        let from = collector.archives.len();
        match (&entry.at, entry.kind) {
            (At::Disk(at), Kind::Folder) => folder::read(at, "", collector)?,
            (At::Disk(at), Kind::File) => {
                let opened = fs::File::open(at);
                let mut opened = opened.map_err(|error| unreadable(&format!("The file {file}"), &error))?;
                collector.file(&without_separators(file), None, &mut opened)?;
            }
            (At::Zip(indices), kind) => {
                let Some(zip) = &mut self.zip else { return Ok(()) };
                for index in indices {
                    if kind == Kind::Folder {
                        archive::unpack_zip_entry(zip, *index, self.above + 1, "", collector)?;
                    } else {
                        read_zipped_file(zip, *index, file, collector)?;
                    }
                }
            }
            (_, Kind::Link | Kind::Other) => {}
        }
        unpack_archives(from, entry.kind == Kind::File, collector)
    }

    /// Returns the folder of an entry, if it is on the disk.
    pub(super) fn folder<'a>(&self, entry: &'a Entry) -> Option<&'a Path> {
        match &entry.at {
            At::Disk(at) if entry.kind == Kind::Folder => Some(at),
            _ => None,
        }
    }
}

/// Unpacks the archives that were found: one alone at the top, several into folders of their names.
fn unpack_archives(from: usize, is_lone_file: bool, collector: &mut Collector) -> Result<(), NoContent> {
    let archives = collector.archives.split_off(from);
    let is_alone = archives.len() == 1 && (is_lone_file || collector.tree.files.is_empty());
    for (path, bytes) in archives {
        let stem = archive::Kind::split(&path).map_or(path.as_str(), |(stem, _)| stem);
        let at = if is_alone { "" } else { stem };
        let below = format!("{stem}/");
        if !is_alone
            && collector.tree.files.range(below.clone()..).next().is_some_and(|(file, _)| file.starts_with(&below))
        {
            collector.tree.lay_aside(path, "an archive beside the folder of the same name, which is used");
            continue;
        }
        archive::unpack(&path, &bytes, at, collector)?;
    }
    Ok(())
}

fn read_zipped_file<R: Read + io::Seek>(
    zip: &mut ZipArchive<R>,
    index: usize,
    file: &str,
    collector: &mut Collector,
) -> Result<(), NoContent> {
    let mut entry = zip.by_index(index).map_err(|error| archive::broken_zip(&format!("The file {file}"), error))?;
    let packed = entry.compressed_size();
    collector.file(&without_separators(file), Some(packed), &mut entry)
}

fn without_separators(file: &str) -> String {
    match path::classify(file) {
        Ok(Place::Keep(path)) => path,
        _ => file.replace(['/', '\\', ':'], "_"),
    }
}

/// Returns true if the only folder of a class is one around all submissions.
fn is_wrapper(name: &str, class: &Path) -> bool {
    let name = key::comparable(name);
    let stem = class.file_stem().map(|stem| key::comparable(&stem.to_string_lossy())).unwrap_or_default();
    name.ends_with("submissions") || (class.is_file() && name == stem)
}
