//! The corpus of hostile programs: `hostile/corpus.toml`, which the README beside it describes.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use harness::kit;
use serde::Deserialize;

use super::canaries::Canaries;

/// The corpus's folder in the kit.
const FOLDER: &str = "crates/grader/hostile";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    programs: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    about: String,
    kind: Place,
    main: String,
    #[serde(default)]
    manifest: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    holds: Vec<Holds>,
    #[serde(default)]
    names: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Place {
    Run,
    Build,
}

/// A property that must hold after a hostile program.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// The secret is nowhere in its output or in the compiler's.
    NoSecret,
    /// The victim's folder is as it was.
    NoWrite,
    /// No socket outside the sandbox was reached.
    NoConnect,
    /// No process of it is left.
    NoSurvivor,
    /// The check ends within its own limits.
    InTime,
    /// The verdict is not `passed`.
    NotPassed,
    /// A right program that runs at the same time passes.
    OthersUnharmed,
    /// The recording is small.
    Small,
    /// It gets no points for steps that it did not do.
    NoPoints,
}

/// A hostile program.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// The name.
    pub name: String,
    /// The attack, in one sentence.
    pub about: String,
    /// True if the attack is at run time, false if it is while it compiles.
    pub is_run: bool,
    /// The properties that must hold.
    pub holds: Vec<Holds>,
    /// A text that the verdict must contain.
    pub names: Option<String>,
    files: BTreeMap<String, String>,
}

impl Hostile {
    /// Writes it as a submission, with the places of the canaries in its texts.
    ///
    /// # Errors
    ///
    /// When the folder can't be written.
    pub fn write(&self, folder: &Path, canaries: &Canaries) -> io::Result<()> {
        self.files.iter().try_for_each(|(name, text)| {
            let name = canaries.put_into(name);
            write(folder, name.trim_start_matches('/'), &canaries.put_into(text))
        })
    }
}

/// Writes a file of a submission; a script can be executed.
///
/// # Errors
///
/// When the folder can't be written.
pub fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&path, text)?;
    if text.starts_with("#!") {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Reads the corpus.
///
/// # Errors
///
/// When the file can't be read or is wrong; the error names it.
pub fn read() -> io::Result<Vec<Hostile>> {
    let corpus: Corpus = toml::from_str(&text()?).map_err(|error| at(&error))?;
    Ok(corpus.programs.into_iter().map(hostile).collect())
}

/// Returns the text of the corpus.
///
/// # Errors
///
/// When the file can't be read; the error names it.
pub fn text() -> io::Result<String> {
    fs::read_to_string(path()).map_err(|error| at(&error))
}

fn path() -> PathBuf {
    kit::root().join(FOLDER).join("corpus.toml")
}

fn at(error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {error}", path().display()))
}

fn hostile(entry: Entry) -> Hostile {
    let mut files = entry.files;
    files.insert("src/main.rs".to_owned(), entry.main);
    let plain = "[package]\nname = \"submission\"\nedition = \"2024\"\n\n[dependencies]\nlapin = \"4\"\ntokio = { version = \"1\", features = [\"full\"] }\n";
    files.entry("Cargo.toml".to_owned()).or_insert_with(|| entry.manifest.unwrap_or_else(|| plain.to_owned()));
    Hostile {
        name: entry.name,
        about: entry.about,
        is_run: entry.kind == Place::Run,
        holds: entry.holds,
        names: entry.names,
        files,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_corpus_is_large_and_each_program_has_something_to_hold() {
        let programs = read().unwrap();
        assert!(programs.len() >= 40, "{}", programs.len());
        let names: BTreeSet<&str> = programs.iter().map(|program| program.name.as_str()).collect();
        assert_eq!(names.len(), programs.len(), "a name stands twice");
        for program in &programs {
            assert!(!program.holds.is_empty() && program.about.ends_with('.'), "{}", program.name);
        }
        for kind in [true, false] {
            assert!(programs.iter().any(|program| program.is_run == kind));
        }
    }
}
