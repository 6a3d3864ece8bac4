//! Dead letters: what becomes of messages that were rejected, that got too old, or that a queue had no room for
//! ([RabbitMQ's dead letter exchanges](https://www.rabbitmq.com/docs/dlx)).

use std::sync::Arc;

use wire::{
    protocol::basic::AMQPProperties,
    types::{AMQPValue, FieldArray, FieldTable},
};

use crate::state::{
    Broker, binding,
    message::{Message, as_text, headers_of, text, without},
    queue::QueueId,
};

/// How many dead letters one command moves on before the broker listens to the next. What is left goes on after it.
const AT_A_TIME: usize = 10_000;

/// How many may wait to be moved on; further ones are lost. Only queues that dead-letter to each other in circles get there.
const WAITING: usize = 100_000;

/// Why a message is a dead letter.
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

/// A message that waits to be moved on.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    message: Arc<Message>,
    vhost: Arc<str>,
    queue: String,
    exchange: String,
    key: Option<String>,
    reason: Reason,
    redelivered: bool,
}

impl Broker {
    /// A queue gives a message up. Without a dead-letter exchange it is gone.
    pub(crate) fn dead_letter(&mut self, from: QueueId, message: Arc<Message>, reason: Reason, redelivered: bool) {
        let Some(queue) = self.queues.get(&from) else { return };
        let Some(exchange) = queue.settings.dead_letter_exchange.clone() else { return };
        if self.dead_letters.len() >= WAITING {
            return;
        }
        self.dead_letters.push_back(DeadLetter {
            message,
            vhost: queue.vhost.clone(),
            queue: queue.name.to_string(),
            exchange,
            key: queue.settings.dead_letter_routing_key.clone(),
            reason,
            redelivered,
        });
    }

    /// Moves dead letters on. They wait in a list, because one that arrives may push another one out, and so on.
    pub(crate) fn move_dead_letters(&mut self) {
        for _ in 0..AT_A_TIME {
            let Some(letter) = self.dead_letters.pop_front() else { return };
            self.move_dead_letter(&letter);
        }
    }

    fn move_dead_letter(&mut self, letter: &DeadLetter) {
        let properties = letter.message.read_properties();
        let deaths = deaths(&properties);
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
        // A message that comes back to a queue it has been to, and that nobody rejected on the way, would go in circles.
        to.retain(|id| {
            let comes_back = self.queues.get(id).is_some_and(|queue| {
                queue.name.as_str() == letter.queue || deaths.iter().any(|death| death.queue == queue.name.as_str())
            });
            let was_rejected =
                letter.reason == Reason::Rejected || deaths.iter().any(|death| death.reason == Reason::Rejected.word());
            !comes_back || was_rejected
        });
        if to.is_empty() {
            return;
        }
        let priority = properties.priority().unwrap_or(0);
        let properties = self.with_death(letter, properties, &copies);
        let bytes = wire::frame::write_properties(&properties);
        let message = Message::new(name, key, bytes, letter.message.body.clone(), &self.gauge);
        for id in to {
            self.enqueue(id, message.clone(), priority, None, letter.redelivered);
        }
    }

    /// Writes down, in the message's headers, where and why it died: `x-death`, the latest first, and who was first and last.
    fn with_death(&self, letter: &DeadLetter, properties: AMQPProperties, copies: &[String]) -> AMQPProperties {
        let headers = headers_of(&properties);
        let mut entries: Vec<AMQPValue> = match headers.inner().get("x-death") {
            Some(AMQPValue::FieldArray(entries)) => entries.as_slice().to_vec(),
            _ => Vec::new(),
        };
        let same = entries.iter().position(|entry| {
            Death::read(entry).is_some_and(|death| death.queue == letter.queue && death.reason == letter.reason.word())
        });
        let entry = match same.map(|at| entries.remove(at)) {
            Some(AMQPValue::FieldTable(mut entry)) => {
                let count = entry.inner().get("count").and_then(crate::state::message::as_integer).unwrap_or(0);
                entry.insert("count".into(), AMQPValue::LongLongInt(count.saturating_add(1)));
                entry
            }
            _ => {
                let mut keys = FieldArray::default();
                keys.push(text(&letter.message.routing_key));
                copies.iter().for_each(|key| keys.push(text(key)));
                let mut entry = FieldTable::default();
                entry.insert("count".into(), AMQPValue::LongLongInt(1));
                entry.insert("reason".into(), text(letter.reason.word()));
                entry.insert("queue".into(), text(&letter.queue));
                entry.insert("time".into(), AMQPValue::Timestamp(self.wall_clock()));
                entry.insert("exchange".into(), text(&letter.message.exchange));
                entry.insert("routing-keys".into(), AMQPValue::FieldArray(keys));
                if let Some(expiration) = properties.expiration() {
                    entry.insert("original-expiration".into(), text(expiration.as_str()));
                }
                entry
            }
        };
        entries.insert(0, AMQPValue::FieldTable(entry));
        let mut deaths = FieldArray::default();
        entries.into_iter().for_each(|entry| deaths.push(entry));
        let mut headers = without(&headers, if letter.key.is_some() { &["CC"] } else { &[] });
        headers.insert("x-death".into(), AMQPValue::FieldArray(deaths));
        let is_first = !headers.contains_key("x-first-death-reason");
        for which in if is_first { &["first", "last"][..] } else { &["last"] } {
            for (what, value) in [
                ("exchange", &*letter.message.exchange),
                ("queue", letter.queue.as_str()),
                ("reason", letter.reason.word()),
            ] {
                let name = format!("x-{which}-death-{what}");
                headers.insert(name.as_str().into(), text(value));
            }
        }
        without_expiration(properties.with_headers(headers))
    }
}

/// What an entry of `x-death` says.
struct Death {
    queue: String,
    reason: String,
}

impl Death {
    fn read(entry: &AMQPValue) -> Option<Death> {
        let AMQPValue::FieldTable(entry) = entry else { return None };
        let field = |name: &str| entry.inner().get(name).and_then(as_text).map(str::to_owned);
        Some(Death { queue: field("queue")?, reason: field("reason")? })
    }
}

fn deaths(properties: &AMQPProperties) -> Vec<Death> {
    match properties.headers().as_ref().and_then(|headers| headers.inner().get("x-death")) {
        Some(AMQPValue::FieldArray(entries)) => entries.as_slice().iter().filter_map(Death::read).collect(),
        _ => Vec::new(),
    }
}

/// The further routing keys in the header `CC`. Those of `BCC` were forgotten when the message was published.
fn copies(properties: &AMQPProperties) -> Vec<String> {
    match properties.headers().as_ref().and_then(|headers| headers.inner().get("CC")) {
        Some(AMQPValue::FieldArray(keys)) => keys.as_slice().iter().filter_map(as_text).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The properties without `expiration`: a dead letter does not get too old for what it was before.
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
