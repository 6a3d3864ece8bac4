//! What the book shows is what happens: its recordings are made here again, on every broker, and compared.
//!
//! A recording is a file in `book/recorded/`, which the pages include. `SNAPSHOTS=overwrite` writes those that differ; read
//! the difference before you commit it. The recordings of one broker are those of all: what differs from broker to broker
//! and from run to run stands there as in [`STEADY`].

mod events;
mod scenes;
mod sessions;
mod workers;

use std::{fs, path::PathBuf};

use libtest_mimic::Failed;
use snapbox::{Assert, Data};

pub use scenes::{ALARM, SCENES, Scene, play, play_alarm};
pub use sessions::{FIRST_MESSAGE, SESSIONS, Session, TASKS, replay};

/// What differs from run to run and from broker to broker, and what the book shows in its place.
const STEADY: [(&str, &str); 8] = [
    (r"(lesson (?:0[1-35-9]|1\d)), in \d+\.\d s", "${1}, in 0.4 s"),
    // The tasks of lesson 04 take their time.
    (r"(lesson 04), in \d+\.\d s", "${1}, in 5.1 s"),
    (r"nothing for \d+\.\d s", "nothing for 2.0 s"),
    (r"RabbitMQ \d+\.\d+\.\d+", "RabbitMQ 4.3.6"),
    (r"the embedded broker \d+\.\d+\.\d+", "the embedded broker 0.1.0"),
    (r"amqp://guest@127\.0\.0\.1:\d+", "amqp://guest@127.0.0.1:5672"),
    (r"vhost '[a-z0-9-]+'", "vhost '/'"),
    (r"lessons\\", "lessons/"),
];

/// The folder that the pages include from.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join("book").join("recorded")
}

/// A text with everything in its place that differs.
fn steady(text: &str) -> String {
    STEADY.iter().fold(text.to_owned(), |text, (pattern, instead)| {
        regex::Regex::new(pattern).unwrap().replace_all(&text, *instead).into_owned()
    })
}

/// Compares with the file of this name, or writes it where `SNAPSHOTS=overwrite` says so.
fn compare(name: &str, text: &str) -> Result<(), Failed> {
    let path = folder().join(name);
    let compared = Assert::new().action_env("SNAPSHOTS").try_eq(
        Some(&name),
        Data::text(steady(text)).raw(),
        Data::read_from(&path, None).raw(),
    );
    compared.map_err(|error| Failed::from(error.to_string()))
}

/// How the names of recordings start that are made here.
const OURS: [&str; 4] = ["hello-", "new-task-", "session-", "worker-"];

/// Every file in the folder is the recording of something: what nobody makes any more, nobody checks.
pub fn nothing_is_stale() -> Result<(), Failed> {
    let made: Vec<String> = SCENES
        .iter()
        .chain([&ALARM])
        .flat_map(Scene::files)
        .chain(FIRST_MESSAGE.iter().chain(SESSIONS).chain(TASKS).map(Session::file))
        .collect();
    let stale: Vec<String> = fs::read_dir(folder())?
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| OURS.iter().any(|start| name.starts_with(start)) && !made.contains(name))
        .collect();
    if stale.is_empty() { Ok(()) } else { Err(format!("nobody makes these recordings: {stale:?}; delete them").into()) }
}
