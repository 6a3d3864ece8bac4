//! A lesson, as its folder describes it: `lessons/NN-name/lesson.toml`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    hints,
    verdict::{Outcome, Step},
};

/// A lesson, as its folder describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The number, such as `01`: the start of the folder's name.
    pub number: String,
    /// The folder.
    pub folder: PathBuf,
    /// The content of its `lesson.toml`.
    pub about: About,
}

/// A `lesson.toml`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The id, which stays the same if the lesson's number changes.
    pub id: String,
    /// The title, for people.
    pub title: String,
    /// The minutes that it takes.
    pub minutes: u32,
    /// The lessons whose programs run beside this one's.
    pub beside: Vec<String>,
    /// The steps, in the order in which the program takes them.
    pub steps: Vec<StepAbout>,
    /// The experiments that the chapter proposes.
    #[serde(default)]
    pub experiments: Vec<Experiment>,
}

/// A change of the program in one place, to see the effect.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The name of its recordings.
    pub id: String,
    /// The steps whose code is left out.
    #[serde(default)]
    pub leave_out: Vec<String>,
    /// The other changes.
    #[serde(default)]
    pub change: Vec<Replacement>,
}

/// One step in a `lesson.toml`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct StepAbout {
    /// The id, which is also the name of the anchor in the program.
    pub id: String,
    /// The title, for people.
    pub title: String,
    /// The task in one to three sentences: the goal, and the method to use. In a starter, it stands in place of the step's
    /// code.
    pub task: String,
    /// Hints, from a nudge to almost the whole line. The result of the last check is shown before them.
    pub hints: Vec<String>,
    /// The signs that make some of the hints superfluous.
    #[serde(default)]
    pub done: Vec<hints::Done>,
    /// The page about it.
    pub read: String,
    /// The changes that remove this step, if leaving its code out would have no effect: a receiver stays by itself. They are
    /// used only for the step programs.
    #[serde(default)]
    pub without: Vec<Replacement>,
}

/// A change of a program's text.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// The text to find, which occurs once.
    pub find: String,
    /// The text to put in its place.
    pub replace: String,
}

/// Returns all lessons of the kit in this folder, in the order of their numbers.
///
/// # Errors
///
/// An error that names the file, if a folder can't be read, or if its `lesson.toml` is wrong.
pub fn all(root: &Path) -> io::Result<Vec<Lesson>> {
    let folder = root.join("lessons");
    let entries = fs::read_dir(&folder).map_err(|error| at(&folder, &error))?;
    let folders = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    let mut lessons =
        folders.iter().filter(|path| path.is_dir()).map(|path| read(path)).collect::<io::Result<Vec<_>>>()?;
    lessons.sort_by(|one, other| one.number.cmp(&other.number));
    Ok(lessons)
}

fn read(folder: &Path) -> io::Result<Lesson> {
    let path = folder.join("lesson.toml");
    let text = fs::read_to_string(&path).map_err(|error| at(&path, &error))?;
    let about = toml::from_str(&text).map_err(|error| at(&path, &io::Error::new(io::ErrorKind::InvalidData, error)))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let number = name.split('-').next().unwrap_or_default().to_owned();
    Ok(Lesson { number, folder: folder.to_owned(), about })
}

impl Lesson {
    /// Returns the steps with their outcomes; a step without an outcome was not checked.
    #[must_use]
    pub fn steps(&self, outcomes: &[(&'static str, Outcome)]) -> Vec<Step> {
        let of = |id: &str| outcomes.iter().find(|(other, _)| *other == id).map(|(_, outcome)| outcome.clone());
        let step = |about: &StepAbout| Step {
            id: about.id.clone(),
            title: about.title.clone(),
            outcome: of(&about.id).unwrap_or(Outcome::NotChecked),
            page: format!("{}.html#{}", self.name(), about.id),
            read: about.read.clone(),
        };
        self.about.steps.iter().map(step).collect()
    }

    /// Returns the path of its page in the book, such as `book/src/01-hello-send.md`.
    #[must_use]
    pub fn page(&self) -> String {
        format!("book/src/{}.md", self.name())
    }

    /// Returns the name of its folder and of its page.
    fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Returns an I/O error that names the file.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract;

    fn root() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn every_lesson_has_a_contract_with_the_same_steps_and_an_anchor_for_each() {
        for lesson in all(&root()).unwrap() {
            let ids: Vec<&str> = lesson.about.steps.iter().map(|step| step.id.as_str()).collect();
            assert_eq!(
                ids,
                contract::of(&lesson.about.id).unwrap().steps(),
                "lesson.toml and contract of {} differ",
                lesson.number
            );
            let program = fs::read_to_string(lesson.folder.join("src/main.rs")).unwrap();
            for id in ids {
                for mark in [format!("// ANCHOR: {id}\n"), format!("// ANCHOR_END: {id}\n")] {
                    assert_eq!(program.matches(&mark).count(), 1, "{mark:?} in lesson {}", lesson.number);
                }
            }
        }
    }

    #[test]
    fn every_step_has_a_task() {
        for lesson in all(&root()).unwrap() {
            for step in &lesson.about.steps {
                let task = &step.task;
                let whose = format!("the task of {}, in the lesson.toml of {}", step.id, lesson.number);
                let sentences = task.matches(". ").count() + 1;
                assert!(task.ends_with('.') && sentences <= 3, "{whose} is no one to three sentences: {task:?}");
                assert!(!task.contains('\n') && !task.contains("  "), "{whose} is broken into lines: {task:?}");
            }
        }
    }

    #[test]
    fn ids_and_numbers_are_unique_and_programs_are_short() {
        let lessons = all(&root()).unwrap();
        let mut ids: Vec<&str> = lessons.iter().flat_map(|lesson| [&*lesson.about.id, &*lesson.number]).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "an id or a number stands twice in lessons/");
        for lesson in lessons {
            let program = fs::read_to_string(lesson.folder.join("src/main.rs")).unwrap();
            let counts = |line: &&str| !line.trim().is_empty() && !line.contains("ANCHOR") && !line.starts_with("//!");
            let lines = program.lines().filter(counts).count();
            assert!(lines <= 90, "the program of lesson {} has {lines} lines; aim for 60", lesson.number);
        }
    }
}
