//! A conversation, heard from outside: methods with their bodies put together again.

use std::{collections::HashMap, time::Duration};

use amq_protocol::protocol::{AMQPClass, basic, basic::AMQPProperties};
use bytes::{Bytes, BytesMut};

use crate::{
    codec::Codec,
    frame::{Frame, FrameError, Unit},
};

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The program under check: the client.
    Program,
    /// The broker.
    Broker,
}

/// Something that happened in a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Since the conversation's time zero.
    pub at: Duration,
    /// Orders events; what was said earlier has a smaller number.
    pub order: u64,
    /// Which connection, counted from 1.
    pub connection: u32,
    /// Who said it.
    pub from: Peer,
    /// What was said.
    pub what: What,
}

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A TCP connection was opened.
    Connected,
    /// The other side could not be reached, and why.
    Unreachable(String),
    /// A protocol header.
    ProtocolHeader([u8; 8]),
    /// A method, with its content when it carries one.
    Method {
        /// The channel; 0 is the connection itself.
        channel: u16,
        /// The method and its arguments.
        method: AMQPClass,
        /// For `basic.publish`, `basic.deliver`, `basic.return` and `basic.get-ok`.
        content: Option<Box<Content>>,
    },
    /// A frame that is well formed and says nothing that is known, or that has no place here.
    Strange {
        /// The channel it came on.
        channel: u16,
        /// Why.
        why: String,
        /// What is wrong with the frame, where it is one whose payload can't be read.
        unread: Option<FrameError>,
    },
    /// A sign of life.
    Heartbeat,
    /// Bytes that are not AMQP. Nothing after them is understood.
    Garbage(FrameError),
    /// This side sends no more. `reset`: it cut the connection instead of ending it.
    Ended {
        /// The connection was cut.
        reset: bool,
    },
}

/// A message: properties and body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// What the header frame says about the body.
    pub properties: AMQPProperties,
    /// How long the body is, in bytes, as the header frame announces it.
    pub size: u64,
    /// The body, or its start where it is longer than the listener keeps.
    pub body: Bytes,
    /// The whole body arrived, whether it was kept or not.
    pub complete: bool,
}

/// Hears one direction of one connection.
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
    /// None until the header frame came.
    size: Option<u64>,
    heard: u64,
    body: BytesMut,
}

impl Listener {
    /// The largest frame that a listener takes, in bytes: far above any `frame-max` in use (131,072 is RabbitMQ's).
    pub const LARGEST_FRAME: u32 = 16 * 1024 * 1024;

    /// A listener for a direction that is at its start. It keeps the first `keep` bytes of each body.
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

    /// Hears more bytes, in pieces of any size, and calls `say` for each thing that is complete now.
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

    /// The direction is at its end: says the contents that never became complete.
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
                self.finish(channel, say); // a method in the middle of a content: that one will never be whole
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

/// Whether a content header and body follow this method.
#[must_use]
pub fn carries_content(method: &AMQPClass) -> bool {
    use basic::AMQPMethod::{Deliver, GetOk, Publish, Return};
    matches!(method, AMQPClass::Basic(Publish(_) | Deliver(_) | Return(_) | GetOk(_)))
}
