//! Lesson 01: send one message to the queue `hello`.

mod body;
mod lost;
mod publish;

use std::time::Duration;

use wire::{Method, Peer, protocol::channel};

use crate::{
    lessons::{
        Contract, Rule, ending,
        sending::{self, SENT},
        steps,
        talk::{Said, Talk},
    },
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
        ("publish", publish::publish),
        ("print", |seen| sending::print(&seen.performance, BODY)),
        ("close", close),
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

/// `connection.close` by the program, and exit code 0.
fn close(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    let talk = Talk::of(performance);
    if let Some(panic) = ending::panic_of(performance) {
        return panic.into();
    }
    if performance.exit.is_some_and(|exit| exit.overdue) {
        return Mistake::new("The program was still running at its time limit; a sender ends when it has sent.")
            .seen(ending::last_words(performance))
            .hint("Close the connection and let `main` return. Does it wait for something that never comes?")
            .into();
    }
    let opened = talk.opened();
    let open: Vec<u32> =
        opened.iter().map(|(number, _)| *number).filter(|number| !talk.closed_gently(*number)).collect();
    if let Some(number) = open.first() {
        return not_closed(seen, talk, *number, [open.len(), opened.len()]).into();
    }
    if let Some(mistake) = ending::bad_end(performance) {
        return mistake.into();
    }
    Finding::Passed("connection.close by the program, exit code 0".to_owned())
}

/// `number` is a connection that the program left open; of how many it closed none, and of how many it had.
fn not_closed(seen: &Evidence, talk: Talk<'_>, number: u32, [open, all]: [usize; 2]) -> Mistake {
    let channel = talk.closes(Peer::Program).map(|close| close.said).find(|said| {
        let answered = |method: &Method| matches!(method, Method::Channel(channel::AMQPMethod::CloseOk(_)));
        said.connection == number && talk.answer(said, |method| answered(method).then_some(())).is_some()
    });
    let what = match channel {
        _ if open < all => format!("closed {} of its {all} connections", all - open),
        Some(_) => "closed its channel, and not its connection".to_owned(),
        None => "ended without closing its connection".to_owned(),
    };
    let kept = seen.queued.as_ref().is_some_and(|bodies| !bodies.is_empty());
    let fate = if kept { "This time the message made it." } else { "This time the message was lost with it." };
    let line = channel.as_ref().map(|said| format!("{}\n", Said::line(said))).unwrap_or_default();
    let hint = "Close it, and wait for the answer: in lapin, `connection.close(200, \"OK\".into()).await?`.";
    let more = match channel {
        _ if open < all => " One connection is enough for a program.",
        Some(_) => " Keep the `Connection` as long as its channel.",
        None => "",
    };
    Mistake::new(format!("The program {what}: the socket dropped, and what was still under way could be lost."))
        .seen(format!("{line}connection {number}: no connection.close from the program.\n{fate}"))
        .hint(format!("{hint}{more}"))
}
