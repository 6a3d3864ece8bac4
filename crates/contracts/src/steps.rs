//! Steps that more than one lesson has.

mod address;
mod connect;
mod declare;
mod line;
mod never_began;
mod unread;

pub use connect::connect;
pub use declare::{declare, is_stream, limit, transient_queue};
pub use line::{line_on_stdout, logged, overwritten};
pub use unread::unread;

use crate::{
    fault::{Phrase, faults::connect as faults},
    transcript::{Close, Transcript},
};

/// Returns the broker's action behind a close, as a part of a sentence: the refused method, if it was one of the program's.
pub(crate) fn what_the_broker_did(transcript: Transcript<'_>, close: &Close<'_>) -> Phrase {
    match transcript.refused(close) {
        Some(said) => faults::broker_refused(said.name()),
        None => faults::broker_closed(close.what()),
    }
}
