//! The gallery of mistakes: the programs of learners on their way, and the reports that those must get.
//!
//! `lessons/NN-name/gallery.toml` lists programs. Each is the lesson's own, changed in one place:
//!
//! ```toml
//! [[programs]]
//! name = "prints-without-publishing"            # of the test and its snapshot
//! about = "Prints the line and publishes nothing."
//! step = "publish"                              # the step that must fail; "" for a program that must pass
//! says = ["sent none"]                          # the texts that its message or its hint must contain, in any letter case
//! leave_out = ["publish"]                       # the steps whose code is left out
//! change = [{ find = "…", replace = "…" }]      # the other changes; each text to find occurs once
//! ```
//!
//! `transient = true` marks a program that declares a queue that is neither durable nor exclusive: a broker that denies such
//! queues fails it at `declare`. A program that is not a patch is given as a whole, as `program`. `step` and `says` are written
//! before the report is seen; the snapshot then has all of it. `varies = true` marks a program whose evidence differs between
//! runs or between brokers: its snapshot leaves the evidence out. `notes = "declare"` marks a program that passes with a note on
//! that step.

use std::{
    collections::BTreeMap,
    env,
    fmt::Display,
    fs::{self, File as Opened},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use contracts::{
    anchors,
    lesson::{self, Experiment, Lesson, Replacement},
};
use flate2::{Compression, GzBuilder, read::GzDecoder};
use recording::{Limits, Recording, Timing};
use serde::Deserialize;
use serde_json::Value;
use wire::What;

use crate::kit;

/// A program of the gallery.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exhibit {
    /// The name, unique in its lesson.
    pub name: String,
    /// The program in one sentence.
    pub about: String,
    /// The step that must fail; empty if the program must pass.
    pub step: String,
    /// The texts that the report must contain.
    pub says: Vec<String>,
    /// The steps whose code is left out.
    #[serde(default)]
    pub leave_out: Vec<String>,
    /// The other changes.
    #[serde(default)]
    pub change: Vec<Replacement>,
    /// The whole program, if it is not a patch.
    #[serde(default)]
    pub program: Option<String>,
    /// True if it declares a queue that is neither durable nor exclusive: a broker that refuses such queues fails it at
    /// `declare`.
    #[serde(default)]
    pub transient: bool,
    /// True if its evidence differs between runs, or between brokers.
    #[serde(default)]
    pub varies: bool,
    /// The step that has a note, if the program passes with one; a program that is `transient` has one at `declare` anyway.
    #[serde(default)]
    pub notes: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    programs: Vec<Exhibit>,
}

/// A lesson and its programs.
#[derive(Debug)]
pub struct LessonGallery {
    /// The lesson.
    pub lesson: Lesson,
    /// The programs of learners on their way through it.
    pub exhibits: Vec<Exhibit>,
}

/// Returns the galleries of all lessons.
///
/// # Errors
///
/// An error that names the file, if a file can't be read, or is invalid.
pub fn all() -> Result<Vec<LessonGallery>, String> {
    lesson::all(&kit()).map_err(|error| error.to_string())?.into_iter().map(LessonGallery::read).collect()
}

/// Returns the name of a gallery program in its recording.
#[must_use]
pub fn program(lesson: &str, name: &str) -> String {
    format!("gallery/{lesson}/{name}")
}

/// Returns the program's name in the gallery, from its recording.
#[must_use]
pub fn name(recording: &Recording) -> Option<&str> {
    recording.program.name.strip_prefix("gallery/")?.split_once('/').map(|(_, name)| name)
}

/// Returns the path of the recordings of a lesson's programs: one per line, in the order of their names, compressed.
fn recordings_file(lesson: &str) -> PathBuf {
    kit().join("checker/tests/recordings").join(lesson).with_extension("jsonl.gz")
}

/// Returns the recordings of a lesson's programs, by the programs' names. None if there are no recordings yet.
///
/// # Errors
///
/// An error that names the file, if it can't be read, or is invalid.
pub fn recordings(lesson: &str) -> Result<Option<BTreeMap<String, Recording>>, String> {
    let path = recordings_file(lesson);
    let failed = |error: &dyn Display| format!("{}: {error}", path.display());
    let file = match Opened::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    let mut all = BTreeMap::new();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line = line.map_err(|error| failed(&error))?;
        let recording = Recording::read(line.as_bytes()).map_err(|error| failed(&error))?;
        let name = name(&recording).ok_or_else(|| failed(&"a recording of no program of the gallery"))?.to_owned();
        all.insert(name, recording);
    }
    Ok(Some(all))
}

/// Writes the recordings of a lesson's programs, without anything specific to this machine.
///
/// # Errors
///
/// An error that names the file, if it can't be written.
pub fn write_recordings(lesson: &str, recordings: BTreeMap<String, Recording>) -> Result<(), String> {
    let path = recordings_file(lesson);
    let failed = |error: &dyn Display| format!("{}: {error}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(|error| failed(&error))?;
    let file = Opened::create(&path).map_err(|error| failed(&error))?;
    let mut to = GzBuilder::new().mtime(0).write(file, Compression::best());
    for (name, mut recording) in recordings {
        of_no_machine(&mut recording, &program(lesson, &name));
        let mut line = Vec::new();
        recording.write(&mut line).map_err(|error| failed(&error))?;
        let line = without_words(&line).map_err(|error| failed(&error))?;
        to.write_all(&line).map_err(|error| failed(&error))?;
    }
    to.finish().map(drop).map_err(|error| failed(&error))
}

/// Returns a stored recording without the readable half of each event: it is read from the other, `raw`, and thousands of events
/// are read in each test run.
fn without_words(recording: &[u8]) -> serde_json::Result<Vec<u8>> {
    let mut recording: Value = serde_json::from_slice(recording)?;
    for run in recording["runs"].as_array_mut().into_iter().flatten() {
        for event in run["events"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            event.retain(|name, _| ["connection", "from", "raw"].contains(&name.as_str()));
        }
    }
    let mut line = serde_json::to_vec(&recording)?;
    line.push(b'\n');
    Ok(line)
}

/// The limits of a stored run: a program that floods the broker repeats itself.
const LIMITS: Limits = Limits { events: 2000, bytes: 1024 * 1024, body: 64 * 1024 };

/// Returns the folders of cargo's dependencies, which a panic in one of them names.
fn registries() -> Vec<String> {
    let home = |name, below: &str| env::var_os(name).map(|folder| PathBuf::from(folder).join(below));
    let cargo = home("CARGO_HOME", "").or_else(|| home("HOME", ".cargo"));
    let folders = cargo.and_then(|cargo| fs::read_dir(cargo.join("registry/src")).ok());
    folders.into_iter().flatten().flatten().map(|folder| folder.path().display().to_string()).collect()
}

/// Removes everything that is specific to this machine and to this hour.
fn of_no_machine(recording: &mut Recording, name: &str) {
    let here = kit().canonicalize().unwrap_or_else(|_| kit()).display().to_string();
    name.clone_into(&mut recording.program.name);
    recording.program.again = String::new();
    recording.program.folder = PathBuf::new();
    recording.timing = Timing::default();
    if let Some(broker) = &mut recording.broker {
        broker.detail = String::new();
    }
    let registries = registries();
    for run in &mut recording.runs {
        for output in [&mut run.stdout, &mut run.stderr] {
            output.replace(&here, "");
            registries.iter().for_each(|folder| output.replace(folder, "/registry"));
        }
        for event in &mut run.events {
            let What::Method { content: Some(content), .. } = &mut event.what else { continue };
            if let Some(text) = std::str::from_utf8(&content.body).ok().filter(|text| text.contains(&here)) {
                content.body = Bytes::from(text.replace(&here, ""));
                content.size = content.body.len() as u64;
            }
        }
    }
    for body in recording.queues.values_mut().flatten().flatten() {
        if let Some(text) = std::str::from_utf8(&body.0).ok().filter(|text| text.contains(&here)) {
            body.0 = text.replace(&here, "").into_bytes();
        }
    }
    recording.shorten(LIMITS);
}

impl Exhibit {
    /// Returns the text of the snapshot of its report.
    #[must_use]
    pub fn snapshot(&self, code: &str, message: &str, evidence: &str, hint: &str) -> String {
        let evidence = if self.varies { String::new() } else { format!("{evidence}\n") };
        format!("{}\n\n{} ({code}): {message}\n{evidence}hint: {hint}\n", self.about, self.step)
    }
}

impl LessonGallery {
    fn read(lesson: Lesson) -> Result<LessonGallery, String> {
        let path = lesson.folder.join("gallery.toml");
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
        let File { programs } = toml::from_str(&text).map_err(|error| failed(&error))?;
        Ok(LessonGallery { lesson, exhibits: programs })
    }

    /// Returns the text of one of its programs.
    ///
    /// # Errors
    ///
    /// An error, if the lesson's program can't be read, or can't be changed like this.
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
