//! Mistakes of a sender.

use wire::{
    Method, Peer, What,
    protocol::{
        channel::{self, AMQPMethod as Channel},
        connection::{self, AMQPMethod as Connection},
        queue::{self, AMQPMethod as Queue},
    },
};

use std::time::Duration;

use super::{Script, send};
use Peer::{Broker, Program};

const SENT: &str = " [x] Sent 'Hello World!'";

/// Declares the queue, and then asks for it this number of times.
fn asks_again(times: usize) -> Script {
    let passive = || queue::Declare { queue: "hello".into(), passive: true, ..Default::default() };
    (0..times).fold(Script::declared(), |script, _| script.declare(passive()))
}

pub fn cases() -> Vec<(&'static str, String)> {
    let hello = b"Hello World!";
    let well = || Script::declared().publish("", "hello", hello);
    let kept: Option<&[&str]> = Some(&["Hello World!"]);
    let nothing: Option<&[&str]> = Some(&[]);
    let declare = |change: fn(&mut queue::Declare)| {
        let mut declare = queue::Declare { queue: "hello".into(), ..Default::default() };
        change(&mut declare);
        Script::connected().declare(declare)
    };
    let cut_off = |mut script: Script| {
        if let Some(What::Method { content: Some(content), .. }) =
            script.seen.events.last_mut().map(|event| &mut event.what)
        {
            (content.complete, content.size) = (false, 12);
        }
        script
    };
    let in_vhost = |name: &str| {
        Script::default()
            .say(Program, 0, Method::Connection(Connection::Open(connection::Open { virtual_host: name.into() })))
            .say(Broker, 0, Method::Connection(Connection::OpenOk(connection::OpenOk {})))
    };
    let hello_exclusive = || {
        Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), exclusive: true, ..Default::default() }))
    };
    vec![
        ("asks without end, and prints that the connection is gone", {
            let error = "IO error: Connection reset by peer (os error 104)";
            let mut script = Script::declared().complain(error).exit(1);
            script.seen.events_cut = true;
            send(script, nothing)
        }),
        ("an argument that makes no sense", send(Script::connected().say(Program, 1, Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), ..Default::default() }))).refused(406, "PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'hello' in vhost '/': \"unsupported queue type 'fancy'\"", (50, 10)).exit(1), None)),
        ("passive first, then in earnest", send(Script::connected().say(Program, 1, Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), passive: true, ..Default::default() }))).refused(404, "NOT_FOUND - no queue 'hello' in vhost '/'", (50, 10)).declare(queue::Declare { queue: "hello".into(), ..Default::default() }).publish("", "hello", hello).print(SENT).close().exit(0), kept)),
        ("fails before it connects", send(Script::default().complain("SyntaxError: invalid syntax").exit(1), None)),
        ("an invisible character", send(Script::declared().publish("", "hello", "Hello\u{a0}World!".as_bytes()).print(SENT).close().exit(0), Some(&["x"]))),
        ("hung up on", send(Script::default().say(Program, 0, Method::Connection(Connection::TuneOk(connection::TuneOk::default()))).what(Broker, What::Ended { reset: false }).exit(1), None)),
        ("the broker is gone", send(Script::default().what(Program, What::Connected).what(Broker, What::Unreachable("Connection refused (os error 111)".to_owned())).exit(1), None)),
        ("the broker shuts down during the handshake", send(Script::default().refused_at_the_door(320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'").exit(1), None)),
        ("begins to log in, and ends", send(Script::default().say(Program, 0, Method::Connection(Connection::StartOk(connection::StartOk::default()))).what(Program, What::Ended { reset: false }).exit(0), None)),
        ("another vhost that is there", send(in_vhost("dev").exit(0), None)),
        ("asks for the queue, and ends", send(Script::connected().say(Program, 1, Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), durable: true, ..Default::default() }))).exit(0), None)),
        ("ends in the middle of the body", send(cut_off(Script::declared().publish("", "hello", b"Hello")).exit(0), nothing)),
        ("the queue is gone", send(well().print(SENT).close().exit(0), None)),
        ("an address that does not answer", send(Script::default().complain("IO error: Connection timed out (os error 110)").exit(1), None)),
        ("all is well", send(well().print(SENT).close().exit(0), kept)),
        ("durable, and double quotes", send(declare(|d| d.durable = true).publish("", "hello", hello).print(" [x] Sent \"Hello World!\"").close().exit(0), kept)),
        ("never connected", send(Script::default().complain("Connection refused").exit(1), None)),
        ("hangs without connecting", send(Script::default().overdue(), None)),
        ("asks for the queue in a loop, of a slow broker", send(asks_again(25).spread(Duration::from_secs(9)).overdue(), nothing)),
        ("asks for the queue in a loop, and then hangs", send(asks_again(25).spread(Duration::from_secs(1)).overdue(), nothing)),
        ("asks for the queue some times, and hangs", send(asks_again(5).spread(Duration::from_secs(9)).overdue(), nothing)),
        ("asks for the queue in a loop, and says that it sent", send(asks_again(25).spread(Duration::from_secs(9)).print(SENT).overdue(), nothing)),
        ("publishes in a slow loop", send((0..25).fold(well(), |script, _| script.publish("", "hello", hello)).spread(Duration::from_secs(9)).print(SENT).overdue(), kept)),
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
        ("after closing", send(Script::declared().print(SENT).close().publish("", "hello", hello).exit(0), nothing)),
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
        ("declared exclusive on two connections", send(declare(|d| d.exclusive = true).say(Program, 1, hello_exclusive()).refused(405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'hello' in vhost '/'", (50, 10)).exit(1), None)),
        ("declared exclusive by another program", send(Script::connected().say(Program, 1, Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), ..Default::default() }))).refused(405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'hello' in vhost '/'", (50, 10)).exit(1), nothing)),
        ("exclusive, and there for everybody", send(Script::declared().say(Program, 1, hello_exclusive()).refused(405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'hello' in vhost '/'", (50, 10)).exit(1), nothing)),
        ("declared otherwise by another program", send(Script::connected().say(Program, 1, Method::Queue(Queue::Declare(queue::Declare { queue: "hello".into(), ..Default::default() }))).refused(406, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'hello' in vhost '/': received 'false' but current is 'true'", (50, 10)).exit(1), nothing)),
        ("no such variable", send(Script::default().complain("Error: NotPresent").exit(1), None)),
        ("expects a variable", send(Script::default().complain("thread 'main' (1) panicked at src/main.rs:3:5:").complain("no address: NotPresent").exit(101), None)),
        ("the port is closed", send(Script::default().complain("IO error: Connection refused (os error 111)").exit(1), None)),
        ("no address", send(Script::default().complain("IO error: relative URL without a base").exit(1), None)),
        ("vhost that it may not enter", send(Script::default().say(Program, 0, Method::Connection(Connection::Open(connection::Open { virtual_host: "dev".into() }))).refused_at_the_door(530, "NOT_ALLOWED - access to vhost 'dev' refused for user 'guest'").exit(1), None)),
        ("closes twice", send(well().print(SENT).close().complain("invalid connection state: Closed").exit(1), kept)),
        ("closes, and panics", send(well().print(SENT).close().complain("thread 'main' (1) panicked at src/main.rs:3:5:").complain("called `Result::unwrap()` on an `Err` value: Error { kind: InvalidChannelState(Closed, \"channel.close\"), notifier: None }").exit(101), kept)),
        ("fails on success", send(well().print(SENT).close().exit(1), kept)),
        ("unwraps nothing", send(well().print(SENT).close().complain("thread 'main' (1) panicked at src/main.rs:3:5:").complain("called `Option::unwrap()` on a `None` value").exit(101), kept)),
        ("expects what fails", send(well().print(SENT).close().complain("thread 'main' (1) panicked at src/main.rs:3:5:").complain("a number: ParseIntError { kind: InvalidDigit }").exit(101), kept)),
        ("closes the channel only", send(well().print(SENT).say(Program, 1, Method::Channel(Channel::Close(channel::Close { reply_code: 200, reply_text: "OK".into(), ..Default::default() }))).say(Broker, 1, Method::Channel(Channel::CloseOk(channel::CloseOk {}))).exit(0), kept)),
        ("half of the text", send(Script::declared().publish("", "hello", b"Hello").print(SENT).close().exit(0), Some(&["Hello"]))),
        ("a space", send(Script::declared().publish("", "hello", b"Hello World! ").print(SENT).close().exit(0), Some(&["Hello World! "]))),
        ("no such key", send(Script::declared().publish("", "helo", hello).print(SENT).close().exit(0), nothing)),
        ("deletes the queue", send(well().say(Program, 1, Method::Queue(Queue::Delete(queue::Delete { queue: "hello".into(), ..Default::default() }))).print(SENT).close().exit(0), None)),
        ("the bind before is refused", send(Script::declared().say(Program, 1, Method::Queue(Queue::Bind(queue::Bind { queue: "hello".into(), ..Default::default() }))).refused(403, "ACCESS_REFUSED - operation not permitted on the default exchange", (50, 20)).exit(1), nothing)),
        ("lower case", send(well().print(" [x] sent 'hello world!'").close().exit(0), kept)),
        ("two spaces in front", send(well().print("  [x] Sent 'Hello World!'").close().exit(0), kept)),
        ("in quotes", send(well().print("\" [x] Sent 'Hello World!'\"").close().exit(0), kept)),
        ("half of the line", send(well().print(" [x] Sent 'Hello Wor").close().exit(0), kept)),
        ("more than the line", send(well().print(" [x] Sent 'Hello World!' to hello").close().exit(0), kept)),
        ("a name in braces", send(well().print(" [x] Sent '{message}'").close().exit(0), kept)),
        ("curly quotes", send(well().print(" [x] Sent ‘Hello World!’").close().exit(0), kept)),
        ("a letter", send(well().print(" [x] Sent 'Hallo World!'").close().exit(0), kept)),
        ("closed by the broker before it opens a channel", send(Script::default().say(Program, 0, Method::Connection(Connection::Open(connection::Open { virtual_host: "/".into() }))).say(Broker, 0, Method::Connection(Connection::OpenOk(connection::OpenOk {}))).refused_at_the_door(320, "CONNECTION_FORCED - shutdown").exit(1), None)),
    ]
}
