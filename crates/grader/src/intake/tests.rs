//! Whole classes, made in a temporary folder.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{IntakeError, Options};
use crate::class::{Class, Content, Layout, NoContent, Package, Program, Submission};

mod archives;
mod layouts;
mod programs;
mod rosters;

const MAIN: &str = "fn main() {}\n";
const MANIFEST: &str = "[package]\nname = \"hello-send\"\nedition = \"2024\"\n\n[dependencies]\nlapin = \"4\"\n";

/// A class in a temporary folder.
struct Classroom {
    folder: TempDir,
    options: Options,
}

impl Classroom {
    fn new() -> Classroom {
        let offered = [("lapin".to_owned(), "4".to_owned()), ("tokio".to_owned(), "1".to_owned())];
        let options = Options { lesson_id: "hello-send".to_owned(), offered: offered.into(), ..Options::default() };
        Classroom { folder: TempDir::new().unwrap(), options }
    }

    fn class(&self) -> PathBuf {
        self.folder.path().join("class")
    }

    fn put(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Classroom {
        let path = self.class().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    fn read(&self) -> Class {
        read(&self.class(), &self.options).unwrap()
    }
}

/// Reads a class, whose files are stored beside it.
fn read(class: &Path, options: &Options) -> Result<Class, IntakeError> {
    let store = class.with_file_name("store");
    if class.exists() {
        fs::create_dir_all(&store).unwrap();
    }
    super::read(class, options, &store)
}

/// Returns the files of a submission.
fn content(submission: &Submission) -> Content {
    submission.content.as_ref().unwrap().load().unwrap()
}

/// A submission, while its files are there.
struct HandedIn {
    submission: Submission,
    _classroom: Classroom,
}

impl HandedIn {
    fn to(classroom: Classroom) -> HandedIn {
        HandedIn { submission: only(classroom.read()), _classroom: classroom }
    }
}

impl std::ops::Deref for HandedIn {
    type Target = Submission;

    fn deref(&self) -> &Submission {
        &self.submission
    }
}

/// Reads one student's folder with these files.
fn one(files: &[(&str, &str)]) -> HandedIn {
    let classroom = Classroom::new();
    fs::create_dir_all(classroom.class().join("Ada")).unwrap();
    for (path, text) in files {
        classroom.put(&format!("Ada/{path}"), text);
    }
    HandedIn::to(classroom)
}

fn only(class: Class) -> Submission {
    assert_eq!(class.submissions.len(), 1, "{class:?}");
    class.submissions.into_iter().next().unwrap()
}

fn package(submission: &Submission) -> &Package {
    match &submission.content {
        Ok(stored) => match &stored.program {
            Program::Rust(package) => package,
            other @ Program::Command { .. } => panic!("no Rust program: {other:?}"),
        },
        Err(why) => panic!("no program: {why}"),
    }
}

fn refusal(submission: &Submission) -> &str {
    match &submission.content {
        Err(NoContent::Refused(sentence)) => sentence,
        other => panic!("it was not refused: {other:?}"),
    }
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn names(class: &Class) -> Vec<&str> {
    class.submissions.iter().map(|it| it.student.name.as_str()).collect()
}

fn aside<'a>(submission: &'a Submission, path: &str) -> Option<&'a str> {
    submission.laid_aside.iter().find(|aside| aside.path == path).map(|aside| aside.reason.as_str())
}

#[test]
fn what_is_no_class() {
    let classroom = Classroom::new();
    classroom.put("Cargo.toml", MANIFEST);
    let error = read(&classroom.class(), &classroom.options).unwrap_err().to_string();
    assert!(error.contains("one package"), "{error}");
    assert!(read(Path::new("/nowhere"), &classroom.options).is_err());
    let file = classroom.class().join("Cargo.toml");
    assert!(read(&file, &classroom.options).unwrap_err().to_string().contains("expected a folder or a .zip"));
    let mut options = classroom.options.clone();
    options.pattern = Some("(".to_owned());
    fs::remove_file(&file).unwrap();
    assert!(read(&classroom.class(), &options).unwrap_err().to_string().contains("--match"));
    options.pattern = Some("x(?P<other>y)".to_owned());
    assert!(read(&classroom.class(), &options).is_err());
}

#[test]
fn keys_are_unique_and_names_composed() {
    let classroom = Classroom::new();
    for name in ["ada lovelace", "Ada Lovelace", "Jose\u{301}", "李雷"] {
        classroom.put(&format!("{name}/main.rs"), MAIN);
    }
    let class = classroom.read();
    assert_eq!(class.layout, Layout::Plain);
    let mut keys: Vec<&str> = class.submissions.iter().map(|it| it.key.as_str()).collect();
    assert!(keys.iter().all(|key| key.chars().all(|it| it.is_ascii_alphanumeric() || it == '-')), "{keys:?}");
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 4);
    assert!(names(&class).contains(&"José"));
}

#[test]
fn names_have_no_control_characters() {
    let classroom = Classroom::new();
    classroom.put("Ada\u{202e}\u{9b}/main.rs", MAIN);
    let submission = only(classroom.read());
    assert_eq!(submission.student.name, "Ada\u{fffd}\u{fffd}");
    assert!(submission.content.is_ok());
}
