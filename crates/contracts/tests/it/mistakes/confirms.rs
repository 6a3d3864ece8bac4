//! Lesson 13: publisher confirms, in conversations that a real broker has only now and then.

use std::sync::Arc;

use contracts::{
    confirming::{CALM, COUNT, LOST, REFUSED, RETURNED},
    contract::{Contract, judge},
    lessons::publisher_confirms::PublisherConfirms,
};
use recording::{Language, Program, ProgramRun, Recording};
use wire::{
    Method, Peer,
    protocol::{
        basic::{self, AMQPMethod as Basic},
        confirm::{self, AMQPMethod as Confirm},
        queue,
    },
};

use super::{Script, render};
use Peer::Broker;

const QUEUE: &str = "mine";

/// The totals of the three ways.
const TOTALS: [&str; 3] = [
    "Published 250 messages individually in 12 ms",
    "Published 250 messages in batch in 3 ms",
    "Published 250 messages and handled confirms asynchronously in 2 ms",
];

/// A publisher, written step by step.
#[derive(Clone)]
struct Publisher {
    script: Script,
    /// The number of its last message on the channel.
    number: u64,
}

impl Publisher {
    /// Returns a publisher with a queue and with confirms on.
    fn begins() -> Publisher {
        let ok = Method::Confirm(Confirm::SelectOk(confirm::SelectOk {}));
        let script = Script::connected()
            .say(Peer::Program, 1, Method::Confirm(Confirm::Select(confirm::Select::default())))
            .say(Broker, 1, ok)
            .declare(queue::Declare { queue: QUEUE.into(), exclusive: true, ..Default::default() });
        Publisher { script, number: 0 }
    }

    fn publishes(mut self, body: usize) -> Publisher {
        self.number += 1;
        let publish = basic::Publish { routing_key: QUEUE.into(), mandatory: true, ..Default::default() };
        self.script = self.script.carry(Peer::Program, Basic::Publish(publish), body.to_string().as_bytes());
        self
    }

    fn publishes_all(self, bodies: impl IntoIterator<Item = usize>) -> Publisher {
        bodies.into_iter().fold(self, Publisher::publishes)
    }

    /// Confirms its messages, without the last `less` ones.
    fn acked(self, less: u64) -> Publisher {
        let ack = basic::Ack { delivery_tag: self.number - less, multiple: true };
        self.hears(Basic::Ack(ack))
    }

    fn nacked(self, multiple: bool) -> Publisher {
        let nack = basic::Nack { delivery_tag: self.number, multiple, requeue: true };
        self.hears(Basic::Nack(nack))
    }

    fn returned(mut self, body: usize) -> Publisher {
        let back = basic::Return {
            reply_code: 312,
            reply_text: "NO_ROUTE".into(),
            exchange: "".into(),
            routing_key: QUEUE.into(),
        };
        self.script = self.script.carry(Broker, Basic::Return(back), body.to_string().as_bytes());
        self
    }

    fn hears(mut self, method: Basic) -> Publisher {
        self.script = self.script.say(Broker, 1, Method::Basic(method));
        self
    }

    /// Publishes these one by one, each with its confirm.
    fn individually(self, bodies: impl IntoIterator<Item = usize>) -> Publisher {
        bodies.into_iter().fold(self, |publisher, body| publisher.publishes(body).acked(0))
    }

    fn batches(self) -> Publisher {
        [0..100, 100..200, 200..COUNT]
            .into_iter()
            .fold(self, |publisher, batch| publisher.publishes_all(batch).acked(0))
    }

    fn prints(mut self, line: &str) -> Publisher {
        self.script = self.script.print(line);
        self
    }

    fn complains(mut self, line: &str) -> Publisher {
        self.script = self.script.complain(line);
        self
    }

    fn with(mut self, change: impl FnOnce(Script) -> Script) -> Publisher {
        self.script = change(self.script);
        self
    }

    /// Goes the first way, and says so.
    fn first(self) -> Publisher {
        self.individually(0..COUNT).prints(TOTALS[0])
    }

    /// Goes the first two ways, and says so.
    fn second(self) -> Publisher {
        self.first().batches().prints(TOTALS[1])
    }

    /// Goes all three ways, and ends.
    fn all(self) -> Publisher {
        self.second().publishes_all(0..COUNT).acked(0).prints(TOTALS[2]).ends()
    }

    fn ends(self) -> Publisher {
        self.with(Script::close).with(|script| script.exit(0))
    }

    fn run(self, role: &str) -> ProgramRun {
        // lapin settles confirms by itself, and Pika does not.
        let program = Arc::new(Program { language: Some(Language::Python), ..Program::default() });
        ProgramRun { role: role.to_owned(), program, ..self.script.seen }
    }
}

/// Returns the verdict on a publisher that all goes well with.
fn calm(publisher: Publisher) -> String {
    verdict([publisher.run(CALM)])
}

/// Returns the verdict on a right publisher that behaves like this in another run.
fn then(publisher: Publisher, role: &str) -> String {
    verdict([Publisher::begins().all().run(CALM), publisher.run(role)])
}

fn verdict(runs: impl IntoIterator<Item = ProgramRun>) -> String {
    let runs = runs.into_iter().enumerate().map(|(index, run)| ProgramRun { index, ..run }).collect();
    let recording = Recording { runs, ..Default::default() };
    let evidence = PublisherConfirms::evidence(&recording).unwrap();
    render(&judge::<PublisherConfirms>(&evidence, &recording.runs, &[]))
}

pub fn cases() -> Vec<(&'static str, String)> {
    let begins = Publisher::begins;
    let refused = |line: &str| {
        let four = begins().individually(0..20).publishes_all(20..24).nacked(true).individually(24..COUNT);
        let total = "Published 246 messages individually in 12 ms";
        then(four.prints(total).complains(line).batches().prints(TOTALS[1]).with(|script| script.exit(1)), REFUSED[0])
    };
    let cut = |end: fn(Script) -> Script| {
        let cut = |script: Script| script.what(Broker, wire::What::Ended { reset: true });
        then(begins().individually(0..30).publishes(30).with(cut).with(end), LOST[0])
    };
    vec![
        ("all goes well", calm(begins().all())),
        (
            "the first way has ten messages too many",
            calm(begins().individually(0..COUNT + 10).prints(TOTALS[0]).batches().prints(TOTALS[1])),
        ),
        ("a fourth way", calm(begins().first().second().publishes_all(0..COUNT).acked(0).prints(TOTALS[2]).ends())),
        (
            "the line comes before the last confirm",
            calm(
                begins()
                    .first()
                    .batches()
                    .prints(TOTALS[1])
                    .publishes_all(0..COUNT)
                    .acked(1)
                    .prints(TOTALS[2])
                    .acked(0),
            ),
        ),
        (
            "one confirm for many, and the program waits for one for each",
            calm(begins().first().publishes_all(0..100).acked(0).with(Script::overdue)),
        ),
        (
            "each message is confirmed alone, and the program waits",
            calm(begins().first().individually(0..1).with(Script::overdue)),
        ),
        (
            "a message is called confirmed before it was",
            calm(begins().publishes(0).prints("Message 0 confirmed").acked(0).individually(1..COUNT).prints(TOTALS[0])),
        ),
        (
            "the broker closes the channel in the middle",
            calm(begins().individually(0..3).with(|script| {
                script.refused(406, "PRECONDITION_FAILED - the channel is closed on demand", (60, 40)).exit(1)
            })),
        ),
        (
            "the broker refuses the queue",
            calm(Publisher {
                script: Script::connected()
                    .say(Peer::Program, 1, Method::Confirm(Confirm::Select(confirm::Select::default())))
                    .refused(403, "ACCESS_REFUSED - access refused", (85, 10))
                    .exit(1),
                number: 0,
            }),
        ),
        ("the queue is declared after the first message", {
            let select = Method::Confirm(Confirm::Select(confirm::Select::default()));
            let script = Script::connected().say(Peer::Program, 1, select);
            let late = Publisher { script, number: 0 }.publishes(0).acked(0);
            let declare = queue::Declare { queue: QUEUE.into(), exclusive: true, ..Default::default() };
            calm(late.with(|script| script.declare(declare)).individually(1..COUNT).prints(TOTALS[0]))
        }),
        ("one nack for four messages, and all are reported", refused("nack: 20, 21, 22, 23")),
        ("one nack for four messages, and their number is reported", refused("4 messages were refused")),
        ("one nack for four messages, and the last is reported", refused("nack: message 23")),
        ("a message comes back, and the program waits", {
            let back = begins().publishes(0).returned(0).acked(0).with(Script::overdue);
            then(back, RETURNED[0])
        }),
        ("a refused message is sent again", {
            let again =
                begins().individually(0..20).publishes(20).nacked(false).individually(20..COUNT).prints(TOTALS[0]);
            then(
                again.batches().prints(TOTALS[1]).publishes_all(0..COUNT).acked(0).prints(TOTALS[2]).ends(),
                REFUSED[0],
            )
        }),
        ("the connection is cut, and the program says so", cut(|script| script.complain("connection lost").exit(1))),
        ("the connection is cut, and the program waits", cut(Script::overdue)),
        ("the connection is cut, and the program counts on", cut(|script| script.print(TOTALS[0]).exit(0))),
        ("the connection is cut, and the program says nothing", cut(|script| script.exit(0))),
    ]
}
