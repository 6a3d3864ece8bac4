//! Lessons 06, 08 and 10: three receivers of an exchange, each with a queue of its own.

use std::time::Duration;

use contracts::{
    contract::{Contract, judge},
    lessons::{
        receive_logs::{self, ReceiveLogs},
        receive_logs_direct::{self, ReceiveLogsDirect},
        receive_logs_topic::{self, ReceiveLogsTopic},
    },
    subscribing::{Evidence, Listener, Message, Plan, Receiver, WAITING},
};
use recording::{ProgramExit, ProgramRun};
use wire::{
    Method, Peer,
    protocol::{
        basic::{self, AMQPMethod as Basic},
        channel::{self, AMQPMethod as Channel},
        exchange::{self, AMQPMethod as Exchange},
        queue::{self, AMQPMethod as Queue},
    },
};

use super::{Script, render, render_all};
use Peer::{Broker, Program};

const SEED: u64 = 3;

static LOGS: Receiver = receive_logs::RECEIVER;
static DIRECT: Receiver = receive_logs_direct::RECEIVER;
static TOPIC: Receiver = receive_logs_topic::RECEIVER;

/// A receiver, written step by step.
#[derive(Clone)]
struct Steps {
    receiver: &'static Receiver,
    index: usize,
    script: Script,
}

impl Steps {
    /// Returns a receiver that declared the exchange.
    fn declared(receiver: &'static Receiver, index: usize) -> Steps {
        let script = Script::connected();
        Steps { receiver, index, script }
            .says(Method::Exchange(Exchange::Declare(exchange::Declare {
                exchange: receiver.exchange.name.into(),
                kind: receiver.exchange.kind.name().into(),
                ..Default::default()
            })))
            .hears(Method::Exchange(Exchange::DeclareOk(exchange::DeclareOk {})))
    }

    fn says(mut self, method: Method) -> Steps {
        self.script = self.script.say(Program, 1, method);
        self
    }

    fn hears(mut self, method: Method) -> Steps {
        self.script = self.script.say(Broker, 1, method);
        self
    }

    fn with(mut self, change: impl FnOnce(Script) -> Script) -> Steps {
        self.script = change(self.script);
        self
    }

    fn name(&self) -> String {
        format!("amq.gen-{}", self.index)
    }

    fn asks_for_a_queue(self, declare: queue::Declare) -> Steps {
        self.says(Method::Queue(Queue::Declare(declare)))
    }

    fn queue(self, declare: queue::Declare) -> Steps {
        let named = declare.queue.as_str().to_owned();
        let name = if named.is_empty() { self.name() } else { named };
        let ok = queue::DeclareOk { queue: name.into(), ..Default::default() };
        self.asks_for_a_queue(declare).hears(Method::Queue(Queue::DeclareOk(ok)))
    }

    fn own_queue(self) -> Steps {
        self.queue(queue::Declare { exclusive: true, ..Default::default() })
    }

    fn asks_for_a_binding(self, queue: &str, key: &str) -> Steps {
        let exchange = self.receiver.exchange.name.into();
        let bind = queue::Bind { queue: queue.into(), exchange, routing_key: key.into(), ..Default::default() };
        self.says(Method::Queue(Queue::Bind(bind)))
    }

    fn bind(self, key: &str) -> Steps {
        let name = self.name();
        self.asks_for_a_binding(&name, key).hears(Method::Queue(Queue::BindOk(queue::BindOk {})))
    }

    /// Binds as it should.
    fn bound(self) -> Steps {
        let asks = self.plan().asks[self.index].clone();
        if asks.is_empty() { self.bind("") } else { asks.iter().fold(self, |steps, key| steps.bind(key)) }
    }

    fn plan(&self) -> Plan {
        Plan::chosen(self.receiver.exchange.kind, SEED)
    }

    fn consume_as(self, queue: &str, tag: &str) -> Steps {
        let consume = basic::Consume { queue: queue.into(), no_ack: true, ..Default::default() };
        let ok = basic::ConsumeOk { consumer_tag: tag.into() };
        self.says(Method::Basic(Basic::Consume(consume))).hears(Method::Basic(Basic::ConsumeOk(ok)))
    }

    /// Subscribes as it should, and says that it waits.
    fn waits(self) -> Steps {
        let name = self.name();
        self.consume_as(&name, "tag").with(|script| script.print(WAITING))
    }

    fn delivered_to(mut self, tag: &str, message: &Message) -> Steps {
        let deliver = basic::Deliver {
            consumer_tag: tag.into(),
            exchange: self.receiver.exchange.name.into(),
            routing_key: message.key.as_str().into(),
            ..Default::default()
        };
        self.script = self.script.carry(Broker, Basic::Deliver(deliver), message.text.as_bytes());
        self
    }

    fn prints(mut self, message: &Message) -> Steps {
        let line = match self.receiver.usage {
            None => format!(" [x] {}", message.text),
            Some(_) => format!(" [x] {}:{}", message.key, message.text),
        };
        self.script = self.script.print(&line);
        self
    }

    fn gets(self, message: &Message) -> Steps {
        self.delivered_to("tag", message).prints(message)
    }

    /// Gets and prints what it is due in the first phases.
    fn gets_all(self, phases: usize) -> Steps {
        let plan = self.plan();
        plan.due(self.index, phases).into_iter().fold(self, Steps::gets)
    }

    fn ends(self) -> Steps {
        self.with(|script| script.interrupted().close().exit(0))
    }

    /// Returns a receiver that is ready.
    fn ready(receiver: &'static Receiver, index: usize) -> Steps {
        Steps::declared(receiver, index).own_queue().bound().waits()
    }

    /// Returns a receiver that does everything right.
    fn well(receiver: &'static Receiver, index: usize) -> Steps {
        Steps::ready(receiver, index).gets_all(3).ends()
    }
}

/// Returns the verdict on these receivers, and the number of notes.
fn judged<C>(all: Vec<Steps>, phases: usize, without: Option<Script>, left_behind: Option<&str>) -> (String, usize)
where
    C: for<'a> Contract<Evidence<'a> = Evidence<'a>>,
{
    let receiver = all[0].receiver;
    let run = |(index, steps): (usize, Steps)| {
        let role = contracts::subscribing::ROLES[index].to_owned();
        let arguments = steps.plan().asks[index].clone();
        ProgramRun { index, role, arguments, ..steps.script.seen }
    };
    let mut runs: Vec<ProgramRun> = all.into_iter().enumerate().map(run).collect();
    let count = runs.len();
    runs.extend(without.map(|script| ProgramRun { index: count, role: "without arguments".to_owned(), ..script.seen }));
    let evidence = Evidence {
        receiver,
        plan: Plan::chosen(receiver.exchange.kind, SEED),
        listeners: runs[..count]
            .iter()
            .enumerate()
            .map(|(index, run)| Listener { index, run, waits: true, is_bound_late: false })
            .collect(),
        without: runs.get(count),
        phases,
        left_behind,
    };
    (render(&judge::<C>(&evidence, &runs, &[])), C::notes(&evidence).len())
}

/// Returns lesson 06's verdict.
fn logs(change: impl FnOnce(&mut Vec<Steps>)) -> String {
    let mut all = (0..3).map(|index| Steps::well(&LOGS, index)).collect();
    change(&mut all);
    judged::<ReceiveLogs>(all, 3, None, None).0
}

fn usage() -> Script {
    Script::default().complain("Usage: receive-logs-direct [info] [warning] [error]").exit(1)
}

/// Returns lesson 08's verdict on three receivers and a run without arguments.
fn direct(without: Script, change: impl FnOnce(&mut Vec<Steps>)) -> String {
    let mut all = (0..3).map(|index| Steps::well(&DIRECT, index)).collect();
    change(&mut all);
    judged::<ReceiveLogsDirect>(all, 3, Some(without), None).0
}

fn topic(change: impl FnOnce(&mut Vec<Steps>)) -> String {
    let mut all = (0..3).map(|index| Steps::well(&TOPIC, index)).collect();
    change(&mut all);
    judged::<ReceiveLogsTopic>(all, 3, Some(usage()), None).0
}

#[test]
fn right_receivers_pass() {
    let auto_delete = queue::Declare { auto_delete: true, ..Default::default() };
    let passes = "passed";
    assert_eq!(logs(|_| {}), passes);
    assert_eq!(direct(usage(), |_| {}), passes);
    assert_eq!(topic(|_| {}), passes);
    let haskells = |index| Steps::declared(&LOGS, index).queue(auto_delete.clone()).bound().waits().gets_all(3).ends();
    assert_eq!(logs(|all| *all = (0..3).map(haskells).collect()), passes);
    let killed = |mut steps: Steps| {
        steps.script.seen.interrupted_at = Some(Duration::from_millis(900));
        let at = Duration::from_secs(1);
        steps.script.seen.exit = Some(ProgramExit { code: None, signal: Some(2), overdue: false, at });
        steps
    };
    assert_eq!(logs(|all| all[2] = killed(Steps::ready(&LOGS, 2).gets_all(3))), passes);
}

#[test]
fn two_subscriptions_have_no_common_order() {
    let printed = |tags: [&str; 2]| {
        logs(|all| {
            let plan = all[1].plan();
            let due = plan.due(1, 3);
            let (one, other) = (due[0], due[1]);
            let both = Steps::ready(&LOGS, 1).delivered_to(tags[0], one).delivered_to(tags[1], other);
            all[1] = due[2..].iter().fold(both.prints(other).prints(one), |steps, message| steps.gets(message)).ends();
        })
    };
    assert_eq!(printed(["one", "two"]), "passed");
    let wrong = printed(["one", "one"]);
    assert!(wrong.starts_with("receive (receive.out-of-order)"), "{wrong}");
}

#[test]
fn a_queue_that_stays_behind_gets_a_note() {
    let all = |_: ()| (0..3).map(|index| Steps::well(&LOGS, index)).collect();
    let (verdict, notes) = judged::<ReceiveLogs>(all(()), 3, None, Some("amq.gen-0"));
    assert_eq!((verdict.as_str(), notes), ("passed", 1));
    assert_eq!(judged::<ReceiveLogs>(all(()), 3, None, None).1, 0);
}

#[test]
fn subscribing() {
    let closed = |steps: Steps| {
        let close = channel::Close { reply_code: 504, reply_text: "CHANNEL_ERROR".into(), ..Default::default() };
        steps.hears(Method::Channel(Channel::Close(close)))
    };
    let cases = [
        (
            "no answer to the declaration of the exchange",
            logs(|all| {
                *all = vec![Steps::declared(&LOGS, 0).with(|mut script| {
                    script.seen.events.pop();
                    script.exit(0)
                })];
            }),
        ),
        (
            "no answer to the declaration of the queue",
            logs(|all| {
                *all = vec![
                    Steps::declared(&LOGS, 0).asks_for_a_queue(queue::Declare::default()).with(|script| script.exit(0)),
                ];
            }),
        ),
        (
            "no answer to the binding",
            logs(|all| {
                *all = vec![
                    Steps::declared(&LOGS, 0)
                        .own_queue()
                        .asks_for_a_binding("amq.gen-0", "")
                        .with(|script| script.exit(0)),
                ];
            }),
        ),
        (
            "only the second receiver has no binding",
            logs(|all| {
                all.truncate(2);
                all[1] = Steps::declared(&LOGS, 1).own_queue().waits().ends();
            }),
        ),
        (
            "the queue was there before",
            logs(|all| {
                let early = all[2].plan().phases[0][0].clone();
                all[2] = Steps::ready(&LOGS, 2).gets(&early).gets_all(3).ends();
            }),
        ),
        ("nothing comes any more", logs(|all| all[1] = Steps::ready(&LOGS, 1).gets_all(2).ends())),
        ("the broker closes the channel", logs(|all| all[1] = closed(Steps::ready(&LOGS, 1).gets_all(2)).ends())),
        (
            "a message comes, and is not printed",
            logs(|all| {
                let last = all[1].plan().phases[2][0].clone();
                all[1] = Steps::ready(&LOGS, 1).gets_all(2).delivered_to("tag", &last).ends();
            }),
        ),
        ("the first receiver prints too late", {
            let all = (0..3).map(|index| Steps::ready(&LOGS, index).gets_all(2).ends()).collect();
            judged::<ReceiveLogs>(all, 1, None, None).0
        }),
        (
            "a message that was not asked for",
            direct(usage(), |all| {
                let plan = all[0].plan();
                let extra = plan.phases[0].iter().find(|message| message.key == "debug").unwrap();
                all[0] = Steps::ready(&DIRECT, 0).gets(extra).gets_all(3).ends();
            }),
        ),
        (
            "another key is printed",
            direct(usage(), |all| {
                let due = all[0].plan().due(0, 3)[0].clone();
                let line = format!(" [x] direct_logs:{}", due.text);
                all[0] = Steps::ready(&DIRECT, 0).delivered_to("tag", &due).with(|script| script.print(&line)).ends();
            }),
        ),
        ("a signal without arguments", direct(Script::default().complain("usage: no").crashed(9), |_| {})),
        ("a usage line in the middle of others", {
            direct(Script::default().complain("error: no severity\n\nUSAGE:\n  receive [severity]").exit(2), |_| {})
        }),
        (
            "the third receiver gets a message of two patterns twice",
            topic(|all| {
                let plan = all[2].plan();
                let due = plan.due(2, 3);
                let twice = Steps::ready(&TOPIC, 2).gets(due[0]).gets(due[0]);
                all[2] = due[1..].iter().fold(twice, |steps, message| steps.gets(message)).ends();
            }),
        ),
        (
            "only the third receiver binds all",
            topic(|all| {
                all[2] = Steps::declared(&TOPIC, 2).own_queue().bind("#").waits().gets_all(3).ends();
            }),
        ),
    ];
    insta::assert_snapshot!(render_all(cases));
}
