//! A listener that reads a conversation from outside, and reassembles methods with their bodies.

use std::{collections::HashMap, time::Duration};

use amq_protocol::protocol::{AMQPClass, basic, basic::AMQPProperties};
use bytes::{Bytes, BytesMut};

use crate::{
    codec::Codec,
    frame::{Frame, FrameError, Unit},
};

/// A side of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The program under check, which is the client.
    Program,
    /// The broker.
    Broker,
}

/// One event of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The time since the conversation's time zero.
    pub at: Duration,
    /// A number that orders events: earlier ones have smaller numbers.
    pub order: u64,
    /// The number of the connection, counted from 1.
    pub connection: u32,
    /// The side that caused it.
    pub from: Peer,
    /// The kind of the event, with its data.
    pub what: What,
}

/// The kind of an event, with its data.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A TCP connection was opened.
    Connected,
    /// The other side could not be reached, for this reason.
    Unreachable(String),
    /// A protocol header.
    ProtocolHeader([u8; 8]),
    /// A method, with its content when it carries one.
    Method {
        /// The channel; 0 is the connection itself.
        channel: u16,
        /// The method and its arguments.
        method: AMQPClass,
        /// The content of `basic.publish`, `basic.deliver`, `basic.return` and `basic.get-ok`.
        content: Option<Box<Content>>,
    },
    /// A well-formed frame with unknown contents, or one that does not belong in this place.
    Strange {
        /// The channel of the frame.
        channel: u16,
        /// The reason in words.
        why: String,
        /// The error in the payload, if the payload can't be read.
        unread: Option<FrameError>,
    },
    /// A heartbeat frame.
    Heartbeat,
    /// Bytes that are not AMQP. Everything after them is ignored.
    Garbage(FrameError),
    /// This side ended its direction. `reset`: it cut the connection instead of closing it.
    Ended {
        /// The connection was cut.
        reset: bool,
    },
}

/// The content of a message: properties and body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// The properties from the header frame.
    pub properties: AMQPProperties,
    /// The size of the body in bytes, as announced by the header frame.
    pub size: u64,
    /// The body, or its first bytes if it is longer than the listener keeps.
    pub body: Bytes,
    /// True if the whole body arrived, even if not all of it was kept.
    pub complete: bool,
}

/// A reader for one direction of one connection.
#[derive(Debug)]
pub struct Listener {
    codec: Codec,
    buffer: BytesMut,
    unfinished: HashMap<u16, Unfinished>,
    deaf: bool,
    keep: usize,
}

#[derive(Debug)]
struct Unfinished {
    method: AMQPClass,
    properties: AMQPProperties,
    /// The announced size of the body; None until the header frame has arrived.
    size: Option<u64>,
    heard: u64,
    body: BytesMut,
}

impl Listener {
    /// The largest frame that a listener accepts, in bytes: far above any `frame-max` in use (131,072 is RabbitMQ's).
    pub const LARGEST_FRAME: u32 = 16 * 1024 * 1024;

    /// Returns a listener for a direction from its start. It keeps the first `keep` bytes of each body.
    #[must_use]
    pub fn new(keep: usize) -> Listener {
        Listener {
            codec: Codec::new(Listener::LARGEST_FRAME),
            buffer: BytesMut::new(),
            unfinished: HashMap::new(),
            deaf: false,
            keep,
        }
    }

    /// Reads more bytes, in pieces of any size, and calls `say` for each event that they complete.
    pub fn hear(&mut self, bytes: &[u8], mut say: impl FnMut(What)) {
        if self.deaf {
            return;
        }
        self.buffer.extend_from_slice(bytes);
        loop {
            match self.codec.next(&mut self.buffer) {
                Ok(Some(unit)) => self.unit(unit, &mut say),
                Ok(None) => return,
                Err(error) => {
                    self.deaf = true;
                    self.buffer = BytesMut::new();
                    self.end(&mut say);
                    return say(What::Garbage(error));
                }
            }
        }
    }

    /// Ends the direction, and calls `say` for each content that was never completed.
    pub fn end(&mut self, mut say: impl FnMut(What)) {
        let mut channels: Vec<u16> = self.unfinished.keys().copied().collect();
        channels.sort_unstable();
        for channel in channels {
            self.finish(channel, &mut say);
        }
    }

    fn unit(&mut self, unit: Unit, say: &mut impl FnMut(What)) {
        let frame = match unit {
            Unit::ProtocolHeader(header) => return say(What::ProtocolHeader(header)),
            Unit::Frame(frame) => frame,
        };
        let channel = frame.channel;
        match frame.parse() {
            Ok(Frame::Method(method)) => {
                self.finish(channel, say); // a method in the middle of a content, which stays incomplete
                if carries_content(&method) {
                    let nothing = Unfinished {
                        method,
                        properties: AMQPProperties::default(),
                        size: None,
                        heard: 0,
                        body: BytesMut::new(),
                    };
                    self.unfinished.insert(channel, nothing);
                } else {
                    say(What::Method { channel, method, content: None });
                }
            }
            Ok(Frame::Header(header)) => match self.unfinished.get_mut(&channel) {
                Some(content) if content.size.is_none() => {
                    content.properties = header.properties;
                    content.size = Some(header.body_size);
                    if header.body_size == 0 {
                        self.finish(channel, say);
                    }
                }
                _ => say(strange(channel, "a content header that belongs to no method")),
            },
            Ok(Frame::Body(part)) => match self.unfinished.get_mut(&channel) {
                Some(Unfinished { size: Some(size), heard, body, .. }) => {
                    *heard += part.len() as u64;
                    let room = self.keep.saturating_sub(body.len());
                    body.extend_from_slice(&part[..part.len().min(room)]);
                    if *heard >= *size {
                        self.finish(channel, say);
                    }
                }
                _ => say(strange(channel, "a part of a body that belongs to no method")),
            },
            Ok(Frame::Heartbeat) => say(What::Heartbeat),
            Err(error) => say(What::Strange { channel, why: error.to_string(), unread: Some(error) }),
        }
    }

    fn finish(&mut self, channel: u16, say: &mut impl FnMut(What)) {
        if let Some(Unfinished { method, properties, size, heard, body }) = self.unfinished.remove(&channel) {
            let complete = size == Some(heard);
            let content = Content { properties, size: size.unwrap_or(0), body: body.freeze(), complete };
            say(What::Method { channel, method, content: Some(Box::new(content)) });
        }
    }
}

fn strange(channel: u16, why: &str) -> What {
    What::Strange { channel, why: why.to_owned(), unread: None }
}

/// Returns whether a content header and a body follow this method.
#[must_use]
pub fn carries_content(method: &AMQPClass) -> bool {
    use basic::AMQPMethod::{Deliver, GetOk, Publish, Return};
    matches!(method, AMQPClass::Basic(Publish(_) | Deliver(_) | Return(_) | GetOk(_)))
}
