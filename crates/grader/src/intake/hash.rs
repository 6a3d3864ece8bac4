//! A hash of a submission's content, by which a journal knows it again.

use sha2::{Digest, Sha256};

use super::key;
use crate::class::{Content, Program};

impl Content {
    /// Returns a hash of the files, their paths and the program, as 32 hexadecimal digits.
    ///
    /// It is the same on all machines.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(b"content 1");
        match &self.program {
            Program::Rust(package) => {
                part(b"rust");
                let library = package.library.as_deref();
                part(&[u8::from(library.is_some())]);
                for text in [&package.name, &package.edition, &package.main, &package.bin, &package.folder] {
                    part(text.as_bytes());
                }
                part(library.unwrap_or_default().as_bytes());
            }
            Program::Command { command, folder } => {
                part(b"command");
                part(folder.to_string_lossy().replace('\\', "/").as_bytes());
                part(&(command.len() as u64).to_le_bytes());
                for word in command {
                    part(word.as_bytes());
                }
            }
        }
        for (path, bytes) in &self.files {
            part(path.as_bytes());
            part(bytes);
        }
        key::hex(&hash.finalize(), 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts() {
        let content = |path: &str, bytes: &str, main: &str| {
            let mut content = Content::default();
            content.files.insert(path.into(), bytes.into());
            if let Program::Rust(package) = &mut content.program {
                package.main = main.into();
            }
            content.hash()
        };
        let first = content("a", "b", "c");
        assert_eq!(first, content("a", "b", "c"));
        assert_eq!(first.len(), 32);
        for other in [content("ab", "", "c"), content("a", "x", "c"), content("a", "b", "d")] {
            assert_ne!(first, other);
        }
    }
}
