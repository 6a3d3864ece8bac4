//! The record of a broker that is kept running. Each copy of the kit has its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::PersistentBroker;
use crate::{
    cleanup::{self, at},
    fingerprint, kit,
};

/// The prefix of the names of records, and of the folders beside them.
const PREFIX: &str = "warm-";

/// Returns this kit's folder, as in records.
pub(super) fn own_kit() -> PathBuf {
    kit::root().canonicalize().unwrap_or_else(|_| kit::root().to_owned())
}

/// Returns the name of a kit's record, without the extension.
fn name(kit: &Path) -> String {
    format!("{PREFIX}{:016x}", fingerprint::of(kit.as_os_str().as_encoded_bytes()))
}

fn file(kit: &Path) -> io::Result<PathBuf> {
    Ok(cleanup::base()?.join(name(kit) + ".json"))
}

/// Reads a record. None if it can't be read.
fn read(file: &Path) -> Option<PersistentBroker> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// Returns the record of this kit. If it has none, that of a kit that is gone: this kit may have been moved from there.
pub(super) fn own() -> Option<PersistentBroker> {
    let kit = own_kit();
    let of_a_lost_kit = || all().into_iter().find(|broker| broker.kit != kit && !broker.kit.exists());
    file(&kit).ok().and_then(|file| read(&file)).or_else(of_a_lost_kit)
}

/// Returns the records of other kits.
pub(super) fn of_others() -> Vec<PersistentBroker> {
    let kit = own_kit();
    all().into_iter().filter(|broker| broker.kit != kit && broker.kit.exists()).collect()
}

fn all() -> Vec<PersistentBroker> {
    let Some(entries) = cleanup::base().ok().and_then(|base| fs::read_dir(base).ok()) else { return Vec::new() };
    let is_record = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with(PREFIX) && name.ends_with(".json")
    };
    let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_record);
    files.filter_map(|file| read(&file)).collect()
}

impl PersistentBroker {
    /// Returns the folder for the broker's files: its log, and a private node's data.
    pub(super) fn folder(&self) -> io::Result<PathBuf> {
        folder(&self.kit)
    }

    /// Writes the record.
    pub(super) fn save(&self) -> io::Result<()> {
        let file = file(&self.kit)?;
        fs::write(&file, serde_json::to_vec_pretty(self)?).map_err(|error| at(&file, &error))
    }

    /// Removes the record and the broker's files.
    pub(super) fn forget(&self) {
        if let Ok(file) = file(&self.kit) {
            let _ = fs::remove_file(file);
        }
        if let Ok(folder) = self.folder() {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Returns the folder of the broker that this kit keeps running.
pub(super) fn folder(kit: &Path) -> io::Result<PathBuf> {
    Ok(cleanup::base()?.join(name(kit)))
}
