//! A broker without sockets, and clients that are only numbers to it. The broker's output is returned as lines.

use broker::{Broker, Config, ConnectionId, Effect, Limits, Output};
use wire::{
    Codec, Content, Method, Unit,
    frame::{self, PROTOCOL_HEADER},
    protocol::{
        basic::{self, AMQPProperties},
        channel, confirm, connection, queue,
    },
    types::{AMQPValue, FieldTable},
    words,
};

/// A broker, and a clock that is advanced by hand.
pub struct World {
    pub broker: Broker,
    pub now: u64,
}

/// A client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub ConnectionId);

impl World {
    pub fn new() -> World {
        World::with(Config::default())
    }

    pub fn limited(change: impl FnOnce(&mut Limits)) -> World {
        let mut config = Config::default();
        change(&mut config.limits);
        World::with(config)
    }

    pub fn with(config: Config) -> World {
        World { broker: Broker::new(config).unwrap(), now: 0 }
    }

    /// Adds a client that has finished the handshake, with channel 1 open.
    pub fn client(&mut self) -> Client {
        let client = self.stranger();
        self.log_in(client, "guest", "guest");
        self.say(
            client,
            0,
            connection_method(connection::AMQPMethod::Open(connection::Open { virtual_host: "/".into() })),
        );
        assert_eq!(
            self.say(client, 1, channel_method(channel::AMQPMethod::Open(channel::Open {}))),
            ["1 channel.open-ok"]
        );
        client
    }

    /// Adds a client that has only connected.
    pub fn stranger(&mut self) -> Client {
        Client(self.broker.connected(self.now, "a test".to_owned()))
    }

    /// Goes through the handshake up to `connection.open`, or until the broker ends it. Returns the last output.
    pub fn log_in(&mut self, client: Client, user: &str, password: &str) -> Vec<String> {
        self.broker.hear(self.now, client.0, &Unit::ProtocolHeader(PROTOCOL_HEADER));
        self.heard(client);
        let mut capabilities = FieldTable::default();
        for name in ["consumer_cancel_notify", "connection.blocked", "authentication_failure_close"] {
            capabilities.insert(name.into(), AMQPValue::Boolean(true));
        }
        let mut properties = FieldTable::default();
        properties.insert("capabilities".into(), AMQPValue::FieldTable(capabilities));
        let start_ok = connection::StartOk {
            client_properties: properties,
            mechanism: "PLAIN".into(),
            response: format!("\0{user}\0{password}").into(),
            locale: "en_US".into(),
        };
        let heard = self.say(client, 0, connection_method(connection::AMQPMethod::StartOk(start_ok)));
        if !heard.iter().any(|line| line.starts_with("0 connection.tune ")) {
            return heard;
        }
        let tune_ok = connection::TuneOk { channel_max: 2047, frame_max: 131_072, heartbeat: 60 };
        self.say(client, 0, connection_method(connection::AMQPMethod::TuneOk(tune_ok)))
    }

    /// Sends a method, and returns the output for this client.
    pub fn say(&mut self, client: Client, channel: u16, method: Method) -> Vec<String> {
        self.hear_bytes(client, &frame::method(channel, method));
        self.heard(client)
    }

    /// Publishes to a queue.
    pub fn publish(&mut self, client: Client, queue: &str, body: &[u8], properties: AMQPProperties) -> Vec<String> {
        let publish = basic::Publish { routing_key: queue.into(), ..basic::Publish::default() };
        self.hear_bytes(client, &frame::method(1, Method::Basic(basic::AMQPMethod::Publish(publish))));
        self.hear_bytes(client, &frame::content(1, properties, body, 131_072));
        self.heard(client)
    }

    /// Sends these bytes, and returns the output for this client.
    pub fn hear(&mut self, client: Client, bytes: &[u8]) -> Vec<String> {
        self.hear_bytes(client, bytes);
        self.heard(client)
    }

    fn hear_bytes(&mut self, client: Client, bytes: &[u8]) {
        let (mut codec, mut bytes) = (Codec::new(131_072), bytes.into());
        while let Some(unit) = codec.next(&mut bytes).unwrap() {
            self.broker.hear(self.now, client.0, &unit);
        }
    }

    /// Takes the output for this client, and reads all of it.
    pub fn heard(&mut self, client: Client) -> Vec<String> {
        let heard = self.heard_by_all();
        heard.into_iter().filter(|(to, _)| *to == client).map(|(_, line)| line).collect()
    }

    /// Takes the output for all clients, and reads it.
    pub fn heard_by_all(&mut self) -> Vec<(Client, String)> {
        let mut lines = Vec::new();
        loop {
            let effects: Vec<(ConnectionId, Effect)> = self.broker.effects().collect();
            if effects.is_empty() {
                return lines;
            }
            for (to, effect) in effects {
                if let Effect::Send(output) = &effect {
                    self.broker.sent(self.now, to, output.size());
                }
                lines.push((Client(to), line(&effect)));
            }
        }
    }

    /// Advances the clock.
    pub fn after(&mut self, ms: u64) {
        self.now += ms;
        self.broker.tick(self.now);
    }

    /// Returns the number of a queue's ready messages.
    pub fn ready(&self, queue: &str) -> usize {
        self.broker.queues().iter().find(|info| info.name == queue).map_or(0, |info| info.ready)
    }
}

/// Returns an effect as a line: `1 basic.deliver  …`, `hold`.
fn line(effect: &Effect) -> String {
    let content = |message: &broker::Message| Content {
        properties: message.read_properties(),
        size: message.body.len() as u64,
        body: message.body.clone(),
        complete: true,
    };
    match effect {
        Effect::Send(Output::ProtocolHeader(header)) => format!("protocol header {header:?}"),
        Effect::Send(Output::Method { channel, method }) => format!("{channel} {}", words::method_line(method, None)),
        Effect::Send(Output::Content { channel, method, message }) => {
            format!("{channel} {}", words::method_line(method, Some(&content(message))))
        }
        Effect::Send(Output::Deliver { channel, tag, delivery, redelivered, message }) => {
            let deliver = basic::Deliver {
                consumer_tag: (&**tag).into(),
                delivery_tag: *delivery,
                redelivered: *redelivered,
                exchange: (&*message.exchange).into(),
                routing_key: message.routing_key.as_str().into(),
            };
            let method = Method::Basic(basic::AMQPMethod::Deliver(deliver));
            format!("{channel} {}", words::method_line(&method, Some(&content(message))))
        }
        Effect::Tuned { .. } => "tuned".to_owned(),
        Effect::Hold => "hold".to_owned(),
        Effect::Resume => "resume".to_owned(),
        Effect::HangUp => "hang up".to_owned(),
    }
}

pub fn connection_method(method: connection::AMQPMethod) -> Method {
    Method::Connection(method)
}

pub fn channel_method(method: channel::AMQPMethod) -> Method {
    Method::Channel(method)
}

pub fn declare(queue: &str) -> Method {
    declare_with(queue, &[])
}

pub fn declare_with(queue: &str, arguments: &[(&str, AMQPValue)]) -> Method {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert((*name).into(), value.clone());
    }
    let declare = queue::Declare { queue: queue.into(), arguments: table, ..queue::Declare::default() };
    Method::Queue(queue::AMQPMethod::Declare(declare))
}

pub fn consume(queue: &str, tag: &str, no_ack: bool) -> Method {
    let consume = basic::Consume { queue: queue.into(), consumer_tag: tag.into(), no_ack, ..basic::Consume::default() };
    Method::Basic(basic::AMQPMethod::Consume(consume))
}

pub fn get(queue: &str) -> Method {
    Method::Basic(basic::AMQPMethod::Get(basic::Get { queue: queue.into(), no_ack: true }))
}

pub fn confirm_select() -> Method {
    Method::Confirm(confirm::AMQPMethod::Select(confirm::Select { nowait: false }))
}

/// Returns the names of the methods in these lines.
pub fn names(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split("  ").next().unwrap_or_default()).collect()
}

/// Returns the text of a refusal: the reply text of the close in these lines.
pub fn refusal(lines: &[String]) -> String {
    let close = lines.iter().find(|line| line.contains(".close  ")).map(String::as_str).unwrap_or_default();
    close.split("reply-text ").nth(1).unwrap_or(close).to_owned()
}
