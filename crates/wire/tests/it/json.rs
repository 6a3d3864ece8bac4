//! Tests of events as JSON.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use wire::{
    Content, Event, FrameError, Method, Peer, What,
    protocol::{basic, connection, queue},
    words,
};

fn events(whats: Vec<What>) -> Vec<Event> {
    let event = |(order, what): (u64, What)| Event {
        at: Duration::from_micros(order * 1500),
        order,
        connection: 1,
        from: if order.is_multiple_of(2) { Peer::Program } else { Peer::Broker },
        what,
    };
    (0..).zip(whats).map(event).collect()
}

fn start_ok(mechanism: &str, response: &[u8]) -> What {
    let start_ok = connection::StartOk {
        mechanism: mechanism.into(),
        response: response.to_vec().into(),
        ..connection::StartOk::default()
    };
    let method = Method::Connection(connection::AMQPMethod::StartOk(start_ok));
    What::Method { channel: 0, method, content: None }
}

/// Writes events and reads them again.
fn again(events: &[Event]) -> (String, Vec<Event>) {
    let text = serde_json::to_string(events).unwrap();
    let read = serde_json::from_str(&text).unwrap();
    (text, read)
}

fn all_kinds() -> Vec<Event> {
    let declare = queue::Declare { queue: "hello".into(), durable: true, ..queue::Declare::default() };
    let publish = basic::Publish { routing_key: "hello".into(), ..basic::Publish::default() };
    let content = Content {
        properties: basic::AMQPProperties::default().with_delivery_mode(2).with_content_type("text/plain".into()),
        size: 10,
        body: Bytes::from_static(b"\xff\0Hello"),
        complete: false,
    };
    let method =
        |channel, method, content: Option<Content>| What::Method { channel, method, content: content.map(Box::new) };
    events(vec![
        What::Connected,
        What::Unreachable("no route".to_owned()),
        What::ProtocolHeader(*b"AMQP\0\0\x09\x01"),
        method(3, Method::Queue(queue::AMQPMethod::Declare(declare)), None),
        method(1, Method::Basic(basic::AMQPMethod::Publish(publish)), Some(content)),
        What::Strange { channel: 1, why: "odd".to_owned(), unread: Some(FrameError::Header) },
        What::Heartbeat,
        What::Garbage(FrameError::NotAmqp(b"HTTP/1.1".to_vec())),
        What::Garbage(FrameError::TooLarge { size: 1, most: 0 }),
        What::Ended { reset: true },
    ])
}

#[test]
fn every_kind_of_event_is_read_as_it_was_written() {
    assert_eq!(again(&all_kinds()).1, all_kinds());
}

#[test]
fn an_event_is_an_object_that_people_can_read_and_the_bytes_behind_it() {
    let lines: Vec<String> = all_kinds().iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn only_the_bytes_are_read_back() {
    let mut value = serde_json::to_value(&all_kinds()[3]).unwrap();
    value["args"] = Value::Null;
    value["something new"] = Value::Bool(true);
    assert_eq!(serde_json::from_value::<Event>(value).unwrap(), all_kinds()[3]);
}

#[test]
fn a_password_is_not_stored_and_the_name_of_the_account_is() {
    let amqplain = b"\x05LOGINS\0\0\0\x03ann\x08PASSWORDS\0\0\0\x06secret";
    let said =
        events(vec![start_ok("PLAIN", b"\0ann\0secret"), start_ok("AMQPLAIN", amqplain), start_ok("X", b"secret")]);
    let (text, read) = again(&said);
    assert!(!text.contains("secret") && !text.contains("c2VjcmV0"), "{text}");
    for (event, user) in read.iter().zip([Some("ann"), Some("ann"), None]) {
        let What::Method { method: Method::Connection(connection::AMQPMethod::StartOk(start_ok)), .. } = &event.what
        else {
            panic!("{event:?}")
        };
        assert_eq!(words::login(start_ok).as_deref(), user);
        assert!(!start_ok.response.as_bytes().windows(6).any(|window| window == b"secret"), "{start_ok:?}");
    }
}
