//! The recordings in the book are up to date: they are made again here, on every broker, and compared.
//!
//! A recording is a file in `book/recorded/`, which the pages include. `SNAPSHOTS=overwrite` writes those that differ; read the
//! difference before you commit it. All brokers share the same recordings: [`STEADY`] replaces what differs from broker to
//! broker and from run to run.

mod events;
mod scenes;
mod sessions;
mod workers;

use std::{fs, path::PathBuf};

use libtest_mimic::Failed;
use snapbox::{Assert, Data};

pub use scenes::{ALARM, Scene, all as scenes, play, play_alarm};
pub use sessions::{FIRST_MESSAGE, SESSIONS, Session, TASKS, replay};

/// The patterns of what differs from run to run and from broker to broker, and the replacements that the book shows.
const STEADY: [(&str, &str); 8] = [
    (r"(lesson (?:0[1-35-9]|1\d)), in \d+\.\d s", "${1}, in 0.4 s"),
    // The tasks of lesson 04 take longer.
    (r"(lesson 04), in \d+\.\d s", "${1}, in 5.1 s"),
    (r"nothing for \d+\.\d s", "nothing for 2.0 s"),
    (r"RabbitMQ \d+\.\d+\.\d+", "RabbitMQ 4.3.6"),
    (r"the embedded broker \d+\.\d+\.\d+", "the embedded broker 0.1.0"),
    (r"amqp://guest@127\.0\.0\.1:\d+", "amqp://guest@127.0.0.1:5672"),
    (r"vhost '[a-z0-9-]+'", "vhost '/'"),
    (r"lessons\\", "lessons/"),
];

/// Returns the folder of the files that the pages include.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join("book").join("recorded")
}

/// Returns a text in which everything that differs is replaced.
fn steady(text: &str) -> String {
    STEADY.iter().fold(text.to_owned(), |text, (pattern, instead)| {
        regex::Regex::new(pattern).unwrap().replace_all(&text, *instead).into_owned()
    })
}

/// Compares a text with the file of this name, or writes the file when `SNAPSHOTS=overwrite` is set.
fn compare(name: &str, text: &str) -> Result<(), Failed> {
    let path = folder().join(name);
    let compared = Assert::new().action_env("SNAPSHOTS").try_eq(
        Some(&name),
        Data::text(steady(text)).raw(),
        Data::read_from(&path, None).raw(),
    );
    compared.map_err(|error| Failed::from(error.to_string()))
}

/// Returns the prefixes of the recordings that are made here: the lessons' ids, and that of sessions.
fn ours() -> Result<Vec<String>, Failed> {
    let ids = checker::lessons::all()?.into_iter().map(|lesson| format!("{}-", lesson.about.id));
    Ok(ids.chain(["session-".to_owned()]).collect())
}

/// Every file in the folder is written by one of these tests; others would never be checked.
pub fn nothing_is_stale() -> Result<(), Failed> {
    let (scenes, ours) = (scenes::all()?, ours()?);
    let made: Vec<String> = scenes
        .iter()
        .chain([&ALARM])
        .flat_map(Scene::files)
        .chain(FIRST_MESSAGE.iter().chain(SESSIONS).chain(TASKS).map(Session::file))
        .collect();
    let stale: Vec<String> = fs::read_dir(folder())?
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| ours.iter().any(|start| name.starts_with(start)) && !made.contains(name))
        .collect();
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("no test makes these recordings: {stale:?}; delete them").into())
    }
}
