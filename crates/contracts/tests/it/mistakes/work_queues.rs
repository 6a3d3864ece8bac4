//! Lessons 03 and 04: several runs of one program, and several workers on one time axis.

use std::time::Duration;

use contracts::{
    contract::judge,
    lessons::new_task::{self, NewTask},
    lessons::worker::{self, Reached, Tasks, Worker},
    sending::typed::Typed,
};
use recording::{ProgramExit, ProgramRun};
use wire::{
    Method, Peer, What,
    protocol::{
        basic::{self, AMQPMethod as Basic, AMQPProperties},
        connection::{self, AMQPMethod as Connection},
        queue,
    },
};

use super::{Script, render, render_all};
use Peer::{Broker, Program};

const WAITING: &str = " [*] Waiting for messages. To exit press CTRL+C";

/// Returns a script with a connection, and `task_queue` declared.
fn declared(durable: bool) -> Script {
    Script::connected().declare(queue::Declare { queue: "task_queue".into(), durable, ..Default::default() })
}

/// Returns a program that sends this body in this delivery mode.
fn sends(body: &str, mode: u8) -> Script {
    let mut script = declared(true).publish("", "task_queue", body.as_bytes());
    let last = script.seen.events.last_mut();
    if let Some(What::Method { content: Some(content), .. }) = last.map(|event| &mut event.what) {
        content.properties = AMQPProperties::default().with_delivery_mode(mode);
    }
    script.print(&format!(" [x] Sent '{body}'")).close().exit(0)
}

/// Returns lesson 03's verdict on three runs, with these bodies in the queue afterwards.
fn tasks(runs: [Script; 3], queued: &[&str], restarted: bool) -> String {
    let words = [vec![], vec!["one."], vec!["and", "two.."]];
    let run = |(index, (words, script)): (usize, (Vec<&str>, Script))| ProgramRun {
        index,
        arguments: words.into_iter().map(str::to_owned).collect(),
        ..script.seen
    };
    let runs: Vec<ProgramRun> = words.into_iter().zip(runs).enumerate().map(run).collect();
    let evidence = new_task::Evidence {
        runs: runs.iter().map(|run| Typed::new(run, &["Hello World!"], "task")).collect(),
        queued: Some(queued.iter().map(|body| body.as_bytes()).collect()),
        restarted,
    };
    render(&judge::<NewTask>(&evidence, &runs, &[]))
}

const ALL: [&str; 3] = ["Hello World!", "one.", "and two.."];

#[test]
fn sending_tasks() {
    let well = || ALL.map(|body| sends(body, 2));
    let other = |index: usize, script: Script| {
        let mut runs = well();
        runs[index] = script;
        runs
    };
    let cases = [
        ("all is well", tasks(well(), &ALL, true)),
        ("no restart", tasks(well(), &ALL, false)),
        ("transient the second time only", tasks(other(1, sends("one.", 1)), &ALL, false)),
        ("the task of the time before", tasks(other(2, sends("one.", 2)), &ALL, true)),
        ("quotes around it", tasks(other(1, sends("'one.'", 2)), &ALL, true)),
        ("gone after the restart", tasks(well(), &ALL[..2], true)),
        ("gone without one", tasks(well(), &ALL[..2], false)),
        (
            "fails with several words",
            tasks(other(2, declared(true).complain("too many arguments").exit(2)), &ALL, true),
        ),
        ("a transient queue", tasks([declared(false).exit(0), well()[1].clone(), well()[2].clone()], &ALL, true)),
        ("an exit code the third time", tasks(other(2, sends("and two..", 2).exit(4)), &ALL, true)),
    ];
    insta::assert_snapshot!(render_all(cases));
}

fn chosen() -> Tasks {
    let text = str::to_owned;
    Tasks {
        long: text("long. one."),
        short: vec![text(".short"), text("none"), text("nothing")],
        fatal: text("fatal."),
        last: text("last"),
    }
}

/// A worker with a clock of its own.
#[derive(Clone)]
struct WorkerScript {
    script: Script,
    tag: u64,
    now: u64,
}

impl WorkerScript {
    /// Returns a worker that subscribed with a limit of 1.
    fn ready() -> WorkerScript {
        let qos = basic::Qos { prefetch_count: 1, global: false };
        WorkerScript::asked(declared(true).say(Program, 1, Method::Basic(Basic::Qos(qos))))
    }

    /// Returns a worker that subscribed.
    fn asked(script: Script) -> WorkerScript {
        let consume = basic::Consume { queue: "task_queue".into(), ..Default::default() };
        let ok = basic::ConsumeOk { consumer_tag: "tag".into() };
        let script = script
            .say(Program, 1, Method::Basic(Basic::Consume(consume)))
            .say(Broker, 1, Method::Basic(Basic::ConsumeOk(ok)))
            .print(WAITING);
        WorkerScript { script, tag: 0, now: 100 }
    }

    fn at(mut self, milliseconds: u64) -> WorkerScript {
        self.now = milliseconds;
        self
    }

    /// Sets the clock in the last event after this change.
    fn timed(mut self, change: impl FnOnce(Script) -> Script) -> WorkerScript {
        self.script = change(self.script);
        if let Some(last) = self.script.seen.events.last_mut() {
            last.at = Duration::from_millis(self.now);
        }
        self
    }

    fn line(mut self, line: &str) -> WorkerScript {
        self.script.seen.print(format!("{line}\r\n").as_bytes(), Duration::from_millis(self.now));
        self
    }

    fn comes(mut self, body: &str, redelivered: bool) -> WorkerScript {
        self.tag += 1;
        let deliver =
            basic::Deliver { consumer_tag: "tag".into(), delivery_tag: self.tag, redelivered, ..Default::default() };
        self.timed(|script| script.carry(Broker, Basic::Deliver(deliver), body.as_bytes()))
    }

    fn ack(self) -> WorkerScript {
        let ack = basic::Ack { delivery_tag: self.tag, multiple: false };
        self.timed(|script| script.say(Program, 1, Method::Basic(Basic::Ack(ack))))
    }

    /// Adds a task, done as it should be.
    fn does(self, body: &str, seconds: u64, redelivered: bool) -> WorkerScript {
        let begun = self.comes(body, redelivered).line(&format!(" [x] Received '{body}'"));
        let then = begun.now + 1000 * seconds + 5;
        begun.at(then).line(" [x] Done").ack()
    }

    fn killed(mut self) -> WorkerScript {
        let at = Duration::from_millis(self.now + 5);
        self.script.seen.killed_at = Some(at);
        self.script.seen.exit = Some(ProgramExit { code: None, signal: Some(9), overdue: false, at });
        self
    }

    fn interrupted(mut self) -> WorkerScript {
        let at = Duration::from_millis(self.now + 5);
        self.script.seen.interrupted_at = Some(at);
        self.script.seen.exit = Some(ProgramExit { code: None, signal: Some(2), overdue: false, at });
        self
    }
}

/// Returns the worker that gets the long task, up to the fatal one.
fn busy() -> WorkerScript {
    WorkerScript::ready().does("long. one.", 2, false)
}

/// Returns the worker that gets the short tasks.
fn idle() -> WorkerScript {
    WorkerScript::ready().does(".short", 1, false).does("none", 0, false).does("nothing", 0, false)
}

fn killed(worker: WorkerScript) -> WorkerScript {
    worker.at(3000).comes("fatal.", false).line(" [x] Received 'fatal.'").killed()
}

fn heir() -> WorkerScript {
    idle().at(3010).does("fatal.", 1, true).interrupted()
}

fn after() -> WorkerScript {
    WorkerScript::ready().at(5000).does("last", 0, false).interrupted()
}

/// Returns lesson 04's verdict.
fn workers(workers: Vec<WorkerScript>, reached: Reached, left: &[&str]) -> String {
    let restarted = workers.len() > 2;
    workers_on(restarted, workers, reached, left)
}

/// Returns the same as [`workers`], on a broker that was restarted or not.
fn workers_on(restarted: bool, workers: Vec<WorkerScript>, reached: Reached, left: &[&str]) -> String {
    let run = |(index, worker): (usize, WorkerScript)| ProgramRun { index, ..worker.script.seen };
    let runs: Vec<ProgramRun> = workers.into_iter().enumerate().map(run).collect();
    let all: Vec<&ProgramRun> = runs.iter().collect();
    let left = Some(left.iter().map(|body| body.as_bytes()).collect());
    let evidence = worker::Evidence { left, ..worker::Evidence::new(&all, chosen(), reached, restarted) };
    render(&judge::<Worker>(&evidence, &runs, &[]))
}

#[test]
fn working() {
    let all = |first: WorkerScript, second: WorkerScript| {
        workers(vec![killed(first), second, after()], Reached::Survived, &[])
    };
    let stopped = |first: WorkerScript, second: WorkerScript| {
        workers(vec![first.at(6000).interrupted(), second.at(6000).interrupted()], Reached::Waiting, &[])
    };
    let qos = |count: u16, global: bool, channel: u16| {
        let qos = basic::Qos { prefetch_count: count, global };
        declared(true).say(Program, channel, Method::Basic(Basic::Qos(qos)))
    };
    let refused = |worker: WorkerScript, text: &str| worker.timed(|script| script.refused(406, text, (60, 80)).exit(1));
    let too_large = connection::Close {
        reply_code: 540,
        reply_text: "NOT_IMPLEMENTED - prefetch_size!=0 (1024)".into(),
        class_id: 60,
        method_id: 10,
    };
    let closed = |worker: WorkerScript| {
        worker.timed(|script| script.refused(404, "NOT_FOUND - no exchange 'log' in vhost '/'", (60, 40)))
    };
    let long = || WorkerScript::ready().comes("long. one.", false).line(" [x] Received 'long. one.'");
    let cases = [
        ("all is well", all(busy(), heir())),
        (
            "the broker is not restarted",
            workers_on(false, vec![killed(busy()), heir(), after()], Reached::Survived, &[]),
        ),
        (
            "the broker is not restarted, and the task that waited is gone",
            workers_on(
                false,
                vec![killed(busy()), heir(), WorkerScript::ready().at(6000).interrupted()],
                Reached::Survived,
                &[],
            ),
        ),
        (
            "the idle one is killed",
            workers(
                vec![busy().at(3010).does("fatal.", 1, true).interrupted(), killed(idle()), after()],
                Reached::Survived,
                &[],
            ),
        ),
        (
            "a limit that the broker refuses",
            stopped(
                WorkerScript::asked(qos(1, false, 1).say(Broker, 0, Method::Connection(Connection::Close(too_large)))),
                WorkerScript::ready(),
            ),
        ),
        ("no task comes", stopped(WorkerScript::ready(), WorkerScript::ready())),
        ("some tasks do not come", stopped(busy(), WorkerScript::ready().does(".short", 1, false))),
        (
            "the broker closes the channels when a task is done",
            stopped(closed(busy()), closed(WorkerScript::ready().does(".short", 1, false))),
        ),
        (
            "the fatal task is done before its worker is killed",
            workers(
                vec![busy().at(3000).does("fatal.", 1, false).killed(), idle().at(4500).interrupted()],
                Reached::Killed,
                &[],
            ),
        ),
        (
            "the task that waited is not acknowledged",
            workers(
                vec![
                    killed(busy()),
                    heir(),
                    WorkerScript::ready().at(5000).comes("last", false).line(" [x] Received 'last'").interrupted(),
                ],
                Reached::Survived,
                &[],
            ),
        ),
        ("no limit", stopped(WorkerScript::asked(declared(true)), WorkerScript::asked(declared(true)))),
        ("a limit of 0", stopped(WorkerScript::asked(qos(0, false, 1)), WorkerScript::ready())),
        ("a limit of 5", stopped(WorkerScript::asked(qos(5, false, 1)), WorkerScript::ready())),
        ("global on another channel", stopped(WorkerScript::asked(qos(1, true, 2)), WorkerScript::ready())),
        ("only the second worker has none", stopped(busy(), WorkerScript::asked(declared(true)))),
        ("a transient queue", stopped(WorkerScript::asked(declared(false)), WorkerScript::ready())),
        ("says nothing of the task", stopped(WorkerScript::ready().comes("long. one.", false), idle())),
        (
            "says it in other letters",
            stopped(WorkerScript::ready().comes("long. one.", false).line(" [x] Received 'LONG. ONE.'"), idle()),
        ),
        ("is not done with the first", stopped(long(), idle())),
        ("done at once", stopped(long().at(130).line(" [x] Done").ack(), idle())),
        (
            "done too late, always",
            stopped(
                WorkerScript::ready()
                    .comes("long. one.", false)
                    .line(" [x] Received 'long. one.'")
                    .at(3200)
                    .line(" [x] Done")
                    .ack(),
                WorkerScript::ready()
                    .comes(".short", false)
                    .line(" [x] Received '.short'")
                    .at(2200)
                    .line(" [x] Done")
                    .ack(),
            ),
        ),
        ("never acknowledged", stopped(long().at(2110).line(" [x] Done"), idle())),
        ("acknowledged first", stopped(long().at(110).ack().at(2110).line(" [x] Done"), idle())),
        ("acknowledged twice", stopped(refused(busy().ack(), "PRECONDITION_FAILED - unknown delivery tag 1"), idle())),
        (
            "only the second worker acknowledges twice",
            stopped(
                long(),
                refused(
                    WorkerScript::ready().does(".short", 1, false).ack(),
                    "PRECONDITION_FAILED - unknown delivery tag 1",
                ),
            ),
        ),
        ("leaves after one task", stopped(WorkerScript { script: busy().script.close().exit(0), ..busy() }, idle())),
        (
            "a second task while busy",
            workers(
                vec![
                    killed(
                        long()
                            .comes("none", false)
                            .at(2110)
                            .line(" [x] Done")
                            .timed(|script| {
                                let ack = basic::Ack { delivery_tag: 2, multiple: true };
                                script.say(Program, 1, Method::Basic(Basic::Ack(ack)))
                            })
                            .line(" [x] Received 'none'")
                            .line(" [x] Done"),
                    ),
                    WorkerScript::ready()
                        .does(".short", 1, false)
                        .does("nothing", 0, false)
                        .at(3010)
                        .does("fatal.", 1, true)
                        .interrupted(),
                    after(),
                ],
                Reached::Survived,
                &[],
            ),
        ),
        (
            "stops after the first tasks",
            workers(vec![busy().interrupted(), idle().interrupted()], Reached::Shared, &[]),
        ),
        ("the other worker ends, too", all(busy(), WorkerScript { script: idle().script.close().exit(0), ..idle() })),
        ("the fatal task does not come again", all(busy(), idle().at(4500).interrupted())),
        (
            "the fatal task was acknowledged",
            workers(
                vec![
                    busy().at(3000).comes("fatal.", false).line(" [x] Received 'fatal.'").ack().killed(),
                    idle().at(4500).interrupted(),
                ],
                Reached::Killed,
                &[],
            ),
        ),
        (
            "it comes again, and is taken for done",
            all(busy(), idle().at(3010).comes("fatal.", true).ack().interrupted()),
        ),
        (
            "it comes again, and is not acknowledged",
            all(busy(), idle().at(3010).comes("fatal.", true).line(" [x] Received 'fatal.'").at(6000).interrupted()),
        ),
        (
            "done, and once more",
            all(busy(), idle().at(3010).does("long. one.", 2, true).does("fatal.", 1, true).interrupted()),
        ),
        (
            "gone after the restart",
            workers(vec![killed(busy()), heir(), WorkerScript::ready().at(6000).interrupted()], Reached::Survived, &[]),
        ),
        ("left over", workers(vec![killed(busy()), heir(), after()], Reached::Survived, &["none", "nothing"])),
        (
            "panics at Ctrl-C",
            workers(
                vec![
                    killed(busy()),
                    WorkerScript {
                        script: heir()
                            .script
                            .complain("thread 'main' (1) panicked at src/main.rs:3:5:")
                            .complain("interrupted"),
                        ..heir()
                    },
                    after(),
                ],
                Reached::Survived,
                &[],
            ),
        ),
    ];
    insta::assert_snapshot!(render_all(cases));
}
