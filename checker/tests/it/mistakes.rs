//! Each mistake gets its own message: judging what was seen, without a broker and without a program.

use std::time::Duration;

use checker::{
    lessons::{
        hello_receive::{self, HelloReceive, Reached},
        hello_send::{self, HelloSend},
        judge,
    },
    performance::{Exit, Performance},
    verdict::Outcome,
};
use wire::{
    Content, Event, Method, Peer, What,
    protocol::{
        basic::{self, AMQPMethod as Basic},
        channel::{self, AMQPMethod as Channel},
        connection::{self, AMQPMethod as Connection},
        queue::{self, AMQPMethod as Queue},
    },
};

mod work_queues;

use Peer::{Broker, Program};

/// A performance, written down as it takes place.
#[derive(Clone, Default)]
struct Script {
    seen: Performance,
}

impl Script {
    /// Connected, channel open.
    fn connected() -> Script {
        Script::default()
            .say(Program, 0, Method::Connection(Connection::Open(connection::Open { virtual_host: "/".into() })))
            .say(Broker, 0, Method::Connection(Connection::OpenOk(connection::OpenOk {})))
            .say(Program, 1, Method::Channel(Channel::Open(channel::Open {})))
            .say(Broker, 1, Method::Channel(Channel::OpenOk(channel::OpenOk {})))
    }

    /// Connected, and `hello` declared.
    fn declared() -> Script {
        Script::connected().declare(queue::Declare { queue: "hello".into(), ..Default::default() })
    }

    fn what(mut self, from: Peer, what: What) -> Script {
        let order = self.seen.events.len() as u64;
        self.seen.events.push(Event { at: Duration::from_millis(order), order, connection: 1, from, what });
        self
    }

    fn say(self, from: Peer, channel: u16, method: Method) -> Script {
        self.what(from, What::Method { channel, method, content: None })
    }

    fn carry(self, from: Peer, method: Basic, body: &[u8]) -> Script {
        let content =
            Content { size: body.len() as u64, body: body.to_vec().into(), complete: true, ..Default::default() };
        self.what(from, What::Method { channel: 1, method: Method::Basic(method), content: Some(Box::new(content)) })
    }

    fn declare(self, declare: queue::Declare) -> Script {
        let ok = queue::DeclareOk { queue: declare.queue.clone(), ..Default::default() };
        self.say(Program, 1, Method::Queue(Queue::Declare(declare))).say(Broker, 1, Method::Queue(Queue::DeclareOk(ok)))
    }

    fn publish(self, exchange: &str, key: &str, body: &[u8]) -> Script {
        let publish = basic::Publish { exchange: exchange.into(), routing_key: key.into(), ..Default::default() };
        self.carry(Program, Basic::Publish(publish), body)
    }

    fn refused(self, code: u16, text: &str, about: (u16, u16)) -> Script {
        let close = channel::Close { reply_code: code, reply_text: text.into(), class_id: about.0, method_id: about.1 };
        self.say(Broker, 1, Method::Channel(Channel::Close(close)))
    }

    fn refused_at_the_door(self, code: u16, text: &str) -> Script {
        let close = connection::Close { reply_code: code, reply_text: text.into(), ..Default::default() };
        self.say(Broker, 0, Method::Connection(Connection::Close(close)))
    }

    fn close(self) -> Script {
        let close = connection::Close { reply_code: 200, reply_text: "OK".into(), ..Default::default() };
        self.say(Program, 0, Method::Connection(Connection::Close(close))).say(
            Broker,
            0,
            Method::Connection(Connection::CloseOk(connection::CloseOk {})),
        )
    }

    fn consume(self, no_ack: bool) -> Script {
        let consume = basic::Consume { queue: "hello".into(), no_ack, ..Default::default() };
        self.say(Program, 1, Method::Basic(Basic::Consume(consume))).say(
            Broker,
            1,
            Method::Basic(Basic::ConsumeOk(basic::ConsumeOk { consumer_tag: "tag".into() })),
        )
    }

    fn deliver(self, tag: u64, body: &str) -> Script {
        let deliver = basic::Deliver { consumer_tag: "tag".into(), delivery_tag: tag, ..Default::default() };
        self.carry(Broker, Basic::Deliver(deliver), body.as_bytes())
    }

    fn print(mut self, line: &str) -> Script {
        let at = Duration::from_millis(self.seen.events.len() as u64);
        self.seen.print(format!("{line}\r\n").as_bytes(), at);
        self
    }

    fn complain(mut self, line: &str) -> Script {
        self.seen.stderr.push(format!("{line}\n").as_bytes());
        self
    }

    fn exit(mut self, code: i32) -> Script {
        let at = Duration::from_secs(1);
        self.seen.exit = Some(Exit { code: Some(code), signal: None, overdue: false, at });
        self
    }

    /// Ctrl-C is pressed.
    fn interrupted(mut self) -> Script {
        self.seen.interrupted_at = Some(Duration::from_millis(self.seen.events.len() as u64));
        self
    }

    fn overdue(mut self) -> Script {
        let at = Duration::from_secs(10);
        self.seen.exit = Some(Exit { code: None, signal: None, overdue: true, at });
        self
    }
}

/// The first step that fails, and what it says.
fn told(outcomes: &[(&'static str, Outcome)]) -> String {
    let failed = outcomes.iter().find_map(|(id, outcome)| match outcome {
        Outcome::Failed(mistake) => {
            Some(format!("{id}: {}\n{}\nhint: {}", mistake.message, mistake.evidence, mistake.hint))
        }
        _ => None,
    });
    failed.unwrap_or_else(|| "passed".to_owned())
}

/// Lesson 01's verdict on this, with these bodies in the queue afterwards.
fn send(script: Script, queued: Option<&[&str]>) -> String {
    let queued = queued.map(|bodies| bodies.iter().map(|body| body.as_bytes().to_vec()).collect());
    told(&judge::<HelloSend>(&hello_send::Evidence { performance: script.seen, queued }))
}

/// Lesson 02's verdict on this.
fn receive(script: Script, sent: &[&str], reached: Reached) -> String {
    let sent = sent.iter().map(|body| (*body).to_owned()).collect();
    told(&judge::<HelloReceive>(&hello_receive::Evidence {
        performance: script.seen,
        sent,
        last: "last".to_owned(),
        reached,
    }))
}

const SENT: &str = " [x] Sent 'Hello World!'";
const WAITING: &str = " [*] Waiting for messages. To exit press CTRL+C";

fn all_told(cases: impl IntoIterator<Item = (&'static str, String)>) -> String {
    cases.into_iter().map(|(name, told)| format!("## {name}\n{told}\n\n")).collect()
}

#[test]
fn sending() {
    let hello = b"Hello World!";
    let well = || Script::declared().publish("", "hello", hello);
    let kept: Option<&[&str]> = Some(&["Hello World!"]);
    let nothing: Option<&[&str]> = Some(&[]);
    let declare = |change: fn(&mut queue::Declare)| {
        let mut declare = queue::Declare { queue: "hello".into(), ..Default::default() };
        change(&mut declare);
        Script::connected().declare(declare)
    };
    let cases = [
        ("an argument that makes no sense", send(Script::connected().say(Program, 1, Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), ..Default::default() }))).refused(406, "PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'hello' in vhost '/': \"unsupported queue type 'fancy'\"", (50, 10)).exit(1), None)),
        ("passive first, then in earnest", send(Script::connected().say(Program, 1, Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), passive: true, ..Default::default() }))).refused(404, "NOT_FOUND - no queue 'hello' in vhost '/'", (50, 10)).declare(queue::Declare { queue: "hello".into(), ..Default::default() }).publish("", "hello", hello).print(SENT).close().exit(0), kept)),
        ("fails before it connects", send(Script::default().complain("SyntaxError: invalid syntax").exit(1), None)),
        ("a character that nobody sees", send(Script::declared().publish("", "hello", "Hello\u{a0}World!".as_bytes()).print(SENT).close().exit(0), Some(&["x"]))),
        ("hung up on", send(Script::default().say(Program, 0, Method::Connection(Connection::TuneOk(connection::TuneOk::default()))).what(Broker, What::Ended { reset: false }).exit(1), None)),
        ("all is well", send(well().print(SENT).close().exit(0), kept)),
        ("durable, and double quotes", send(declare(|d| d.durable = true).publish("", "hello", hello).print(" [x] Sent \"Hello World!\"").close().exit(0), kept)),
        ("never connected", send(Script::default().complain("Connection refused").exit(1), None)),
        ("hangs without connecting", send(Script::default().overdue(), None)),
        ("speaks TLS", send(Script::default().what(Program, What::Connected).what(Program, What::Garbage(wire::FrameError::NotAmqp(vec![0x16, 3, 1]))).exit(1), None)),
        ("speaks HTTP", send(Script::default().what(Program, What::Connected).what(Program, What::Garbage(wire::FrameError::NotAmqp(b"GET / HTTP/1.1".to_vec()))).exit(1), None)),
        ("speaks AMQP 1.0", send(Script::default().what(Program, What::Connected).what(Program, What::ProtocolHeader(*b"AMQP\0\x01\0\0")).exit(1), None)),
        ("login refused", send(Script::default().refused_at_the_door(403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.").exit(1), None)),
        ("vhost with an empty name", send(Script::default().say(Program, 0, Method::Connection(Connection::Open(connection::Open { virtual_host: "".into() }))).refused_at_the_door(530, "NOT_ALLOWED - vhost  not found").exit(1), None)),
        ("vhost that is not there", send(Script::default().say(Program, 0, Method::Connection(Connection::Open(connection::Open { virtual_host: "nope".into() }))).refused_at_the_door(530, "NOT_ALLOWED - vhost nope not found").exit(1), None)),
        ("no declare", send(Script::connected().publish("", "hello", hello).print(SENT).close().exit(0), None)),
        ("helo", send(declare(|d| d.queue = "helo".into()).publish("", "hello", hello).print(SENT).close().exit(0), None)),
        ("Hello", send(declare(|d| d.queue = "Hello".into()).publish("", "hello", hello).print(SENT).close().exit(0), None)),
        ("no name", send(declare(|d| d.queue = "".into()), None)),
        ("exclusive", send(declare(|d| d.exclusive = true).publish("", "hello", hello).close().exit(0), None)),
        ("passive", send(Script::connected().say(Program, 1, Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), passive: true, ..Default::default() }))).refused(404, "NOT_FOUND - no queue 'hello' in vhost '/'", (50, 10)).exit(1), None)),
        ("declared twice, unequally", send(Script::declared().say(Program, 1, Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), durable: true, ..Default::default() }))).refused(406, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'hello' in vhost '/': received 'true' but current is 'false'", (50, 10)).exit(1), nothing)),
        ("binds instead of declares", send(Script::connected().say(Program, 1, Method::Queue(Queue::Bind(queue::Bind { queue: "hello".into(), exchange: "amq.direct".into(), ..Default::default() }))).refused(404, "NOT_FOUND - no queue 'hello' in vhost '/'", (50, 20)).exit(1), None)),
        ("prints without publishing", send(Script::declared().print(SENT).close().exit(0), nothing)),
        ("publishes nothing", send(Script::declared().close().exit(0), nothing)),
        ("to another exchange", send(Script::declared().publish("hello", "hello", hello).refused(404, "NOT_FOUND - no exchange 'hello' in vhost '/'", (60, 40)).exit(1), nothing)),
        ("to another exchange that is there", send(Script::declared().publish("amq.direct", "hello", hello).print(SENT).close().exit(0), nothing)),
        ("another key", send(Script::declared().publish("", "Hello", hello).print(SENT).close().exit(0), nothing)),
        ("another text", send(Script::declared().publish("", "hello", b"Hello world!").print(SENT).close().exit(0), Some(&["Hello world!"]))),
        ("a newline", send(Script::declared().publish("", "hello", b"Hello World!\n").print(SENT).close().exit(0), Some(&["Hello World!\n"]))),
        ("as JSON", send(Script::declared().publish("", "hello", b"\"Hello World!\"").print(SENT).close().exit(0), Some(&["x"]))),
        ("twice", send(well().publish("", "hello", hello).print(SENT).close().exit(0), Some(&["Hello World!", "Hello World!"]))),
        ("before declaring", send(Script::connected().publish("", "hello", hello).declare(queue::Declare { queue: "hello".into(), ..Default::default() }).print(SENT).close().exit(0), nothing)),
        ("in a transaction", send(Script::declared().say(Program, 1, Method::Tx(wire::protocol::tx::AMQPMethod::Select(Default::default()))).publish("", "hello", hello).print(SENT).close().exit(0), nothing)),
        ("not in the queue", send(well().print(SENT).close().exit(0), nothing)),
        ("prints nothing", send(well().close().exit(0), kept)),
        ("prints to stderr", send(well().complain(SENT).close().exit(0), kept)),
        ("prints another line", send(well().print("[x] Sent 'Hello World!'").close().exit(0), kept)),
        ("drops the socket", send(well().print(SENT).exit(0), kept)),
        ("drops the socket, and the message is lost", send(well().print(SENT).exit(0), nothing)),
        ("exit code", send(well().print(SENT).close().exit(3), kept)),
        ("does not end", send(well().print(SENT).close().overdue(), kept)),
        ("panics", send(well().print(SENT).complain("thread 'main' (1) panicked at src/main.rs:3:5:").complain("no reason").exit(101), kept)),
    ];
    insta::assert_snapshot!(all_told(cases));
}

#[test]
fn receiving() {
    let bodies = ["one", "", "Grüße 🐇"];
    let delivered = |no_ack| {
        let script = Script::declared().consume(no_ack).print(WAITING);
        bodies.iter().zip(1..).fold(script, |script, (body, tag)| script.deliver(tag, body))
    };
    let printed =
        |script: Script| bodies.iter().fold(script, |script, body| script.print(&format!(" [x] Received '{body}'")));
    let ack = |script: Script, tag, multiple| {
        script.say(Program, 1, Method::Basic(Basic::Ack(basic::Ack { delivery_tag: tag, multiple })))
    };
    let end = |script: Script| script.interrupted().close().exit(0);
    let cases = [
        ("two blanks", receive(end(delivered(true).print(" [x]  Received 'one'")), &bodies, Reached::Waiting)),
        (
            "all on one line",
            receive(end(delivered(true).print(" [x] Received 'one' [x] Received ''")), &bodies, Reached::Waiting),
        ),
        ("upper case", receive(end(delivered(true).print(" [x] Received 'ONE'")), &bodies, Reached::Waiting)),
        ("cut off", receive(end(delivered(true).print(" [x] Received 'on...'")), &bodies, Reached::Waiting)),
        (
            "purges first",
            receive(
                end(Script::declared()
                    .say(Program, 1, Method::Queue(Queue::Purge(queue::Purge { queue: "hello".into(), nowait: false })))
                    .consume(true)
                    .print(WAITING)),
                &bodies,
                Reached::Waiting,
            ),
        ),
        ("leaves after the last", receive(printed(delivered(true)).close().exit(0), &bodies, Reached::Stayed)),
        (
            "cancels",
            receive(
                printed(delivered(true))
                    .say(
                        Program,
                        1,
                        Method::Basic(Basic::Cancel(basic::Cancel { consumer_tag: "tag".into(), nowait: false })),
                    )
                    .interrupted()
                    .exit(0),
                &bodies,
                Reached::Received,
            ),
        ),
        ("all is well", receive(end(printed(delivered(true))), &bodies, Reached::Stayed)),
        ("acknowledges", receive(end(ack(printed(delivered(false)), 3, true)), &bodies, Reached::Stayed)),
        ("does not declare", receive(end(Script::connected().consume(true)), &bodies, Reached::Waiting)),
        ("does not subscribe", receive(Script::declared().print(WAITING).exit(0), &bodies, Reached::Start)),
        (
            "another queue",
            receive(
                Script::declared()
                    .say(
                        Program,
                        1,
                        Method::Basic(Basic::Consume(basic::Consume { queue: "helo".into(), ..Default::default() })),
                    )
                    .refused(404, "NOT_FOUND - no queue 'helo' in vhost '/'", (60, 20))
                    .exit(1),
                &bodies,
                Reached::Start,
            ),
        ),
        (
            "polls",
            receive(
                end((0..30).fold(Script::declared(), |script, _| {
                    script.say(
                        Program,
                        1,
                        Method::Basic(Basic::Get(basic::Get { queue: "hello".into(), no_ack: true })),
                    )
                })),
                &bodies,
                Reached::Start,
            ),
        ),
        ("never acknowledges", receive(end(printed(delivered(false))), &bodies, Reached::Stayed)),
        (
            "acknowledges what needs none",
            receive(
                ack(delivered(true), 1, false)
                    .refused(406, "PRECONDITION_FAILED - unknown delivery tag 1", (60, 80))
                    .exit(1),
                &bodies,
                Reached::Waiting,
            ),
        ),
        ("does not say that it waits", receive(end(Script::declared().consume(true)), &bodies, Reached::Subscribed)),
        (
            "says so to stderr",
            receive(end(Script::declared().consume(true).complain(WAITING)), &bodies, Reached::Subscribed),
        ),
        (
            "says so in other words",
            receive(
                end(Script::declared().consume(true).print(" [*] Waiting for messages. To exit press Ctrl+C")),
                &bodies,
                Reached::Subscribed,
            ),
        ),
        (
            "holds its output back",
            receive(end(Script::declared().consume(true).print(WAITING)), &bodies, Reached::Subscribed),
        ),
        (
            "receives only one",
            receive(delivered(true).print(" [x] Received 'one'").close().exit(0), &bodies, Reached::Waiting),
        ),
        ("ends at once", receive(Script::declared().consume(true).print(WAITING).exit(0), &bodies, Reached::Waiting)),
        (
            "prints bytes",
            receive(end(delivered(true).print(" [x] Received [111, 110, 101]")), &bodies, Reached::Waiting),
        ),
        ("prints another form", receive(end(delivered(true).print("Received: one")), &bodies, Reached::Waiting)),
        (
            "prints to stderr",
            receive(
                end(bodies
                    .iter()
                    .fold(delivered(true), |script, body| script.complain(&format!(" [x] Received '{body}'")))),
                &bodies,
                Reached::Waiting,
            ),
        ),
        (
            "leaves out the empty one",
            receive(
                end(delivered(true).print(" [x] Received 'one'").print(" [x] Received 'Grüße 🐇'")),
                &bodies,
                Reached::Waiting,
            ),
        ),
        (
            "takes UTF-8 for Latin-1",
            receive(
                end(delivered(true)
                    .print(" [x] Received 'one'")
                    .print(" [x] Received ''")
                    .print(" [x] Received 'GrÃ¼Ã\u{9f}e ð\u{9f}\u{90}\u{87}'")),
                &bodies,
                Reached::Waiting,
            ),
        ),
        ("prints nothing", receive(end(delivered(true)), &bodies, Reached::Waiting)),
        (
            "takes no more",
            receive(
                end(Script::declared().consume(true).print(WAITING).deliver(1, "one").print(" [x] Received 'one'")),
                &bodies,
                Reached::Waiting,
            ),
        ),
        ("prints twice", receive(end(printed(delivered(true)).print(" [x] Received 'one'")), &bodies, Reached::Stayed)),
        (
            "another order",
            receive(
                end(delivered(true)
                    .print(" [x] Received ''")
                    .print(" [x] Received 'one'")
                    .print(" [x] Received 'Grüße 🐇'")),
                &bodies,
                Reached::Stayed,
            ),
        ),
        (
            "panics",
            receive(
                delivered(true).complain("thread 'main' panicked at src/main.rs:9:9:").complain("not UTF-8").exit(101),
                &bodies,
                Reached::Waiting,
            ),
        ),
        ("leaves after the messages", receive(printed(delivered(true)).close().exit(0), &bodies, Reached::Received)),
        (
            "stops receiving",
            receive(printed(delivered(true)).close().interrupted().exit(0), &bodies, Reached::Received),
        ),
        ("ignores Ctrl-C", receive(printed(delivered(true)).interrupted().overdue(), &bodies, Reached::Stayed)),
        (
            "panics at Ctrl-C",
            receive(
                printed(delivered(true))
                    .interrupted()
                    .complain("thread 'main' panicked at src/main.rs:9:9:")
                    .complain("interrupted")
                    .exit(101),
                &bodies,
                Reached::Stayed,
            ),
        ),
        (
            "ends with a traceback",
            receive(
                printed(delivered(true)).interrupted().complain("KeyboardInterrupt").exit(1),
                &bodies,
                Reached::Stayed,
            ),
        ),
    ];
    insta::assert_snapshot!(all_told(cases));
}
