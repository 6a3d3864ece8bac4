//! AMQP 0-9-1 on the wire: bytes to frames and back, and frames to plain words.
//!
//! The modules are layers, and each can be used without the later ones:
//!
//! - [`frame`] and [`codec`]: one frame at a time. [`Codec`] splits a byte stream, in whatever pieces it arrives, into
//!   [`RawFrame`]s of a bounded size, and [`RawFrame::parse`] reads one. It is a [`tokio_util::codec`], so either side
//!   of a connection only needs a `Framed`.
//! - [`listen`]: a whole conversation. A [`Listener`] reads one direction of one connection and reports each [`What`]:
//!   methods with their reassembled bodies, heartbeats, garbage, the end.
//! - [`mod@words`]: a conversation for people. One line an event, with the handshake and the heartbeats folded away.
//! - [`sequence`]: the same as a picture.
//! - [`mod@why`]: the reason for each event.
//! - [`json`]: events as JSON, for scripts and for storage; without passwords ([`secrets`]).
//!
//! Methods and their fields come from the crate `amq-protocol`, and so from the specification; the framing is
//! [section 4.2 of AMQP 0-9-1](https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf). It is checked here because
//! `amq-protocol` does not report why it could not read a frame, and this crate must.

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

pub use amq_protocol::{frame::AMQPContentHeader, protocol, protocol::AMQPClass as Method, types, uri};
pub use codec::Codec;
pub use frame::{Frame, FrameError, RawFrame, Unit};
pub use listen::{Content, Event, Listener, Peer, What};
