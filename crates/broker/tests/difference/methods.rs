//! Short forms of the methods. Flags are words, as the specification spells them: `"durable no-wait"`.

use std::time::{Duration, Instant};

use wire::{
    Method,
    protocol::{access, basic, basic::AMQPProperties, channel, confirm, connection, exchange, queue, tx},
    types::{AMQPValue, FieldTable, LongString, ShortString},
};

use crate::{
    client::{ANSWER_TIMEOUT, Client},
    stage::handshake,
    transcript::Log,
};

/// Names and values for a table.
pub type Values<'a> = &'a [(&'a str, AMQPValue)];

/// No arguments.
pub const NONE: Values<'static> = &[];

/// A table.
pub fn table(values: Values) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in values {
        table.insert((*name).into(), value.clone());
    }
    table
}

/// A long string.
pub fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text.as_bytes()))
}

/// A signed 32-bit number, which most clients send.
pub fn int(number: i32) -> AMQPValue {
    AMQPValue::LongInt(number)
}

/// A signed 64-bit number.
pub fn long(number: i64) -> AMQPValue {
    AMQPValue::LongLongInt(number)
}

/// A list.
pub fn list(values: &[AMQPValue]) -> AMQPValue {
    AMQPValue::FieldArray(values.to_vec().into())
}

/// A table within a table.
pub fn inner(values: Values) -> AMQPValue {
    AMQPValue::FieldTable(table(values))
}

/// Empty properties.
pub fn plain() -> AMQPProperties {
    AMQPProperties::default()
}

/// Properties with nothing but headers.
pub fn headers(values: Values) -> AMQPProperties {
    plain().with_headers(table(values))
}

/// A short string in bytes, as on the wire.
pub fn short(bytes: &[u8]) -> Vec<u8> {
    let mut short = vec![u8::try_from(bytes.len()).unwrap()];
    short.extend(bytes);
    short
}

/// Returns whether the word is among the flags.
fn has(flags: &str, flag: &str) -> bool {
    flags.split_whitespace().any(|word| word == flag)
}

fn name(name: &str) -> ShortString {
    name.into()
}

/// basic.publish
pub fn publish(exchange: &str, key: &str, flags: &str) -> Method {
    Method::Basic(basic::AMQPMethod::Publish(basic::Publish {
        exchange: name(exchange),
        routing_key: name(key),
        mandatory: has(flags, "mandatory"),
        immediate: has(flags, "immediate"),
    }))
}

/// channel.open
pub fn channel_open() -> Method {
    Method::Channel(channel::AMQPMethod::Open(channel::Open {}))
}

/// channel.close
pub fn channel_close() -> Method {
    let close = channel::Close { reply_code: 200, reply_text: name("bye"), class_id: 0, method_id: 0 };
    Method::Channel(channel::AMQPMethod::Close(close))
}

/// channel.close-ok
pub fn channel_close_ok() -> Method {
    Method::Channel(channel::AMQPMethod::CloseOk(channel::CloseOk {}))
}

/// channel.flow
pub fn flow(active: bool) -> Method {
    Method::Channel(channel::AMQPMethod::Flow(channel::Flow { active }))
}

/// connection.close
pub fn connection_close() -> Method {
    let close = connection::Close { reply_code: 200, reply_text: name("bye"), class_id: 0, method_id: 0 };
    Method::Connection(connection::AMQPMethod::Close(close))
}

/// connection.close-ok
pub fn connection_close_ok() -> Method {
    Method::Connection(connection::AMQPMethod::CloseOk(connection::CloseOk {}))
}

/// connection.start-ok
pub fn start_ok(properties: Values, mechanism: &str, response: &[u8]) -> Method {
    Method::Connection(connection::AMQPMethod::StartOk(connection::StartOk {
        client_properties: table(properties),
        mechanism: name(mechanism),
        response: LongString::from(response),
        locale: name("en_US"),
    }))
}

/// connection.tune-ok
pub fn tune_ok(channel_max: u16, frame_max: u32, heartbeat: u16) -> Method {
    Method::Connection(connection::AMQPMethod::TuneOk(connection::TuneOk { channel_max, frame_max, heartbeat }))
}

/// connection.open
pub fn connection_open(vhost: &str) -> Method {
    Method::Connection(connection::AMQPMethod::Open(connection::Open { virtual_host: name(vhost) }))
}

/// connection.secure-ok
pub fn secure_ok(response: &[u8]) -> Method {
    let response = LongString::from(response);
    Method::Connection(connection::AMQPMethod::SecureOk(connection::SecureOk { response }))
}

/// connection.update-secret
pub fn update_secret(secret: &str) -> Method {
    let update =
        connection::UpdateSecret { new_secret: LongString::from(secret.as_bytes()), reason: name("it is time") };
    Method::Connection(connection::AMQPMethod::UpdateSecret(update))
}

/// access.request
pub fn access_request() -> Method {
    Method::Access(access::AMQPMethod::Request(access::Request {
        realm: name("/data"),
        exclusive: false,
        passive: true,
        active: true,
        write: true,
        read: true,
    }))
}

/// exchange.declare
pub fn exchange_declare(exchange: &str, kind: &str, flags: &str, arguments: Values) -> Method {
    Method::Exchange(exchange::AMQPMethod::Declare(exchange::Declare {
        exchange: name(exchange),
        kind: name(kind),
        passive: has(flags, "passive"),
        durable: has(flags, "durable"),
        auto_delete: has(flags, "auto-delete"),
        internal: has(flags, "internal"),
        nowait: has(flags, "no-wait"),
        arguments: table(arguments),
    }))
}

/// exchange.delete
pub fn exchange_delete(exchange: &str, flags: &str) -> Method {
    Method::Exchange(exchange::AMQPMethod::Delete(exchange::Delete {
        exchange: name(exchange),
        if_unused: has(flags, "if-unused"),
        nowait: has(flags, "no-wait"),
    }))
}

/// exchange.bind
pub fn exchange_bind(destination: &str, source: &str, key: &str, flags: &str, arguments: Values) -> Method {
    Method::Exchange(exchange::AMQPMethod::Bind(exchange::Bind {
        destination: name(destination),
        source: name(source),
        routing_key: name(key),
        nowait: has(flags, "no-wait"),
        arguments: table(arguments),
    }))
}

/// exchange.unbind
pub fn exchange_unbind(destination: &str, source: &str, key: &str, flags: &str, arguments: Values) -> Method {
    Method::Exchange(exchange::AMQPMethod::Unbind(exchange::Unbind {
        destination: name(destination),
        source: name(source),
        routing_key: name(key),
        nowait: has(flags, "no-wait"),
        arguments: table(arguments),
    }))
}

/// queue.declare
pub fn queue_declare(queue: &str, flags: &str, arguments: Values) -> Method {
    Method::Queue(queue::AMQPMethod::Declare(queue::Declare {
        queue: name(queue),
        passive: has(flags, "passive"),
        durable: has(flags, "durable"),
        exclusive: has(flags, "exclusive"),
        auto_delete: has(flags, "auto-delete"),
        nowait: has(flags, "no-wait"),
        arguments: table(arguments),
    }))
}

/// queue.bind
pub fn queue_bind(queue: &str, exchange: &str, key: &str, flags: &str, arguments: Values) -> Method {
    Method::Queue(queue::AMQPMethod::Bind(queue::Bind {
        queue: name(queue),
        exchange: name(exchange),
        routing_key: name(key),
        nowait: has(flags, "no-wait"),
        arguments: table(arguments),
    }))
}

/// queue.unbind
pub fn queue_unbind(queue: &str, exchange: &str, key: &str, arguments: Values) -> Method {
    Method::Queue(queue::AMQPMethod::Unbind(queue::Unbind {
        queue: name(queue),
        exchange: name(exchange),
        routing_key: name(key),
        arguments: table(arguments),
    }))
}

/// queue.purge
pub fn queue_purge(queue: &str, flags: &str) -> Method {
    Method::Queue(queue::AMQPMethod::Purge(queue::Purge { queue: name(queue), nowait: has(flags, "no-wait") }))
}

/// queue.delete
pub fn queue_delete(queue: &str, flags: &str) -> Method {
    Method::Queue(queue::AMQPMethod::Delete(queue::Delete {
        queue: name(queue),
        if_unused: has(flags, "if-unused"),
        if_empty: has(flags, "if-empty"),
        nowait: has(flags, "no-wait"),
    }))
}

/// basic.qos
pub fn qos(prefetch_count: u16, global: bool) -> Method {
    Method::Basic(basic::AMQPMethod::Qos(basic::Qos { prefetch_count, global }))
}

/// basic.consume
pub fn consume(queue: &str, tag: &str, flags: &str, arguments: Values) -> Method {
    Method::Basic(basic::AMQPMethod::Consume(basic::Consume {
        queue: name(queue),
        consumer_tag: name(tag),
        no_local: has(flags, "no-local"),
        no_ack: has(flags, "no-ack"),
        exclusive: has(flags, "exclusive"),
        nowait: has(flags, "no-wait"),
        arguments: table(arguments),
    }))
}

/// basic.cancel
pub fn cancel(tag: &str, flags: &str) -> Method {
    let cancel = basic::Cancel { consumer_tag: name(tag), nowait: has(flags, "no-wait") };
    Method::Basic(basic::AMQPMethod::Cancel(cancel))
}

/// basic.get
pub fn get(queue: &str, flags: &str) -> Method {
    Method::Basic(basic::AMQPMethod::Get(basic::Get { queue: name(queue), no_ack: has(flags, "no-ack") }))
}

/// basic.ack
pub fn ack(delivery_tag: u64, flags: &str) -> Method {
    Method::Basic(basic::AMQPMethod::Ack(basic::Ack { delivery_tag, multiple: has(flags, "multiple") }))
}

/// basic.nack
pub fn nack(delivery_tag: u64, flags: &str) -> Method {
    Method::Basic(basic::AMQPMethod::Nack(basic::Nack {
        delivery_tag,
        multiple: has(flags, "multiple"),
        requeue: has(flags, "requeue"),
    }))
}

/// basic.reject
pub fn reject(delivery_tag: u64, flags: &str) -> Method {
    Method::Basic(basic::AMQPMethod::Reject(basic::Reject { delivery_tag, requeue: has(flags, "requeue") }))
}

/// basic.recover
pub fn recover(requeue: bool) -> Method {
    Method::Basic(basic::AMQPMethod::Recover(basic::Recover { requeue }))
}

/// basic.recover-async
pub fn recover_async(requeue: bool) -> Method {
    Method::Basic(basic::AMQPMethod::RecoverAsync(basic::RecoverAsync { requeue }))
}

/// confirm.select
pub fn confirm_select(flags: &str) -> Method {
    Method::Confirm(confirm::AMQPMethod::Select(confirm::Select { nowait: has(flags, "no-wait") }))
}

/// tx.select
pub fn tx_select() -> Method {
    Method::Tx(tx::AMQPMethod::Select(tx::Select {}))
}

/// tx.commit
pub fn tx_commit() -> Method {
    Method::Tx(tx::AMQPMethod::Commit(tx::Commit {}))
}

/// tx.rollback
pub fn tx_rollback() -> Method {
    Method::Tx(tx::AMQPMethod::Rollback(tx::Rollback {}))
}

/// The methods that most conversations use, each with its answer awaited.
impl Client {
    /// Opens a channel and uses it for the following methods.
    pub fn open(&mut self, channel: u16) {
        self.channel = channel;
        self.call(channel_open());
    }

    /// Declares a queue.
    pub fn queue(&mut self, queue: &str, flags: &str, arguments: Values) {
        self.call(queue_declare(queue, flags, arguments));
    }

    /// Binds a queue.
    pub fn bind(&mut self, queue: &str, exchange: &str, key: &str) {
        self.call(queue_bind(queue, exchange, key, "", NONE));
    }

    /// Declares an exchange.
    pub fn exchange(&mut self, exchange: &str, kind: &str, flags: &str, arguments: Values) {
        self.call(exchange_declare(exchange, kind, flags, arguments));
    }

    /// Publishes a message with a body of text and no properties.
    pub fn publish(&mut self, exchange: &str, key: &str, body: &str) {
        self.publish_as(exchange, key, "", &plain(), body.as_bytes());
    }

    /// Publishes a message with these headers.
    pub fn publish_headers(&mut self, exchange: &str, key: &str, values: Values, body: &str) {
        self.publish_as(exchange, key, "", &headers(values), body.as_bytes());
    }

    /// Publishes messages to a queue and waits for their confirms, on a connection of its own. Only a summary is recorded.
    pub fn fill(&mut self, queue: &str, bodies: &[&str]) {
        self.fill_as(queue, &plain(), bodies);
    }

    /// Fills a queue like [`Client::fill`], with properties.
    pub fn fill_as(&mut self, queue: &str, properties: &AMQPProperties, bodies: &[&str]) {
        self.note(format!("-> (publishes to {queue}: {})", bodies.join(" ")));
        let mut admin = Client::dial('-', Log::default(), &self.address, self.ears);
        let login = format!("\0{}\0{}", self.address.user, self.address.password);
        handshake(&mut admin, &[], login.as_bytes(), &self.address.vhost);
        admin.confirm();
        for body in bodies {
            admin.publish_as("", queue, "", properties, body.as_bytes());
        }
        admin.confirmed();
        admin.call_on(0, connection_close());
    }

    /// Puts the channel into confirm mode.
    pub fn confirm(&mut self) {
        self.call(confirm_select(""));
        self.expect_confirms();
    }

    /// Gets one message, which has to be acknowledged.
    pub fn get(&mut self, queue: &str) {
        self.call(get(queue, ""));
    }

    /// Gets one message without acknowledgement.
    pub fn take(&mut self, queue: &str) {
        self.call(get(queue, "no-ack"));
    }

    /// Polls a queue, without recording it, until it holds this number of messages.
    pub fn await_messages(&mut self, queue: &str, messages: usize) {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        let mut held = 0;
        while held < messages && Instant::now() < deadline {
            self.muted(|client| {
                let answer = client.call(queue_declare(queue, "passive", NONE));
                if let Some(Method::Queue(queue::AMQPMethod::DeclareOk(declared))) = answer {
                    held = declared.message_count as usize;
                }
                // A short pause between two polls.
                client.next(Instant::now() + Duration::from_millis(10));
            });
        }
        self.note(format!("-- {queue} holds {held}"));
    }

    /// Shows the number of messages and consumers of a queue.
    pub fn count(&mut self, queue: &str) {
        self.call(queue_declare(queue, "passive", NONE));
    }
}
