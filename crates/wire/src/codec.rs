//! A codec that splits a byte stream, in whatever pieces it arrives, into frames.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use crate::frame::{END, FrameError, FrameKind, OVERHEAD, RawFrame, Unit};

/// Splits a byte stream into [`Unit`]s, and writes frames that were encoded before.
///
/// A codec serves either side: a stream may start with a protocol header or with a frame. After an error the start of the
/// next frame is unknown, so the stream can't be read any further.
#[derive(Clone, Debug)]
pub struct Codec {
    most: u32,
    started: bool,
}

impl Codec {
    /// Returns a codec for the start of a stream. `most` is the largest payload that it accepts, in bytes; a larger one is
    /// refused before any of it is buffered.
    #[must_use]
    pub fn new(most: u32) -> Codec {
        Codec { most, started: false }
    }

    /// Sets the largest accepted payload, in bytes, from now on: both sides have agreed on another `frame-max`.
    pub fn set_most(&mut self, most: u32) {
        self.most = most;
    }

    /// Takes the next unit out of `bytes`; returns None while it is incomplete.
    ///
    /// # Errors
    ///
    /// A [`FrameError`] about the envelope, as soon as the bytes that prove it have arrived.
    pub fn next(&mut self, bytes: &mut BytesMut) -> Result<Option<Unit>, FrameError> {
        if !self.started {
            return self.start(bytes);
        }
        let Some(&octet) = bytes.first() else { return Ok(None) };
        let kind = FrameKind::from_octet(octet).ok_or(FrameError::UnknownType(octet))?;
        let Some(front) = bytes.get(..7) else { return Ok(None) };
        let channel = u16::from_be_bytes([front[1], front[2]]);
        let size = u32::from_be_bytes([front[3], front[4], front[5], front[6]]);
        if size > self.most {
            return Err(FrameError::TooLarge { size, most: self.most });
        }
        let whole = size as usize + OVERHEAD;
        match bytes.get(whole - 1) {
            None => return Ok(None),
            Some(&END) => {}
            Some(&other) => return Err(FrameError::BadEnd(other)),
        }
        let mut frame = bytes.split_to(whole).freeze();
        frame.advance(7);
        frame.truncate(size as usize);
        Ok(Some(Unit::Frame(RawFrame { kind, channel, payload: frame })))
    }

    fn start(&mut self, bytes: &mut BytesMut) -> Result<Option<Unit>, FrameError> {
        let seen = bytes.len().min(4);
        if bytes.is_empty() || (bytes[..seen] == b"AMQP"[..seen] && bytes.len() < 8) {
            return Ok(None);
        }
        if bytes[..seen] == b"AMQP"[..] {
            self.started = true;
            let mut header = [0; 8];
            bytes.copy_to_slice(&mut header);
            return Ok(Some(Unit::ProtocolHeader(header)));
        }
        if FrameKind::from_octet(bytes[0]).is_none() {
            return Err(FrameError::NotAmqp(bytes[..bytes.len().min(16)].to_vec()));
        }
        self.started = true;
        self.next(bytes)
    }
}

/// An error of a [`Codec`] that is used as a `tokio_util` decoder.
#[derive(Debug)]
pub enum CodecError {
    /// The bytes are not AMQP 0-9-1.
    Frame(FrameError),
    /// The socket failed.
    Io(std::io::Error),
}

impl std::error::Error for CodecError {}

impl fmt::Display for CodecError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodecError::Frame(error) => error.fmt(to),
            CodecError::Io(error) => error.fmt(to),
        }
    }
}

impl From<FrameError> for CodecError {
    fn from(error: FrameError) -> CodecError {
        CodecError::Frame(error)
    }
}

impl From<std::io::Error> for CodecError {
    fn from(error: std::io::Error) -> CodecError {
        CodecError::Io(error)
    }
}

impl Decoder for Codec {
    type Item = Unit;
    type Error = CodecError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Unit>, CodecError> {
        Ok(self.next(bytes)?)
    }
}

/// Writes bytes made by [`crate::frame::method`] and [`crate::frame::content`].
impl Encoder<Bytes> for Codec {
    type Error = CodecError;

    fn encode(&mut self, frames: Bytes, to: &mut BytesMut) -> Result<(), CodecError> {
        to.extend_from_slice(&frames);
        Ok(())
    }
}
