//! AMQP 0-9-1 on the wire: bytes to frames and back, and frames to plain words.
//!
//! Four layers, each usable without the next:
//!
//! - [`frame`] and [`codec`]: one frame at a time. [`Codec`] splits a byte stream, in whatever pieces it arrives, into
//!   [`RawFrame`]s of a bounded size; [`RawFrame::parse`] tells what is in one. It is a [`tokio_util::codec`], so either
//!   side of a connection is a `Framed` away.
//! - [`listen`]: a whole conversation. A [`Listener`] hears one direction of one connection and reports
//!   [`What`] was said: methods with their bodies put together again, heartbeats, garbage, the end.
//! - [`mod@words`]: what a person reads. One line an event, with the handshake and the heartbeats folded away.
//! - [`sequence`]: the same as a picture.
//! - [`mod@why`]: why a thing is said.
//! - [`json`]: an event as JSON, to be read and to be stored; without passwords ([`secrets`]).
//!
//! Methods and their fields come from the crate `amq-protocol`, and with it from the specification; the framing is
//! [section 4.2 of AMQP 0-9-1](https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf). The framing is checked here because
//! `amq-protocol` does not say why it could not read a frame, and telling that is what this crate is for.

pub mod codec;
mod fast_path;
pub mod fields;
pub mod frame;
pub mod json;
pub mod listen;
pub mod nesting;
pub mod secrets;
pub mod sequence;
pub mod why;
pub mod words;

pub use amq_protocol::{frame::AMQPContentHeader, protocol, protocol::AMQPClass as Method, types};
pub use codec::Codec;
pub use frame::{Frame, FrameError, RawFrame, Unit};
pub use listen::{Content, Event, Listener, Peer, What};
