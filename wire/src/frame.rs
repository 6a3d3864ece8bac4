//! One frame: its bytes, and what is in it.

use amq_protocol::{
    frame::{AMQPContentHeader, AMQPFrame, WriteContext, gen_frame, parse_frame, parsing::parse_content_header},
    protocol::{AMQPClass, basic::AMQPProperties},
};
use bytes::{BufMut, Bytes, BytesMut};

/// The 8 bytes a client opens with, for AMQP 0-9-1.
pub const PROTOCOL_HEADER: [u8; 8] = *b"AMQP\0\0\x09\x01";

/// Bytes around a payload: type (1), channel (2), size (4) in front, the end mark (1) behind.
pub const OVERHEAD: usize = 8;

/// The last byte of every frame.
pub const END: u8 = 0xCE;

/// What a byte stream is made of: a protocol header at its start, frames ever after.
#[derive(Clone, Debug, PartialEq)]
pub enum Unit {
    /// `AMQP` and a version: what a client opens with, and what a broker that wants another version answers.
    ProtocolHeader([u8; 8]),
    /// A frame.
    Frame(RawFrame),
}

/// A frame whose envelope is right; its payload has not been looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct RawFrame {
    /// What the payload is.
    pub kind: Kind,
    /// The channel it belongs to; 0 is the connection itself.
    pub channel: u16,
    /// The bytes between the envelope's front and its end mark.
    pub payload: Bytes,
}

/// The frame types of AMQP 0-9-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A method and its arguments.
    Method,
    /// The properties and the size of a body that follows.
    Header,
    /// A part of a body.
    Body,
    /// A sign of life.
    Heartbeat,
}

impl Kind {
    /// The frame type with this number, when there is one.
    #[must_use]
    pub fn from_octet(octet: u8) -> Option<Kind> {
        match octet {
            1 => Some(Kind::Method),
            2 => Some(Kind::Header),
            3 => Some(Kind::Body),
            8 => Some(Kind::Heartbeat),
            _ => None,
        }
    }
}

/// What is in a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// A method and its arguments.
    Method(AMQPClass),
    /// The properties of a content, and the size of its body in bytes.
    Header(AMQPContentHeader),
    /// A part of a body.
    Body(Bytes),
    /// A sign of life.
    Heartbeat,
}

/// Why bytes are no AMQP 0-9-1 frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The stream starts with something that is neither a protocol header nor a frame.
    #[error("the stream starts with {}, which is not AMQP", crate::words::bytes(.0))]
    NotAmqp(Vec<u8>),
    /// The first byte of a frame is no frame type.
    #[error("{0} is no frame type (1, 2, 3 and 8 are)")]
    UnknownType(u8),
    /// The envelope announces more than the reader takes. Both in bytes.
    #[error("the frame announces a payload of {size} bytes, and at most {most} are taken")]
    TooLarge {
        /// The size that the envelope announces.
        size: u32,
        /// The largest payload that the reader takes.
        most: u32,
    },
    /// The byte after the payload is not the end mark.
    #[error("the frame ends with 0x{0:02X} instead of 0xCE")]
    BadEnd(u8),
    /// A method frame whose payload is no method of AMQP 0-9-1, or has arguments that can't be read.
    #[error("method {class}.{method} can't be read")]
    Method {
        /// The class number in the payload.
        class: u16,
        /// The method number in the payload.
        method: u16,
    },
    /// A header frame whose properties can't be read.
    #[error("the content header can't be read")]
    Header,
}

impl RawFrame {
    /// Looks into the payload.
    ///
    /// # Errors
    ///
    /// [`FrameError::Method`] or [`FrameError::Header`], when the payload can't be read. The envelope was right, so the
    /// frames after it can still be.
    pub fn parse(&self) -> Result<Frame, FrameError> {
        match self.kind {
            Kind::Method => {
                // amq-protocol exports the parser of a whole frame, and not that of a method.
                let mut whole = BytesMut::with_capacity(self.payload.len() + OVERHEAD);
                self.encode(&mut whole);
                match parse_frame(whole.as_ref()) {
                    Ok((_, AMQPFrame::Method(_, method))) => Ok(Frame::Method(method)),
                    _ => {
                        let number = |at: usize| {
                            self.payload.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]))
                        };
                        Err(FrameError::Method { class: number(0), method: number(2) })
                    }
                }
            }
            Kind::Header => match parse_content_header(self.payload.as_ref()) {
                Ok(([], header)) => Ok(Frame::Header(header)),
                _ => Err(FrameError::Header),
            },
            Kind::Body => Ok(Frame::Body(self.payload.clone())),
            Kind::Heartbeat => Ok(Frame::Heartbeat),
        }
    }

    /// Appends the frame's bytes.
    pub fn encode(&self, to: &mut BytesMut) {
        to.reserve(self.payload.len() + OVERHEAD);
        to.put_u8(match self.kind {
            Kind::Method => 1,
            Kind::Header => 2,
            Kind::Body => 3,
            Kind::Heartbeat => 8,
        });
        to.put_u16(self.channel);
        to.put_u32(u32::try_from(self.payload.len()).unwrap_or(u32::MAX));
        to.put_slice(&self.payload);
        to.put_u8(END);
    }
}

/// A method as the bytes of its frame.
#[must_use]
pub fn method(channel: u16, method: AMQPClass) -> Bytes {
    generate(&AMQPFrame::Method(channel, method))
}

/// A content as the bytes of its frames: the header, then the body in frames that fit `frame_max` bytes, envelope included
/// (0 means no limit, as in `connection.tune`).
#[must_use]
pub fn content(channel: u16, properties: AMQPProperties, body: &[u8], frame_max: u32) -> Bytes {
    let header = AMQPContentHeader { class_id: 60, body_size: body.len() as u64, properties };
    let mut bytes = BytesMut::from(generate(&AMQPFrame::Header(channel, header)));
    let most = match frame_max as usize {
        0 => usize::MAX,
        max => max.saturating_sub(OVERHEAD).max(1),
    };
    for part in body.chunks(most) {
        RawFrame { kind: Kind::Body, channel, payload: Bytes::copy_from_slice(part) }.encode(&mut bytes);
    }
    bytes.freeze()
}

fn generate(frame: &AMQPFrame) -> Bytes {
    let context = WriteContext::from(Vec::new());
    // Writing to a Vec has no way to fail; amq-protocol's generators have no error of their own.
    gen_frame(frame)(context).map_or_else(|_| Bytes::new(), |written| written.into_inner().0.into())
}
