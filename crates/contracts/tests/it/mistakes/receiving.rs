//! Mistakes of a receiver.

use contracts::lessons::hello_receive::Reached;
use wire::{
    Method, Peer,
    protocol::{
        basic::{self, AMQPMethod as Basic},
        channel::{self, AMQPMethod as Channel},
        connection::{self, AMQPMethod as Connection},
        queue::{self, AMQPMethod as Queue},
    },
};

use super::{Script, receive};
use Peer::{Broker, Program};

const WAITING: &str = " [*] Waiting for messages. To exit press CTRL+C";

pub fn cases() -> Vec<(&'static str, String)> {
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
    vec![
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
        (
            "runs until Ctrl-C, and never connects",
            receive(Script::default().ended_by_ctrl_c(), &bodies, Reached::Start),
        ),
        (
            "runs until Ctrl-C, and opens no channel",
            receive(
                Script::default()
                    .say(
                        Program,
                        0,
                        Method::Connection(Connection::Open(connection::Open { virtual_host: "/".into() })),
                    )
                    .say(Broker, 0, Method::Connection(Connection::OpenOk(connection::OpenOk {})))
                    .ended_by_ctrl_c(),
                &bodies,
                Reached::Start,
            ),
        ),
        (
            "acknowledges twice",
            receive(
                ack(ack(delivered(false), 1, false), 1, false)
                    .refused(406, "PRECONDITION_FAILED - unknown delivery tag 1", (60, 80))
                    .exit(1),
                &bodies,
                Reached::Waiting,
            ),
        ),
        (
            "acknowledges what did not come",
            receive(
                ack(delivered(false), 9, false)
                    .refused(406, "PRECONDITION_FAILED - unknown delivery tag 9", (60, 80))
                    .exit(1),
                &bodies,
                Reached::Waiting,
            ),
        ),
        (
            "acknowledges on another channel",
            receive(
                delivered(false)
                    .say(Program, 2, Method::Basic(Basic::Ack(basic::Ack { delivery_tag: 1, multiple: false })))
                    .say(
                        Broker,
                        2,
                        Method::Channel(Channel::Close(channel::Close {
                            reply_code: 406,
                            reply_text: "PRECONDITION_FAILED - unknown delivery tag 1".into(),
                            class_id: 60,
                            method_id: 80,
                        })),
                    )
                    .exit(1),
                &bodies,
                Reached::Waiting,
            ),
        ),
        (
            "is refused before it subscribes",
            receive(
                Script::declared()
                    .say(
                        Program,
                        1,
                        Method::Queue(Queue::Bind(queue::Bind { queue: "hello".into(), ..Default::default() })),
                    )
                    .refused(403, "ACCESS_REFUSED - operation not permitted on the default exchange", (50, 20))
                    .exit(1),
                &bodies,
                Reached::Start,
            ),
        ),
        (
            "publishes",
            receive(Script::declared().publish("", "hello", b"Hello World!").close().exit(0), &bodies, Reached::Start),
        ),
        (
            "says that it waits when all is over",
            receive(
                end(Script::declared().consume(true).print(" [x] Received 'one'").print(WAITING)),
                &bodies,
                Reached::Subscribed,
            ),
        ),
        ("prints an Ok", receive(end(delivered(true).print(" [x] Received Ok(\"one\")")), &bodies, Reached::Waiting)),
        (
            "prints the delivery",
            receive(
                end(delivered(true)
                    .print(" [x] Received Delivery { delivery_tag: 1, exchange: ShortString(\"\"), data: [111] }")),
                &bodies,
                Reached::Waiting,
            ),
        ),
        ("no space in front", receive(end(delivered(true).print("[x] Received 'one'")), &bodies, Reached::Waiting)),
        (
            "reads no more",
            receive(
                printed(delivered(true)).deliver(4, "one").interrupted().close().exit(0),
                &bodies,
                Reached::Received,
            ),
        ),
        (
            "asks to subscribe, and ends",
            receive(
                Script::declared()
                    .say(
                        Program,
                        1,
                        Method::Basic(Basic::Consume(basic::Consume { queue: "hello".into(), ..Default::default() })),
                    )
                    .exit(0),
                &bodies,
                Reached::Start,
            ),
        ),
        (
            "is refused while messages come",
            receive(
                Script::declared()
                    .consume(true)
                    .print(WAITING)
                    .deliver(1, "one")
                    .print(" [x] Received 'one'")
                    .refused(404, "NOT_FOUND - no exchange 'log' in vhost '/'", (60, 40))
                    .ended_by_ctrl_c(),
                &bodies,
                Reached::Waiting,
            ),
        ),
        (
            "an acknowledgement is refused in other words",
            receive(
                ack(delivered(false), 1, false)
                    .refused(406, "PRECONDITION_FAILED - no such delivery", (60, 80))
                    .exit(1),
                &bodies,
                Reached::Waiting,
            ),
        ),
        ("segfaults at Ctrl-C", receive(printed(delivered(true)).interrupted().crashed(11), &bodies, Reached::Stayed)),
        ("its end was not seen", receive(printed(delivered(true)).interrupted(), &bodies, Reached::Stayed)),
        ("crashes at Ctrl-C", receive(printed(delivered(true)).interrupted().crashed(6), &bodies, Reached::Stayed)),
    ]
}
