//! Lesson 01: send one message to the queue `hello`.

mod body;

use std::time::Duration;

use crate::{
    lessons::{Contract, Rule, sending, steps, talk::Talk},
    performance::{Part, Performance},
    program::Program,
    stage::Stage,
    verdict::{Finding, Mistake, Reason},
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
        ("publish", publish),
        ("print", |seen| sending::print(&seen.performance, BODY)),
        ("close", |seen| {
            sending::close(&seen.performance, seen.queued.as_ref().is_some_and(|bodies| !bodies.is_empty()))
        }),
    ];

    async fn play(stage: &mut Stage<'_>, program: &Program, _seed: u64) -> Result<Evidence, Reason> {
        let performance = stage.start(program).await?.end().await;
        let sent = Talk::of(&performance).publishes().filter(|(_, publish, _)| publish.routing_key.as_str() == QUEUE);
        let expected = sent.count().min(1);
        let queued = stage.hand.drain(QUEUE, expected, PATIENCE).await.map_err(|error| stage.lost(&error))?;
        Ok(Evidence { performance, queued })
    }

    fn parts(evidence: Evidence) -> Vec<Part> {
        vec![evidence.performance.into()]
    }
}

/// Exactly one message, through the default exchange, with the right key and body; it is in the queue afterwards.
fn publish(seen: &Evidence) -> Finding {
    published(seen).into()
}

fn published(seen: &Evidence) -> Result<String, Mistake> {
    let published = sending::the_message(&seen.performance)?;
    sending::went_to(&seen.performance, published, QUEUE)?;
    let (said, _, content) = published;
    if content.body != BODY.as_bytes() {
        return Err(body::wrong(said.line(), &content.body, content.complete));
    }
    let talk = Talk::of(&seen.performance);
    match &seen.queued {
        Some(bodies) if bodies.iter().any(|body| body == BODY.as_bytes()) => {
            Ok(format!("{}; it is in the queue", said.line()))
        }
        // What a dropped connection took with it is the step `close`'s to tell.
        _ if !talk.closed_gently(said.connection) => Ok(said.line()),
        queued => Err(sending::lost(talk, content, QUEUE, queued.is_some()).seen(said.line())),
    }
}
