//! The recordings in the book are up to date: they are made again here, on every broker, and compared.
//!
//! A recording is a file in `book/recorded/`, which the pages include. `SNAPSHOTS=overwrite` writes those that differ; read the
//! difference before you commit it. All brokers share the same recordings: [`STEADY`] replaces what differs from broker to
//! broker and from run to run.

mod calls;
mod confirms;
mod events;
mod receivers;
mod routed;
mod routing;
mod scenes;
mod sessions;
mod workers;

use std::{fs, path::PathBuf};

use libtest_mimic::Failed;
use snapbox::{Assert, Data};

pub use scenes::{ALARM, Scene, all as scenes, play, play_alarm};
pub use sessions::{FIRST_MESSAGE, LOGS, ROUTES, SESSIONS, Session, TASKS, replay};

/// The patterns of what differs from run to run and from broker to broker, and the replacements that the book shows.
const STEADY: [(&str, &str); 13] = [
    (r"(lesson (?:0[1-3579]|1[14-9])), in \d+\.\d s", "${1}, in 0.4 s"),
    // Receivers of an exchange stay through a silence.
    (r"(lesson (?:06|08|10)), in \d+\.\d s", "${1}, in 1.9 s"),
    // The client without a server gives up after three seconds.
    (r"(lesson 13), in \d+\.\d s", "${1}, in 2.6 s"),
    (r"individually in \d+ ms", "individually in 9 ms"),
    (r"(in batch|asynchronously) in \d+ ms", "${1} in 2 ms"),
    (r"(lesson 12), in \d+\.\d s", "${1}, in 3.2 s"),
    // The tasks of lesson 04 take longer.
    (r"(lesson 04), in \d+\.\d s", "${1}, in 5.1 s"),
    (r"nothing for \d+\.\d s", "nothing for 2.0 s"),
    (r"RabbitMQ \d+\.\d+\.\d+", "RabbitMQ 4.3.6"),
    (r"the embedded broker \d+\.\d+\.\d+", "the embedded broker 0.1.0"),
    (r"amqp://guest@127\.0\.0\.1:\d+", "amqp://guest@127.0.0.1:5672"),
    (r"vhost '[a-z0-9-]+'", "vhost '/'"),
    (r"lessons\\", "lessons/"),
];

/// The names in the book for queues that the broker named, by their order in an output. They are as long as all such names.
const GENERATED: [&str; 2] = ["amq.gen-Xq3vT0kYw2LmZ9sRcNdB7h", "amq.gen-b7TkPz4eVf1QxJ8uWgHy5M"];

/// The outputs of sessions in which the queue of the first name is gone.
const WITHOUT_FIRST: [&str; 1] = ["session-logs-bindings-after.txt"];

/// Returns the folder of the files that the pages include.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join("book").join("recorded")
}

/// Returns a text in which everything that differs is replaced. Queues that the broker named get the names in the book from
/// `first` on.
fn steady(text: &str, first: usize) -> String {
    let text = STEADY.iter().fold(text.to_owned(), |text, (pattern, instead)| {
        regex::Regex::new(pattern).unwrap().replace_all(&text, *instead).into_owned()
    });
    let mut seen: Vec<String> = Vec::new();
    let generated = regex::Regex::new(r"amq\.gen-[A-Za-z0-9_-]{22}").unwrap();
    let renamed = generated.replace_all(&text, |found: &regex::Captures<'_>| {
        let index = seen.iter().position(|name| *name == found[0]).unwrap_or_else(|| {
            seen.push(found[0].to_owned());
            seen.len() - 1
        });
        GENERATED[(first + index) % GENERATED.len()]
    });
    renamed.into_owned()
}

/// Compares a text with the file of this name, or writes the file when `SNAPSHOTS=overwrite` is set.
fn compare(name: &str, text: &str) -> Result<(), Failed> {
    let path = folder().join(name);
    let first = usize::from(WITHOUT_FIRST.contains(&name));
    let compared = Assert::new().action_env("SNAPSHOTS").try_eq(
        Some(&name),
        Data::text(steady(text, first)).raw(),
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
        .chain(FIRST_MESSAGE.iter().chain(SESSIONS).chain(TASKS).chain(LOGS).chain(ROUTES).map(Session::file))
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
