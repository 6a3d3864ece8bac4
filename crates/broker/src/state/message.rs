//! Messages: exchange and routing key, properties, body.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::state::dead_letter::Death;
use bytes::Bytes;
use wire::{
    frame::{read_properties, write_properties},
    protocol::basic::AMQPProperties,
    types::{AMQPValue, FieldTable},
};

/// The memory that a message takes in addition to its bytes, in bytes: an estimate for the allocator and the queue.
const OVERHEAD: usize = 160;

/// A message as it was published. It never changes; queues and connections share it.
#[derive(Debug)]
pub struct Message {
    /// The exchange that it was published to.
    pub exchange: Arc<str>,
    /// The routing key that it was published with.
    pub routing_key: String,
    /// The property flags and the properties, as the publisher sent them: a broker passes on what it need not read.
    pub properties: Bytes,
    /// The body.
    pub body: Bytes,
    /// Its deaths so far, the latest first.
    pub(crate) deaths: Vec<Death>,
    pub(crate) gauge: Gauge,
}

impl Message {
    pub(crate) fn new(
        exchange: Arc<str>,
        routing_key: String,
        properties: Bytes,
        body: Bytes,
        gauge: &Gauge,
    ) -> Arc<Message> {
        Message::dead(exchange, routing_key, properties, body, Vec::new(), gauge)
    }

    /// Returns a message that has died before.
    pub(crate) fn dead(
        exchange: Arc<str>,
        routing_key: String,
        properties: Bytes,
        body: Bytes,
        deaths: Vec<Death>,
        gauge: &Gauge,
    ) -> Arc<Message> {
        let message = Message { exchange, routing_key, properties, body, deaths, gauge: gauge.clone() };
        gauge.add(message.cost());
        Arc::new(message)
    }

    /// Returns the same message with other properties.
    pub(crate) fn with(&self, properties: &AMQPProperties) -> Arc<Message> {
        let (exchange, key, body) = (self.exchange.clone(), self.routing_key.clone(), self.body.clone());
        Message::dead(exchange, key, write_properties(properties), body, self.deaths.clone(), &self.gauge)
    }

    /// Returns its properties, parsed. They were valid when the message arrived.
    #[must_use]
    pub fn read_properties(&self) -> AMQPProperties {
        read_properties(&self.properties).unwrap_or_default()
    }

    /// Returns whether it should survive a restart: delivery mode 2.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        *self.read_properties().delivery_mode() == Some(2)
    }

    /// Returns the memory that it takes, in bytes.
    pub(crate) fn cost(&self) -> usize {
        let deaths: usize = self.deaths.iter().map(Death::cost).sum();
        self.body.len() + self.properties.len() + self.routing_key.len() + deaths + OVERHEAD
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        self.gauge.take(self.cost());
    }
}

/// An amount that is counted on a gauge for as long as this value exists.
#[derive(Debug)]
pub(crate) struct Weight {
    gauge: Gauge,
    much: usize,
}

impl Weight {
    pub(crate) fn new(gauge: &Gauge, much: usize) -> Weight {
        gauge.add(much);
        Weight { gauge: gauge.clone(), much }
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.gauge.take(self.much);
    }
}

/// The number of bytes that all messages take together. It is atomic because messages that are being sent live in other
/// threads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge(Arc<AtomicUsize>);

impl Gauge {
    pub(crate) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn take(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Returns a copy of the headers, which can be changed.
pub(crate) fn headers_of(properties: &AMQPProperties) -> FieldTable {
    properties.headers().clone().unwrap_or_default()
}

/// Returns a copy of the table without these keys.
pub(crate) fn without(table: &FieldTable, keys: &[&str]) -> FieldTable {
    let mut rest = FieldTable::default();
    for (key, value) in table.inner() {
        if !keys.contains(&key.as_str()) {
            rest.insert(key.clone(), value.clone());
        }
    }
    rest
}

/// Returns whether two tables are equal. NaN equals itself here, so that a client can remove a binding with it.
pub(crate) fn same_table(one: &FieldTable, other: &FieldTable) -> bool {
    let (one, other) = (one.inner(), other.inner());
    one.len() == other.len()
        && one.iter().zip(other).all(|((key, value), (other_key, other))| key == other_key && same_value(value, other))
}

/// Compares two values as [`same_table`] does.
pub(crate) fn same_value(one: &AMQPValue, other: &AMQPValue) -> bool {
    match (one, other) {
        (AMQPValue::Float(one), AMQPValue::Float(other)) => one == other || (one.is_nan() && other.is_nan()),
        (AMQPValue::Double(one), AMQPValue::Double(other)) => one == other || (one.is_nan() && other.is_nan()),
        (AMQPValue::FieldTable(one), AMQPValue::FieldTable(other)) => same_table(one, other),
        (AMQPValue::FieldArray(one), AMQPValue::FieldArray(other)) => {
            let (one, other) = (one.as_slice(), other.as_slice());
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        _ => one == other,
    }
}

/// Returns a text as a value of a table.
pub(crate) fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// Returns the text of a value, if it is UTF-8.
pub(crate) fn as_text(value: &AMQPValue) -> Option<&str> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        _ => None,
    }
}

/// Returns the whole number in a value, of any width.
pub(crate) fn as_integer(value: &AMQPValue) -> Option<i64> {
    match *value {
        AMQPValue::ShortShortInt(number) => Some(number.into()),
        AMQPValue::ShortShortUInt(number) => Some(number.into()),
        AMQPValue::ShortInt(number) => Some(number.into()),
        AMQPValue::ShortUInt(number) => Some(number.into()),
        AMQPValue::LongInt(number) => Some(number.into()),
        AMQPValue::LongUInt(number) => Some(number.into()),
        AMQPValue::LongLongInt(number) => Some(number),
        _ => None,
    }
}
