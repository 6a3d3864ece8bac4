//! Sessions: commands that are typed in a terminal one after the other, and their output.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

use checker::brokers::ports;
use libtest_mimic::Failed;

use crate::{
    book::{compare, workers::REST},
    brokers::Place,
    cleaning::until,
    own::Apart,
    step_programs,
};

/// A command of a session, and the recording of its output.
pub struct Session {
    /// The file's name, without its extension; empty for a command that the book does not show.
    name: &'static str,
    /// The command as the book shows it.
    typed: &'static str,
    /// The program that runs.
    act: Act,
}

/// A program that runs in a session.
#[derive(Clone, Copy)]
enum Act {
    /// The checker, with these arguments.
    Checker(&'static [&'static str]),
    /// A program of [`step_programs`], at this address; the port is a placeholder.
    Program(&'static str, &'static str),
    /// A program of [`step_programs`], with these arguments.
    Called(&'static str, &'static [&'static str]),
    /// A program that is started in another terminal and keeps running. Its output is kept up to the point at which it comes to
    /// rest.
    Begins(&'static str),
    /// A program that is started as for [`Act::Begins`], with these arguments.
    Stays(&'static str, &'static [&'static str]),
    /// Another look at one of the other terminals, by its index: the output of its program so far, once it has come to rest.
    Shows(usize),
    /// Ctrl-C in one of the other terminals, until the broker has noticed the end of its program. Nothing is kept.
    Ends(usize),
}

use Act::{Begins, Called, Checker, Ends, Program, Shows, Stays};

/// The command that runs a learner's own program, in the folder of any lesson.
const OWN: &str = "cargo run -q";
const NEW_TASK: &str = "cargo run -q -- First message.";
const SECOND_TASK: &str = "cargo run -q -- Second message..";

/// The commands that run the lessons' own programs, in the kit's folder.
const KITS_SENDER: &str = "cargo run -q -p hello-send";
const KITS_RECEIVER: &str = "cargo run -q -p hello-receive";

const QUEUES: &str = "cargo xtask broker queues";
const COLUMNS: &str = "cargo xtask broker queues name messages_ready messages_unacknowledged";

const HERE: &str = "amqp://localhost:5672";

/// The session of the broker's commands: one embedded broker, from `up` to `down`.
pub const SESSIONS: &[Session] = &[
    Session {
        name: "check",
        typed: "cargo xtask check lesson 01",
        act: Checker(&["check", "lesson", "01", "--broker", "embedded"]),
    },
    Session { name: "no-broker", typed: KITS_SENDER, act: Program("hello-send-5", HERE) },
    Session {
        name: "up",
        typed: "cargo xtask broker up --broker embedded",
        act: Checker(&["broker", "up", "--broker", "embedded"]),
    },
    Session { name: "status", typed: "cargo xtask broker status", act: Checker(&["broker", "status"]) },
    Session { name: "no-queue", typed: OWN, act: Program("hello-send-no-queue", HERE) },
    Session { name: "no-queues", typed: "cargo xtask broker queues", act: Checker(&["broker", "queues"]) },
    Session { name: "send", typed: OWN, act: Program("hello-send-5", HERE) },
    Session { name: "queues", typed: "cargo xtask broker queues", act: Checker(&["broker", "queues"]) },
    Session { name: "send-again", typed: OWN, act: Program("hello-send-5", HERE) },
    Session { name: "queues-again", typed: "cargo xtask broker queues", act: Checker(&["broker", "queues"]) },
    Session { name: "peek", typed: "cargo xtask broker peek hello", act: Checker(&["broker", "peek", "hello"]) },
    Session { name: "crash", typed: OWN, act: Program("hello-receive-crash", HERE) },
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
    Session { name: "crash-with-ack", typed: OWN, act: Program("hello-receive-crash-with-ack", HERE) },
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
    Session { name: "alarm-no-close", typed: OWN, act: Program("hello-send-no-close", HERE) },
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
    Session { name: "unequal", typed: OWN, act: Program("hello-send-transient", HERE) },
    Session { name: "down", typed: "cargo xtask broker down", act: Checker(&["broker", "down"]) },
    // A broker that refuses what RabbitMQ 4.3 refuses.
    Session {
        name: "",
        typed: "",
        act: Checker(&["broker", "up", "--broker", "embedded", "--deny", "transient_nonexcl_queues"]),
    },
    Session { name: "transient-denied", typed: OWN, act: Program("hello-send-transient", HERE) },
    Session { name: "", typed: "", act: Checker(&["broker", "down"]) },
];

/// The session of the first message: one embedded broker, from `up` to `down`.
pub const FIRST_MESSAGE: &[Session] = &[
    Session { name: "", typed: "", act: Checker(&["broker", "up", "--broker", "embedded"]) },
    Session { name: "first-waits", typed: KITS_RECEIVER, act: Begins("hello-receive-7") },
    Session { name: "first-send", typed: KITS_SENDER, act: Program("hello-send-5", HERE) },
    Session { name: "first-arrives", typed: KITS_RECEIVER, act: Shows(0) },
    Session { name: "", typed: "", act: Ends(0) },
    Session { name: "first-send-again", typed: KITS_SENDER, act: Program("hello-send-5", HERE) },
    Session { name: "first-queues", typed: QUEUES, act: LIST },
    Session { name: "first-waited", typed: KITS_RECEIVER, act: Begins("hello-receive-7") },
    Session { name: "", typed: "", act: Ends(0) },
    Session { name: "", typed: "", act: Checker(&["broker", "down"]) },
];

const LIST: Act = Checker(&["broker", "queues"]);
const LIST_COLUMNS: Act = Checker(&["broker", "queues", "name", "messages_ready", "messages_unacknowledged"]);
const RESTART: Act = Checker(&["broker", "restart"]);
const FIRST: &[&str] = &["First", "message."];
const SECOND: &[&str] = &["Second", "message.."];

/// The session of the work queues: one embedded broker, from `up` to `down`.
pub const TASKS: &[Session] = &[
    Session {
        name: "tasks-up",
        typed: "cargo xtask broker up --broker embedded",
        act: Checker(&["broker", "up", "--broker", "embedded"]),
    },
    // A queue that does not survive a restart.
    Session { name: "transient-queue", typed: NEW_TASK, act: Called("new-task-transient-queue", FIRST) },
    Session { name: "transient-queue-queues", typed: QUEUES, act: LIST },
    Session { name: "transient-queue-restart", typed: "cargo xtask broker restart", act: RESTART },
    Session { name: "transient-queue-gone", typed: QUEUES, act: LIST },
    // A queue that survives.
    Session { name: "new-task", typed: NEW_TASK, act: Called("new-task-6", FIRST) },
    Session { name: "new-task-queues", typed: QUEUES, act: LIST },
    Session { name: "restart", typed: "cargo xtask broker restart", act: RESTART },
    Session { name: "queues-after-restart", typed: QUEUES, act: LIST },
    // A task in it that does not survive a restart.
    Session { name: "transient", typed: SECOND_TASK, act: Called("new-task-transient", SECOND) },
    Session { name: "transient-queues", typed: QUEUES, act: LIST },
    Session { name: "transient-restart", typed: "cargo xtask broker restart", act: RESTART },
    Session {
        name: "transient-peek",
        typed: "cargo xtask broker peek task_queue",
        act: Checker(&["broker", "peek", "task_queue"]),
    },
    Session { name: "transient-queue-unequal", typed: NEW_TASK, act: Called("new-task-transient-queue", FIRST) },
    // Workers: one that dies in the middle, one that dies at the end, one that forgets.
    Session { name: "worker-crash", typed: OWN, act: Called("worker-crash", &[]) },
    Session {
        name: "worker-crash-peek",
        typed: "cargo xtask broker peek task_queue",
        act: Checker(&["broker", "peek", "task_queue"]),
    },
    Session { name: "worker-done-twice", typed: OWN, act: Called("worker-done-twice", &[]) },
    Session {
        name: "worker-done-twice-peek",
        typed: "cargo xtask broker peek task_queue",
        act: Checker(&["broker", "peek", "task_queue"]),
    },
    Session { name: "worker-does-it-again", typed: OWN, act: Begins("worker-10") },
    Session { name: "", typed: "", act: Ends(0) },
    Session { name: "", typed: NEW_TASK, act: Called("new-task-6", FIRST) },
    Session { name: "", typed: SECOND_TASK, act: Called("new-task-6", SECOND) },
    Session { name: "forgotten-ack", typed: OWN, act: Begins("worker-forgotten-ack") },
    Session { name: "forgotten-ack-queues", typed: COLUMNS, act: LIST_COLUMNS },
    Session { name: "", typed: "", act: Ends(0) },
    Session { name: "forgotten-ack-queues-after", typed: COLUMNS, act: LIST_COLUMNS },
    Session { name: "", typed: "cargo xtask broker down", act: Checker(&["broker", "down"]) },
];

const BINDINGS: &str = "cargo xtask broker bindings";
const LIST_BINDINGS: Act = Checker(&["broker", "bindings"]);
const DISK_FULL: &[&str] = &["error", "The", "disk", "is", "full"];
const LOGGED_IN: &[&str] = &["info", "A", "user", "logged", "in"];
const KERNEL: &[&str] = &["kern.critical", "A", "critical", "kernel", "error"];

/// The session of routing and topics: one embedded broker, from `up` to `down`.
pub const ROUTES: &[Session] = &[
    Session { name: "", typed: "", act: Checker(&["broker", "up", "--broker", "embedded"]) },
    Session {
        name: "direct-dropped",
        typed: "cargo run -q -- error The disk is full",
        act: Called("emit-log-direct-6", DISK_FULL),
    },
    Session { name: "direct-dropped-queues", typed: QUEUES, act: LIST },
    Session {
        name: "direct-fanout",
        typed: "cargo run -q -- error The disk is full",
        act: Called("emit-log-direct-fanout", DISK_FULL),
    },
    Session {
        name: "direct-waits",
        typed: "cargo run -q -- warning error",
        act: Stays("receive-logs-direct-9", &["warning", "error"]),
    },
    Session { name: "direct-bindings", typed: BINDINGS, act: LIST_BINDINGS },
    Session {
        name: "direct-error",
        typed: "cargo run -q -- error The disk is full",
        act: Called("emit-log-direct-6", DISK_FULL),
    },
    Session {
        name: "direct-info",
        typed: "cargo run -q -- info A user logged in",
        act: Called("emit-log-direct-6", LOGGED_IN),
    },
    Session { name: "direct-arrives", typed: "cargo run -q -- warning error", act: Shows(0) },
    Session { name: "", typed: "", act: Ends(0) },
    Session { name: "direct-bindings-after", typed: BINDINGS, act: LIST_BINDINGS },
    Session { name: "", typed: "", act: Called("emit-log-topic-6", KERNEL) },
    Session {
        name: "topic-direct",
        typed: "cargo run -q -- kern.critical A critical kernel error",
        act: Called("emit-log-topic-direct", KERNEL),
    },
    Session {
        name: "topic-waits",
        typed: r#"cargo run -q -- "kern.*" "*.critical""#,
        act: Stays("receive-logs-topic-9", &["kern.*", "*.critical"]),
    },
    Session { name: "topic-bindings", typed: BINDINGS, act: LIST_BINDINGS },
    Session {
        name: "topic-send",
        typed: "cargo run -q -- kern.critical A critical kernel error",
        act: Called("emit-log-topic-6", KERNEL),
    },
    Session { name: "topic-arrives", typed: r#"cargo run -q -- "kern.*" "*.critical""#, act: Shows(0) },
    Session { name: "", typed: "", act: Ends(0) },
    Session { name: "", typed: "", act: Checker(&["broker", "down"]) },
];

const UP: Session = Session { name: "", typed: "", act: Checker(&["broker", "up", "--broker", "embedded"]) };
const DOWN: Session = Session { name: "", typed: "", act: Checker(&["broker", "down"]) };

/// The commands that the reader types in the folder of lesson 05.
const EMIT_WARNING: &str = "cargo run -q -- warning: the disk is almost full";
const WARNING: &[&str] = &["warning:", "the", "disk", "is", "almost", "full"];
const EMIT_OPEN: &str = "cargo run -q -- info: the shop is open";
const OPEN: &[&str] = &["info:", "the", "shop", "is", "open"];

/// The session of publish and subscribe. An embedded broker is stopped and started again where the book says so.
pub const LOGS: &[Session] = &[
    UP,
    // No receiver is there, then one is.
    Session { name: "emit-log", typed: EMIT_WARNING, act: Called("emit-log-6", WARNING) },
    Session { name: "emit-log-queues", typed: QUEUES, act: LIST },
    Session { name: "logs-wait", typed: "cargo run -q -p receive-logs", act: Begins("receive-logs-8") },
    Session { name: "emit-log-again", typed: EMIT_OPEN, act: Called("emit-log-6", OPEN) },
    Session { name: "logs-arrive", typed: "cargo run -q -p receive-logs", act: Shows(0) },
    Session { name: "", typed: "", act: Ends(0) },
    Session { name: "emit-log-other-type", typed: OWN, act: Called("emit-log-other-type", &[]) },
    Session { name: "", typed: OWN, act: Called("hello-send-5", &[]) },
    Session { name: "emit-log-key-before", typed: QUEUES, act: LIST },
    Session { name: "emit-log-key", typed: OWN, act: Called("emit-log-key", &[]) },
    Session { name: "emit-log-key-queues", typed: QUEUES, act: LIST },
    DOWN,
    UP,
    // A sender that leaves the exchange to others.
    Session { name: "emit-log-no-declare", typed: OWN, act: Called("emit-log-no-declare", &[]) },
    Session { name: "", typed: "", act: Begins("receive-logs-8") },
    Session { name: "", typed: OWN, act: Called("emit-log-no-declare", &[]) },
    Session { name: "emit-log-no-declare-arrives", typed: "cargo run -q -p receive-logs", act: Shows(0) },
    Session { name: "", typed: "", act: Ends(0) },
    DOWN,
    UP,
    Session { name: "emit-log-alternate", typed: OWN, act: Called("emit-log-alternate", &[]) },
    Session {
        name: "emit-log-alternate-peek",
        typed: "cargo xtask broker peek lost",
        act: Checker(&["broker", "peek", "lost"]),
    },
    Session {
        name: "emit-log-alternate-unequal",
        typed: "cargo run -q -p receive-logs",
        act: Called("receive-logs-8", &[]),
    },
    DOWN,
    UP,
    // Two receivers: the second comes late, and the first leaves early.
    Session { name: "", typed: "", act: Begins("receive-logs-8") },
    Session { name: "", typed: EMIT_OPEN, act: Called("emit-log-6", OPEN) },
    Session { name: "", typed: "", act: Begins("receive-logs-8") },
    Session { name: "", typed: EMIT_WARNING, act: Called("emit-log-6", WARNING) },
    Session { name: "logs-first", typed: OWN, act: Shows(0) },
    Session { name: "logs-second", typed: OWN, act: Shows(1) },
    Session { name: "logs-queues", typed: QUEUES, act: LIST },
    Session { name: "logs-bindings", typed: BINDINGS, act: LIST_BINDINGS },
    Session { name: "", typed: "", act: Ends(0) },
    Session { name: "logs-bindings-after", typed: BINDINGS, act: LIST_BINDINGS },
    Session { name: "", typed: "", act: Ends(0) },
    // A name for the queue: the second receiver is locked out.
    Session { name: "", typed: "", act: Begins("receive-logs-named") },
    Session { name: "receive-logs-named", typed: OWN, act: Called("receive-logs-named", &[]) },
    Session { name: "", typed: "", act: Ends(0) },
    // A queue that stays.
    Session { name: "", typed: "", act: Begins("receive-logs-shared") },
    Session { name: "", typed: "", act: Ends(0) },
    Session { name: "", typed: EMIT_OPEN, act: Called("emit-log-6", OPEN) },
    Session { name: "", typed: EMIT_WARNING, act: Called("emit-log-6", WARNING) },
    Session { name: "receive-logs-stays-queues", typed: QUEUES, act: LIST },
    Session { name: "receive-logs-stays", typed: OWN, act: Begins("receive-logs-shared") },
    Session { name: "", typed: "", act: Ends(0) },
    Session {
        name: "receive-logs-stays-delete",
        typed: "cargo xtask broker delete my_logs",
        act: Checker(&["broker", "delete", "my_logs"]),
    },
    Session { name: "receive-logs-auto-delete", typed: OWN, act: Called("receive-logs-auto-delete", &[]) },
    Session { name: "", typed: EMIT_OPEN, act: Called("emit-log-6", OPEN) },
    Session { name: "receive-logs-auto-delete-queues", typed: QUEUES, act: LIST },
    DOWN,
];

impl Session {
    /// Returns the name of its recording.
    pub fn file(&self) -> String {
        format!("session-{}.txt", self.name)
    }
}

/// Another terminal, with a program that keeps running.
struct Terminal {
    program: Child,
    lines: Receiver<String>,
    printed: String,
}

impl Terminal {
    fn open(mut command: Command) -> Result<Terminal, Failed> {
        let mut program = command.stdout(Stdio::piped()).spawn()?;
        let stdout = program.stdout.take().ok_or("no stdout")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).all(|line| sender.send(line).is_ok());
        });
        Ok(Terminal { program, lines, printed: String::new() })
    }

    /// Returns the output so far, once the program has come to rest. It is an error when the program ends.
    fn at_rest(&mut self) -> Result<String, Failed> {
        loop {
            match self.lines.recv_timeout(REST) {
                Ok(line) => self.printed.push_str(&(line + "\n")),
                Err(mpsc::RecvTimeoutError::Timeout) => return Ok(self.printed.clone()),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(format!("the program ended: {}", self.printed).into());
                }
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Types all commands of the sessions, and compares their output.
pub fn replay(sessions: &[Session]) -> Result<(), Failed> {
    let apart = Apart::new(&Place::Embedded);
    let port = ports::free_pair()?;
    let (port, management) = (port.to_string(), (port + ports::MANAGEMENT).to_string());
    let (mut wrong, mut others) = (Vec::new(), Vec::<Terminal>::new());
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
                let mut terminal = Terminal::open(program(name, HERE)?)?;
                let printed = terminal.at_rest()?;
                others.push(terminal);
                printed.into_bytes()
            }
            Stays(name, words) => {
                let mut command = program(name, HERE)?;
                command.args(words);
                let mut terminal = Terminal::open(command)?;
                let printed = terminal.at_rest()?;
                others.push(terminal);
                printed.into_bytes()
            }
            Shows(index) => others.get_mut(index).ok_or("no such terminal is open")?.at_rest()?.into_bytes(),
            Ends(index) => {
                drop(others.remove(index));
                // The list has a line for its columns.
                let lines = 1 + others.len();
                until("the broker to notice", || {
                    let connections = apart.checker(&["broker", "connections"]).output();
                    connections.is_ok_and(|listed| listed.stdout.iter().filter(|byte| **byte == b'\n').count() == lines)
                })?;
                continue;
            }
        };
        if session.name.is_empty() {
            continue;
        }
        let said = String::from_utf8_lossy(&said).replace(&management, "15672").replace(&port, "5672");
        let text = format!("$ {}\n{said}", session.typed);
        // The first difference shows the cause; later ones may only follow from it.
        if let Err(error) = compare(&session.file(), &text) {
            wrong.push(format!("{}: {}", session.name, error.message().unwrap_or_default()));
        }
    }
    drop(others);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
