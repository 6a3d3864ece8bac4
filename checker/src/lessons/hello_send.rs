//! Lesson 01: send one message to the queue `hello`.

mod body;
mod publish;

use std::time::Duration;

use crate::{
    lessons::{
        Contract, Rule,
        sending::{self, SENT},
        steps,
        talk::Talk,
    },
    performance::{Part, Performance},
    program::Program,
    stage::Stage,
    verdict::{Finding, Note, Reason},
};

const QUEUE: &str = "hello";
const BODY: &str = "Hello World!";

/// How long the message may take to show in the queue after the program's end.
const PATIENCE: Duration = Duration::from_secs(1);

/// The contract.
pub struct HelloSend;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Of the program.
    pub performance: Performance,
    /// The bodies in the queue afterwards; None when there is no such queue.
    pub queued: Option<Vec<Vec<u8>>>,
}

impl Contract for HelloSend {
    type Evidence = Evidence;
    const ID: &'static str = "hello-send";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = false;
    const STEPS: &'static [Rule<Evidence>] = &[
        ("connect", |seen| steps::connect(&seen.performance)),
        ("declare", |seen| steps::declare(&seen.performance, QUEUE)),
        ("publish", publish::publish),
        ("print", |seen| sending::print(&seen.performance, BODY)),
        ("close", close),
    ];

    async fn play(stage: &mut Stage<'_>, program: &Program, _seed: u64) -> Result<Evidence, Reason> {
        let performance = stage.start(program).await?.end().await;
        let sent = Talk::of(&performance).publishes().filter(|(_, publish, _)| publish.routing_key.as_str() == QUEUE);
        let expected = sent.count().min(1);
        let queued = steps::drain(stage, &performance, QUEUE, expected, PATIENCE).await?;
        Ok(Evidence { performance, queued })
    }

    fn first(evidence: &Evidence) -> Option<&Performance> {
        Some(&evidence.performance)
    }

    fn notes(evidence: &Evidence) -> Vec<Note> {
        steps::transient_queue(&evidence.performance, QUEUE).into_iter().collect()
    }

    fn parts(evidence: Evidence) -> Vec<Part> {
        vec![evidence.performance.into()]
    }
}

/// `connection.close` by the program, and exit code 0.
fn close(seen: &Evidence) -> Finding {
    sending::close(&seen.performance, seen.queued.as_ref().is_some_and(|bodies| !bodies.is_empty()))
}
