//! Events as JSON: one format for reports, recordings and `cargo xtask wire --format json`.
//!
//! [`readable`] is for people and their scripts: the method's name, and its arguments under the names of the specification.
//! [`Serialize`] adds `raw`, the original bytes, and [`Deserialize`] restores the event from `raw` alone. Neither contains
//! passwords.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Map, Value, json};

use crate::{
    Codec, Content, Event, Frame, FrameError, Listener, Method, Peer, Unit, What, fields,
    frame::{put_method, read_properties, write_properties},
    secrets,
};

/// Returns the event for a reader: `at_ms`, `connection`, `from`, `channel`, `method`, `args`, `body`. The value of
/// `method` contains a dot for a method of AMQP, and none for events of the socket.
#[must_use]
pub fn readable(event: &Event) -> Value {
    let (channel, method, args, body) = match &event.what {
        What::Method { channel, method, content } => {
            let described = fields::describe(method);
            let mut args = object(described.args);
            if let Some(content) = content {
                args.insert("properties".to_owned(), Value::Object(object(fields::properties(&content.properties))));
            }
            let body = content.as_ref().map_or(Value::Null, |content| fields::bytes_to_json(&content.body));
            (*channel, described.name, Value::Object(args), body)
        }
        What::Connected => (0, "connected", json!({}), Value::Null),
        What::Unreachable(why) => (0, "unreachable", json!({ "why": why }), Value::Null),
        What::ProtocolHeader(header) => {
            let version = format!("{}-{}-{}", header[5], header[6], header[7]);
            (0, "protocol-header", json!({ "version": version }), Value::Null)
        }
        What::Strange { channel, why, .. } => (*channel, "strange", json!({ "why": why }), Value::Null),
        What::Heartbeat => (0, "heartbeat", json!({}), Value::Null),
        What::Garbage(error) => (0, "garbage", json!({ "why": error.to_string() }), Value::Null),
        What::Ended { reset } => (0, "ended", json!({ "reset": reset }), Value::Null),
    };
    json!({
        "at_ms": milliseconds(event.at),
        "connection": event.connection,
        "from": match event.from { Peer::Program => "program", Peer::Broker => "broker" },
        "channel": channel,
        "method": method,
        "args": args,
        "body": body,
    })
}

fn object(pairs: Vec<(&'static str, Value)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns milliseconds with one decimal: precise enough for people.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Returns a time cut to whole microseconds, the precision in which times are stored.
#[must_use]
pub fn whole_microseconds(duration: Duration) -> Duration {
    Duration::from_micros(microseconds(duration))
}

/// Returns a time as a number of whole microseconds.
#[must_use]
pub fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A [`Duration`] as whole microseconds, for `#[serde(with = "wire::json::micros")]`.
pub mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the number of microseconds.
    ///
    /// # Errors
    ///
    /// The errors of the serializer.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        super::microseconds(*duration).serialize(serializer)
    }

    /// Reads the number of microseconds.
    ///
    /// # Errors
    ///
    /// An error when the value is not a whole number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_micros)
    }
}

/// The original bytes of an event.
#[derive(Deserialize, Serialize)]
struct Raw {
    at_us: u64,
    order: u64,
    #[serde(flatten)]
    what: RawWhat,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum RawWhat {
    Connected,
    Unreachable(String),
    ProtocolHeader([u8; 8]),
    Method {
        channel: u16,
        /// The frame's bytes, in base64.
        frame: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<RawContent>,
    },
    Strange {
        channel: u16,
        why: String,
        #[serde(default)]
        unread: Option<FrameError>,
    },
    Heartbeat,
    Garbage(FrameError),
    Ended {
        reset: bool,
    },
}

#[derive(Deserialize, Serialize)]
struct RawContent {
    /// The bytes of the properties in the content header, in base64.
    properties: String,
    /// The bytes of the body, in base64.
    body: String,
    size: u64,
    complete: bool,
}

#[derive(Deserialize)]
struct Stored {
    connection: u32,
    from: String,
    raw: Raw,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let what = match &self.what {
            What::Connected => RawWhat::Connected,
            What::Unreachable(why) => RawWhat::Unreachable(why.clone()),
            What::ProtocolHeader(header) => RawWhat::ProtocolHeader(*header),
            What::Method { channel, method, content } => {
                let mut frame = BytesMut::new();
                put_method(&mut frame, *channel, &secrets::taken_out(method));
                let content = content.as_ref().map(|content| RawContent {
                    properties: BASE64_STANDARD.encode(write_properties(&content.properties)),
                    body: BASE64_STANDARD.encode(&content.body),
                    size: content.size,
                    complete: content.complete,
                });
                RawWhat::Method { channel: *channel, frame: BASE64_STANDARD.encode(frame), content }
            }
            What::Strange { channel, why, unread } => {
                RawWhat::Strange { channel: *channel, why: why.clone(), unread: unread.clone() }
            }
            What::Heartbeat => RawWhat::Heartbeat,
            What::Garbage(error) => RawWhat::Garbage(error.clone()),
            What::Ended { reset } => RawWhat::Ended { reset: *reset },
        };
        let raw = Raw { at_us: microseconds(self.at), order: self.order, what };
        let mut value = readable(self);
        value["raw"] = serde_json::to_value(raw).map_err(serde::ser::Error::custom)?;
        value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Event, D::Error> {
        let Stored { connection, from, raw } = Stored::deserialize(deserializer)?;
        let what = match raw.what {
            RawWhat::Connected => What::Connected,
            RawWhat::Unreachable(why) => What::Unreachable(why),
            RawWhat::ProtocolHeader(header) => What::ProtocolHeader(header),
            RawWhat::Method { channel, frame, content } => {
                let method = method(&frame).map_err(D::Error::custom)?;
                let content = content.map(|content| content.read()).transpose().map_err(D::Error::custom)?;
                What::Method { channel, method, content: content.map(Box::new) }
            }
            RawWhat::Strange { channel, why, unread } => What::Strange { channel, why, unread },
            RawWhat::Heartbeat => What::Heartbeat,
            RawWhat::Garbage(error) => What::Garbage(error),
            RawWhat::Ended { reset } => What::Ended { reset },
        };
        let from = match from.as_str() {
            "program" => Peer::Program,
            "broker" => Peer::Broker,
            other => return Err(D::Error::custom(format!("`from` is {other:?}, and neither program nor broker"))),
        };
        Ok(Event { at: Duration::from_micros(raw.at_us), order: raw.order, connection, from, what })
    }
}

impl RawContent {
    fn read(&self) -> Result<Content, String> {
        let properties = read_properties(&decoded(&self.properties)?).map_err(|error| error.to_string())?;
        Ok(Content { properties, size: self.size, body: decoded(&self.body)?, complete: self.complete })
    }
}

fn method(frame: &str) -> Result<Method, String> {
    let mut bytes = BytesMut::from(&*decoded(frame)?);
    match Codec::new(Listener::LARGEST_FRAME).next(&mut bytes).map_err(|error| error.to_string())? {
        Some(Unit::Frame(frame)) => match frame.parse().map_err(|error| error.to_string())? {
            Frame::Method(method) => Ok(method),
            _ => Err("a frame in it is no method".to_owned()),
        },
        _ => Err("a frame in it is not whole".to_owned()),
    }
}

fn decoded(text: &str) -> Result<Bytes, String> {
    BASE64_STANDARD.decode(text).map(Bytes::from).map_err(|error| error.to_string())
}
