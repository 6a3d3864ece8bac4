//! Sessions: what is typed in a terminal one after the other, and what it prints.

use std::process::Command;

use checker::brokers::ports;
use libtest_mimic::Failed;

use crate::{book::compare, brokers::Place, own::Apart, step_programs};

/// One command of the session, and where what it prints is kept.
pub struct Session {
    /// The file's name, without its ending.
    name: &'static str,
    /// What is typed, as the book shows it.
    typed: &'static str,
    /// Who acts.
    act: Act,
}

/// Who acts on a command.
#[derive(Clone, Copy)]
enum Act {
    /// The checker, with these words.
    Checker(&'static [&'static str]),
    /// A program of [`step_programs`], at this address; the port stands for itself.
    Program(&'static str, &'static str),
}

use Act::{Checker, Program};

/// Running a learner's own programs.
const SEND: &str = "cargo run -q --manifest-path work/01-hello-send/Cargo.toml";
const RECEIVE: &str = "cargo run -q --manifest-path work/02-hello-receive/Cargo.toml";

const HERE: &str = "amqp://localhost:5672";

/// The session, in its order: one embedded broker, from `up` to `down`.
pub const SESSIONS: &[Session] = &[
    Session {
        name: "check",
        typed: "cargo xtask check lesson 01",
        act: Checker(&["check", "lesson", "01", "--broker", "embedded"]),
    },
    Session { name: "no-broker", typed: "cargo run -q -p hello-send", act: Program("hello-send-5", HERE) },
    Session {
        name: "up",
        typed: "cargo xtask broker up --broker embedded",
        act: Checker(&["broker", "up", "--broker", "embedded"]),
    },
    Session { name: "status", typed: "cargo xtask broker status", act: Checker(&["broker", "status"]) },
    Session { name: "no-queue", typed: SEND, act: Program("hello-send-no-queue", HERE) },
    Session { name: "no-queues", typed: "cargo xtask broker queues", act: Checker(&["broker", "queues"]) },
    Session { name: "send", typed: SEND, act: Program("hello-send-5", HERE) },
    Session { name: "queues", typed: "cargo xtask broker queues", act: Checker(&["broker", "queues"]) },
    Session { name: "send-again", typed: SEND, act: Program("hello-send-5", HERE) },
    Session { name: "queues-again", typed: "cargo xtask broker queues", act: Checker(&["broker", "queues"]) },
    Session { name: "peek", typed: "cargo xtask broker peek hello", act: Checker(&["broker", "peek", "hello"]) },
    Session { name: "crash", typed: RECEIVE, act: Program("hello-receive-crash", HERE) },
    Session { name: "queues-after-crash", typed: "cargo xtask broker queues", act: Checker(&["broker", "queues"]) },
    Session {
        name: "publish",
        typed: "cargo xtask broker publish hello 'one more'",
        act: Checker(&["broker", "publish", "hello", "one more"]),
    },
    Session {
        name: "publish-again",
        typed: "cargo xtask broker publish hello 'and another'",
        act: Checker(&["broker", "publish", "hello", "and another"]),
    },
    Session { name: "crash-with-ack", typed: RECEIVE, act: Program("hello-receive-crash-with-ack", HERE) },
    Session {
        name: "peek-after-crash",
        typed: "cargo xtask broker peek hello",
        act: Checker(&["broker", "peek", "hello"]),
    },
    Session { name: "purge", typed: "cargo xtask broker purge hello", act: Checker(&["broker", "purge", "hello"]) },
    Session {
        name: "alarm",
        typed: "cargo xtask broker alarm raise disk",
        act: Checker(&["broker", "alarm", "raise", "disk"]),
    },
    Session { name: "alarm-no-close", typed: SEND, act: Program("hello-send-no-close", HERE) },
    Session { name: "alarm-queues", typed: "cargo xtask broker queues", act: Checker(&["broker", "queues"]) },
    Session {
        name: "alarm-clear",
        typed: "cargo xtask broker alarm clear disk",
        act: Checker(&["broker", "alarm", "clear", "disk"]),
    },
    Session {
        name: "wrong-password",
        typed: "AMQP_URL=amqp://guest:wrong@localhost:5672 cargo run -q -p hello-send",
        act: Program("hello-send-5", "amqp://guest:wrong@localhost:5672"),
    },
    Session {
        name: "wrong-vhost",
        typed: "AMQP_URL=amqp://localhost:5672/nope cargo run -q -p hello-send",
        act: Program("hello-send-5", "amqp://localhost:5672/nope"),
    },
    Session {
        name: "wrong-address",
        typed: "AMQP_URL=localhost:5672 cargo run -q -p hello-send",
        act: Program("hello-send-5", "localhost:5672"),
    },
    Session { name: "unequal", typed: SEND, act: Program("hello-send-durable", HERE) },
    Session { name: "down", typed: "cargo xtask broker down", act: Checker(&["broker", "down"]) },
];

impl Session {
    /// The file that is made of it.
    pub fn file(&self) -> String {
        format!("session-{}.txt", self.name)
    }
}

/// Types all of it, and compares.
pub fn replay() -> Result<(), Failed> {
    let apart = Apart::new(&Place::Embedded);
    let port = ports::free_pair()?;
    let (port, management) = (port.to_string(), (port + ports::MANAGEMENT).to_string());
    let mut wrong = Vec::new();
    for session in SESSIONS {
        let output = match session.act {
            Checker(words) => {
                let mut words = words.to_vec();
                if words.contains(&"up") {
                    words.extend(["--port", &port]);
                }
                apart.checker(&words).output()?
            }
            Program(name, address) => {
                let mut program = Command::new(step_programs::folder()?.join(name));
                program.env("AMQP_URL", address.replace("5672", &port)).output()?
            }
        };
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).replace(&management, "15672").replace(&port, "5672");
        let text = format!("$ {}\n{said}", session.typed);
        // The first that differs tells what is wrong; those after it may only follow from it.
        if let Err(error) = compare(&session.file(), &text) {
            wrong.push(format!("{}: {}", session.name, error.message().unwrap_or_default()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
