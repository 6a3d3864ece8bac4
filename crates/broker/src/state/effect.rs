//! What the shell has to do.

use std::sync::Arc;

use wire::Method;

use crate::state::message::Message;

/// What the shell has to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Send this.
    Send(Output),
    /// Both sides agreed: the largest frame in bytes, and the heartbeat in seconds (0: none).
    Tuned {
        /// In bytes.
        frame_max: u32,
        /// In seconds.
        heartbeat: u16,
    },
    /// Stop reading: an alarm is on, and this connection publishes.
    Hold,
    /// Go on reading.
    Resume,
    /// Send what is to be sent, and end the socket.
    HangUp,
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Output {
    /// The answer to a client that speaks another version.
    ProtocolHeader([u8; 8]),
    /// A method without a content.
    Method {
        /// The channel.
        channel: u16,
        /// The method.
        method: Box<Method>,
    },
    /// A `basic.deliver` and its message.
    Deliver {
        /// The channel.
        channel: u16,
        /// The consumer tag.
        tag: Arc<str>,
        /// The delivery tag.
        delivery: u64,
        /// It was delivered before.
        redelivered: bool,
        /// The message.
        message: Arc<Message>,
    },
    /// A `basic.get-ok` or a `basic.return`, and its message.
    Content {
        /// The channel.
        channel: u16,
        /// The method.
        method: Box<Method>,
        /// The message.
        message: Arc<Message>,
    },
}

impl Output {
    /// How many bytes it takes on the wire, roughly: what the shell reports with [`crate::Broker::sent`].
    #[must_use]
    pub fn size(&self) -> usize {
        const METHOD: usize = 64;
        match self {
            Output::ProtocolHeader(_) => 8,
            Output::Method { .. } => METHOD,
            Output::Deliver { message, .. } | Output::Content { message, .. } => {
                METHOD + message.properties.len() + message.body.len()
            }
        }
    }
}
