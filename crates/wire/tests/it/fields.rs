//! Tests of the names and arguments of every method.

use bytes::BytesMut;
use wire::{
    Codec, Frame, Method, RawFrame, Unit, fields,
    frame::{FrameKind, method},
    types::{AMQPValue, FieldTable},
};

/// Class and method numbers of all methods in AMQP 0-9-1 with RabbitMQ's extensions, and their names.
pub const ALL: [(u16, u16, &str); 65] = [
    (10, 10, "connection.start"),
    (10, 11, "connection.start-ok"),
    (10, 20, "connection.secure"),
    (10, 21, "connection.secure-ok"),
    (10, 30, "connection.tune"),
    (10, 31, "connection.tune-ok"),
    (10, 40, "connection.open"),
    (10, 41, "connection.open-ok"),
    (10, 50, "connection.close"),
    (10, 51, "connection.close-ok"),
    (10, 60, "connection.blocked"),
    (10, 61, "connection.unblocked"),
    (10, 70, "connection.update-secret"),
    (10, 71, "connection.update-secret-ok"),
    (20, 10, "channel.open"),
    (20, 11, "channel.open-ok"),
    (20, 20, "channel.flow"),
    (20, 21, "channel.flow-ok"),
    (20, 40, "channel.close"),
    (20, 41, "channel.close-ok"),
    (30, 10, "access.request"),
    (30, 11, "access.request-ok"),
    (40, 10, "exchange.declare"),
    (40, 11, "exchange.declare-ok"),
    (40, 20, "exchange.delete"),
    (40, 21, "exchange.delete-ok"),
    (40, 30, "exchange.bind"),
    (40, 31, "exchange.bind-ok"),
    (40, 40, "exchange.unbind"),
    (40, 51, "exchange.unbind-ok"),
    (50, 10, "queue.declare"),
    (50, 11, "queue.declare-ok"),
    (50, 20, "queue.bind"),
    (50, 21, "queue.bind-ok"),
    (50, 30, "queue.purge"),
    (50, 31, "queue.purge-ok"),
    (50, 40, "queue.delete"),
    (50, 41, "queue.delete-ok"),
    (50, 50, "queue.unbind"),
    (50, 51, "queue.unbind-ok"),
    (60, 10, "basic.qos"),
    (60, 11, "basic.qos-ok"),
    (60, 20, "basic.consume"),
    (60, 21, "basic.consume-ok"),
    (60, 30, "basic.cancel"),
    (60, 31, "basic.cancel-ok"),
    (60, 40, "basic.publish"),
    (60, 50, "basic.return"),
    (60, 60, "basic.deliver"),
    (60, 70, "basic.get"),
    (60, 71, "basic.get-ok"),
    (60, 72, "basic.get-empty"),
    (60, 80, "basic.ack"),
    (60, 90, "basic.reject"),
    (60, 100, "basic.recover-async"),
    (60, 110, "basic.recover"),
    (60, 111, "basic.recover-ok"),
    (60, 120, "basic.nack"),
    (85, 10, "confirm.select"),
    (85, 11, "confirm.select-ok"),
    (90, 10, "tx.select"),
    (90, 11, "tx.select-ok"),
    (90, 20, "tx.commit"),
    (90, 21, "tx.commit-ok"),
    (90, 30, "tx.rollback"),
];

/// Returns the method with these numbers, and zeros for all its arguments.
pub fn blank(class: u16, number: u16) -> Method {
    for zeros in 0..64 {
        let mut payload = [class.to_be_bytes(), number.to_be_bytes()].concat();
        payload.extend(std::iter::repeat_n(0, zeros));
        let frame = RawFrame { kind: FrameKind::Method, channel: 1, payload: payload.into() };
        if let Ok(Frame::Method(method)) = frame.parse() {
            return method;
        }
    }
    panic!("no method {class}.{number}");
}

#[test]
fn every_method_has_its_name_and_survives_being_written_and_read() {
    for (class, number, name) in ALL {
        let blank = blank(class, number);
        assert_eq!(fields::describe(&blank).name, name);
        let mut bytes = BytesMut::from(&method(1, blank.clone())[..]);
        let Ok(Some(Unit::Frame(frame))) = Codec::new(1 << 20).next(&mut bytes) else { panic!("{name}") };
        assert_eq!(frame.parse(), Ok(Frame::Method(blank)), "{name}");
    }
}

#[test]
fn secrets_are_hidden() {
    let start_ok = wire::protocol::connection::StartOk {
        mechanism: "PLAIN".into(),
        response: "\0ann\0secret".into(),
        ..Default::default()
    };
    let method = Method::Connection(wire::protocol::connection::AMQPMethod::StartOk(start_ok.clone()));
    let rendered = format!("{:?} {}", fields::describe(&method), wire::words::method_line(&method, None));
    assert!(!rendered.contains("secret") && rendered.contains(fields::HIDDEN), "{rendered}");
    assert_eq!(wire::words::login(&start_ok).as_deref(), Some("ann"));
    let amqplain = wire::protocol::connection::StartOk {
        mechanism: "AMQPLAIN".into(),
        response: b"\x05LOGINS\0\0\0\x03ann\x08PASSWORDS\0\0\0\x06secret".to_vec().into(),
        ..Default::default()
    };
    assert_eq!(wire::words::login(&amqplain).as_deref(), Some("ann"));
}

#[test]
fn tables_become_objects_and_bytes_that_are_no_text_become_base64() {
    let mut table = FieldTable::default();
    table.insert("x-max-length".into(), AMQPValue::LongInt(5));
    table.insert("raw".into(), AMQPValue::LongString(vec![0xFF, 0xFE].into()));
    let declare = wire::protocol::queue::Declare { queue: "q".into(), arguments: table, ..Default::default() };
    let described = fields::describe(&Method::Queue(wire::protocol::queue::AMQPMethod::Declare(declare)));
    let (_, arguments) = described.args.last().unwrap();
    assert_eq!(arguments, &serde_json::json!({ "x-max-length": 5, "raw": { "base64": "//4=" } }));
}
