//! The file that grades on Gradescope: a zip with its two scripts, the teacher's choices, and the kit.
//!
//! The same files and choices give the same bytes, so a package can be compared with the one that is in use.

use std::{
    fs,
    io::{self, Cursor, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::report::plain::plain;

/// The folder of the scripts, in the kit.
const SCRIPTS: &str = "grading/gradescope";

/// The scripts that Gradescope needs at the top of the zip.
const NAMES: [&str; 2] = ["setup.sh", "run_autograder"];

/// Folders of the kit that are never packed, even if git has files in them.
const LEFT_OUT: [&str; 2] = ["target/", "work/"];

/// The choices of a teacher.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// The numbers of the lessons, with commas between them.
    pub lessons: String,
    /// The content of the rubric.
    pub rubric: Option<Vec<u8>>,
    /// The class's seed. Without it, it follows from all that is packed.
    pub seed: Option<u64>,
    /// The time limit of one run of a program, in seconds.
    pub time_limit: u64,
}

/// A package.
#[derive(Debug)]
pub struct Package {
    /// The zip.
    pub bytes: Vec<u8>,
    /// The number of files in it.
    pub files: usize,
    /// The class's seed.
    pub seed: u64,
    /// The files of the kit that git does not know, and folders of such files.
    pub not_packed: Vec<String>,
}

/// The reasons why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Git can't be started.
    #[error("git could not be started: {0}")]
    NoGit(io::Error),
    /// Git does not list the kit's files.
    #[error("git does not list the files of {}: {said}", kit.display())]
    NoClone {
        /// The kit's folder.
        kit: PathBuf,
        /// The message of git.
        said: String,
    },
    /// A file of the kit can't be read.
    #[error("{} can't be read: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// A file of the kit is a link, or a repository of its own.
    #[error("{path:?} is neither a file nor a folder, and is not packed")]
    NoFile {
        /// The path in the kit.
        path: String,
    },
    /// The zip can't be made.
    #[error("the zip can't be made: {0}")]
    Zip(#[from] ZipError),
}

impl PackageError {
    /// Returns the advice.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            PackageError::NoGit(_) => "install git",
            PackageError::NoClone { .. } => "package from a clone: get the kit with git clone",
            PackageError::File { .. } | PackageError::NoFile { .. } => {
                "get an unchanged copy of the kit: git status shows what differs"
            }
            PackageError::Zip(_) => "report this",
        }
    }
}

/// A file of the package.
struct Entry {
    name: String,
    is_executable: bool,
    content: Vec<u8>,
}

/// Packs an autograder for Gradescope: the files of the kit that git knows, as they are now.
///
/// # Errors
///
/// When git does not list the kit's files, or one of them can't be read.
pub fn gradescope(kit: &Path, choices: &Choices) -> Result<Package, PackageError> {
    let mut entries = Vec::new();
    for name in NAMES {
        let content = read(&kit.join(SCRIPTS).join(name))?;
        entries.push(Entry { name: name.to_owned(), is_executable: true, content });
    }
    for (mode, path) in tracked(kit)? {
        let is_executable = match mode.as_str() {
            "100755" => true,
            "100644" => false,
            _ => return Err(PackageError::NoFile { path }),
        };
        let content = read(&kit.join(&path))?;
        entries.push(Entry { name: format!("kit/{path}"), is_executable, content });
    }
    if let Some(rubric) = &choices.rubric {
        entries.push(Entry { name: "rubric.toml".to_owned(), is_executable: false, content: rubric.clone() });
    }
    let seed = choices.seed.unwrap_or_else(|| seed_of(&entries, choices));
    let settings = settings(choices, seed).into_bytes();
    entries.push(Entry { name: "settings.sh".to_owned(), is_executable: false, content: settings });
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Package { files: entries.len(), bytes: zipped(&entries)?, seed, not_packed: untracked(kit)? })
}

/// Returns the file with the choices, which `run_autograder` reads.
fn settings(choices: &Choices, seed: u64) -> String {
    let Choices { lessons, time_limit, .. } = choices;
    format!(
        "# Written by `cargo xtask grade package gradescope`, and read by run_autograder.\n\
         LESSON={lessons}\nSEED={seed}\nTIMEOUT={time_limit}\n"
    )
}

/// Returns a seed that depends on every byte, small enough for every JSON reader.
fn seed_of(entries: &[Entry], choices: &Choices) -> u64 {
    let mut hash = Sha256::new();
    hash.update(settings(choices, 0));
    for Entry { name, content, .. } in entries {
        hash.update(name);
        hash.update([0]);
        hash.update(Sha256::digest(content));
    }
    hash.finalize().iter().take(4).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

fn zipped(entries: &[Entry]) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for Entry { name, is_executable, content } in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(if *is_executable { 0o755 } else { 0o644 });
        zip.start_file(name, options)?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn read(path: &Path) -> Result<Vec<u8>, PackageError> {
    fs::read(path).map_err(|error| PackageError::File { path: path.to_owned(), error })
}

/// Returns the files that git knows, each with its mode.
fn tracked(kit: &Path) -> Result<Vec<(String, String)>, PackageError> {
    let lines = git(kit, &["--stage"])?;
    // `100644 HASH 0<tab>PATH`
    let entry = |line: &String| {
        let (about, path) = line.split_once('\t')?;
        Some((about.split(' ').next()?.to_owned(), path.to_owned()))
    };
    let mut files: Vec<_> = lines.iter().filter_map(entry).collect();
    files.retain(|(_, path)| !LEFT_OUT.iter().any(|folder| path.starts_with(folder)));
    if files.is_empty() {
        return Err(PackageError::NoClone { kit: kit.to_owned(), said: "it knows none".to_owned() });
    }
    // A file that is being merged has several entries.
    files.dedup_by(|one, other| one.1 == other.1);
    Ok(files)
}

/// Returns the files that git does not know and is not asked to ignore, with folders as one entry.
fn untracked(kit: &Path) -> Result<Vec<String>, PackageError> {
    let all = git(kit, &["--others", "--exclude-standard", "--directory", "--no-empty-directory"])?;
    Ok(all.iter().map(|path| plain(path)).collect())
}

/// Runs `git ls-files` in the kit.
fn git(kit: &Path, arguments: &[&str]) -> Result<Vec<String>, PackageError> {
    let mut git = Command::new("git");
    git.arg("-C").arg(kit).args(["ls-files", "-z"]).args(arguments).stdin(Stdio::null());
    // Inside a hook of git, these name another repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(name);
    }
    let output = git.output().map_err(PackageError::NoGit)?;
    if !output.status.success() {
        let said = plain(String::from_utf8_lossy(&output.stderr).trim());
        return Err(PackageError::NoClone { kit: kit.to_owned(), said });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.split('\0').filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Read};

    use zip::ZipArchive;

    use super::*;

    /// Returns a kit of a few files, as a clone.
    fn kit() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("grading/gradescope/setup.sh", "setup"),
            ("grading/gradescope/run_autograder", "run"),
            ("Cargo.toml", "[workspace]"),
            ("target/debug/grader", "a program"),
            ("work/01-hello-send/main.rs", "mine"),
            (".gitignore", "*.log\n"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        for arguments in [&["init", "--quiet"][..], &["add", "--all"], &["update-index", "--chmod=+x", "Cargo.toml"]] {
            let git = Command::new("git").arg("-C").arg(folder.path()).args(arguments).status().unwrap();
            assert!(git.success());
        }
        folder
    }

    fn choices() -> Choices {
        Choices { lessons: "01,02".to_owned(), rubric: Some(b"[lessons]\n".to_vec()), seed: None, time_limit: 10 }
    }

    /// Returns the content and the permissions of each file.
    fn unpacked(package: &Package) -> BTreeMap<String, (String, u32)> {
        let mut zip = ZipArchive::new(Cursor::new(&package.bytes)).unwrap();
        let mut files = BTreeMap::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            files.insert(file.name().unwrap().into_owned(), (text, file.unix_mode().unwrap() & 0o777));
        }
        files
    }

    #[test]
    fn a_package_has_scripts_choices_and_what_git_knows() {
        let kit = kit();
        fs::write(kit.path().join("week1.zip"), "a class").unwrap();
        fs::write(kit.path().join("a.log"), "ignored").unwrap();
        fs::write(kit.path().join("Cargo.toml"), "changed").unwrap();
        let package = gradescope(kit.path(), &choices()).unwrap();
        let files = unpacked(&package);
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        let expected = [
            "kit/.gitignore",
            "kit/Cargo.toml",
            "kit/grading/gradescope/run_autograder",
            "kit/grading/gradescope/setup.sh",
            "rubric.toml",
            "run_autograder",
            "settings.sh",
            "setup.sh",
        ];
        assert_eq!((names, package.files), (expected.to_vec(), expected.len()));
        assert_eq!(files["run_autograder"], ("run".to_owned(), 0o755));
        assert_eq!(files["kit/Cargo.toml"], ("changed".to_owned(), 0o755), "the file as it is now");
        assert_eq!(files["kit/.gitignore"].1, 0o644);
        assert_eq!(files["rubric.toml"].0, "[lessons]\n");
        let settings = format!("\nLESSON=01,02\nSEED={}\nTIMEOUT=10\n", package.seed);
        assert!(files["settings.sh"].0.ends_with(&settings), "{}", files["settings.sh"].0);
        assert_eq!(package.not_packed, ["week1.zip"]);
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let (one, other) = (kit(), kit());
        let first = gradescope(one.path(), &choices()).unwrap();
        let modified = fs::File::options().append(true).open(other.path().join("Cargo.toml")).unwrap();
        modified.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(first.bytes, gradescope(other.path(), &choices()).unwrap().bytes);
        // Each change of the input changes the seed of the class.
        let mut seeds = vec![first.seed];
        seeds.push(gradescope(one.path(), &Choices { rubric: None, ..choices() }).unwrap().seed);
        seeds.push(gradescope(one.path(), &Choices { time_limit: 11, ..choices() }).unwrap().seed);
        fs::write(one.path().join("Cargo.toml"), "changed").unwrap();
        seeds.push(gradescope(one.path(), &choices()).unwrap().seed);
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 4);
        assert_eq!(gradescope(one.path(), &Choices { seed: Some(7), ..choices() }).unwrap().seed, 7);
    }

    #[test]
    fn a_kit_that_cannot_be_packed_is_named() {
        let kit = kit();
        fs::remove_file(kit.path().join("Cargo.toml")).unwrap();
        let error = gradescope(kit.path(), &choices()).unwrap_err();
        assert!(matches!(&error, PackageError::File { path, .. } if path.ends_with("Cargo.toml")), "{error}");
        std::os::unix::fs::symlink("/etc/passwd", kit.path().join("link")).unwrap();
        let git = Command::new("git").arg("-C").arg(kit.path()).args(["add", "--all"]).status().unwrap();
        assert!(git.success());
        let error = gradescope(kit.path(), &choices()).unwrap_err();
        assert!(matches!(&error, PackageError::NoFile { path } if path == "link"), "{error}");
        fs::remove_dir_all(kit.path().join(".git")).unwrap();
        let error = gradescope(kit.path(), &choices()).unwrap_err();
        assert!(error.to_string().contains("not a git repository"), "{error}");
        assert!(error.hint().contains("git clone"));
    }
}
