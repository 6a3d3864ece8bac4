//! Tasks for the shell.

use std::sync::Arc;

use wire::Method;

use crate::state::message::Message;

/// A task for the shell.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Send this output.
    Send(Output),
    /// Both sides agreed on the largest frame and on the heartbeat.
    Tuned {
        /// The largest frame in bytes.
        frame_max: u32,
        /// The heartbeat in seconds; 0 means none.
        heartbeat: u16,
    },
    /// Stop reading: an alarm is active, and this connection publishes.
    Hold,
    /// Continue reading.
    Resume,
    /// Send the remaining output, and end the socket.
    HangUp,
}

/// An output for a client.
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
        /// True if the message was delivered before.
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
    /// Returns the approximate number of bytes on the wire, which the shell reports with [`crate::Broker::sent`].
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
