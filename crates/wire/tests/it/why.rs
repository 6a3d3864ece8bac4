//! Tests of the reasons for events.

use std::time::Duration;

use wire::{
    Event, Method, Peer, What, fields,
    protocol::{basic, channel, connection},
    why, words,
};

use crate::fields::{ALL, blank};

fn event(from: Peer, what: What) -> Event {
    Event { at: Duration::ZERO, order: 0, connection: 1, from, what }
}

fn said(from: Peer, method: Method) -> Option<&'static str> {
    why::of(&event(from, What::Method { channel: 1, method, content: None }))
}

#[test]
fn every_method_has_a_sentence_from_either_side() {
    for (class, number, name) in ALL {
        for from in [Peer::Program, Peer::Broker] {
            let method = blank(class, number);
            assert!(said(from, method.clone()).is_some(), "nothing says why {name} is said by {from:?}");
            assert_eq!(why::name(&What::Method { channel: 1, method: method.clone(), content: None }), name);
            assert_eq!(fields::describe(&method).name, name);
        }
    }
}

#[test]
fn everything_else_that_happens_has_one_too() {
    for what in [
        What::Connected,
        What::Unreachable(String::new()),
        What::ProtocolHeader(wire::frame::PROTOCOL_HEADER),
        What::Strange { channel: 1, why: String::new(), unread: None },
        What::Heartbeat,
        What::Garbage(wire::FrameError::BadEnd(0)),
        What::Ended { reset: true },
    ] {
        for from in [Peer::Program, Peer::Broker] {
            assert!(why::of(&event(from, what.clone())).is_some(), "nothing says why: {what:?}");
        }
    }
}

#[test]
fn a_folded_handshake_has_one_sentence() {
    let open_ok = Method::Connection(connection::AMQPMethod::OpenOk(connection::OpenOk {}));
    let events = [event(Peer::Broker, What::Method { channel: 0, method: open_ok, content: None })];
    let described = words::describe(&events);
    assert!(why::why(&described[0]).unwrap().contains("seven steps"));
    assert!(why::of(&events[0]).unwrap().contains("may use that vhost"));
}

#[test]
fn the_situation_decides() {
    let close = |code| channel::Close { reply_code: code, ..channel::Close::default() };
    let closed = |code| said(Peer::Broker, Method::Channel(channel::AMQPMethod::Close(close(code)))).unwrap();
    assert!(closed(404).starts_with("NOT_FOUND") && closed(406).starts_with("PRECONDITION_FAILED"));
    assert!(closed(999).contains("refuses a method"));
    let consume = |no_ack| {
        let consume = basic::Consume { queue: "hello".into(), no_ack, ..basic::Consume::default() };
        said(Peer::Program, Method::Basic(basic::AMQPMethod::Consume(consume))).unwrap()
    };
    assert!(consume(true).contains("forgets") && consume(false).contains("keeps"));
    let publish = |exchange: &str| {
        let publish = basic::Publish { exchange: exchange.into(), ..basic::Publish::default() };
        said(Peer::Program, Method::Basic(basic::AMQPMethod::Publish(publish))).unwrap()
    };
    assert!(publish("").contains("default exchange") && !publish("logs").contains("default exchange"));
}
