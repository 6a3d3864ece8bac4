//! Dead letters: messages that were rejected, that expired, or that a queue had no room for
//! ([RabbitMQ's dead letter exchanges](https://www.rabbitmq.com/docs/dlx)).

use std::sync::Arc;

use wire::{
    protocol::basic::AMQPProperties,
    types::{AMQPValue, FieldArray, FieldTable},
};

use crate::state::{
    Broker, binding,
    message::{Message, as_text, headers_of, text},
    queue::QueueId,
};

/// The number of dead letters that one command moves before the broker handles the next command. The clock moves the rest.
const AT_A_TIME: usize = 256;

/// The largest number of waiting messages that have died before; further ones are lost. Only queues that dead-letter to
/// each other in circles reach it, because a message that dies for the first time was published by a client.
const WAITING: usize = 100_000;

/// The reason for a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Rejected,
    Expired,
    MaxLength,
    DeliveryLimit,
}

impl Reason {
    fn word(self) -> &'static str {
        match self {
            Reason::Rejected => "rejected",
            Reason::Expired => "expired",
            Reason::MaxLength => "maxlen",
            Reason::DeliveryLimit => "delivery_limit",
        }
    }
}

/// A message that waits to be moved to its dead-letter exchange.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    pub(crate) message: Arc<Message>,
    vhost: Arc<str>,
    queue: String,
    exchange: String,
    key: Option<String>,
    reason: Reason,
    failed: bool,
}

impl Broker {
    /// Dead-letters a message of a queue. Without a dead-letter exchange the message is dropped.
    pub(crate) fn dead_letter(&mut self, from: QueueId, message: Arc<Message>, reason: Reason, failed: bool) {
        let Some(queue) = self.queues.get(&from) else { return };
        let Some(exchange) = queue.settings.dead_letter_exchange.clone() else { return };
        if self.dead_letters.len() >= WAITING && !message.deaths.is_empty() {
            return;
        }
        self.dead_letters.push_back(DeadLetter {
            message,
            vhost: queue.vhost.clone(),
            queue: queue.name.to_string(),
            exchange,
            key: queue.settings.dead_letter_routing_key.clone(),
            reason,
            failed,
        });
    }

    /// Moves dead letters on. They wait in a list, because the arrival of one may push another one out, and so on.
    pub(crate) fn move_dead_letters(&mut self) {
        for _ in 0..AT_A_TIME {
            let Some(letter) = self.dead_letters.pop_front() else { return };
            self.move_dead_letter(&letter);
        }
    }

    fn move_dead_letter(&mut self, letter: &DeadLetter) {
        let properties = letter.message.read_properties();
        let Some(vhost) = self.vhosts.get(&letter.vhost) else { return };
        let Some(exchange) = vhost.exchanges.get(letter.exchange.as_str()) else { return };
        let copies = copies(&properties);
        let mut keys: Vec<&str> = Vec::new();
        match &letter.key {
            Some(key) => keys.push(key),
            None => {
                keys.push(&letter.message.routing_key);
                keys.extend(copies.iter().map(String::as_str));
            }
        }
        let headers = headers_of(&properties);
        let key = keys.first().copied().unwrap_or_default().to_owned();
        let mut to = binding::route(vhost, exchange, &keys, &headers);
        let name = exchange.name.clone();
        to.retain(|id| !self.queues.get(id).is_some_and(|queue| goes_in_circles(letter, queue.name.as_str())));
        if to.is_empty() {
            return;
        }
        let priority = *properties.priority();
        let deaths = self.with_death(letter, &properties, &copies);
        let bytes = wire::frame::write_properties(&written_down(&deaths, properties));
        let message = Message::dead(name, key, bytes, letter.message.body.clone(), deaths, &self.gauge);
        for id in to {
            self.enqueue(id, message.clone(), priority, None, letter.failed);
        }
    }

    /// Returns the message's deaths including this one: a new entry in front, or a higher count.
    fn with_death(&self, letter: &DeadLetter, properties: &AMQPProperties, copies: &[String]) -> Vec<Death> {
        let mut deaths = letter.message.deaths.clone();
        let same = deaths.iter().position(|death| death.queue == letter.queue && death.reason == letter.reason);
        let death = match same.map(|at| deaths.remove(at)) {
            Some(death) => Death { count: death.count.saturating_add(1), ..death },
            None => Death {
                queue: letter.queue.clone(),
                reason: letter.reason,
                count: 1,
                time: self.wall_clock(),
                exchange: letter.message.exchange.clone(),
                keys: std::iter::once(&letter.message.routing_key).chain(copies).cloned().collect(),
                expiration: properties.expiration().as_ref().map(ToString::to_string),
                is_first: deaths.is_empty(),
            },
        };
        deaths.insert(0, death);
        deaths
    }
}

/// Returns whether a message would return to a queue where it died, without a rejection in between: it would circulate for
/// ever.
fn goes_in_circles(letter: &DeadLetter, queue: &str) -> bool {
    let this = (letter.queue.as_str(), letter.reason);
    let before = letter.message.deaths.iter().map(|death| (death.queue.as_str(), death.reason));
    let mut reasons = Vec::new();
    for (name, reason) in std::iter::once(this).chain(before) {
        reasons.push(reason);
        if name == queue {
            return !reasons.contains(&Reason::Rejected);
        }
    }
    false
}

/// Records the deaths in the message's headers: `x-death`, the latest first, and the first and the last death. Values that
/// a publisher wrote are replaced.
fn written_down(deaths: &[Death], properties: AMQPProperties) -> AMQPProperties {
    let mut headers = headers_of(&properties);
    let mut array = FieldArray::default();
    deaths.iter().for_each(|death| array.push(death.to_value()));
    headers.insert("x-death".into(), AMQPValue::FieldArray(array));
    let first = deaths.iter().find(|death| death.is_first);
    for (which, death) in [("first", first), ("last", deaths.first())] {
        let Some(death) = death else { continue };
        for (what, value) in [("exchange", &*death.exchange), ("queue", &death.queue), ("reason", death.reason.word())]
        {
            headers.insert(format!("x-{which}-death-{what}").into(), text(value));
        }
    }
    without_expiration(properties.with_headers(headers))
}

/// One entry of `x-death`: all the deaths in one queue for one reason.
#[derive(Clone, Debug)]
pub(crate) struct Death {
    queue: String,
    reason: Reason,
    count: i64,
    /// The time of the first of them, in seconds since 1970.
    time: u64,
    exchange: Arc<str>,
    keys: Vec<String>,
    /// The original expiration that the publisher set.
    expiration: Option<String>,
    is_first: bool,
}

impl Death {
    /// Returns the memory of the entry in bytes: an estimate.
    pub(crate) fn cost(&self) -> usize {
        self.queue.len() + self.keys.iter().map(|key| 24 + key.len()).sum::<usize>() + 160
    }

    fn to_value(&self) -> AMQPValue {
        let mut keys = FieldArray::default();
        self.keys.iter().for_each(|key| keys.push(text(key)));
        let mut entry = FieldTable::default();
        entry.insert("count".into(), AMQPValue::LongLongInt(self.count));
        entry.insert("reason".into(), text(self.reason.word()));
        entry.insert("queue".into(), text(&self.queue));
        entry.insert("time".into(), AMQPValue::Timestamp(self.time));
        entry.insert("exchange".into(), text(&self.exchange));
        entry.insert("routing-keys".into(), AMQPValue::FieldArray(keys));
        if let Some(expiration) = &self.expiration {
            entry.insert("original-expiration".into(), text(expiration));
        }
        AMQPValue::FieldTable(entry)
    }
}

/// Returns the additional routing keys in the header `CC`. Those of `BCC` were removed when the message was published.
fn copies(properties: &AMQPProperties) -> Vec<String> {
    match properties.headers().as_ref().and_then(|headers| headers.inner().get("CC")) {
        Some(AMQPValue::FieldArray(keys)) => keys.as_slice().iter().filter_map(as_text).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Returns the properties without `expiration`: a dead letter does not expire again for its original expiration.
fn without_expiration(properties: AMQPProperties) -> AMQPProperties {
    macro_rules! keep {
        ($( $get:ident $set:ident ),*) => {{
            let mut kept = AMQPProperties::default();
            $( if let Some(value) = properties.$get().clone() { kept = kept.$set(value); } )*
            kept
        }};
    }
    keep!(
        content_type with_content_type, content_encoding with_content_encoding, headers with_headers,
        delivery_mode with_delivery_mode, priority with_priority, correlation_id with_correlation_id,
        reply_to with_reply_to, message_id with_message_id, timestamp with_timestamp, kind with_type,
        user_id with_user_id, app_id with_app_id, cluster_id with_cluster_id
    )
}
