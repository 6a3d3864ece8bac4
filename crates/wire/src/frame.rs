//! Frames: their bytes and their contents.

use std::fmt;

use amq_protocol::{
    frame::{AMQPContentHeader, AMQPFrame, WriteContext, gen_frame, parse_frame, parsing::parse_content_header},
    protocol::{
        AMQPClass,
        basic::{AMQPProperties, gen_properties, parse_properties},
        gen_class,
    },
};
use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::{fast_path, nesting};

/// The 8 bytes with which a client opens a connection for AMQP 0-9-1.
pub const PROTOCOL_HEADER: [u8; 8] = *b"AMQP\0\0\x09\x01";

/// The header with which older clients announce AMQP 0-9-1, in the form of 0-8. RabbitMQ accepts it.
const OLD_PROTOCOL_HEADER: [u8; 8] = *b"AMQP\x01\x01\0\x09";

/// Returns whether RabbitMQ accepts this header as that of AMQP 0-9-1.
#[must_use]
pub fn announces_0_9_1(header: &[u8; 8]) -> bool {
    [PROTOCOL_HEADER, OLD_PROTOCOL_HEADER].contains(header)
}

/// The number of bytes around a payload: type (1), channel (2) and size (4) before it, the end mark (1) after it.
pub const OVERHEAD: usize = 8;

/// The last byte of every frame.
pub const END: u8 = 0xCE;

/// The units of a byte stream: a protocol header at its start, then only frames.
#[derive(Clone, Debug, PartialEq)]
pub enum Unit {
    /// `AMQP` and a version: the opening of a client, and the answer of a broker that speaks another version.
    ProtocolHeader([u8; 8]),
    /// A frame.
    Frame(RawFrame),
}

/// A frame with a valid envelope, whose payload has not been read.
#[derive(Clone, Debug, PartialEq)]
pub struct RawFrame {
    /// The type of the frame, and so of its payload.
    pub kind: FrameKind,
    /// The channel it belongs to; 0 is the connection itself.
    pub channel: u16,
    /// The bytes between the envelope's front and its end mark.
    pub payload: Bytes,
}

/// The frame types of AMQP 0-9-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A method and its arguments.
    Method,
    /// The properties and the size of a body that follows.
    Header,
    /// A part of a body.
    Body,
    /// A heartbeat.
    Heartbeat,
}

impl FrameKind {
    /// Returns the frame type with this number, if there is one.
    #[must_use]
    pub fn from_octet(octet: u8) -> Option<FrameKind> {
        match octet {
            1 => Some(FrameKind::Method),
            2 => Some(FrameKind::Header),
            3 => Some(FrameKind::Body),
            8 => Some(FrameKind::Heartbeat),
            _ => None,
        }
    }

    /// Returns the number of this frame type.
    #[must_use]
    pub fn octet(self) -> u8 {
        match self {
            FrameKind::Method => 1,
            FrameKind::Header => 2,
            FrameKind::Body => 3,
            FrameKind::Heartbeat => 8,
        }
    }
}

/// The content of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// A method and its arguments.
    Method(AMQPClass),
    /// The properties of a content, and the size of its body in bytes.
    Header(AMQPContentHeader),
    /// A part of a body.
    Body(Bytes),
    /// A heartbeat.
    Heartbeat,
}

/// A reason why bytes are not an AMQP 0-9-1 frame.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum FrameError {
    /// The stream starts with something that is neither a protocol header nor a frame.
    NotAmqp(Vec<u8>),
    /// The first byte of a frame is not a frame type.
    UnknownType(u8),
    /// The envelope announces a larger payload than the reader accepts. Both sizes are in bytes.
    TooLarge {
        /// The size that the envelope announces.
        size: u32,
        /// The largest payload that the reader accepts.
        most: u32,
    },
    /// The byte after the payload is not the end mark.
    BadEnd(u8),
    /// A method frame whose payload is not a method of AMQP 0-9-1, or has arguments that can't be read.
    Method {
        /// The class number in the payload.
        class: u16,
        /// The method number in the payload.
        method: u16,
    },
    /// A method frame, or a header frame, with a table whose values can't be read.
    Table {
        /// The class number in the payload.
        class: u16,
        /// The method number in the payload; 0 for the headers of a message.
        method: u16,
        /// The key of the value that can't be read.
        key: String,
        /// The octet of that value's type.
        kind: u8,
    },
    /// A header frame whose properties can't be read.
    Header,
    /// A field table with more nested levels than [`nesting::DEEPEST`].
    TooDeep,
}

impl std::error::Error for FrameError {}

impl fmt::Display for FrameError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::NotAmqp(bytes) => {
                write!(to, "the stream starts with {}, which is not AMQP", crate::words::bytes(bytes))
            }
            FrameError::UnknownType(kind) => write!(to, "{kind} is no frame type (1, 2, 3 and 8 are)"),
            FrameError::TooLarge { size, most } => {
                write!(to, "the frame announces a payload of {size} bytes, and at most {most} are taken")
            }
            FrameError::BadEnd(end) => write!(to, "the frame ends with 0x{end:02X} instead of 0xCE"),
            FrameError::Method { class, method } => write!(to, "method {class}.{method} can't be read"),
            FrameError::Table { class, method, key, kind } => {
                let of = method_name(*class, *method).unwrap_or("a message");
                write!(to, "the table of {of} can't be read: {}", typed(key, *kind))
            }
            FrameError::Header => to.write_str("the content header can't be read"),
            FrameError::TooDeep => {
                write!(to, "a field table is nested deeper than {} levels", nesting::DEEPEST)
            }
        }
    }
}

/// The type octets with which clients write short strings into tables. To RabbitMQ the first means a 16-bit number, and the
/// second means nothing.
pub const SHORT_STRINGS: [u8; 2] = [b's', b'_'];

/// Describes a value of a table by its key and its type.
fn typed(key: &str, kind: u8) -> String {
    let what =
        if SHORT_STRINGS.contains(&kind) { "a short string".to_owned() } else { format!("of the type 0x{kind:02X}") };
    format!("{} is {what}", crate::words::quoted(key.as_bytes()))
}

/// Returns the name of a method that has a table.
#[must_use]
pub fn method_name(class: u16, method: u16) -> Option<&'static str> {
    Some(match (class, method) {
        (10, 10) => "connection.start",
        (10, 11) => "connection.start-ok",
        (40, 10) => "exchange.declare",
        (40, 30) => "exchange.bind",
        (40, 40) => "exchange.unbind",
        (50, 10) => "queue.declare",
        (50, 20) => "queue.bind",
        (50, 50) => "queue.unbind",
        (60, 20) => "basic.consume",
        _ => return None,
    })
}

impl RawFrame {
    /// Parses the payload.
    ///
    /// # Errors
    ///
    /// [`FrameError::Method`], [`FrameError::Table`], [`FrameError::Header`] or [`FrameError::TooDeep`], when the payload
    /// can't be read. The envelope is valid, so later frames can still be read.
    pub fn parse(&self) -> Result<Frame, FrameError> {
        if self.kind == FrameKind::Method
            && let Some(method) = fast_path::read(&self.payload)
        {
            return Ok(Frame::Method(method));
        }
        // amq-protocol's parser recurses once for each level, and the sender of the bytes chooses the number of levels.
        if nesting::is_too_deep(self.kind, &self.payload) {
            return Err(FrameError::TooDeep);
        }
        match self.kind {
            FrameKind::Method => {
                // amq-protocol exports a parser for whole frames, but none for methods.
                let mut whole = BytesMut::with_capacity(self.payload.len() + OVERHEAD);
                self.encode(&mut whole);
                match parse_frame(whole.as_ref()) {
                    Ok((_, AMQPFrame::Method(_, method))) => Ok(Frame::Method(method)),
                    _ => {
                        let (class, method) = self.method_id();
                        Err(match nesting::unread_value(self.kind, &self.payload) {
                            Some((key, kind)) => FrameError::Table { class, method, key, kind },
                            None => FrameError::Method { class, method },
                        })
                    }
                }
            }
            FrameKind::Header => match parse_content_header(self.payload.as_ref()) {
                Ok(([], header)) => Ok(Frame::Header(header)),
                _ => Err(match nesting::unread_value(self.kind, &self.payload) {
                    Some((key, kind)) => FrameError::Table { class: 60, method: 0, key, kind },
                    None => FrameError::Header,
                }),
            },
            FrameKind::Body => Ok(Frame::Body(self.payload.clone())),
            FrameKind::Heartbeat => Ok(Frame::Heartbeat),
        }
    }

    /// Returns the class and the method number at the start of a method frame; zeros if the payload is shorter than that.
    #[must_use]
    pub fn method_id(&self) -> (u16, u16) {
        let number = |at: usize| self.payload.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]));
        (number(0), number(2))
    }

    /// Splits a header frame and leaves the properties as bytes, because a broker passes them on unread.
    ///
    /// # Errors
    ///
    /// [`FrameError::Header`], when the payload is shorter than the fixed part of a content header.
    pub fn raw_header(&self) -> Result<RawHeader, FrameError> {
        let Some(fixed) = self.payload.first_chunk::<12>() else { return Err(FrameError::Header) };
        let [class_high, class_low, weight_high, weight_low, size @ ..] = *fixed;
        Ok(RawHeader {
            class: u16::from_be_bytes([class_high, class_low]),
            weight: u16::from_be_bytes([weight_high, weight_low]),
            size: u64::from_be_bytes(size),
            properties: self.payload.slice(12..),
        })
    }

    /// Appends the frame's bytes.
    pub fn encode(&self, to: &mut BytesMut) {
        put_frame(to, self.kind, self.channel, &self.payload);
    }
}

/// A content header whose properties have not been read.
#[derive(Clone, Debug, PartialEq)]
pub struct RawHeader {
    /// The class that the content belongs to: 60, `basic`.
    pub class: u16,
    /// Unused: 0.
    pub weight: u16,
    /// The size of the body in bytes.
    pub size: u64,
    /// The property flags and the properties.
    pub properties: Bytes,
}

impl RawHeader {
    /// Reads the properties.
    ///
    /// # Errors
    ///
    /// [`FrameError::Header`] or [`FrameError::TooDeep`].
    pub fn properties(&self) -> Result<AMQPProperties, FrameError> {
        read_properties(&self.properties)
    }
}

/// Reads property flags and the properties that are set.
///
/// # Errors
///
/// [`FrameError::Header`] or [`FrameError::TooDeep`].
pub fn read_properties(bytes: &[u8]) -> Result<AMQPProperties, FrameError> {
    if nesting::properties_are_too_deep(bytes) {
        return Err(FrameError::TooDeep);
    }
    match parse_properties(bytes) {
        Ok(([], properties)) => Ok(properties),
        _ => Err(FrameError::Header),
    }
}

/// Returns properties as bytes: the flags and the properties that are set.
#[must_use]
pub fn write_properties(properties: &AMQPProperties) -> Bytes {
    let written = gen_properties(properties)(WriteContext::from(Vec::new()));
    written.map_or_else(|_| Bytes::new(), |written| written.into_inner().0.into())
}

/// Appends a frame: the envelope around a payload.
pub fn put_frame(to: &mut BytesMut, kind: FrameKind, channel: u16, payload: &[u8]) {
    to.reserve(payload.len() + OVERHEAD);
    to.put_u8(kind.octet());
    to.put_u16(channel);
    to.put_u32(u32::try_from(payload.len()).unwrap_or(u32::MAX));
    to.put_slice(payload);
    to.put_u8(END);
}

/// The number of bytes that most methods of a broker fit into.
const SMALL: usize = 64;

/// Appends a method.
pub fn put_method(to: &mut BytesMut, channel: u16, method: &AMQPClass) {
    let written = gen_class(method)(WriteContext::from(Vec::with_capacity(SMALL)));
    let payload = written.map_or_else(|_| Vec::new(), |written| written.into_inner().0);
    put_frame(to, FrameKind::Method, channel, &payload);
}

/// Appends a content whose properties are bytes already. The body is split into frames as in [`content`].
pub fn put_content(to: &mut BytesMut, channel: u16, properties: &[u8], body: &[u8], frame_max: u32) {
    put_header(to, channel, properties, body.len());
    for part in body.chunks(largest_payload(frame_max)) {
        put_frame(to, FrameKind::Body, channel, part);
    }
}

/// Appends a content header whose properties are bytes already, for a body of this size in bytes.
pub fn put_header(to: &mut BytesMut, channel: u16, properties: &[u8], size: usize) {
    to.reserve(properties.len() + 12 + OVERHEAD);
    to.put_u8(FrameKind::Header.octet());
    to.put_u16(channel);
    to.put_u32(u32::try_from(properties.len() + 12).unwrap_or(u32::MAX));
    to.put_u16(60);
    to.put_u16(0);
    to.put_u64(size as u64);
    to.put_slice(properties);
    to.put_u8(END);
}

/// Appends a `basic.deliver`: the same bytes as [`method`] returns, but faster, because a broker writes it most often.
/// Names that are too long for a short string are cut.
pub fn put_deliver(to: &mut BytesMut, channel: u16, tag: &str, delivery: u64, redelivered: bool, from: (&str, &str)) {
    let short = |text: &'_ str| text.len().min(255);
    let (exchange, key) = from;
    let size = 4 + 1 + short(tag) + 8 + 1 + 1 + short(exchange) + 1 + short(key);
    to.reserve(size + OVERHEAD);
    to.put_u8(FrameKind::Method.octet());
    to.put_u16(channel);
    to.put_u32(u32::try_from(size).unwrap_or(u32::MAX));
    to.put_slice(&[0, 60, 0, 60]);
    let put_short = |to: &mut BytesMut, text: &str| {
        to.put_u8(u8::try_from(short(text)).unwrap_or(u8::MAX));
        to.put_slice(&text.as_bytes()[..short(text)]);
    };
    put_short(to, tag);
    to.put_u64(delivery);
    to.put_u8(u8::from(redelivered));
    put_short(to, exchange);
    put_short(to, key);
    to.put_u8(END);
}

/// Returns the largest payload of a frame under this `frame-max`, in bytes; 0 means no limit.
#[must_use]
pub fn largest_payload(frame_max: u32) -> usize {
    match frame_max as usize {
        0 => usize::MAX,
        max => max.saturating_sub(OVERHEAD).max(1),
    }
}

/// Returns a method as the bytes of its frame.
#[must_use]
pub fn method(channel: u16, method: AMQPClass) -> Bytes {
    generate(&AMQPFrame::Method(channel, method))
}

/// Returns a content as the bytes of its frames: the header, then the body in frames of at most `frame_max` bytes,
/// including the envelope (0 means no limit, as in `connection.tune`).
#[must_use]
pub fn content(channel: u16, properties: AMQPProperties, body: &[u8], frame_max: u32) -> Bytes {
    let header = AMQPContentHeader { class_id: 60, body_size: body.len() as u64, properties };
    let mut bytes = BytesMut::from(generate(&AMQPFrame::Header(channel, header)));
    for part in body.chunks(largest_payload(frame_max)) {
        put_frame(&mut bytes, FrameKind::Body, channel, part);
    }
    bytes.freeze()
}

fn generate(frame: &AMQPFrame) -> Bytes {
    let context = WriteContext::from(Vec::new());
    // Writing to a Vec can't fail, and amq-protocol's generators have no errors of their own.
    gen_frame(frame)(context).map_or_else(|_| Bytes::new(), |written| written.into_inner().0.into())
}
