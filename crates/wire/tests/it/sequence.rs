//! Tests of conversations as pictures.

use std::time::Duration;

use wire::{
    Content, Event, Method, Peer, What,
    protocol::{basic, connection, queue},
    sequence::{Part, alone, svg, timed},
};

fn event(at: u64, from: Peer, what: What) -> Event {
    Event { at: Duration::from_millis(at), order: at, connection: 1, from, what }
}

fn method(method: Method, body: Option<&'static [u8]>) -> What {
    let content = body.map(|body| {
        Box::new(Content { size: body.len() as u64, body: body.into(), complete: true, ..Content::default() })
    });
    What::Method { channel: 1, method, content }
}

fn publish(body: &'static [u8]) -> What {
    let publish = basic::Publish { routing_key: "hello".into(), ..basic::Publish::default() };
    method(Method::Basic(basic::AMQPMethod::Publish(publish)), Some(body))
}

fn close(code: u16, text: &str) -> What {
    let close = connection::Close { reply_code: code, reply_text: text.into(), ..connection::Close::default() };
    method(Method::Connection(connection::AMQPMethod::Close(close)), None)
}

#[test]
fn who_speaks_to_whom_what_and_how_it_ends() {
    let declare = queue::Declare { queue: "hello".into(), ..queue::Declare::default() };
    let events = [
        event(1, Peer::Program, method(Method::Queue(queue::AMQPMethod::Declare(declare)), None)),
        event(2, Peer::Program, publish(b"Hello World!")),
        event(3, Peer::Broker, close(320, "CONNECTION_FORCED - shutdown")),
        event(4, Peer::Program, What::Ended { reset: false }),
    ];
    insta::assert_snapshot!(svg("send", "A message is sent.", &[Part { program: "hello-send", events: &events }]));
}

#[test]
fn several_programs_share_the_time() {
    let (one, other) = ([event(2, Peer::Program, publish(b"second"))], [event(1, Peer::Program, publish(b"first"))]);
    let picture =
        svg("two", "Two send.", &[Part { program: "one", events: &one }, Part { program: "two", events: &other }]);
    assert!(picture.find("first").unwrap() < picture.find("second").unwrap());
    assert!(picture.contains("two: basic.publish"), "{picture}");
    // one, the broker, two: the third lifeline is two gaps away from the first
    assert!(picture.contains("viewBox=\"0 0 400 "), "{picture}");
}

#[test]
fn of_several_programs_deliveries_only_what_tells_them_apart_is_shown() {
    let deliver = basic::Deliver { delivery_tag: 7, redelivered: true, ..basic::Deliver::default() };
    let events = [event(1, Peer::Broker, method(Method::Basic(basic::AMQPMethod::Deliver(deliver)), Some(b"task")))];
    let alone = svg("alone", "A task comes.", &[Part { program: "one", events: &events }]);
    assert!(alone.contains("routing-key"), "{alone}");
    let beside =
        svg("two", "A task.", &[Part { program: "one", events: &events }, Part { program: "two", events: &[] }]);
    assert!(beside.contains("broker to one: basic.deliver, delivery-tag 7 redelivered, &quot;task&quot;."), "{beside}");
    assert!(!beside.contains("routing-key"), "{beside}");
}

#[test]
fn with_a_clock_each_arrow_has_the_whole_seconds_since_the_first_delivery() {
    let deliver = || method(Method::Basic(basic::AMQPMethod::Deliver(basic::Deliver::default())), Some(b"task"));
    let ack = || method(Method::Basic(basic::AMQPMethod::Ack(basic::Ack::default())), None);
    // Events before the delivery have no time, even at the same moment.
    let one = [event(1_000, Peer::Program, publish(b"before")), event(1_000, Peer::Broker, deliver())];
    let two = [event(2_999, Peer::Program, ack()), event(13_000, Peer::Program, What::Ended { reset: false })];
    let parts = [Part { program: "one", events: &one }, Part { program: "two", events: &two }];
    let picture = timed("clock", "Two work.", &parts);
    let times: Vec<&str> = picture.lines().filter(|line| line.contains("hr-muted")).collect();
    // The times stand beside the programs' lifelines, which are at 46 and 354, and at the height of the arrows.
    let at = |anchor: &str, x: u32, y: u32, time: &str| {
        format!(
            "<text class=\"hr-muted\" fill=\"currentColor\" text-anchor=\"{anchor}\" x=\"{x}\" y=\"{y}\">{time} s</text>"
        )
    };
    assert_eq!(times, [at("end", 40, 154, "0"), at("start", 360, 195, "1"), at("start", 360, 222, "12")], "{picture}");
    for spoken in ["one: basic.publish,", "broker to one, after 0 s: basic.deliver,", "two, after 1 s: basic.ack,"] {
        assert!(picture.contains(spoken), "{picture}");
    }
    assert_eq!(svg("clock", "Two work.", &parts).lines().filter(|line| line.contains("hr-muted")).count(), 0);
}

#[test]
fn what_a_program_says_is_text_and_nothing_else() {
    let events = [event(1, Peer::Program, publish(b"</text><script>alert(1)</script> & \"more\""))];
    let picture = svg("evil", "<&>", &[Part { program: "<b>", events: &events }]);
    assert!(!picture.contains("<script>") && !picture.contains("<b>"), "{picture}");
    assert!(picture.contains("&lt;/text&gt;"));
}

#[test]
fn it_can_stand_in_markdown() {
    let long: &[u8] = b"one two three four five six seven eight nine ten eleven twelve";
    let events = [event(1, Peer::Program, publish(long))];
    let picture = svg("long", "A long one.", &[Part { program: "p", events: &events }]);
    assert!(picture.lines().all(|line| !line.trim().is_empty()), "a blank line ends an HTML block");
    let lines = picture.lines().filter(|line| line.starts_with("<text class=\"hr-text\""));
    assert!(lines.clone().count() >= 3, "{picture}");
    for line in lines {
        let text = line.split_once('>').unwrap().1.trim_end_matches("</text>").replace("&quot;", "\"");
        assert!(text.chars().count() <= 38, "{text:?} is wider than the gap");
    }
}

#[test]
fn an_error_looks_like_one() {
    let good = svg("a", "", &[Part { program: "p", events: &[event(1, Peer::Program, close(200, "Goodbye"))] }]);
    let bad = svg("a", "", &[Part { program: "p", events: &[event(1, Peer::Broker, close(404, "NOT_FOUND"))] }]);
    assert!(!good.contains("hr-lost") && bad.contains("hr-lost"));
}

#[test]
fn alone_it_brings_its_colours_along_and_nothing_that_xml_does_not_know() {
    let events = [event(1, Peer::Program, publish("\u{FFFE}\u{FFFF}\u{1}".as_bytes()))];
    let picture = alone("alone", "One.", &[Part { program: "p", events: &events }]);
    assert!(picture.contains("prefers-color-scheme:dark") && !picture.contains("<script"), "{picture}");
    assert!(!picture.contains(['\u{FFFE}', '\u{FFFF}', '\u{1}']), "{picture}");
}
