//! Folders on the disk. Links are never followed.

use std::{fs, io, path::Path};

use super::{
    path,
    tree::{Collector, unreadable},
};
use crate::class::NoContent;

/// Reads a folder into a collector, below `at`.
///
/// # Errors
///
/// A sentence, if the folder can't be read, or exceeds a limit.
pub(super) fn read(folder: &Path, at: &str, collector: &mut Collector) -> Result<(), NoContent> {
    descend(folder, at, collector)
}

fn descend(folder: &Path, at: &str, collector: &mut Collector) -> Result<(), NoContent> {
    let failed = |error: io::Error| {
        let what = if at.is_empty() { "Its folder".to_owned() } else { format!("The folder {at}") };
        unreadable(&what, &error)
    };
    let mut entries =
        fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>()).map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    collector.look_at(entries.len())?;
    for entry in entries {
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            collector.tree.lay_aside(path::join(at, &name.to_string_lossy()), "a name that is not UTF-8");
            continue;
        };
        let below = path::join(at, name);
        let kind = entry.file_type().map_err(failed)?;
        if name.contains('\\') {
            collector.tree.lay_aside(below, "a name with a backslash");
        } else if kind.is_symlink() {
            collector.other(&below, "a link, which is never followed")?;
        } else if kind.is_dir() {
            match path::classify(&format!("{below}/"))? {
                path::Place::Skip(skipped, reason) => collector.tree.lay_aside(skipped, reason),
                _ => descend(&entry.path(), &below, collector)?,
            }
        } else if kind.is_file() {
            if let path::Place::Skip(skipped, reason) = path::classify(&below)? {
                collector.tree.lay_aside(skipped, reason);
                continue;
            }
            let opened = fs::File::open(entry.path());
            let mut file = opened.map_err(|error| unreadable(&format!("The file {below}"), &error))?;
            collector.file(&below, None, &mut file)?;
        } else {
            collector.other(&below, "neither a file nor a folder")?;
        }
    }
    Ok(())
}
