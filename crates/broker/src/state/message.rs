//! A message: where it was published to, its properties, its body.

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

/// What a message costs beside its bytes, in bytes: an estimate of what the allocator and the queue need for it.
const OVERHEAD: usize = 160;

/// A message, as it was published. It never changes; queues and connections share it.
#[derive(Debug)]
pub struct Message {
    /// The exchange it was published to.
    pub exchange: Arc<str>,
    /// The key it was published with.
    pub routing_key: String,
    /// The property flags and the properties, as the publisher sent them: a broker passes on what it has no reason to read.
    pub properties: Bytes,
    /// The body.
    pub body: Bytes,
    /// How it died so far, the latest first.
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

    /// A message that has died before.
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

    /// The same message with other properties.
    pub(crate) fn with(&self, properties: &AMQPProperties) -> Arc<Message> {
        let (exchange, key, body) = (self.exchange.clone(), self.routing_key.clone(), self.body.clone());
        Message::dead(exchange, key, write_properties(properties), body, self.deaths.clone(), &self.gauge)
    }

    /// Its properties, read. They were readable when the message came in.
    #[must_use]
    pub fn read_properties(&self) -> AMQPProperties {
        read_properties(&self.properties).unwrap_or_default()
    }

    /// Whether its sender wants it to outlive a restart: delivery mode 2.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        *self.read_properties().delivery_mode() == Some(2)
    }

    /// How much memory it takes, in bytes.
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

/// Something that counts for as long as it is there: on a gauge it weighs so much.
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

/// How many bytes all messages take together. Messages that are on their way out live in other threads, so it is atomic.
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

/// Headers as a table of our own, to add to.
pub(crate) fn headers_of(properties: &AMQPProperties) -> FieldTable {
    properties.headers().clone().unwrap_or_default()
}

/// A table without these keys.
pub(crate) fn without(table: &FieldTable, keys: &[&str]) -> FieldTable {
    let mut rest = FieldTable::default();
    for (key, value) in table.inner() {
        if !keys.contains(&key.as_str()) {
            rest.insert(key.clone(), value.clone());
        }
    }
    rest
}

/// Whether two tables say the same. A float that is no number equals itself here: who bound something with one must be able
/// to take it back.
pub(crate) fn same_table(one: &FieldTable, other: &FieldTable) -> bool {
    let (one, other) = (one.inner(), other.inner());
    one.len() == other.len()
        && one.iter().zip(other).all(|((key, value), (other_key, other))| key == other_key && same_value(value, other))
}

/// As [`same_table`], for one value.
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

/// A text as a value in a table.
pub(crate) fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// A value that is text, when it is UTF-8.
pub(crate) fn as_text(value: &AMQPValue) -> Option<&str> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        _ => None,
    }
}

/// A value that is a whole number, of whatever width.
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
