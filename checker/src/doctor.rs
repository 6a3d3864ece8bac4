//! The tools and brokers on this machine, their problems, and how to fix those: `cargo xtask doctor`.
//!
//! The output can be pasted into a request for help: it contains no password and no user name, and the home folder is `~`. All
//! examinations run at the same time, each with a deadline, so the answer comes within seconds even when something hangs.

mod ask;
mod brokers;
mod docker;
mod kit;
mod machine;
pub mod ports;
pub mod report;
mod rust;

use std::time::Duration;

use tokio::{task::JoinHandle, time::timeout};

/// The time limit of one examination.
const LOOK_TIMEOUT: Duration = Duration::from_secs(6);

/// A finding about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The thing, in a word, for programs.
    pub id: &'static str,
    /// The state of the thing.
    pub state: State,
    /// The finding, in a sentence or less.
    pub what: String,
    /// The fixes, a line each; suggestions when all is well.
    pub fix: Vec<String>,
}

/// The state of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All is well, or the thing is missing and not needed.
    Ok,
    /// Something does not work, but a check on the embedded broker does not need it.
    Warning,
    /// A check on the embedded broker can't work.
    Problem,
}

impl State {
    /// Returns the state in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Problem => "problem",
        }
    }
}

impl Diagnosis {
    fn new(id: &'static str, state: State, what: impl Into<String>) -> Diagnosis {
        Diagnosis { id, state, what: what.into(), fix: Vec::new() }
    }

    fn ok(id: &'static str, what: impl Into<String>) -> Diagnosis {
        Diagnosis::new(id, State::Ok, what)
    }

    fn warning(id: &'static str, what: impl Into<String>) -> Diagnosis {
        Diagnosis::new(id, State::Warning, what)
    }

    fn problem(id: &'static str, what: impl Into<String>) -> Diagnosis {
        Diagnosis::new(id, State::Problem, what)
    }

    /// Adds a fix.
    fn fix(mut self, how: impl Into<String>) -> Diagnosis {
        self.fix.push(how.into());
        self
    }
}

/// Examines everything.
pub async fn examine() -> Vec<Diagnosis> {
    let looks = [
        look("kit", kit::kit()),
        look("system", machine::system()),
        look("rust", rust::rust()),
        look("crates", rust::crates()),
        look("disk", machine::disk()),
        look("memory", machine::memory()),
        look("runs", machine::runs()),
        look("embedded", brokers::embedded()),
        look("docker", docker::docker()),
        look("rabbitmq", brokers::local()),
        look("warm", brokers::persistent()),
        look("amqp-url", brokers::amqp_url()),
        look("ports", ports::both()),
        look("work", kit::work()),
    ];
    let mut findings = Vec::new();
    for look in looks {
        // A panic in one examination is a bug in the kit, and must not hide the rest.
        findings.extend(look.await.unwrap_or_default());
    }
    findings.iter_mut().for_each(report::tidy);
    findings
}

fn look(id: &'static str, look: impl Future<Output = Vec<Diagnosis>> + Send + 'static) -> JoinHandle<Vec<Diagnosis>> {
    tokio::spawn(async move {
        let late = || vec![Diagnosis::warning(id, format!("{id}: no answer within {} s", LOOK_TIMEOUT.as_secs()))];
        timeout(LOOK_TIMEOUT, look).await.unwrap_or_else(|_| late())
    })
}
