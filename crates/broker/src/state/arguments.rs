//! The `x-` arguments of a queue: their allowed values and their meaning.
//!
//! RabbitMQ's [optional arguments](https://www.rabbitmq.com/docs/queues#optional-arguments). An unknown argument is kept,
//! and has no effect.

use std::fmt::Display;

use wire::types::{AMQPValue, FieldTable};

use crate::state::{
    erlang,
    message::{as_integer, as_text, same_value},
    refusal::{Done, Refusal},
};

/// The longest time that RabbitMQ accepts, in ms: ten years.
pub(crate) const LONGEST: i64 = 315_360_000_000;

/// The highest priority of a message in a quorum queue.
const HIGHEST_IN_QUORUM: u8 = 31;

/// The treatment of a message that a full queue has no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// The oldest message is dropped.
    #[default]
    DropHead,
    /// The new message is rejected.
    RejectPublish,
    /// The new message is rejected and dead-lettered.
    RejectPublishDlx,
}

/// The settings that a queue was declared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settings {
    /// True for a quorum queue: replicated on a RabbitMQ cluster, while here it only counts deliveries.
    pub(crate) quorum: bool,
    /// The longest time that a message may wait, in ms.
    pub(crate) message_ttl: Option<u64>,
    /// The longest time that the queue may be unused, in ms.
    pub(crate) expires: Option<u64>,
    /// The largest number of messages that may wait.
    pub(crate) max_length: Option<u64>,
    /// The largest number of bytes of bodies that may wait.
    pub(crate) max_length_bytes: Option<u64>,
    pub(crate) overflow: Overflow,
    pub(crate) dead_letter_exchange: Option<String>,
    pub(crate) dead_letter_routing_key: Option<String>,
    /// The highest priority, 0 to 255; 0 for a queue without priorities.
    pub(crate) max_priority: u8,
    pub(crate) single_active_consumer: bool,
    /// The number of times that a message may come back to a quorum queue.
    pub(crate) delivery_limit: Option<u64>,
}

/// A check of an argument's value.
type Check = fn(&AMQPValue) -> Result<(), String>;

const KNOWN: [(&str, Check); 14] = [
    ("x-expires", expires),
    ("x-message-ttl", ttl),
    ("x-dead-letter-routing-key", string),
    ("x-dead-letter-strategy", |value| one_of(value, &["at-most-once", "at-least-once"], "invalid_dlx_strategy")),
    ("x-max-length", length),
    ("x-max-length-bytes", length),
    ("x-max-in-memory-length", length),
    ("x-max-in-memory-bytes", length),
    ("x-max-priority", priority),
    ("x-overflow", |value| one_of(value, &["drop-head", "reject-publish", "reject-publish-dlx"], "invalid_overflow")),
    ("x-queue-leader-locator", |value| one_of(value, &["client-local", "balanced"], "invalid_queue_locator_arg")),
    ("x-queue-version", version),
    ("x-single-active-consumer", boolean),
    ("x-quorum-initial-group-size", positive),
];

/// Arguments that a classic queue can't have.
const NOT_FOR_CLASSIC: [&str; 12] = [
    "x-max-age",
    "x-stream-max-segment-size-bytes",
    "x-stream-filter-size-bytes",
    "x-initial-cluster-size",
    "x-max-in-memory-length",
    "x-max-in-memory-bytes",
    "x-quorum-initial-group-size",
    "x-quorum-target-group-size",
    "x-delivery-limit",
    "x-dead-letter-strategy",
    "x-consumer-timeout",
    "x-consumer-disconnected-timeout",
];

/// Arguments that a quorum queue can't have.
const NOT_FOR_QUORUM: [&str; 7] = [
    "x-max-age",
    "x-stream-max-segment-size-bytes",
    "x-stream-filter-size-bytes",
    "x-initial-cluster-size",
    "x-max-priority",
    "x-queue-mode",
    "x-queue-version",
];

impl Settings {
    /// Reads and checks the arguments; `of` names the queue in error texts.
    pub(crate) fn read(arguments: &FieldTable, of: &str) -> Done<Settings> {
        if let Some(exchange) = arguments.inner().get("x-dead-letter-exchange") {
            check_name("x-dead-letter-exchange", exchange, of)?;
        }
        if let Some(kind) = arguments.inner().get("x-queue-type") {
            queue_type(kind).map_err(|why| invalid("x-queue-type", of, &why))?;
        }
        let (others, kind) = match kind_of(arguments) {
            "quorum" => (&NOT_FOR_QUORUM[..], "rabbit_quorum_queue"),
            "stream" => (&[][..], "rabbit_stream_queue"),
            _ => (&NOT_FOR_CLASSIC[..], "rabbit_classic_queue"),
        };
        if let Some(name) = others.iter().find(|name| arguments.contains_key(name)) {
            return Err(Refusal::precondition_failed(format!("invalid arg '{name}' for {of} of queue type {kind}")));
        }
        for (name, check) in KNOWN {
            if let Some(value) = arguments.inner().get(name) {
                check(value).map_err(|why| invalid(name, of, &why))?;
            }
        }
        let get = |name: &str| arguments.inner().get(name);
        let number = |name: &str| get(name).and_then(as_integer).and_then(|number| u64::try_from(number).ok());
        let text = |name: &str| get(name).and_then(as_text).map(str::to_owned);
        let settings = Settings {
            quorum: kind_of(arguments) == "quorum",
            message_ttl: number("x-message-ttl"),
            expires: number("x-expires"),
            max_length: number("x-max-length"),
            max_length_bytes: number("x-max-length-bytes"),
            overflow: match text("x-overflow").as_deref() {
                Some("reject-publish") => Overflow::RejectPublish,
                Some("reject-publish-dlx") => Overflow::RejectPublishDlx,
                _ => Overflow::DropHead,
            },
            dead_letter_exchange: text("x-dead-letter-exchange"),
            dead_letter_routing_key: text("x-dead-letter-routing-key"),
            max_priority: number("x-max-priority").and_then(|number| u8::try_from(number).ok()).unwrap_or(0),
            single_active_consumer: get("x-single-active-consumer") == Some(&AMQPValue::Boolean(true)),
            delivery_limit: number("x-delivery-limit"),
        };
        if settings.dead_letter_routing_key.is_some() && settings.dead_letter_exchange.is_none() {
            return Err(invalid("x-dead-letter-routing-key", of, "routing_key_but_no_dlx_defined"));
        }
        Ok(settings)
    }
}

impl Settings {
    /// Returns the highest priority that the queue distinguishes from lower ones.
    pub(crate) fn highest_priority(&self) -> u8 {
        if self.quorum { HIGHEST_IN_QUORUM } else { self.max_priority }
    }
}

/// Returns the requested kind of queue.
pub(crate) fn kind_of(arguments: &FieldTable) -> &str {
    match arguments.inner().get("x-queue-type").and_then(as_text) {
        None | Some("") => "classic",
        Some(kind) => kind,
    }
}

/// Checks the type of an argument that names an exchange.
pub(crate) fn check_name(argument: &str, value: &AMQPValue, of: &str) -> Done {
    match value {
        AMQPValue::LongString(_) => Ok(()),
        other => Err(Refusal::precondition_failed(format!(
            "invalid type '{}' for arg '{argument}' in {of}",
            erlang::type_name(other)
        ))),
    }
}

/// The arguments by which two declarations of a queue are compared, in RabbitMQ's order.
pub(crate) const COMPARED: [&str; 13] = [
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-single-active-consumer",
    "x-max-priority",
    "x-overflow",
    "x-queue-mode",
    "x-queue-type",
    "x-delivery-limit",
    "x-quorum-initial-group-size",
];

/// Checks that an argument is the same as in the first declaration. Whole numbers of different widths are equal.
pub(crate) fn equivalent(name: &str, of: &str, received: &FieldTable, current: &FieldTable) -> Done {
    if name == "x-queue-type" {
        let (received, current) = (kind_of(received), kind_of(current));
        if received == current {
            return Ok(());
        }
        return Err(Refusal::inequivalent(name, of, format!("'{received}'"), format!("'{current}'")));
    }
    let (received, current) = (received.inner().get(name), current.inner().get(name));
    let refuse =
        |received: &dyn Display, current: &dyn Display| Err(Refusal::inequivalent(name, of, received, current));
    let value =
        |value: &AMQPValue| format!("the value '{}' of type '{}'", erlang::render(value), erlang::type_name(value));
    match (received, current) {
        (None, None) => Ok(()),
        (Some(received), None) => refuse(&value(received), &"none"),
        (None, Some(current)) => refuse(&"none", &value(current)),
        (Some(received), Some(current)) => {
            let same = match (as_integer(received), as_integer(current)) {
                (Some(received), Some(current)) => received == current,
                _ => same_value(received, current),
            };
            let (received, current) = (erlang::render(received), erlang::render(current));
            if same { Ok(()) } else { refuse(&format!("'{received}'"), &format!("'{current}'")) }
        }
    }
}

fn invalid(name: &str, of: &str, why: &str) -> Refusal {
    Refusal::precondition_failed(format!("invalid arg '{name}' for {of}: {why}"))
}

fn integer(value: &AMQPValue) -> Result<i64, String> {
    as_integer(value).ok_or_else(|| format!("\"expected integer, got {}\"", erlang::type_name(value)))
}

fn length(value: &AMQPValue) -> Result<(), String> {
    match integer(value)? {
        number if number < 0 => Err(format!("{{value_negative,{number}}}")),
        _ => Ok(()),
    }
}

fn ttl(value: &AMQPValue) -> Result<(), String> {
    length(value)?;
    match integer(value)? {
        number if number > LONGEST => Err(format!("{{value_too_large,{number}}}")),
        _ => Ok(()),
    }
}

fn expires(value: &AMQPValue) -> Result<(), String> {
    if integer(value)? == 0 {
        return Err("{value_zero,0}".to_owned());
    }
    ttl(value)
}

fn positive(value: &AMQPValue) -> Result<(), String> {
    if integer(value)? == 0 {
        return Err("{value_zero,0}".to_owned());
    }
    length(value)
}

fn priority(value: &AMQPValue) -> Result<(), String> {
    length(value)?;
    match integer(value)? {
        number if number > 255 => Err(format!("{{max_value_exceeded,{number}}}")),
        _ => Ok(()),
    }
}

fn version(value: &AMQPValue) -> Result<(), String> {
    match integer(value)? {
        2 => Ok(()),
        number => Err(format!("\"unsupported queue version '{number}'\"")),
    }
}

fn boolean(value: &AMQPValue) -> Result<(), String> {
    match value {
        AMQPValue::Boolean(_) => Ok(()),
        other => Err(format!("{{unacceptable_type,{}}}", erlang::type_name(other))),
    }
}

fn string(value: &AMQPValue) -> Result<(), String> {
    match value {
        AMQPValue::LongString(_) => Ok(()),
        other => Err(format!("{{unacceptable_type,{}}}", erlang::type_name(other))),
    }
}

fn one_of(value: &AMQPValue, words: &[&str], otherwise: &str) -> Result<(), String> {
    string(value)?;
    match as_text(value) {
        Some(word) if words.contains(&word) => Ok(()),
        _ => Err(otherwise.to_owned()),
    }
}

fn queue_type(value: &AMQPValue) -> Result<(), String> {
    string(value)?;
    match as_text(value) {
        Some("" | "classic" | "quorum" | "stream") => Ok(()),
        _ => Err(format!("\"unsupported queue type '{}'\"", erlang::render(value))),
    }
}
