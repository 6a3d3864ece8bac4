//! The lessons' folders.

use std::{fs, io};

use crate::cargo::root;

/// A lesson's folder, as in `01-hello-send`: its number and its id. Its package is named after the id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lesson {
    /// The number, as in `01`.
    pub number: String,
    /// The id, as in `hello-send`.
    pub id: String,
}

impl Lesson {
    /// Returns the lesson whose folder has this name.
    pub fn named(folder: &str) -> Option<Lesson> {
        let (number, id) = folder.split_once('-')?;
        Some(Lesson { number: number.to_owned(), id: id.to_owned() })
    }

    /// Returns the name of its folder.
    pub fn name(&self) -> String {
        format!("{}-{}", self.number, self.id)
    }
}

/// Returns all lessons, in the order of their numbers.
pub fn all() -> io::Result<Vec<Lesson>> {
    let folders = fs::read_dir(root().join("lessons"))?.collect::<io::Result<Vec<_>>>()?;
    let folders = folders.into_iter().filter(|folder| folder.path().is_dir());
    let mut lessons: Vec<Lesson> =
        folders.filter_map(|folder| Lesson::named(&folder.file_name().to_string_lossy())).collect();
    lessons.sort();
    Ok(lessons)
}
