//! What is installed and reachable, and how to mend it: `cargo xtask doctor`.
//!
//! It is made to be pasted into a request for help: it tells no password and no name of a user, and the home folder is `~`. All is
//! looked at at the same time, each with a deadline, so the answer is there in some seconds whatever hangs.

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

/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The thing, in a word, for programs.
    pub id: &'static str,
    /// How it is.
    pub state: State,
    /// What was found, in a sentence or less.
    pub what: String,
    /// What to do about it, a line each; what could be done, where all is well.
    pub mend: Vec<String>,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be, or not there and not needed.
    Ok,
    /// Something does not work that a check on the embedded broker can do without.
    Warning,
    /// It keeps a check on the embedded broker from working.
    Problem,
}

impl State {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Problem => "problem",
        }
    }
}

impl Finding {
    fn new(id: &'static str, state: State, what: impl Into<String>) -> Finding {
        Finding { id, state, what: what.into(), mend: Vec::new() }
    }

    fn ok(id: &'static str, what: impl Into<String>) -> Finding {
        Finding::new(id, State::Ok, what)
    }

    fn warning(id: &'static str, what: impl Into<String>) -> Finding {
        Finding::new(id, State::Warning, what)
    }

    fn problem(id: &'static str, what: impl Into<String>) -> Finding {
        Finding::new(id, State::Problem, what)
    }

    /// What to do.
    fn mend(mut self, how: impl Into<String>) -> Finding {
        self.mend.push(how.into());
        self
    }
}

/// Looks at everything.
pub async fn examine() -> Vec<Finding> {
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
        look("warm", brokers::warm()),
        look("amqp-url", brokers::amqp_url()),
        look("ports", ports::both()),
        look("work", kit::work()),
    ];
    let mut findings = Vec::new();
    for look in looks {
        // A look that ends in a panic is a mistake of ours, and no reason to say nothing about the rest.
        findings.extend(look.await.unwrap_or_default());
    }
    findings.iter_mut().for_each(report::tidy);
    findings
}

fn look(id: &'static str, look: impl Future<Output = Vec<Finding>> + Send + 'static) -> JoinHandle<Vec<Finding>> {
    tokio::spawn(async move {
        let late = || vec![Finding::warning(id, format!("{id}: no answer within {} s", PATIENCE.as_secs()))];
        timeout(PATIENCE, look).await.unwrap_or_else(|_| late())
    })
}
