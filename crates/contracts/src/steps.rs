//! Steps that more than one lesson has.

mod address;
mod connect;
mod declare;
mod line;
mod never_began;
mod unread;

pub use connect::connect;
pub use declare::{declare, is_stream, transient_queue};
pub use line::{line_on_stdout, logged, overwritten};
pub use unread::unread;

use crate::talk::{Close, Talk};

/// What the broker did with a close, in words: which method it refused, where it was one of the program's.
#[must_use]
pub fn what_the_broker_did(talk: Talk<'_>, close: &Close<'_>) -> String {
    match talk.refused(close) {
        Some(said) => format!("the broker refused its `{}`", said.name()),
        None => format!("the broker closed its {}", close.what()),
    }
}
