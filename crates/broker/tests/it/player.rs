//! A broker, and clients that use it without a socket.

use std::collections::BTreeMap;

use broker::{Broker, Config, ConnectionId, Effect, Limits, Output};
use bytes::Bytes;
use wire::{
    Method, RawFrame, Unit,
    frame::{FrameKind, PROTOCOL_HEADER, method, write_properties},
    protocol::{
        basic::{self, AMQPMethod as Basic, AMQPProperties},
        channel, connection,
        queue::{self, AMQPMethod as Queue},
    },
    types::{AMQPValue, FieldTable},
};

/// A broker and the time.
pub struct World {
    pub broker: Broker,
    pub now: u64,
    /// The outputs for each connection that have not been taken yet.
    heard: BTreeMap<ConnectionId, Vec<Output>>,
    /// Connections that the broker ended.
    pub hung_up: Vec<ConnectionId>,
}

impl World {
    pub fn new(limits: Limits) -> World {
        let broker = Broker::new(Config { limits, ..Config::default() }).unwrap();
        World { broker, now: 0, heard: BTreeMap::new(), hung_up: Vec::new() }
    }

    /// Adds a connection that has finished the handshake.
    pub fn connect(&mut self) -> ConnectionId {
        let id = self.broker.connected(self.now, "test".to_owned());
        self.broker.hear(self.now, id, &Unit::ProtocolHeader(PROTOCOL_HEADER));
        let start_ok = connection::StartOk {
            mechanism: "PLAIN".into(),
            response: "\0guest\0guest".into(),
            locale: "en_US".into(),
            ..connection::StartOk::default()
        };
        let tune_ok = connection::TuneOk { channel_max: 2047, frame_max: 131_072, heartbeat: 0 };
        for method in [
            connection::AMQPMethod::StartOk(start_ok),
            connection::AMQPMethod::TuneOk(tune_ok),
            connection::AMQPMethod::Open(connection::Open { virtual_host: "/".into() }),
        ] {
            self.say(id, 0, Method::Connection(method));
        }
        self.take(id);
        id
    }

    /// Opens a channel.
    pub fn open(&mut self, id: ConnectionId, channel: u16) {
        self.say(id, channel, Method::Channel(channel::AMQPMethod::Open(channel::Open {})));
        self.take(id);
    }

    /// Sends one method, as a turn of its own.
    pub fn say(&mut self, id: ConnectionId, channel: u16, said: Method) {
        let whole = method(channel, said);
        let payload = whole.slice(7..whole.len() - 1);
        self.broker.hear(self.now, id, &Unit::Frame(RawFrame { kind: FrameKind::Method, channel, payload }));
        self.settle();
    }

    pub fn basic(&mut self, id: ConnectionId, channel: u16, said: Basic) {
        self.say(id, channel, Method::Basic(said));
    }

    pub fn publish(&mut self, at: (ConnectionId, u16), exchange: &str, key: &str, body: &[u8]) {
        self.publish_with(at, exchange, key, &AMQPProperties::default(), body);
    }

    pub fn publish_with(
        &mut self,
        at: (ConnectionId, u16),
        exchange: &str,
        key: &str,
        properties: &AMQPProperties,
        body: &[u8],
    ) {
        let publish =
            basic::Publish { exchange: exchange.into(), routing_key: key.into(), mandatory: false, immediate: false };
        let (id, channel) = at;
        self.basic(id, channel, Basic::Publish(publish));
        let size = (body.len() as u64).to_be_bytes();
        let header = [&[0, 60, 0, 0][..], &size, &write_properties(properties)].concat();
        for (kind, payload) in [(FrameKind::Header, header), (FrameKind::Body, body.to_vec())] {
            if kind == FrameKind::Header || !payload.is_empty() {
                let payload = Bytes::from(payload);
                self.broker.hear(self.now, id, &Unit::Frame(RawFrame { kind, channel, payload }));
            }
        }
        self.settle();
    }

    pub fn declare(&mut self, at: (ConnectionId, u16), queue: &str, arguments: &[(&str, AMQPValue)]) {
        let declare = queue::Declare { queue: queue.into(), arguments: table(arguments), ..queue::Declare::default() };
        self.say(at.0, at.1, Method::Queue(Queue::Declare(declare)));
    }

    pub fn consume(&mut self, at: (ConnectionId, u16), queue: &str, tag: &str, prefetch: u16) {
        let (id, channel) = at;
        self.basic(id, channel, Basic::Qos(basic::Qos { prefetch_count: prefetch, global: false }));
        let consume = basic::Consume { queue: queue.into(), consumer_tag: tag.into(), ..basic::Consume::default() };
        self.basic(id, channel, Basic::Consume(consume));
    }

    pub fn lose(&mut self, id: ConnectionId) {
        self.broker.lost(self.now, id);
        self.settle();
        self.heard.remove(&id);
    }

    pub fn wait(&mut self, ms: u64) {
        self.now += ms;
        self.broker.tick(self.now);
        self.settle();
    }

    /// Ends a turn.
    pub fn settle(&mut self) {
        for (id, effect) in self.broker.effects() {
            match effect {
                Effect::Send(output) => self.heard.entry(id).or_default().push(output),
                Effect::HangUp => self.hung_up.push(id),
                Effect::Tuned { .. } | Effect::Hold | Effect::Resume => {}
            }
        }
    }

    /// Takes the outputs for this connection since the last time.
    pub fn take(&mut self, id: ConnectionId) -> Vec<Output> {
        self.heard.remove(&id).unwrap_or_default()
    }

    /// Takes outputs like [`World::take`], and reports them to the broker as sent.
    pub fn read(&mut self, id: ConnectionId) -> Vec<Output> {
        let outputs = self.take(id);
        self.broker.sent(self.now, id, outputs.iter().map(Output::size).sum());
        self.settle();
        outputs
    }

    /// Returns the numbers of ready and unacknowledged messages of a queue in vhost `/`.
    pub fn counts(&self, queue: &str) -> Option<(usize, usize)> {
        let found = self.broker.queues().into_iter().find(|found| found.name == queue);
        found.map(|found| (found.ready, found.unacked))
    }
}

pub fn table(entries: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert((*key).into(), value.clone());
    }
    table
}

/// Returns the delivery tags and bodies of the deliveries among these outputs.
pub fn delivered(outputs: &[Output]) -> Vec<(u64, String)> {
    let delivered = outputs.iter().filter_map(|output| match output {
        Output::Deliver { delivery, message, .. } => {
            Some((*delivery, String::from_utf8_lossy(&message.body).into_owned()))
        }
        _ => None,
    });
    delivered.collect()
}
