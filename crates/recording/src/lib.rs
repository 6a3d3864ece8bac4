//! A recording: everything that one check saw, as plain data.
//!
//! A scene makes a recording, and a contract judges it; judging needs no program, no broker and no clock. One program, three
//! runs of it, three workers and a program that does not compile all have this shape.
//!
//! On disk, a recording is JSON of the version [`FORMAT`]: bounded, and without passwords in the conversation.
//! [`Recording::finish`] gives a recording the form in which it is stored, so it is judged alike before and after.

mod program;
mod run;
mod stored;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use wire::json::micros;

pub use program::{Address, Language, Program, Warning};
pub use run::{KEPT, Limits, Output, ProgramExit, ProgramRun, TIMED};
pub use stored::{FORMAT, ReadError};

/// All that was seen of one check.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Recording {
    /// The lesson's id: `hello-send`.
    pub lesson: String,
    /// What the scene's random choices were made from; None where it makes none.
    pub seed: Option<u64>,
    /// The program.
    pub program: Program,
    /// What it talked to; None when there was no broker.
    pub broker: Option<BrokerIdentity>,
    /// Why the check says nothing about the program; None when it does.
    pub not_checked: Option<NotChecked>,
    /// Why there was no program to run; None when it compiled.
    pub build_error: Option<BuildError>,
    /// Each time the program was started, in the order of the starts.
    pub runs: Vec<ProgramRun>,
    /// The bodies that were in each queue afterwards; null where there was no such queue. A queue that was not looked into is
    /// not listed.
    pub queues: BTreeMap<String, Option<Vec<Body>>>,
    /// What the scene did and how far it came, in its order.
    pub marks: Vec<Mark>,
    /// How long it took.
    pub timing: Timing,
}

/// Something that the scene did, or a point that it reached: `subscribed`, `restarted`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// What.
    pub name: String,
    /// The program that it is about, by its role; empty where it is about all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// How many, where something was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
}

/// The body of a message that was found in a queue.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(from = "StoredBody", into = "StoredBody")]
pub struct Body(pub Vec<u8>);

/// Text where it is text, else the bytes' numbers.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum StoredBody {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Body> for StoredBody {
    fn from(Body(bytes): Body) -> StoredBody {
        String::from_utf8(bytes).map_or_else(|error| StoredBody::Bytes(error.into_bytes()), StoredBody::Text)
    }
}

impl From<StoredBody> for Body {
    fn from(body: StoredBody) -> Body {
        Body(match body {
            StoredBody::Text(text) => text.into_bytes(),
            StoredBody::Bytes(bytes) => bytes,
        })
    }
}

/// The broker of a check.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct BrokerIdentity {
    /// embedded, docker, local, amqp.
    pub kind: String,
    /// The product, as the broker names itself.
    pub product: String,
    /// Its version, as the broker gives it.
    pub version: String,
    /// Which one: an image, an address without its password.
    pub detail: String,
}

/// Why there is no verdict on the program.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// The obstacle.
    pub message: String,
    /// What to do about it, a line each.
    pub hints: Vec<String>,
}

/// The compiler's errors.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct BuildError {
    /// The errors, as the compiler prints them.
    pub text: String,
    /// The first error's code, where it has a page of its own: `E0308`.
    pub code: Option<String>,
}

/// How long the parts of a check took. In microseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// Building the program.
    #[serde(with = "micros")]
    pub build: Duration,
    /// Finding or starting the broker, and making the vhost, as far as that took longer than building.
    #[serde(with = "micros")]
    pub broker: Duration,
    /// From the program's start to its end.
    #[serde(with = "micros")]
    pub run: Duration,
    /// All of it.
    #[serde(with = "micros")]
    pub total: Duration,
}

impl Recording {
    /// Makes it what [`Recording::write`] stores of it, so that it is judged alike before and after. `vhost` is the vhost that
    /// the check made for itself: programs print `/` in its place.
    pub fn finish(&mut self, vhost: &str) {
        if vhost != "/" && !vhost.is_empty() {
            for run in &mut self.runs {
                run.stdout.replace(vhost, "/");
                run.stderr.replace(vhost, "/");
            }
        }
        self.shorten(Limits::default());
    }

    /// Makes it what is stored of it with these limits: the start of each conversation.
    pub fn shorten(&mut self, limits: Limits) {
        for run in &mut self.runs {
            run.finish(limits);
        }
        self.introduce_runs();
        let Timing { build, broker, run, total } = &mut self.timing;
        for time in [build, broker, run, total] {
            *time = wire::json::whole_microseconds(*time);
        }
    }

    /// Whether the scene left this mark, about this role.
    #[must_use]
    pub fn has(&self, name: &str, role: &str) -> bool {
        self.marks.iter().any(|mark| mark.name == name && mark.role == role)
    }

    /// The count of this mark; None where the scene left no such mark.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<usize> {
        self.marks.iter().rfind(|mark| mark.name == name)?.count
    }

    /// The run with this role.
    #[must_use]
    pub fn run(&self, role: &str) -> Option<&ProgramRun> {
        self.runs.iter().find(|run| run.role == role)
    }

    /// The bodies in this queue afterwards: None where there was no such queue, or where it was not looked into.
    #[must_use]
    pub fn bodies(&self, queue: &str) -> Option<Vec<&[u8]>> {
        let bodies = self.queues.get(queue)?.as_ref()?;
        Some(bodies.iter().map(|Body(bytes)| bytes.as_slice()).collect())
    }
}
