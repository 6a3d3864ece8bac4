//! Commands for the broker, made from bytes.

use arbitrary::{Arbitrary, Unstructured};
use wire::{
    Method,
    protocol::{
        basic::{self, AMQPProperties},
        channel, confirm, connection, exchange, queue, tx,
    },
    types::{AMQPValue, FieldArray, FieldTable},
};

#[derive(Arbitrary, Debug)]
pub enum Command {
    /// A client connects and goes through the handshake.
    Connect {
        understands: bool,
        other_vhost: bool,
    },
    /// A client connects and sends nothing.
    ConnectOnly,
    Header {
        from: u8,
        header: u8,
    },
    Open {
        from: u8,
        channel: u8,
    },
    Say {
        from: u8,
        channel: u8,
        what: Client,
    },
    Raw {
        from: u8,
        channel: u8,
        kind: u8,
        payload: Vec<u8>,
    },
    Garbage {
        from: u8,
        error: u8,
        bytes: Vec<u8>,
    },
    /// A part of the unsent bytes was sent.
    Sent {
        from: u8,
        part: u8,
    },
    Lost {
        from: u8,
    },
    Tick {
        ms: u8,
        seconds: u8,
    },
    Operator(Operator),
}

impl Command {
    /// Returns the next command: mostly a method of a client.
    pub fn next(input: &mut Unstructured) -> arbitrary::Result<Command> {
        let at: u8 = input.arbitrary()?;
        if at >= 0xA0 {
            // The most common methods, in two bytes: the more commands an input has room for, the more of them meet.
            let (how, more): (u8, u8) = (at % 16, input.arbitrary()?);
            let what = match how {
                0..4 => {
                    let (size, parts) = (more % 8, 0);
                    Client::Publish { exchange: 0, key: more / 8, mandatory: false, with: 0, size, announced: 0, parts }
                }
                4..8 => Client::Consume { queue: more % 11, tag: more / 11, flags: 0, priority: 0 },
                8 => Client::Cancel { tag: more },
                9 => Client::Get { queue: more % 11, no_ack: false },
                10 => Client::Qos { prefetch: more },
                11 | 12 => Client::Ack { tag: more, multiple: more >= 0x80 },
                13 => Client::Nack { tag: more, multiple: more >= 0x80, requeue: more & 0x40 != 0 },
                14 => Client::Close,
                _ => Client::DeclareQueue { queue: more % 11, flags: 0, shape: 8, arguments: 0 },
            };
            return Ok(Command::Say { from: u8::from(at >= 0xF0), channel: u8::from(at >= 0xE0), what });
        }
        if at >= 0x38 {
            // Mostly the first of two clients on the first of two channels. A third channel is not open.
            let channel = if at == 0xFF { 2 } else { u8::from(at / 8 % 4 == 3) };
            return Ok(Command::Say { from: u8::from(at % 8 == 7), channel, what: input.arbitrary()? });
        }
        input.arbitrary()
    }
}

/// A method of a client.
#[derive(Arbitrary, Debug)]
pub enum Client {
    DeclareQueue { queue: u8, flags: u8, shape: u8, arguments: u16 },
    DeleteQueue { queue: u8, flags: u8 },
    PurgeQueue { queue: u8 },
    BindQueue { queue: u8, exchange: u8, key: u8, arguments: u8 },
    UnbindQueue { queue: u8, exchange: u8, key: u8, arguments: u8 },
    DeclareExchange { exchange: u8, kind: u8, flags: u8, alternate: u8 },
    DeleteExchange { exchange: u8, if_unused: bool },
    BindExchange { to: u8, from: u8, key: u8, arguments: u8 },
    UnbindExchange { to: u8, from: u8, key: u8, arguments: u8 },
    Publish { exchange: u8, key: u8, mandatory: bool, with: u16, size: u8, announced: u8, parts: u8 },
    Consume { queue: u8, tag: u8, flags: u8, priority: i8 },
    Cancel { tag: u8 },
    Get { queue: u8, no_ack: bool },
    Qos { prefetch: u8 },
    Ack { tag: u8, multiple: bool },
    Nack { tag: u8, multiple: bool, requeue: bool },
    Reject { tag: u8, requeue: bool },
    Recover { requeue: bool },
    ConfirmSelect,
    TxSelect,
    TxCommit,
    TxRollback,
    Close,
    CloseOk,
    CloseConnection,
}

/// A command of an operator.
#[derive(Arbitrary, Debug)]
pub enum Operator {
    Raise { disk: bool },
    Clear { disk: bool },
    Close { which: u8 },
    Cut { which: u8 },
    Purge { vhost: bool, queue: u8 },
    DeleteQueue { vhost: bool, queue: u8 },
    Publish { vhost: bool, exchange: u8, key: u8, with: u16 },
    Peek { vhost: bool, queue: u8 },
    List,
    DeleteVhost { vhost: bool },
    AddVhost { vhost: bool },
    DeleteUser,
    RefuseLogins { count: u8 },
    Restart,
}

pub fn queue(index: u8) -> &'static str {
    ["a", "b", "a", "b", "a", "b", "c", "d", "c", "", "amq.rabbitmq.reply-to"][usize::from(index) % 11]
}

pub fn exchange(index: u8) -> &'static str {
    ["", "x", "y", "z", "amq.fanout", "amq.topic", "amq.headers", "amq.direct", "", "", "", "x"]
        [usize::from(index) % 12]
}

pub fn key(index: u8) -> &'static str {
    ["a", "b", "a", "b", "c", "d", "#", "*.b", "a.b", ""][usize::from(index) % 10]
}

fn tag(index: u8) -> &'static str {
    ["t", "u", ""][usize::from(index % 3)]
}

fn kind(index: u8) -> &'static str {
    ["direct", "fanout", "topic", "headers"][usize::from(index % 4)]
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// Returns arguments of a binding or headers of a message: from the same set, so that they match now and then.
pub fn table(bits: u8) -> FieldTable {
    let mut table = FieldTable::default();
    let mut add = |bit: u8, name: &str, value: AMQPValue| {
        if bits & bit != 0 {
            table.insert(name.into(), value);
        }
    };
    add(1, "k", AMQPValue::LongInt(3));
    add(2, "x-match", text("any"));
    add(4, "k", AMQPValue::ShortShortInt(3));
    add(8, "f", AMQPValue::Float(1.5));
    add(16, "f", AMQPValue::Double(f64::NAN));
    add(32, "v", AMQPValue::Void);
    table
}

/// Arguments that go together, for [`queue_arguments`]: contradictory ones would declare no queue.
const SHAPES: [u16; 14] = [
    0,      // none
    0x1000, // single active consumer
    0x1010, // single active consumer, two messages at most
    2,      // short time to live
    0x101,  // no time to live, dead letters to the default exchange
    0x208,  // one message at most, dead letters to x
    0x750,  // refuses more than two, dead letters to amq.fanout as b
    0x90,   // refuses more than two, and dead-letters them
    0x20,   // a maximum length in bytes
    0x800,  // priorities
    0x804,  // priorities, expires
    0xA000, // quorum, delivery limit
    0xB100, // quorum, delivery limit, single active consumer, dead letters
    0x4000, // an argument without a meaning
];

/// Returns the arguments of a queue; each bit or two are one of them.
fn queue_arguments(bits: u16) -> FieldTable {
    let mut table = FieldTable::default();
    let number = |number: u16| AMQPValue::LongInt(i32::from(number));
    let mut add = |is_set: bool, name: &str, value: AMQPValue| {
        if is_set {
            table.insert(name.into(), value);
        }
    };
    add(bits & 3 != 0, "x-message-ttl", number([0, 0, 5, 1000][usize::from(bits & 3)]));
    add(bits & 4 != 0, "x-expires", number(50));
    add(bits & 0x18 != 0, "x-max-length", number(bits >> 3 & 3));
    add(bits & 0x20 != 0, "x-max-length-bytes", number(60));
    let overflow = ["", "reject-publish", "reject-publish-dlx", "drop-head"][usize::from(bits >> 6 & 3)];
    add(bits & 0xC0 != 0, "x-overflow", text(overflow));
    add(bits & 0x300 != 0, "x-dead-letter-exchange", text(["", "", "x", "amq.fanout"][usize::from(bits >> 8 & 3)]));
    add(bits & 0x700 > 0x400, "x-dead-letter-routing-key", text("b"));
    add(bits & 0x800 != 0, "x-max-priority", number(2));
    add(bits & 0x1000 != 0, "x-single-active-consumer", AMQPValue::Boolean(true));
    add(bits & 0x2000 != 0, "x-delivery-limit", number(1));
    add(bits & 0xE000 > 0x8000, "x-queue-type", text("quorum"));
    add(bits & 0xC000 == 0x4000, "note", AMQPValue::Float(f32::NAN));
    table
}

/// Returns the properties of a message; each bit or two are one of them.
pub fn properties(bits: u16) -> AMQPProperties {
    let mut properties = AMQPProperties::default();
    if bits & 0x0F != 0 {
        let mut headers = table((bits & 0x0F) as u8 | (bits >> 8 & 0x30) as u8);
        if bits & 0x08 != 0 {
            let mut keys = FieldArray::default();
            keys.push(text("b"));
            keys.push(text("c"));
            headers.insert(if bits & 4 != 0 { "BCC" } else { "CC" }.into(), AMQPValue::FieldArray(keys));
        }
        properties = properties.with_headers(headers);
    }
    if bits & 0x30 != 0 {
        properties = properties.with_expiration(["", "0", "+07", "2000"][usize::from(bits >> 4 & 3)].into());
    }
    if bits & 0x40 != 0 {
        properties = properties.with_priority((bits >> 7 & 3) as u8);
    }
    if bits & 0x600 == 0x600 {
        properties = properties.with_reply_to("amq.rabbitmq.reply-to".into());
    }
    if bits & 0x1800 == 0x1800 {
        properties = properties.with_user_id(if bits & 0x2000 == 0 { "guest" } else { "ann" }.into());
    }
    properties
}

impl Client {
    /// Returns the method. `delivered` is the last delivery tag that the client received; a command counts back from it.
    pub fn method(&self, delivered: u64) -> Method {
        let ticket = |index: u8| if index % 16 == 15 { 0 } else { delivered.saturating_sub(u64::from(index % 16 / 4)) };
        match *self {
            Client::DeclareQueue { queue: name, flags, shape, arguments } => {
                // Each name mostly has one shape, or most declarations would contradict an earlier one.
                let arguments = match shape % 16 {
                    0 => arguments,
                    1..4 => SHAPES[usize::from(shape / 16) % SHAPES.len()],
                    _ => SHAPES[(usize::from(name % 11 / 6) * 5 + usize::from(name % 2)) % SHAPES.len()],
                };
                Method::Queue(queue::AMQPMethod::Declare(queue::Declare {
                    queue: queue(name).into(),
                    passive: flags & 7 == 7,
                    durable: flags & 8 != 0 || arguments & 0xE000 > 0x8000,
                    exclusive: flags & 0x30 == 0x30,
                    auto_delete: flags & 0xC0 == 0xC0,
                    nowait: flags & 7 == 1,
                    arguments: queue_arguments(arguments),
                }))
            }
            Client::DeleteQueue { queue: name, flags } => Method::Queue(queue::AMQPMethod::Delete(queue::Delete {
                queue: queue(name).into(),
                if_unused: flags & 6 == 6,
                if_empty: flags & 24 == 24,
                nowait: flags & 1 != 0,
            })),
            Client::PurgeQueue { queue: name } => {
                Method::Queue(queue::AMQPMethod::Purge(queue::Purge { queue: queue(name).into(), nowait: false }))
            }
            Client::BindQueue { queue: name, exchange: from, key: by, arguments } => {
                Method::Queue(queue::AMQPMethod::Bind(queue::Bind {
                    queue: queue(name).into(),
                    exchange: exchange(from).into(),
                    routing_key: key(by).into(),
                    nowait: false,
                    arguments: table(arguments),
                }))
            }
            Client::UnbindQueue { queue: name, exchange: from, key: by, arguments } => {
                Method::Queue(queue::AMQPMethod::Unbind(queue::Unbind {
                    queue: queue(name).into(),
                    exchange: exchange(from).into(),
                    routing_key: key(by).into(),
                    arguments: table(arguments),
                }))
            }
            Client::DeclareExchange { exchange: name, kind: of, flags, alternate } => {
                let mut arguments = FieldTable::default();
                if alternate & 3 == 3 {
                    arguments.insert("alternate-exchange".into(), text(exchange(alternate >> 2)));
                }
                Method::Exchange(exchange::AMQPMethod::Declare(exchange::Declare {
                    exchange: exchange(name).into(),
                    kind: kind(of).into(),
                    passive: flags & 7 == 7,
                    durable: flags & 8 != 0,
                    auto_delete: flags & 0x10 != 0,
                    internal: flags & 0x60 == 0x60,
                    nowait: flags & 7 == 1,
                    arguments,
                }))
            }
            Client::DeleteExchange { exchange: name, if_unused } => {
                let exchange = exchange(name).into();
                Method::Exchange(exchange::AMQPMethod::Delete(exchange::Delete { exchange, if_unused, nowait: false }))
            }
            Client::BindExchange { to, from, key: by, arguments } => {
                Method::Exchange(exchange::AMQPMethod::Bind(exchange::Bind {
                    destination: exchange(to).into(),
                    source: exchange(from).into(),
                    routing_key: key(by).into(),
                    nowait: false,
                    arguments: table(arguments),
                }))
            }
            Client::UnbindExchange { to, from, key: by, arguments } => {
                Method::Exchange(exchange::AMQPMethod::Unbind(exchange::Unbind {
                    destination: exchange(to).into(),
                    source: exchange(from).into(),
                    routing_key: key(by).into(),
                    nowait: false,
                    arguments: table(arguments),
                }))
            }
            Client::Publish { exchange: to, key: by, mandatory, .. } => {
                basic(basic::AMQPMethod::Publish(basic::Publish {
                    exchange: exchange(to).into(),
                    routing_key: key(by).into(),
                    mandatory,
                    immediate: false,
                }))
            }
            Client::Consume { queue: name, tag: by, flags, priority } => {
                let mut arguments = FieldTable::default();
                if priority % 4 == 1 {
                    arguments.insert("x-priority".into(), AMQPValue::ShortShortInt(priority));
                }
                basic(basic::AMQPMethod::Consume(basic::Consume {
                    queue: queue(name).into(),
                    consumer_tag: tag(by).into(),
                    no_local: false,
                    no_ack: flags & 0x11 == 0x11,
                    exclusive: flags & 0xE == 0xE,
                    nowait: flags & 0x20 != 0,
                    arguments,
                }))
            }
            Client::Cancel { tag: by } => {
                basic(basic::AMQPMethod::Cancel(basic::Cancel { consumer_tag: tag(by).into(), nowait: false }))
            }
            Client::Get { queue: name, no_ack } => {
                basic(basic::AMQPMethod::Get(basic::Get { queue: queue(name).into(), no_ack }))
            }
            Client::Qos { prefetch } => {
                basic(basic::AMQPMethod::Qos(basic::Qos { prefetch_count: u16::from(prefetch % 4), global: false }))
            }
            Client::Ack { tag, multiple } => {
                basic(basic::AMQPMethod::Ack(basic::Ack { delivery_tag: ticket(tag), multiple }))
            }
            Client::Nack { tag, multiple, requeue } => {
                basic(basic::AMQPMethod::Nack(basic::Nack { delivery_tag: ticket(tag), multiple, requeue }))
            }
            Client::Reject { tag, requeue } => {
                basic(basic::AMQPMethod::Reject(basic::Reject { delivery_tag: ticket(tag), requeue }))
            }
            Client::Recover { requeue } => basic(basic::AMQPMethod::Recover(basic::Recover { requeue })),
            Client::ConfirmSelect => Method::Confirm(confirm::AMQPMethod::Select(confirm::Select { nowait: false })),
            Client::TxSelect => Method::Tx(tx::AMQPMethod::Select(tx::Select {})),
            Client::TxCommit => Method::Tx(tx::AMQPMethod::Commit(tx::Commit {})),
            Client::TxRollback => Method::Tx(tx::AMQPMethod::Rollback(tx::Rollback {})),
            Client::Close => Method::Channel(channel::AMQPMethod::Close(channel::Close {
                reply_code: 200,
                reply_text: "".into(),
                class_id: 0,
                method_id: 0,
            })),
            Client::CloseOk => Method::Channel(channel::AMQPMethod::CloseOk(channel::CloseOk {})),
            Client::CloseConnection => Method::Connection(connection::AMQPMethod::Close(connection::Close {
                reply_code: 200,
                reply_text: "".into(),
                class_id: 0,
                method_id: 0,
            })),
        }
    }
}

fn basic(method: basic::AMQPMethod) -> Method {
    Method::Basic(method)
}
