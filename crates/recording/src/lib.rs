//! A recording: everything that one check saw, as plain data.
//!
//! A scene makes a recording, and a contract judges it; judging needs no program, no broker and no clock. One program, three
//! runs of it, three workers and a program that does not compile all have this form.
//!
//! A stored recording is JSON of the version [`FORMAT`]: bounded, and without passwords in the conversation.
//! [`Recording::finish`] gives a recording the form in which it is stored, so that it is judged the same before and after.

mod program;
mod run;
mod stored;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use wire::json::micros;

pub use program::{Address, Language, Program, Warning};
pub use run::{KEPT, Limits, Output, ProgramExit, ProgramRun, TIMED};
pub use stored::{FORMAT, ReadError};

/// Everything that one check saw.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Recording {
    /// The lesson's id: `hello-send`.
    pub lesson: String,
    /// The seed of the scene's random choices; None if it makes none.
    pub seed: Option<u64>,
    /// The program.
    pub program: Program,
    /// The broker that the program talked to; None if there was no broker.
    pub broker: Option<BrokerIdentity>,
    /// The reason why the program was not judged; None if it was.
    pub not_checked: Option<NotChecked>,
    /// The compiler's errors; None if the program compiled.
    pub build_error: Option<BuildError>,
    /// The runs of the program, in the order of their starts.
    pub runs: Vec<ProgramRun>,
    /// The bodies in each queue afterwards; null if there was no such queue. A queue that was not read is not listed.
    pub queues: BTreeMap<String, Option<Vec<Body>>>,
    /// The actions of the scene and the points that it reached, in order.
    pub marks: Vec<Mark>,
    /// The durations of its parts.
    pub timing: Timing,
}

/// An action of the scene, or a point that it reached: `subscribed`, `restarted`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The name.
    pub name: String,
    /// The role of the program that it is about; empty if it is about all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// The count, if something was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
}

/// The body of a message that was found in a queue.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(from = "StoredBody", into = "StoredBody")]
pub struct Body(pub Vec<u8>);

/// The stored form: text if the body is text, or else the numbers of its bytes.
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
    /// The kind: embedded, docker, local, amqp.
    pub kind: String,
    /// The product, in the broker's own words.
    pub product: String,
    /// The version, in the broker's own words.
    pub version: String,
    /// The image, or the address without its password.
    pub detail: String,
}

/// The reason why there is no verdict on the program.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// The obstacle.
    pub message: String,
    /// The advice, one line each.
    pub hints: Vec<String>,
}

/// The compiler's errors.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct BuildError {
    /// The errors, as the compiler prints them.
    pub text: String,
    /// The code of the first error, if that has a page of its own: `E0308`.
    pub code: Option<String>,
}

/// The durations of the parts of a check, stored in microseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// The time to build the program.
    #[serde(with = "micros")]
    pub build: Duration,
    /// The time to find or start the broker, and to make the vhost, as far as that took longer than building.
    #[serde(with = "micros")]
    pub broker: Duration,
    /// The time from the program's start to its end.
    #[serde(with = "micros")]
    pub run: Duration,
    /// The total time.
    #[serde(with = "micros")]
    pub total: Duration,
}

impl Recording {
    /// Reduces it to what [`Recording::write`] stores, so that it is judged the same before and after. In the output, `/`
    /// replaces `vhost`, which the check made for itself.
    pub fn finish(&mut self, vhost: &str) {
        if vhost != "/" && !vhost.is_empty() {
            for run in &mut self.runs {
                run.stdout.replace(vhost, "/");
                run.stderr.replace(vhost, "/");
            }
        }
        self.shorten(Limits::default());
    }

    /// Reduces it to what these limits allow: the start of each conversation.
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

    /// Returns whether the scene left this mark, about this role.
    #[must_use]
    pub fn has(&self, name: &str, role: &str) -> bool {
        self.marks.iter().any(|mark| mark.name == name && mark.role == role)
    }

    /// Returns the count of this mark; None if the scene left no such mark.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<usize> {
        self.marks.iter().rfind(|mark| mark.name == name)?.count
    }

    /// Returns the run with this role.
    #[must_use]
    pub fn run(&self, role: &str) -> Option<&ProgramRun> {
        self.runs.iter().find(|run| run.role == role)
    }

    /// Returns the bodies in this queue afterwards; None if there was no such queue, or if it was not read.
    #[must_use]
    pub fn bodies(&self, queue: &str) -> Option<Vec<&[u8]>> {
        let bodies = self.queues.get(queue)?.as_ref()?;
        Some(bodies.iter().map(|Body(bytes)| bytes.as_slice()).collect())
    }
}
