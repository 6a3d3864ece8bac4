//! The files of a report, each of which is complete or absent.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{ReportError, Written};

/// The files that were written so far.
#[derive(Debug, Default)]
pub struct Output {
    /// The report's result.
    pub written: Written,
}

impl Output {
    /// Writes a file under a temporary name in its folder, then renames it.
    pub fn write(&mut self, path: &Path, content: &[u8]) -> Result<(), ReportError> {
        put(path, content).map_err(|source| ReportError::Write { path: path.to_owned(), source })?;
        self.written.files.push(path.to_owned());
        Ok(())
    }
}

fn put(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The umask takes away from this, as from any file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(content)?;
    file.flush()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Returns a file's content.
pub fn read(path: &Path) -> Result<Vec<u8>, ReportError> {
    fs::read(path).map_err(|source| ReportError::Read { path: path.to_owned(), source })
}

/// Returns the path, or the file of this name in it, if it is a folder or ends with a slash.
pub fn file_at(to: &Path, name: &str) -> PathBuf {
    let ends_with_slash = to.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    if to.is_dir() || ends_with_slash { to.join(name) } else { to.to_owned() }
}

/// Checks that a key is a name for files, and no path.
pub fn check_key(key: &str) -> Result<(), ReportError> {
    let fine = key.chars().all(|char| char.is_alphanumeric() || matches!(char, '-' | '_'));
    if fine && key.starts_with(char::is_alphanumeric) { Ok(()) } else { Err(ReportError::Key(key.to_owned())) }
}
