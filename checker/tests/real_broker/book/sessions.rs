//! Sessions: what is typed in a terminal one after the other, and what it prints.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use checker::brokers::ports;
use libtest_mimic::Failed;

use crate::{book::compare, brokers::Place, cleaning::until, own::Apart, step_programs};

/// One command of the session, and where what it prints is kept.
pub struct Session {
    /// The file's name, without its ending; empty for what is done and not shown.
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
    /// A program of [`step_programs`], with words behind its name.
    Called(&'static str, &'static [&'static str]),
    /// In another terminal: a worker starts, and receives its first task. What it prints is kept up to there.
    Begins(&'static str),
    /// The worker in the other terminal is ended with Ctrl-C, and the broker has noticed. Nothing is kept.
    Ends,
}

use Act::{Begins, Called, Checker, Ends, Program};

/// Running a learner's own programs.
const SEND: &str = "cargo run -q --manifest-path work/01-hello-send/Cargo.toml";
const RECEIVE: &str = "cargo run -q --manifest-path work/02-hello-receive/Cargo.toml";

const NEW_TASK: &str = "cargo run -q --manifest-path work/03-new-task/Cargo.toml -- First message.";
const SECOND_TASK: &str = "cargo run -q --manifest-path work/03-new-task/Cargo.toml -- Second message..";
const WORKER: &str = "cargo run -q --manifest-path work/04-worker/Cargo.toml";
const QUEUES: &str = "cargo xtask broker queues";
const COLUMNS: &str = "cargo xtask broker queues name messages_ready messages_unacknowledged";

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
    Session { name: "unequal", typed: SEND, act: Program("hello-send-transient", HERE) },
    Session { name: "down", typed: "cargo xtask broker down", act: Checker(&["broker", "down"]) },
    // A broker that refuses what RabbitMQ 4.3 refuses.
    Session {
        name: "",
        typed: "",
        act: Checker(&["broker", "up", "--broker", "embedded", "--deny", "transient_nonexcl_queues"]),
    },
    Session { name: "transient-denied", typed: SEND, act: Program("hello-send-transient", HERE) },
    Session { name: "", typed: "", act: Checker(&["broker", "down"]) },
];

const LIST: Act = Checker(&["broker", "queues"]);
const LIST_COLUMNS: Act = Checker(&["broker", "queues", "name", "messages_ready", "messages_unacknowledged"]);
const RESTART: Act = Checker(&["broker", "restart"]);
const FIRST: &[&str] = &["First", "message."];
const SECOND: &[&str] = &["Second", "message.."];

/// The session of the work queues, in its order: one embedded broker, from `up` to `down`.
pub const TASKS: &[Session] = &[
    Session {
        name: "tasks-up",
        typed: "cargo xtask broker up --broker embedded",
        act: Checker(&["broker", "up", "--broker", "embedded"]),
    },
    // A queue that a restart takes away.
    Session { name: "transient-queue", typed: NEW_TASK, act: Called("new-task-transient-queue", FIRST) },
    Session { name: "transient-queue-queues", typed: QUEUES, act: LIST },
    Session { name: "transient-queue-restart", typed: "cargo xtask broker restart", act: RESTART },
    Session { name: "transient-queue-gone", typed: QUEUES, act: LIST },
    // One that stays.
    Session { name: "new-task", typed: NEW_TASK, act: Called("new-task-6", FIRST) },
    Session { name: "new-task-queues", typed: QUEUES, act: LIST },
    Session { name: "restart", typed: "cargo xtask broker restart", act: RESTART },
    Session { name: "queues-after-restart", typed: QUEUES, act: LIST },
    // In it, a task that a restart takes away.
    Session { name: "transient", typed: SECOND_TASK, act: Called("new-task-transient", SECOND) },
    Session { name: "transient-queues", typed: QUEUES, act: LIST },
    Session { name: "transient-restart", typed: "cargo xtask broker restart", act: RESTART },
    Session {
        name: "transient-peek",
        typed: "cargo xtask broker peek task_queue",
        act: Checker(&["broker", "peek", "task_queue"]),
    },
    Session { name: "transient-queue-unequal", typed: NEW_TASK, act: Called("new-task-transient-queue", FIRST) },
    // Workers: one that dies, one that forgets.
    Session { name: "worker-crash", typed: WORKER, act: Called("worker-crash", &[]) },
    Session {
        name: "worker-crash-peek",
        typed: "cargo xtask broker peek task_queue",
        act: Checker(&["broker", "peek", "task_queue"]),
    },
    Session { name: "", typed: SECOND_TASK, act: Called("new-task-6", SECOND) },
    Session { name: "forgotten-ack", typed: WORKER, act: Begins("worker-forgotten-ack") },
    Session { name: "forgotten-ack-queues", typed: COLUMNS, act: LIST_COLUMNS },
    Session { name: "", typed: "", act: Ends },
    Session { name: "forgotten-ack-queues-after", typed: COLUMNS, act: LIST_COLUMNS },
    Session { name: "", typed: "cargo xtask broker down", act: Checker(&["broker", "down"]) },
];

impl Session {
    /// The file that is made of it.
    pub fn file(&self) -> String {
        format!("session-{}.txt", self.name)
    }
}

/// A worker in another terminal.
struct Worker(Child);

impl Worker {
    /// Starts it, and waits for its first task. Returns what it printed until then, too.
    fn begin(mut command: Command) -> Result<(Worker, String), Failed> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let worker = Worker(child);
        let mut printed = String::new();
        for line in BufReader::new(stdout).lines() {
            printed.push_str(&(line? + "\n"));
            if printed.contains("Received") {
                return Ok((worker, printed));
            }
        }
        Err(format!("the worker ended before a task came: {printed}").into())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Types all of it, and compares.
pub fn replay(sessions: &[Session]) -> Result<(), Failed> {
    let apart = Apart::new(&Place::Embedded);
    let port = ports::free_pair()?;
    let (port, management) = (port.to_string(), (port + ports::MANAGEMENT).to_string());
    let (mut wrong, mut worker) = (Vec::new(), None);
    let program = |name: &str, address: &str| -> Result<Command, Failed> {
        let mut program = Command::new(step_programs::folder()?.join(name));
        program.env("AMQP_URL", address.replace("5672", &port));
        Ok(program)
    };
    for session in sessions {
        let said = match session.act {
            Checker(words) => {
                let mut words = words.to_vec();
                if words.contains(&"up") {
                    words.extend(["--port", &port]);
                }
                let output = apart.checker(&words).output()?;
                [output.stdout, output.stderr].concat()
            }
            Program(name, address) => {
                let output = program(name, address)?.output()?;
                [output.stdout, output.stderr].concat()
            }
            Called(name, words) => {
                let output = program(name, HERE)?.args(words).output()?;
                [output.stdout, output.stderr].concat()
            }
            Begins(name) => {
                let (begun, printed) = Worker::begin(program(name, HERE)?)?;
                worker = Some(begun);
                printed.into_bytes()
            }
            Ends => {
                worker = None;
                until("the broker to notice", || {
                    let connections = apart.checker(&["broker", "connections"]).output();
                    connections.is_ok_and(|told| told.stdout.iter().filter(|byte| **byte == b'\n').count() == 1)
                })?;
                continue;
            }
        };
        if session.name.is_empty() {
            continue;
        }
        let said = String::from_utf8_lossy(&said).replace(&management, "15672").replace(&port, "5672");
        let text = format!("$ {}\n{said}", session.typed);
        // The first that differs tells what is wrong; those after it may only follow from it.
        if let Err(error) = compare(&session.file(), &text) {
            wrong.push(format!("{}: {}", session.name, error.message().unwrap_or_default()));
        }
    }
    drop(worker);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
