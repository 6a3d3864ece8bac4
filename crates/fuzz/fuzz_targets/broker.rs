//! Arbitrary clients, and an arbitrary operator, at the embedded broker.
//!
//! The input is a list of commands. Names come from small sets, so that commands meet: one declares a queue, and another
//! binds it, consumes from it or deletes it. The limits are small, so that they are reached. After each command the broker
//! must be consistent ([`Broker::check_invariants`]), must send only to existing connections, and must send only what can
//! be read. At the end nothing may be left.

#![no_main]

mod commands;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use arbitrary::Unstructured;
use broker::{Account, Alarm, Broker, Config, ConnectionId, Effect, Limits, Output};
use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use wire::{
    Codec, Frame, Method, RawFrame, Unit,
    frame::{FrameError, FrameKind, PROTOCOL_HEADER, put_content, put_deliver, put_method},
    protocol::{
        basic, channel,
        connection::{self, AMQPMethod},
    },
    types::{AMQPValue, FieldTable},
};

use crate::commands::{Client, Command, Operator, properties};

/// The largest useful number of commands: longer inputs find nothing that shorter ones do not.
const COMMANDS: usize = 150;

fuzz_target!(|input: &[u8]| {
    let mut input = Unstructured::new(input);
    let mut world = World::new(input.arbitrary().unwrap_or(true));
    for _ in 0..COMMANDS {
        if input.is_empty() {
            break;
        }
        let Ok(command) = Command::next(&mut input) else { break };
        world.play(command);
        world.settle();
        world.open_again();
        world.read();
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
    /// The connections that are not lost, and the number of bytes that each has not read yet.
    connections: BTreeMap<ConnectionId, usize>,
    /// The last delivery tag on each channel, because commands mostly acknowledge messages that were delivered.
    delivered: BTreeMap<(ConnectionId, u16), u64>,
    /// Channels and connections (channel 0) that were closed, and whether the client asked for it.
    closed: Vec<(ConnectionId, u16, bool)>,
    /// Clients that read only when a command makes them.
    slow: BTreeSet<ConnectionId>,
    /// True if clients reopen what was closed, and read what they are sent. Most inputs are full of mistakes, and would go
    /// no further otherwise.
    patient: bool,
}

impl World {
    fn new(patient: bool) -> World {
        let config = Config { limits: limits(), vhosts: vec!["v".to_owned()], ..Config::default() };
        let broker = Broker::new(config).expect("no patterns, so none that is wrong");
        let (connections, delivered) = (BTreeMap::new(), BTreeMap::new());
        let mut world =
            World { broker, now: 0, connections, delivered, closed: Vec::new(), slow: BTreeSet::new(), patient };
        for index in 0..2 {
            world.connect(true, false);
            world.open(index, 1);
            world.open(index, 2);
        }
        if patient {
            // The first objects: a plain queue, one with a single active consumer, and a prefetch of 1.
            for (name, shape) in [(0, 8), (1, 8)] {
                world.say(0, 0, &Client::DeclareQueue { queue: name, flags: 0, shape, arguments: 0 });
            }
            world.say(0, 0, &Client::Qos { prefetch: 1 });
        }
        world.settle();
        world
    }

    fn play(&mut self, command: Command) {
        match command {
            Command::Connect { understands, other_vhost } => self.connect(understands, other_vhost),
            Command::ConnectOnly => {
                let id = self.broker.connected(self.now, "127.0.0.1:5000".to_owned());
                self.connections.insert(id, 0);
            }
            Command::Header { from, header } => {
                let header = if header % 4 == 0 { PROTOCOL_HEADER } else { [header; 8] };
                self.hear(from, Unit::ProtocolHeader(header));
            }
            Command::Open { from, channel } => self.open(from, channel),
            Command::Raw { from, channel, kind, payload } => {
                let kind = [FrameKind::Method, FrameKind::Header, FrameKind::Body, FrameKind::Heartbeat][usize::from(kind % 4)];
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
                    if part % 4 == 0 && !self.slow.remove(&id) {
                        self.slow.insert(id);
                    }
                    let unread = self.connections.get_mut(&id).expect("it was picked");
                    let bytes = *unread * usize::from(part) / 255;
                    *unread -= bytes;
                    self.broker.sent(self.now, id, bytes);
                }
            }
            Command::Lost { from } => {
                if let Some(id) = self.pick(from) {
                    self.broker.lost(self.now, id);
                    // This turn may still have effects for the connection.
                    self.settle();
                    self.connections.remove(&id);
                }
            }
            Command::Tick { ms, seconds } => {
                self.now += u64::from(ms) + u64::from(seconds % 40) * 1000;
                self.broker.tick(self.now);
            }
            Command::Operator(operator) => self.operator(operator),
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
        let id = self.broker.connected(self.now, "127.0.0.1:5000".to_owned());
        self.connections.insert(id, 0);
        for unit in &HANDSHAKES[usize::from(understands) + 2 * usize::from(other_vhost)] {
            self.broker.hear(self.now, id, unit);
        }
    }

    fn open(&mut self, from: u8, channel: u8) {
        let open = Method::Channel(channel::AMQPMethod::Open(channel::Open {}));
        self.hear(from, method_unit(u16::from(channel % 5), &open));
    }

    fn say(&mut self, from: u8, channel: u8, what: &Client) {
        let channel = if matches!(what, Client::CloseConnection) { 0 } else { u16::from(channel % 3) + 1 };
        let delivered = self.pick(from).and_then(|id| self.delivered.get(&(id, channel))).copied().unwrap_or(0);
        self.hear(from, method_unit(channel, &what.method(delivered)));
        let Client::Publish { with, size, announced, parts, .. } = what else { return };
        let body = [b'm'; 64];
        let body = &body[..usize::from(size % 56)];
        let mut payload = BytesMut::from(&[0, 60, 0, 0][..]);
        // Now and then the header announces a wrong size.
        let says = if announced % 16 == 1 { u64::from(*announced) } else { body.len() as u64 };
        payload.extend_from_slice(&says.to_be_bytes());
        payload.extend_from_slice(&wire::frame::write_properties(&properties(*with)));
        self.hear(from, Unit::Frame(RawFrame { kind: FrameKind::Header, channel, payload: payload.freeze() }));
        for part in body.chunks(usize::from(parts % 4) * 16 + 8) {
            let payload = Bytes::copy_from_slice(part);
            self.hear(from, Unit::Frame(RawFrame { kind: FrameKind::Body, channel, payload }));
        }
    }

    fn operator(&mut self, operator: Operator) {
        let vhost = |other| if other { "v" } else { "/" };
        let broker = &mut self.broker;
        match operator {
            Operator::Raise { disk } => broker.raise(if disk { Alarm::Disk } else { Alarm::Memory }),
            Operator::Clear { disk } => broker.clear(if disk { Alarm::Disk } else { Alarm::Memory }),
            Operator::Close { which } => {
                if let Some(id) = self.pick(which) {
                    self.broker.close(id, "because");
                }
            }
            Operator::Cut { which } => {
                if let Some(id) = self.pick(which) {
                    self.broker.cut(id);
                }
            }
            Operator::Purge { vhost: other, queue } => {
                broker.purge(vhost(other), commands::queue(queue));
            }
            Operator::DeleteQueue { vhost: other, queue } => {
                broker.delete_queue_named(vhost(other), commands::queue(queue));
            }
            Operator::Publish { vhost: other, exchange, key, with } => {
                let (exchange, key) = (commands::exchange(exchange), commands::key(key));
                broker.publish_from_outside(vhost(other), exchange, key, &properties(with), Bytes::from_static(b"out"));
            }
            Operator::Peek { vhost: other, queue } => {
                let peeked = broker.peek(vhost(other), commands::queue(queue), 3);
                assert!(peeked.is_none_or(|peeked| peeked.len() <= 3));
            }
            Operator::List => {
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
            Operator::DeleteVhost { vhost: other } => {
                broker.delete_vhost(vhost(other));
            }
            Operator::AddVhost { vhost: other } => {
                broker.add_vhost(vhost(other));
                broker.add_account(&Account::guest()).expect("everything is allowed");
            }
            Operator::DeleteUser => {
                broker.delete_user("guest");
                self.settle();
                self.broker.add_account(&Account::guest()).expect("everything is allowed");
            }
            Operator::RefuseLogins { count } => broker.refuse_logins(u32::from(count % 3)),
            Operator::Restart => broker.restart(),
        }
    }

    /// Ends the turn: handles the effects, and checks the broker.
    fn settle(&mut self) {
        let mut bytes = BytesMut::new();
        for (id, effect) in self.broker.effects() {
            let unread =
                self.connections.get_mut(&id).unwrap_or_else(|| panic!("{effect:?} for {id:?}, which is gone"));
            match &effect {
                Effect::Send(output) => {
                    *unread += output.size();
                    encode(output, &mut bytes);
                }
                Effect::HangUp => self.closed.push((id, 0, false)),
                Effect::Tuned { .. } | Effect::Hold | Effect::Resume => {}
            }
            match effect {
                Effect::Send(Output::Deliver { channel, delivery, .. }) => {
                    self.delivered.insert((id, channel), delivery);
                }
                Effect::Send(Output::Content { channel, method, .. }) => {
                    if let Method::Basic(basic::AMQPMethod::GetOk(ok)) = *method {
                        self.delivered.insert((id, channel), ok.delivery_tag);
                    }
                }
                Effect::Send(Output::Method { channel, method }) => match *method {
                    Method::Channel(ref said @ (channel::AMQPMethod::Close(_) | channel::AMQPMethod::CloseOk(_))) => {
                        self.delivered.remove(&(id, channel));
                        let by_client = matches!(said, channel::AMQPMethod::CloseOk(_));
                        self.closed.push((id, channel, by_client));
                    }
                    Method::Connection(AMQPMethod::Close(_) | AMQPMethod::CloseOk(_)) => {
                        self.closed.push((id, 0, false));
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        read_all(&mut bytes);
        self.broker.check_invariants();
        for (id, unread) in &self.connections {
            let known = self.broker.outstanding(*id);
            assert!(known.is_none_or(|known| known == *unread), "{id:?} has {unread} to read, not {known:?}");
        }
    }

    /// Lets all clients read what they were sent, except the slow ones.
    fn read(&mut self) {
        if !self.patient {
            return;
        }
        for (id, unread) in &mut self.connections {
            if *unread > 0 && !self.slow.contains(id) {
                self.broker.sent(self.now, *id, std::mem::take(unread));
            }
        }
        self.settle();
    }

    /// Reopens what the broker closed.
    fn open_again(&mut self) {
        for (id, channel, by_client) in std::mem::take(&mut self.closed) {
            if !self.patient || !self.connections.contains_key(&id) {
                continue;
            }
            if channel == 0 {
                self.broker.lost(self.now, id);
                self.settle();
                self.connections.remove(&id);
                self.connect(true, false);
                let last = self.connections.len() as u8 - 1;
                self.open(last, 1);
                self.open(last, 2);
            } else {
                let close_ok = Method::Channel(channel::AMQPMethod::CloseOk(channel::CloseOk {}));
                let open = Method::Channel(channel::AMQPMethod::Open(channel::Open {}));
                for method in [close_ok, open].into_iter().skip(usize::from(by_client)) {
                    self.broker.hear(self.now, id, &method_unit(channel, &method));
                }
            }
            self.settle();
        }
    }

    /// Ends all connections and deletes everything.
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

/// The handshakes of a client without capabilities and of one with all of them, each at both vhosts. They are written once,
/// because many clients connect in each input.
static HANDSHAKES: LazyLock<[[Unit; 4]; 4]> = LazyLock::new(|| {
    [(false, "/"), (true, "/"), (false, "v"), (true, "v")].map(|(understands, virtual_host)| {
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
        let said = |method| method_unit(0, &Method::Connection(method));
        [
            Unit::ProtocolHeader(PROTOCOL_HEADER),
            said(AMQPMethod::StartOk(start_ok)),
            said(AMQPMethod::TuneOk(connection::TuneOk { channel_max: 3, frame_max: 8192, heartbeat: 0 })),
            said(AMQPMethod::Open(connection::Open { virtual_host: virtual_host.into() })),
        ]
    })
});

fn method_unit(channel: u16, method: &Method) -> Unit {
    let whole = wire::frame::method(channel, method.clone());
    Unit::Frame(RawFrame { kind: FrameKind::Method, channel, payload: whole.slice(7..whole.len() - 1) })
}

/// Writes the output as the shell does.
fn encode(output: &Output, to: &mut BytesMut) {
    match output {
        // Left out: the codec reads the frames in the same way without it.
        Output::ProtocolHeader(_) => {}
        // Left out: it is always the same, and long.
        Output::Method { method, .. } if matches!(**method, Method::Connection(AMQPMethod::Start(_))) => {}
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

/// Checks that a client can read everything that the broker sends.
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
