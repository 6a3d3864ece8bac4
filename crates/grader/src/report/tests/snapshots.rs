//! Each report of the class, as a snapshot.

use std::path::Path;

use super::fixture::class;
use crate::report::{Kind, Options, classroom50::Classroom50, table, write_with};

fn written(kind: Kind, name: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let about = Classroom50::from_env(|name| Some(format!("the {name}"))).unwrap();
    let options = Options { classroom50: Some(about), ..Options::default() };
    let written = write_with(kind, &class(), folder.path(), &options).unwrap();
    assert!(written.files.iter().all(|file| file.is_file()));
    let left = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
    assert_eq!(left.count(), 0, "no temporary file stays");
    std::fs::read_to_string(folder.path().join(Path::new(name))).unwrap()
}

#[test]
fn the_terminal() {
    insta::assert_snapshot!("table", table(&class(), 100));
    insta::assert_snapshot!("table_narrow", table(&class(), 60));
}

#[test]
fn files_for_people() {
    // The tests of the book's builder show these two pages in a browser.
    insta::assert_binary_snapshot!("class.html", written(Kind::Html, "class.html").into_bytes());
    insta::assert_binary_snapshot!("student.html", written(Kind::Students, "evil-1.html").into_bytes());
    insta::assert_snapshot!("student.md", written(Kind::Students, "evil-1.md"));
    insta::assert_snapshot!("student_passed.md", written(Kind::Students, "ada.md"));
    insta::assert_snapshot!("grades.csv", written(Kind::Csv, "grades.csv"));
}

#[test]
fn files_for_platforms() {
    insta::assert_snapshot!("grades.json", written(Kind::Json, "grades.json"));
    insta::assert_snapshot!("junit.xml", written(Kind::Junit, "junit.xml"));
    insta::assert_snapshot!("gradescope.json", written(Kind::Gradescope, "quotes/results.json"));
    insta::assert_snapshot!("classroom50.json", written(Kind::Classroom50, "evil-1/result.json"));
    insta::assert_snapshot!("summary.md", written(Kind::Github, "summary.md"));
    insta::assert_snapshot!("annotations", written(Kind::Github, "annotations.txt"));
}
