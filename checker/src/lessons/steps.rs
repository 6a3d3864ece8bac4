//! Steps that more than one lesson has.

mod address;
mod connect;
mod declare;
mod line;
mod never_began;
mod unread;

pub use connect::connect;
pub use declare::{declare, transient_queue};
pub use line::{line_on_stdout, logged, overwritten};
pub use unread::unread;

use std::time::Duration;

use super::talk::{Close, Talk};
use crate::{performance::Performance, stage::Stage, verdict::Reason};

/// The bodies in the queue that this program declared, as [`Hand::drain`](crate::brokers::hand::Hand::drain) takes them.
///
/// # Errors
///
/// When the broker fails the checker.
pub async fn drain(
    stage: &Stage<'_>,
    seen: &Performance,
    queue: &str,
    expected: usize,
    patience: Duration,
) -> Result<Option<Vec<Vec<u8>>>, Reason> {
    let bodies = if declare::is_stream(seen, queue) {
        stage.hand.read_stream(queue, expected, patience).await
    } else {
        stage.hand.drain(queue, expected, patience).await
    };
    bodies.map_err(|error| stage.lost(&error))
}

/// What the broker did with a close, in words: which method it refused, where it was one of the program's.
#[must_use]
pub fn what_the_broker_did(talk: Talk<'_>, close: &Close<'_>) -> String {
    match talk.refused(close) {
        Some(said) => format!("the broker refused its `{}`", said.name()),
        None => format!("the broker closed its {}", close.what()),
    }
}
