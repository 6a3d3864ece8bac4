//! An event as it is kept: methods and properties as the bytes they were, so that nothing of them is lost, and no password.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use wire::{
    Codec, Content, Frame, FrameError, Listener, Method, Peer, Unit, fields,
    frame::{put_method, read_properties, write_properties},
    protocol::connection::{self, AMQPMethod as Connection},
    words,
};

/// At most so much of one body is kept, in bytes.
const MOST_OF_A_BODY: usize = 64 * 1024;

/// An event.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Event {
    at_us: u64,
    connection: u32,
    from: From,
    what: What,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum From {
    Program,
    Broker,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Connected,
    Unreachable(String),
    ProtocolHeader([u8; 8]),
    Method {
        channel: u16,
        /// The frame's bytes, in base64.
        frame: String,
        content: Option<Message>,
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

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Message {
    /// As in a content header, in base64.
    properties: String,
    /// The body, or its start, in base64.
    body: String,
    size: u64,
    complete: bool,
}

impl std::convert::From<&wire::Event> for Event {
    fn from(event: &wire::Event) -> Event {
        let what = match &event.what {
            wire::What::Connected => What::Connected,
            wire::What::Unreachable(why) => What::Unreachable(why.clone()),
            wire::What::ProtocolHeader(header) => What::ProtocolHeader(*header),
            wire::What::Method { channel, method, content } => {
                let mut frame = BytesMut::new();
                put_method(&mut frame, *channel, &without_password(method));
                let content = content.as_ref().map(|content| Message {
                    properties: BASE64_STANDARD.encode(write_properties(&content.properties)),
                    body: BASE64_STANDARD.encode(&content.body[..content.body.len().min(MOST_OF_A_BODY)]),
                    size: content.size,
                    complete: content.complete,
                });
                What::Method { channel: *channel, frame: BASE64_STANDARD.encode(frame), content }
            }
            wire::What::Strange { channel, why, unread } => {
                What::Strange { channel: *channel, why: why.clone(), unread: unread.clone() }
            }
            wire::What::Heartbeat => What::Heartbeat,
            wire::What::Garbage(error) => What::Garbage(error.clone()),
            wire::What::Ended { reset } => What::Ended { reset: *reset },
        };
        Event {
            at_us: u64::try_from(event.at.as_micros()).unwrap_or(u64::MAX),
            connection: event.connection,
            from: match event.from {
                Peer::Program => From::Program,
                Peer::Broker => From::Broker,
            },
            what,
        }
    }
}

impl Event {
    /// About how much room it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let rest = match &self.what {
            What::Method { frame, content, .. } => {
                frame.len() + content.as_ref().map_or(0, |content| content.properties.len() + content.body.len())
            }
            What::Unreachable(why) | What::Strange { why, .. } => why.len(),
            _ => 0,
        };
        rest + 64
    }

    /// The event as it was, at this place in the order.
    pub(super) fn event(&self, order: u64) -> Result<wire::Event, String> {
        let what = match &self.what {
            What::Connected => wire::What::Connected,
            What::Unreachable(why) => wire::What::Unreachable(why.clone()),
            What::ProtocolHeader(header) => wire::What::ProtocolHeader(*header),
            What::Method { channel, frame, content } => {
                let content = content.as_ref().map(Message::content).transpose()?;
                wire::What::Method { channel: *channel, method: method(frame)?, content: content.map(Box::new) }
            }
            What::Strange { channel, why, unread } => {
                wire::What::Strange { channel: *channel, why: why.clone(), unread: unread.clone() }
            }
            What::Heartbeat => wire::What::Heartbeat,
            What::Garbage(error) => wire::What::Garbage(error.clone()),
            What::Ended { reset } => wire::What::Ended { reset: *reset },
        };
        let from = match self.from {
            From::Program => Peer::Program,
            From::Broker => Peer::Broker,
        };
        Ok(wire::Event { at: Duration::from_micros(self.at_us), order, connection: self.connection, from, what })
    }
}

impl Message {
    fn content(&self) -> Result<Content, String> {
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

/// A method with its secrets taken out; who logged in stays.
fn without_password(method: &Method) -> Method {
    let hidden = || fields::HIDDEN.as_bytes().to_vec();
    let Method::Connection(method) = method else { return method.clone() };
    Method::Connection(match method {
        Connection::StartOk(start_ok) => {
            let user = words::login(start_ok);
            let response = match (user, start_ok.mechanism.as_str()) {
                (Some(user), "PLAIN") => [b"\0".as_slice(), user.as_bytes(), b"\0", &hidden()].concat(),
                (Some(user), "AMQPLAIN") => {
                    let size = u32::try_from(user.len()).unwrap_or(u32::MAX).to_be_bytes();
                    [b"\x05LOGINS".as_slice(), &size, user.as_bytes()].concat()
                }
                _ => hidden(),
            };
            Connection::StartOk(connection::StartOk { response: response.into(), ..start_ok.clone() })
        }
        Connection::SecureOk(_) => Connection::SecureOk(connection::SecureOk { response: hidden().into() }),
        Connection::UpdateSecret(update) => {
            Connection::UpdateSecret(connection::UpdateSecret { new_secret: hidden().into(), ..update.clone() })
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use wire::protocol::{basic, queue};

    use super::*;

    fn events(whats: Vec<wire::What>) -> Vec<wire::Event> {
        let event = |(order, what): (u64, wire::What)| wire::Event {
            at: Duration::from_micros(order * 1500),
            order,
            connection: 1,
            from: if order.is_multiple_of(2) { Peer::Program } else { Peer::Broker },
            what,
        };
        (0..).zip(whats).map(event).collect()
    }

    fn start_ok(mechanism: &str, response: &[u8]) -> wire::What {
        let start_ok = connection::StartOk {
            mechanism: mechanism.into(),
            response: response.to_vec().into(),
            ..connection::StartOk::default()
        };
        wire::What::Method { channel: 0, method: Method::Connection(Connection::StartOk(start_ok)), content: None }
    }

    /// Written and read again.
    fn again(events: &[wire::Event]) -> (String, Vec<wire::Event>) {
        let kept: Vec<Event> = events.iter().map(Event::from).collect();
        let text = serde_json::to_string(&kept).unwrap();
        let read: Vec<Event> = serde_json::from_str(&text).unwrap();
        (text, (0..).zip(&read).map(|(order, event)| event.event(order).unwrap()).collect())
    }

    #[test]
    fn all_that_can_be_said_survives() {
        let declare = queue::Declare { queue: "hello".into(), durable: true, ..queue::Declare::default() };
        let publish = basic::Publish { routing_key: "hello".into(), ..basic::Publish::default() };
        let content = Content {
            properties: basic::AMQPProperties::default().with_delivery_mode(2).with_content_type("text/plain".into()),
            size: 10,
            body: Bytes::from_static(b"\xff\0Hello"),
            complete: false,
        };
        let said = events(vec![
            wire::What::Connected,
            wire::What::Unreachable("no route".to_owned()),
            wire::What::ProtocolHeader(*b"AMQP\0\0\x09\x01"),
            wire::What::Method {
                channel: 3,
                method: Method::Queue(queue::AMQPMethod::Declare(declare)),
                content: None,
            },
            wire::What::Method {
                channel: 1,
                method: Method::Basic(basic::AMQPMethod::Publish(publish)),
                content: Some(Box::new(content)),
            },
            wire::What::Strange { channel: 1, why: "odd".to_owned(), unread: Some(FrameError::Header) },
            wire::What::Heartbeat,
            wire::What::Garbage(FrameError::NotAmqp(b"HTTP/1.1".to_vec())),
            wire::What::Garbage(FrameError::TooLarge { size: 1, most: 0 }),
            wire::What::Ended { reset: true },
        ]);
        assert_eq!(again(&said).1, said);
    }

    #[test]
    fn a_password_is_not_kept_and_who_logged_in_is() {
        let amqplain = b"\x05LOGINS\0\0\0\x03ann\x08PASSWORDS\0\0\0\x06secret";
        let said =
            events(vec![start_ok("PLAIN", b"\0ann\0secret"), start_ok("AMQPLAIN", amqplain), start_ok("X", b"secret")]);
        let (text, read) = again(&said);
        let secret = BASE64_STANDARD.encode("secret");
        assert!(!text.contains("secret") && !text.contains(secret.trim_end_matches('=')), "{text}");
        for (event, user) in read.iter().zip([Some("ann"), Some("ann"), None]) {
            let wire::What::Method { method: Method::Connection(Connection::StartOk(start_ok)), .. } = &event.what
            else {
                panic!("{event:?}")
            };
            assert_eq!(words::login(start_ok).as_deref(), user);
            assert!(!start_ok.response.as_bytes().windows(6).any(|window| window == b"secret"), "{start_ok:?}");
        }
    }
}
