//! The files of a submission on the disk, until it is checked: a class has too many to keep them all in memory.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use crate::class::{Content, Program};

/// The program of a submission, and the place of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The program.
    pub program: Program,
    hash: String,
    at: PathBuf,
}

impl Stored {
    /// Stores the content of a submission in a folder. The same content is stored once.
    ///
    /// # Errors
    ///
    /// When the folder can't be written.
    pub fn new(content: Content, folder: &Path) -> io::Result<Stored> {
        let hash = content.hash();
        let at = folder.join(&hash);
        if !at.exists() {
            let mut tar = tar::Builder::new(BufWriter::new(fs::File::create(&at)?));
            for (path, bytes) in &content.files {
                let mut header = tar::Header::new_gnu();
                header.set_size(bytes.len() as u64);
                header.set_mode(0o644);
                tar.append_data(&mut header, path, bytes.as_slice())?;
            }
            tar.into_inner()?.flush()?;
        }
        Ok(Stored { program: content.program, hash, at })
    }

    /// Returns the hash of the content: [`Content::hash`].
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Reads the content back.
    ///
    /// # Errors
    ///
    /// When it can't be read, or is not what was stored.
    pub fn load(&self) -> io::Result<Content> {
        let mut tar = tar::Archive::new(BufReader::new(fs::File::open(&self.at)?));
        let mut files = BTreeMap::new();
        for entry in tar.entries()? {
            let mut entry = entry?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.insert(path, bytes);
        }
        let content = Content { files, program: self.program.clone() };
        if content.hash() == self.hash {
            return Ok(content);
        }
        Err(io::Error::other(format!("{} has changed since the class was read", self.at.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let long = format!("{}/src/größe.rs", "a/".repeat(30) + &"b".repeat(200));
        let files = [("src/main.rs", vec![0, 255]), (&long, b"fn main() {}".to_vec()), ("empty", Vec::new())];
        let files = files.map(|(path, bytes)| (path.to_owned(), bytes)).into();
        let content = Content { files, program: Program::default() };
        let stored = Stored::new(content.clone(), folder.path()).unwrap();
        assert_eq!(stored.load().unwrap(), content);
        // The same content again is the same file.
        assert_eq!(Stored::new(content, folder.path()).unwrap(), stored);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(&stored.at, "").unwrap();
        assert!(stored.load().unwrap_err().to_string().contains("has changed"));
    }
}
