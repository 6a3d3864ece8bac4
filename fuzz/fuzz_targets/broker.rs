//! Arbitrary clients, and an arbitrary teacher, at the embedded broker.
//!
//! The input is a list of commands. Names come from small sets, so that commands meet: what one declares, another binds,
//! consumes from, deletes. The limits are small, so that they are reached. After each command the broker must agree with
//! itself ([`Broker::check_invariants`]), speak only to connections that are there, and say nothing that can't be read. When
//! all is over, nothing may be left.

#![no_main]

mod commands;

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use broker::{Account, Alarm, Broker, Config, ConnectionId, Effect, Limits, Output};
use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use wire::{
    Codec, Frame, Method, RawFrame, Unit,
    frame::{FrameError, Kind, PROTOCOL_HEADER, put_content, put_deliver, put_method},
    protocol::{
        channel,
        connection::{self, AMQPMethod},
    },
    types::{AMQPValue, FieldTable},
};

use crate::commands::{Client, Command, Hand, properties};

/// An input of more commands than this says nothing that a shorter one doesn't.
const COMMANDS: usize = 150;

fuzz_target!(|input: &[u8]| {
    let mut world = World::new();
    let mut input = Unstructured::new(input);
    for _ in 0..COMMANDS {
        if input.is_empty() {
            break;
        }
        let Ok(command) = input.arbitrary::<Command>() else { break };
        world.play(command);
        world.settle();
    }
    world.end();
});

fn limits() -> Limits {
    Limits {
        message: 48,
        announced: 64,
        frame: 8192,
        heartbeat: 0,
        connections: 3,
        channels_of_a_connection: 3,
        channels: 6,
        consumers_of_a_channel: 3,
        consumers: 50,
        queues: 5,
        exchanges: 17,
        bindings: 6,
        definitions: 1500,
        memory: 2500,
        outstanding: 700,
    }
}

struct World {
    broker: Broker,
    now: u64,
    /// The connections that are not lost, and how many bytes each has not read yet.
    connections: BTreeMap<ConnectionId, usize>,
}

impl World {
    fn new() -> World {
        let config = Config { limits: limits(), vhosts: vec!["v".to_owned()], ..Config::default() };
        let broker = Broker::new(config).expect("no patterns, so none that is wrong");
        let mut world = World { broker, now: 0, connections: BTreeMap::new() };
        for _ in 0..2 {
            world.connect(true, false);
            world.open(world.connections.len() as u8 - 1, 1);
        }
        world.settle();
        world
    }

    fn play(&mut self, command: Command) {
        match command {
            Command::Connect { understands, other_vhost } => self.connect(understands, other_vhost),
            Command::ConnectOnly => {
                let id = self.broker.connected(self.now, "somebody".to_owned());
                self.connections.insert(id, 0);
            }
            Command::Header { from, header } => {
                let header = if header % 4 == 0 { PROTOCOL_HEADER } else { [header; 8] };
                self.hear(from, Unit::ProtocolHeader(header));
            }
            Command::Open { from, channel } => self.open(from, channel),
            Command::Raw { from, channel, kind, payload } => {
                let kind = [Kind::Method, Kind::Header, Kind::Body, Kind::Heartbeat][usize::from(kind % 4)];
                let payload = Bytes::copy_from_slice(&payload[..payload.len().min(64)]);
                self.hear(from, Unit::Frame(RawFrame { kind, channel: u16::from(channel % 5), payload }));
            }
            Command::Say { from, channel, what } => self.say(from, channel, &what),
            Command::Garbage { from, error, bytes } => {
                let error = match error % 4 {
                    0 => FrameError::UnknownType(9),
                    1 => FrameError::BadEnd(error),
                    2 => FrameError::TooLarge { size: 9000, most: 8184 },
                    _ => FrameError::NotAmqp(vec![error]),
                };
                if let Some(id) = self.pick(from) {
                    self.broker.garbage(self.now, id, &error, &bytes[..bytes.len().min(40)]);
                }
            }
            Command::Sent { from, part } => {
                if let Some(id) = self.pick(from) {
                    let unread = self.connections.get_mut(&id).expect("it was picked");
                    let bytes = *unread * usize::from(part) / 255;
                    *unread -= bytes;
                    self.broker.sent(self.now, id, bytes);
                }
            }
            Command::Lost { from } => {
                if let Some(id) = self.pick(from) {
                    self.broker.lost(self.now, id);
                    // Effects for it may still come in this turn.
                    self.settle();
                    self.connections.remove(&id);
                }
            }
            Command::Tick { ms, seconds } => {
                self.now += u64::from(ms) + u64::from(seconds % 40) * 1000;
                self.broker.tick(self.now);
            }
            Command::Hand(hand) => self.hand(hand),
        }
    }

    fn pick(&self, from: u8) -> Option<ConnectionId> {
        self.connections.keys().copied().nth(usize::from(from) % self.connections.len().max(1))
    }

    fn hear(&mut self, from: u8, unit: Unit) {
        if let Some(id) = self.pick(from) {
            self.broker.hear(self.now, id, &unit);
        }
    }

    fn connect(&mut self, understands: bool, other_vhost: bool) {
        if self.connections.len() > 5 {
            return;
        }
        let id = self.broker.connected(self.now, "somebody".to_owned());
        self.connections.insert(id, 0);
        let mut capabilities = FieldTable::default();
        for name in ["consumer_cancel_notify", "connection.blocked", "authentication_failure_close"] {
            capabilities.insert(name.into(), AMQPValue::Boolean(understands));
        }
        let mut client_properties = FieldTable::default();
        client_properties.insert("capabilities".into(), AMQPValue::FieldTable(capabilities));
        let start_ok = connection::StartOk {
            client_properties,
            mechanism: "PLAIN".into(),
            response: "\0guest\0guest".into(),
            locale: "en_US".into(),
        };
        let virtual_host = if other_vhost { "v" } else { "/" };
        self.broker.hear(self.now, id, &Unit::ProtocolHeader(PROTOCOL_HEADER));
        for method in [
            AMQPMethod::StartOk(start_ok),
            AMQPMethod::TuneOk(connection::TuneOk { channel_max: 3, frame_max: 8192, heartbeat: 0 }),
            AMQPMethod::Open(connection::Open { virtual_host: virtual_host.into() }),
        ] {
            self.broker.hear(self.now, id, &method_unit(0, &Method::Connection(method)));
        }
    }

    fn open(&mut self, from: u8, channel: u8) {
        let open = Method::Channel(channel::AMQPMethod::Open(channel::Open {}));
        self.hear(from, method_unit(u16::from(channel % 5), &open));
    }

    fn say(&mut self, from: u8, channel: u8, what: &Client) {
        let channel = if matches!(what, Client::CloseConnection) { 0 } else { u16::from(channel % 3) + 1 };
        self.hear(from, method_unit(channel, &what.method()));
        let Client::Publish { with, size, announced, parts, .. } = what else { return };
        let body = [b'm'; 64];
        let body = &body[..usize::from(size % 56)];
        let mut payload = BytesMut::from(&[0, 60, 0, 0][..]);
        // Now and then the header does not tell the truth.
        let says = if announced % 16 == 1 { u64::from(*announced) } else { body.len() as u64 };
        payload.extend_from_slice(&says.to_be_bytes());
        payload.extend_from_slice(&wire::frame::write_properties(&properties(*with)));
        self.hear(from, Unit::Frame(RawFrame { kind: Kind::Header, channel, payload: payload.freeze() }));
        for part in body.chunks(usize::from(parts % 4) * 16 + 8) {
            let payload = Bytes::copy_from_slice(part);
            self.hear(from, Unit::Frame(RawFrame { kind: Kind::Body, channel, payload }));
        }
    }

    fn hand(&mut self, hand: Hand) {
        let vhost = |other| if other { "v" } else { "/" };
        let broker = &mut self.broker;
        match hand {
            Hand::Raise { disk } => broker.raise(if disk { Alarm::Disk } else { Alarm::Memory }),
            Hand::Clear { disk } => broker.clear(if disk { Alarm::Disk } else { Alarm::Memory }),
            Hand::Close { which } => {
                if let Some(id) = self.pick(which) {
                    self.broker.close(id, "because");
                }
            }
            Hand::Cut { which } => {
                if let Some(id) = self.pick(which) {
                    self.broker.cut(id);
                }
            }
            Hand::Purge { vhost: other, queue } => {
                broker.purge(vhost(other), commands::queue(queue));
            }
            Hand::DeleteQueue { vhost: other, queue } => {
                broker.delete_queue_named(vhost(other), commands::queue(queue));
            }
            Hand::Publish { vhost: other, exchange, key, with } => {
                let (exchange, key) = (commands::exchange(exchange), commands::key(key));
                broker.publish_from_outside(vhost(other), exchange, key, &properties(with), Bytes::from_static(b"out"));
            }
            Hand::Peek { vhost: other, queue } => {
                let peeked = broker.peek(vhost(other), commands::queue(queue), 3);
                assert!(peeked.is_none_or(|peeked| peeked.len() <= 3));
            }
            Hand::List => {
                let (queues, exchanges) = (broker.queues(), broker.exchanges());
                for binding in broker.bindings() {
                    let there = if binding.to_exchange {
                        exchanges.iter().any(|at| at.vhost == binding.vhost && at.name == binding.destination)
                    } else {
                        queues.iter().any(|at| at.vhost == binding.vhost && at.name == binding.destination)
                    };
                    assert!(there, "{binding:?} leads nowhere");
                }
                assert!(broker.connections().len() <= self.connections.len());
            }
            Hand::DeleteVhost { vhost: other } => {
                broker.delete_vhost(vhost(other));
            }
            Hand::AddVhost { vhost: other } => {
                broker.add_vhost(vhost(other));
                broker.add_account(&Account::guest()).expect("everything is allowed");
            }
            Hand::DeleteUser => {
                broker.delete_user("guest");
                self.settle();
                self.broker.add_account(&Account::guest()).expect("everything is allowed");
            }
            Hand::RefuseLogins { count } => broker.refuse_logins(u32::from(count % 3)),
        }
    }

    /// Ends the turn: looks at what is to be done, and at what the broker has become.
    fn settle(&mut self) {
        let mut bytes = BytesMut::new();
        for (id, effect) in self.broker.effects() {
            let unread =
                self.connections.get_mut(&id).unwrap_or_else(|| panic!("{effect:?} for {id:?}, which is gone"));
            if let Effect::Send(output) = effect {
                *unread += output.size();
                encode(&output, &mut bytes);
            }
        }
        read_all(&mut bytes);
        self.broker.check_invariants();
        for (id, unread) in &self.connections {
            let known = self.broker.outstanding(*id);
            assert!(known.is_none_or(|known| known == *unread), "{id:?} has {unread} to read, not {known:?}");
        }
    }

    /// Everybody goes, and everything is deleted.
    fn end(&mut self) {
        let ids: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for id in ids {
            self.broker.lost(self.now, id);
            self.settle();
            self.connections.remove(&id);
        }
        for queue in self.broker.queues() {
            assert_eq!((queue.unacked, queue.consumers), (0, 0), "{queue:?}");
            assert!(self.broker.delete_queue_named(&queue.vhost, &queue.name));
        }
        while self.broker.next_due().is_some_and(|due| due <= self.now) {
            self.broker.tick(self.now);
        }
        self.settle();
        assert_eq!((self.broker.memory(), self.broker.next_due()), (0, None), "something is left");
        for vhost in ["/", "v"] {
            self.broker.delete_vhost(vhost);
        }
        self.settle();
    }
}

fn method_unit(channel: u16, method: &Method) -> Unit {
    let whole = wire::frame::method(channel, method.clone());
    Unit::Frame(RawFrame { kind: Kind::Method, channel, payload: whole.slice(7..whole.len() - 1) })
}

/// As the shell writes it.
fn encode(output: &Output, to: &mut BytesMut) {
    match output {
        // A stream that starts so is read on as if it had not; see `read_all`.
        Output::ProtocolHeader(_) => {}
        Output::Method { channel, method } => put_method(to, *channel, method),
        Output::Deliver { channel, tag, delivery, redelivered, message } => {
            put_deliver(to, *channel, tag, *delivery, *redelivered, (&message.exchange, &message.routing_key));
            put_content(to, *channel, &message.properties, &message.body, 8192);
        }
        Output::Content { channel, method, message } => {
            put_method(to, *channel, method);
            put_content(to, *channel, &message.properties, &message.body, 8192);
        }
    }
}

/// A client has to be able to read all that the broker says.
fn read_all(bytes: &mut BytesMut) {
    let mut codec = Codec::new(1 << 20);
    while let Some(unit) = codec.next(bytes).expect("the broker writes frames") {
        let Unit::Frame(frame) = unit else { panic!("{unit:?}") };
        match frame.parse() {
            Ok(Frame::Method(_) | Frame::Header(_) | Frame::Body(_)) => {}
            other => panic!("the broker writes {other:?}"),
        }
    }
    assert!(bytes.is_empty());
}
