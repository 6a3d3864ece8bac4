//! The sources of a program at a check, to find out later whether they have changed.

use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};

use super::build::Source;
use crate::{fingerprint, kit};

/// The most files that are read.
const MOST_FILES: usize = 1000;

/// The largest source file, in bytes. A larger file is a built program, which is compared by time and size.
const LARGEST: u64 = 256 * 1024;

/// Folders of a package without sources, in addition to those whose names begin with a dot.
const NOT_SOURCES: [&str; 1] = ["target"];

/// The places of the sources, and a hash of their text.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Sources {
    /// A package's folder, or files: relative to the kit's root if inside it, because a kit may be moved.
    places: Vec<PathBuf>,
    hash: String,
}

impl Sources {
    /// Returns the sources of this program. None if a command line names no file.
    #[must_use]
    pub fn of(source: &Source) -> Option<Sources> {
        let places: Vec<PathBuf> = match source {
            Source::Reference(folder) => vec![std::path::absolute(folder).ok()?],
            Source::Package(asked) => vec![std::path::absolute(&asked.folder).ok()?],
            Source::Command(line) => {
                let here = std::env::current_dir().ok()?;
                // The first word is looked up on the PATH, unless it is a path itself.
                let is_path = |(index, word): (usize, &String)| index > 0 || word.contains(std::path::is_separator);
                let words =
                    line.words.iter().enumerate().filter(|word| is_path(*word)).map(|(_, word)| here.join(word));
                words.filter(|path| path.is_file()).collect()
            }
        };
        let hash = hash(&places)?;
        let inside = |place: &PathBuf| place.strip_prefix(kit::root()).unwrap_or(place).to_owned();
        Some(Sources { places: places.iter().map(inside).collect(), hash })
    }

    /// Returns whether they have changed.
    #[must_use]
    pub fn have_changed(&self) -> bool {
        let places: Vec<PathBuf> = self.places.iter().map(|place| kit::root().join(place)).collect();
        hash(&places).as_ref() != Some(&self.hash)
    }
}

/// Returns a hash of all sources in these places. None if there are none.
fn hash(places: &[PathBuf]) -> Option<String> {
    let mut files: Vec<PathBuf> = places.iter().flat_map(|place| files(place)).take(MOST_FILES).collect();
    files.sort();
    let hashed = files.iter().filter_map(|file| Some((file, content(file)?)));
    let hash = hashed.fold(None, |before, (file, text)| {
        let place = places.iter().find_map(|place| file.strip_prefix(place).ok()).unwrap_or(file);
        let name = place.as_os_str().as_encoded_bytes();
        let before = fingerprint::on(before.unwrap_or(fingerprint::of(b"")), name);
        Some(fingerprint::on(fingerprint::on(before, &text.len().to_le_bytes()), &text))
    })?;
    Some(format!("{hash:016x}"))
}

/// Returns the content of a file for the hash.
fn content(file: &Path) -> Option<Vec<u8>> {
    let about = fs::metadata(file).ok()?;
    if about.len() <= LARGEST {
        return fs::read(file).ok();
    }
    let saved = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} bytes of {}", about.len(), saved.as_nanos()).into_bytes())
}

/// Returns the sources of a package, or the file itself.
fn files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let (mut files, mut folders) = (Vec::new(), vec![place.to_owned()]);
    while let Some(folder) = folders.pop() {
        if files.len() >= MOST_FILES {
            break;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            // Links are not followed: they may lead back.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !name.starts_with('.') && !NOT_SOURCES.contains(&name.as_str()) => {
                    folders.push(path);
                }
                // A build writes Cargo.lock, so it does not count as a source.
                Ok(kind) if kind.is_file() && (name.ends_with(".rs") || name == "Cargo.toml") => files.push(path),
                _ => {}
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use cli::CommandLine;

    use super::*;

    #[test]
    fn a_changed_source_is_noticed_and_what_a_build_writes_is_none() {
        let folder = std::env::temp_dir().join(format!("hello-rabbit-sources-{}", std::process::id()));
        let write = |file: &str, text: &str| {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[package]");
        write("src/main.rs", "fn main() {}");
        let sources = Sources::of(&Source::Reference(folder.clone())).unwrap();
        let mut changed = vec![sources.have_changed()];
        for (file, text) in [
            ("Cargo.lock", "locked"),
            ("target/debug/build/out.rs", "built"),
            ("src/.main.rs.swp", "swap"),
            ("src/main.rs", "fn main() { }"),
            ("src/main.rs", "fn main() {}"),
            ("src/bin/more.rs", ""),
        ] {
            write(file, text);
            changed.push(sources.have_changed());
        }
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(changed, [false, false, false, false, true, false, true]);
        assert!(sources.have_changed(), "a program that is gone has changed");
    }

    #[test]
    fn a_command_line_has_the_files_that_it_names() {
        let file = std::env::temp_dir().join(format!("hello-rabbit-send-{}.py", std::process::id()));
        let command = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            Source::Command(CommandLine { typed: words.join(" "), words })
        };
        assert_eq!(Sources::of(&command(&["python3", "-c", "pass"])), None);
        fs::write(&file, "one").unwrap();
        let sources = Sources::of(&command(&["python3", file.to_str().unwrap()])).unwrap();
        let before = sources.have_changed();
        fs::write(&file, "two").unwrap();
        let after = sources.have_changed();
        let large = "x".repeat(1024 * 1024);
        fs::write(&file, &large).unwrap();
        let built = Sources::of(&command(&["python3", file.to_str().unwrap()])).unwrap();
        let (same, other) = (built.have_changed(), format!("{large}x"));
        fs::write(&file, other).unwrap();
        let built_again = built.have_changed();
        fs::remove_file(&file).unwrap();
        assert_eq!((before, after), (false, true));
        assert_eq!((same, built_again), (false, true));
    }
}
