//! Tests of conversations in words.

use std::time::Duration;

use wire::{
    Content, Event, Method, Peer, What,
    protocol::{
        basic::{self, AMQPProperties},
        channel, connection, queue,
    },
    types::{AMQPValue, FieldTable},
    words,
};

fn publish(body: &[u8]) -> String {
    let publish = basic::Publish { routing_key: "hello".into(), ..basic::Publish::default() };
    let content = Content { size: body.len() as u64, body: body.to_vec().into(), complete: true, ..Content::default() };
    words::method_line(&Method::Basic(basic::AMQPMethod::Publish(publish)), Some(&content))
}

#[test]
fn a_message_is_one_line() {
    assert_eq!(publish(b"Hello World!"), r#"basic.publish  exchange "" routing-key "hello"  "Hello World!""#);
}

#[test]
fn a_body_can_not_play_with_the_terminal() {
    assert_eq!(publish(b"a \"b\"\nc"), r#"basic.publish  exchange "" routing-key "hello"  "a \"b\"\nc""#);
    assert_eq!(publish(b"\x1b[2J"), r#"basic.publish  exchange "" routing-key "hello"  4 bytes: 1b 5b 32 4a"#);
    assert_eq!(publish(&[0xFF; 300]).matches("ff").count(), 20);
    assert!(publish("é".repeat(500).as_bytes()).ends_with("… (1000 bytes)"));
    assert_eq!(words::quoted("a\u{1b}\u{9b}b".as_bytes()), r#""a\u{1b}\u{9b}b""#);
}

#[test]
fn flags_show_when_they_are_set_and_tables_when_they_say_something() {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let declare = queue::Declare { queue: "hello".into(), durable: true, arguments, ..queue::Declare::default() };
    assert_eq!(
        words::method_line(&Method::Queue(queue::AMQPMethod::Declare(declare)), None),
        r#"queue.declare  queue "hello" durable arguments {"x-queue-type":"quorum"}"#
    );
    let properties = AMQPProperties::default().with_delivery_mode(2).with_content_type("text/plain".into());
    let content = Content { properties, complete: true, ..Content::default() };
    assert_eq!(
        words::method_line(&Method::Basic(basic::AMQPMethod::Publish(basic::Publish::default())), Some(&content)),
        r#"basic.publish  exchange "" routing-key ""  content-type "text/plain" delivery-mode 2  """#
    );
}

/// Returns a conversation with these sides and events.
fn events(said: Vec<(Peer, What)>) -> Vec<Event> {
    let event = |(order, (from, what))| Event { at: Duration::from_millis(order), order, connection: 1, from, what };
    (0..).zip(said).map(event).collect()
}

fn connection(method: connection::AMQPMethod) -> What {
    What::Method { channel: 0, method: Method::Connection(method), content: None }
}

fn handshake() -> Vec<(Peer, What)> {
    let mut about = FieldTable::default();
    about.insert("product".into(), AMQPValue::LongString("RabbitMQ".into()));
    about.insert("version".into(), AMQPValue::LongString("4.3.6".into()));
    let start = connection::Start { server_properties: about, ..Default::default() };
    let start_ok =
        connection::StartOk { mechanism: "PLAIN".into(), response: "\0guest\0secret".into(), ..Default::default() };
    vec![
        (Peer::Program, What::Connected),
        (Peer::Program, What::ProtocolHeader(wire::frame::PROTOCOL_HEADER)),
        (Peer::Broker, connection(connection::AMQPMethod::Start(start))),
        (Peer::Program, connection(connection::AMQPMethod::StartOk(start_ok))),
        (Peer::Broker, connection(connection::AMQPMethod::Tune(connection::Tune::default()))),
        (Peer::Program, connection(connection::AMQPMethod::TuneOk(connection::TuneOk::default()))),
        (Peer::Program, connection(connection::AMQPMethod::Open(connection::Open { virtual_host: "/".into() }))),
    ]
}

#[test]
fn a_handshake_that_went_well_is_one_line_and_heartbeats_are_counted() {
    let mut said = handshake();
    said.push((Peer::Broker, connection(connection::AMQPMethod::OpenOk(connection::OpenOk {}))));
    said.extend([(Peer::Broker, What::Heartbeat), (Peer::Program, What::Heartbeat), (Peer::Broker, What::Heartbeat)]);
    said.push((
        Peer::Program,
        What::Method {
            channel: 1,
            method: Method::Channel(channel::AMQPMethod::Open(channel::Open {})),
            content: None,
        },
    ));
    said.push((
        Peer::Program,
        connection(connection::AMQPMethod::Close(connection::Close {
            reply_code: 200,
            reply_text: "OK".into(),
            ..Default::default()
        })),
    ));
    said.push((Peer::Broker, connection(connection::AMQPMethod::CloseOk(connection::CloseOk {}))));
    said.push((Peer::Program, What::Ended { reset: false }));
    insta::assert_snapshot!(words::conversation(&events(said), false).join("\n"), @r#"
    broker   handshake done: RabbitMQ 4.3.6, user "guest", vhost "/"
    broker   heartbeat (2 times)
    program  heartbeat
    program  channel.open
    program  connection.close  reply-code 200 reply-text "OK"
    broker   connection.close-ok
    "#);
}

#[test]
fn a_handshake_that_failed_is_shown_in_full() {
    let mut said = handshake();
    let refused = connection::Close {
        reply_code: 530,
        reply_text: "NOT_ALLOWED - vhost / not found".into(),
        class_id: 10,
        method_id: 40,
    };
    said.push((Peer::Broker, connection(connection::AMQPMethod::Close(refused))));
    said.push((Peer::Program, What::Ended { reset: true }));
    insta::assert_snapshot!(words::conversation(&events(said), true).join("\n"), @r#"
         0.0 ms  program  opens a connection
         1.0 ms  program  protocol header: AMQP 0-9-1
         2.0 ms  broker   connection.start  version-major 0 version-minor 0 "RabbitMQ 4.3.6"
         3.0 ms  program  connection.start-ok  mechanism "PLAIN" response "(hidden)"
         4.0 ms  broker   connection.tune  channel-max 0 frame-max 0 heartbeat 0
         5.0 ms  program  connection.tune-ok  channel-max 0 frame-max 0 heartbeat 0
         6.0 ms  program  connection.open  virtual-host "/"
         7.0 ms  broker   connection.close  reply-code 530 reply-text "NOT_ALLOWED - vhost / not found" class-id 10 method-id 40
         8.0 ms  program  cuts the connection
    "#);
}
