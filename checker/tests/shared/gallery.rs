//! The gallery of mistakes: what learners write who are on their way, and what they have to be told.
//!
//! `checker/tests/gallery/LESSON-ID.toml` lists programs. Each is the lesson's own, changed in one place:
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

use checker::lessons::{self, Experiment, Lesson, Replacement, anchors};
use serde::Deserialize;

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
pub struct Room {
    /// The lesson.
    pub lesson: Lesson,
    /// What was written on the way through it.
    pub exhibits: Vec<Exhibit>,
}

/// All of it.
pub fn all() -> Result<Vec<Room>, String> {
    lessons::all().map_err(|error| error.to_string())?.into_iter().map(Room::read).collect()
}

impl Room {
    fn read(lesson: Lesson) -> Result<Room, String> {
        let name = format!("checker/tests/gallery/{}.toml", lesson.about.id);
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(&name);
        let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        let File { programs } = toml::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
        Ok(Room { lesson, exhibits: programs })
    }

    /// The text of one of its programs.
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
