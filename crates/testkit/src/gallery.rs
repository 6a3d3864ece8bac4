//! The gallery of mistakes: what learners write who are on their way, and what they have to be told.
//!
//! `lessons/NN-name/gallery.toml` lists programs. Each is the lesson's own, changed in one place:
//!
//! ```toml
//! [[programs]]
//! name = "prints-without-publishing"            # of the test and its snapshot
//! about = "Prints the line and publishes nothing."
//! step = "publish"                              # the step that has to fail; "" for a program that has to pass
//! says = ["sent none"]                          # what its message or its hint has to say, whatever the case of the letters
//! leave_out = ["publish"]                       # the steps whose code is left out
//! change = [{ find = "…", replace = "…" }]      # what else is changed; each stands there once
//! ```
//!
//! `transient = true` is for a program that declares a queue that is neither durable nor exclusive: a broker that denies such
//! queues fails it at `declare`. A program that no patch makes stands there whole, as `program`. `step` and `says` are written down before the report is
//! looked at; the snapshot then has all of it. `varies = true` is for a program whose evidence differs from run to run or from
//! broker to broker: its snapshot is without it.

use std::{fs, path::PathBuf};

use contracts::{
    anchors,
    lesson::{self, Experiment, Lesson, Replacement},
};
use recording::Recording;
use serde::Deserialize;

use crate::kit;

/// A program of the gallery.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exhibit {
    /// What it is called, among those of its lesson.
    pub name: String,
    /// What somebody did who wrote it, in one sentence.
    pub about: String,
    /// The step that has to fail; empty where the program has to pass.
    pub step: String,
    /// What the report has to say of it.
    pub says: Vec<String>,
    /// The steps whose code is left out.
    #[serde(default)]
    pub leave_out: Vec<String>,
    /// What else is changed.
    #[serde(default)]
    pub change: Vec<Replacement>,
    /// All of it, where it is no patch.
    #[serde(default)]
    pub program: Option<String>,
    /// Whether it declares a queue that is neither durable nor exclusive: where the broker refuses that, it fails at `declare`.
    #[serde(default)]
    pub transient: bool,
    /// Whether its evidence differs from run to run, or from broker to broker.
    #[serde(default)]
    pub varies: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    programs: Vec<Exhibit>,
}

/// A lesson, and its programs.
#[derive(Debug)]
pub struct Room {
    /// The lesson.
    pub lesson: Lesson,
    /// What was written on the way through it.
    pub exhibits: Vec<Exhibit>,
}

/// All of it.
///
/// # Errors
///
/// When a file can't be read, or is none; the error names it.
pub fn all() -> Result<Vec<Room>, String> {
    lesson::all(&kit()).map_err(|error| error.to_string())?.into_iter().map(Room::read).collect()
}

/// What a recording of a program of the gallery calls it.
#[must_use]
pub fn program(lesson: &str, name: &str) -> String {
    format!("gallery/{lesson}/{name}")
}

/// The program's name in the gallery, by its recording.
#[must_use]
pub fn name(recording: &Recording) -> Option<&str> {
    recording.program.name.strip_prefix("gallery/")?.split_once('/').map(|(_, name)| name)
}

/// The file of the recordings that were made of a lesson's programs, one a line.
#[must_use]
pub fn recordings(lesson: &str) -> PathBuf {
    kit().join("checker/tests/recordings").join(lesson).with_extension("jsonl")
}

impl Room {
    fn read(lesson: Lesson) -> Result<Room, String> {
        let path = lesson.folder.join("gallery.toml");
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
        let File { programs } = toml::from_str(&text).map_err(|error| failed(&error))?;
        Ok(Room { lesson, exhibits: programs })
    }

    /// The text of one of its programs.
    ///
    /// # Errors
    ///
    /// When the lesson's program can't be read, or changed like this.
    pub fn source(&self, exhibit: &Exhibit) -> Result<String, String> {
        if let Some(program) = &exhibit.program {
            return Ok(program.clone());
        }
        let path = self.lesson.folder.join("src/main.rs");
        let program = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let patch = Experiment {
            id: exhibit.name.clone(),
            leave_out: exhibit.leave_out.clone(),
            change: exhibit.change.clone(),
        };
        anchors::experiment(&program, &patch)
    }
}
