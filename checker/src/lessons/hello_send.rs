//! Lesson 01: send one message to the queue `hello`.

mod body;

use std::time::Duration;

use wire::{
    Content, Method, Peer,
    protocol::{basic, queue, tx},
    words::quoted,
};

use crate::{
    lessons::{
        Contract, Rule, ending, printed, steps,
        talk::{BASIC_PUBLISH, Talk},
    },
    performance::{Part, Performance},
    program::Program,
    stage::Stage,
    verdict::{Finding, Mistake, Reason},
};

const QUEUE: &str = "hello";
const BODY: &str = "Hello World!";
const SENT: &str = " [x] Sent";

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
        ("print", print),
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

/// Exactly one message, through the default exchange, with the right key and body; it is in the queue afterwards.
fn publish(seen: &Evidence) -> Finding {
    let talk = Talk::of(&seen.performance);
    let sent: Vec<_> = talk.publishes().collect();
    let Some((said, publish, content)) = sent.first() else { return not_published(seen, talk).into() };
    if sent.len() > 1 {
        return Mistake::new(format!(
            "The program publishes {} messages; the lesson asks for exactly one.",
            sent.len()
        ))
        .seen(sent.iter().take(3).map(|(said, ..)| said.line()).collect::<Vec<_>>().join("\n"))
        .hint("Publish once. A sent message cannot be taken back or replaced.")
        .into();
    }
    let refusal = talk.refusal(BASIC_PUBLISH);
    if !publish.exchange.as_str().is_empty() {
        let mistake = Mistake::new(format!(
            "The message goes to the exchange {}, not to the default exchange.",
            quoted(publish.exchange.as_str().as_bytes())
        ));
        let answer = refusal.map(|close| format!("\n{}", close.said.line())).unwrap_or_default();
        return mistake.seen(said.line() + &answer).hint("The default exchange has the empty name \"\".").into();
    }
    if let Some(close) = refusal {
        return Mistake::new(format!("The broker refused the message, and closed the {}.", close.what()))
            .seen(format!("{}\n{}", said.line(), close.said.line()))
            .hint(close.meaning("The broker's line says why."))
            .into();
    }
    let key = publish.routing_key.as_str();
    if key != QUEUE {
        let message = match key {
            "" => {
                "The message has no routing key, so the default exchange knows no queue for it and drops it.".to_owned()
            }
            key if key.eq_ignore_ascii_case(QUEUE) => {
                format!(
                    "The routing key is {}, and the queue is \"{QUEUE}\": upper and lower case differ, so the message is dropped.",
                    quoted(key.as_bytes())
                )
            }
            key if talk.declares().any(|(_, declare)| declare.queue.as_str() == key) => format!(
                "The message goes to the queue {}, which the program declares, too; the lesson's queue is `{QUEUE}`.",
                quoted(key.as_bytes())
            ),
            key => format!(
                "The routing key is {}, and no queue has that name, so the message is dropped without a word.",
                quoted(key.as_bytes())
            ),
        };
        return Mistake::new(message)
            .seen(said.line())
            .hint("The default exchange takes the routing key for the name of a queue: \"hello\".")
            .into();
    }
    if content.body != BODY.as_bytes() {
        return body::wrong(said.line(), &content.body, content.complete).into();
    }
    if let Some(mistake) = too_early(talk, said.order) {
        return mistake.seen(said.line()).into();
    }
    match &seen.queued {
        Some(bodies) if bodies.iter().any(|body| body == BODY.as_bytes()) => {
            Finding::Passed(format!("{}; it is in the queue", said.line()))
        }
        // What a dropped connection took with it is the step `close`'s to tell.
        _ if !talk.closed_gently(said.connection) => Finding::Passed(said.line()),
        queued => lost(talk, content, queued.is_some()).seen(said.line()).into(),
    }
}

fn not_published(seen: &Evidence, talk: Talk<'_>) -> Mistake {
    if let Some(panic) = ending::panic_of(&seen.performance) {
        return panic;
    }
    let unfinished = talk.methods().rfind(|said| said.from == Peer::Program);
    let claims = seen.performance.stdout.lines().iter().any(|line| line.starts_with(SENT));
    let message = if claims {
        "The program prints that it sent a message, and sent none: nothing was published."
    } else {
        "The program publishes no message."
    };
    let awaited = "In lapin, `channel.basic_publish(…).await?`. A future that is not awaited does nothing.";
    let hint = ending::why(&seen.performance).unwrap_or_else(|| awaited.to_owned());
    let mistake = Mistake::new(message).hint(hint);
    match unfinished {
        Some(said) => {
            mistake.seen(format!("the last it said: {}", wire::words::method_line(said.method, said.content)))
        }
        None => mistake.seen(ending::last_words(&seen.performance)),
    }
}

/// Published before the queue was there: the broker dropped it.
fn too_early(talk: Talk<'_>, published: u64) -> Option<Mistake> {
    let declared = talk.declares().find(|(_, declare)| declare.queue.as_str() == QUEUE && !declare.passive)?.0.order;
    (published < declared).then(|| {
        Mistake::new("The message was published before the queue was declared: the broker had no queue for it, and dropped it without a word.")
            .hint("Declare first, then publish.")
    })
}

/// It was published well, the connection was closed well, and it is not in the queue.
fn lost(talk: Talk<'_>, content: &Content, queue_is_there: bool) -> Mistake {
    let of_program = |fits: fn(&Method) -> bool| talk.said(fits).next().is_some();
    if of_program(|method| matches!(method, Method::Tx(tx::AMQPMethod::Select(_))))
        && !of_program(|method| matches!(method, Method::Tx(tx::AMQPMethod::Commit(_))))
    {
        return Mistake::new(
            "The message was published in a transaction that was not committed, so the broker forgot it.",
        )
        .hint("Leave the transaction out, or commit it.");
    }
    if of_program(|method| matches!(method, Method::Basic(basic::AMQPMethod::Get(_) | basic::AMQPMethod::Consume(_)))) {
        return Mistake::new("The message went into the queue, and the program took it out again.")
            .hint("A sender only sends; receiving is the next lesson.");
    }
    let mut emptied =
        talk.said(|method| matches!(method, Method::Queue(queue::AMQPMethod::Delete(_) | queue::AMQPMethod::Purge(_))));
    if let Some(said) = emptied.next() {
        let did = if matches!(said.method, Method::Queue(queue::AMQPMethod::Delete(_))) { "deleted" } else { "purged" };
        return Mistake::new(format!(
            "The message went into the queue, and then the program {did} the queue, and the message with it."
        ))
        .hint("A queue that is deleted or purged takes its messages along: leave that out.");
    }
    if let Some(time) = content.properties.expiration() {
        return Mistake::new(format!(
            "The message was published, and is not in the queue: its expiration is {}, so it lives for so many milliseconds.",
            quoted(time.as_str().as_bytes())
        ))
        .hint("Leave the property `expiration` out: a message without it stays until somebody takes it.");
    }
    let limits = ["x-message-ttl", "x-max-length", "x-max-length-bytes", "x-expires"];
    let limit = talk.declares().filter(|(_, declare)| declare.queue.as_str() == QUEUE).find_map(|(_, declare)| {
        limits.iter().find(|limit| declare.arguments.inner().keys().any(|key| key.as_str() == **limit))
    });
    if let Some(limit) = limit {
        return Mistake::new(format!(
            "The message was published, and is not in the queue: `{limit}`, with which the queue is declared, limits what it keeps."
        ))
        .hint("Declare the queue without arguments, as the lesson does.");
    }
    if !queue_is_there {
        return Mistake::new("The message went into the queue, and the queue did not keep it until the end.")
            .hint("A queue that deletes itself takes its messages along.");
    }
    Mistake::new("The message was published, and is not in the queue.")
        .hint("Is the queue limited in length or in time? Declare it without such arguments.")
}

/// The line, on stdout, once.
fn print(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    let expected = format!("{SENT} '{BODY}'");
    let says_it = |line: &str| printed::says(line, SENT, BODY);
    let stdout = performance.stdout.lines();
    let count = stdout.iter().filter(|line| says_it(line)).count();
    if count > 1 {
        return Mistake::new(format!("The program prints its line {}, and sends one message.", times(count)))
            .seen(stdout.join("\n"))
            .hint("Print it once, after publishing.")
            .into();
    }
    if count == 0 {
        if let Some(panic) = ending::panic_of(performance) {
            return panic.into();
        }
        if let Some(line) = stdout.iter().find(|line| printed::has_bytes_of(line, BODY)) {
            return Mistake::new(
                "The program prints the numbers of the bytes (their Debug form), not the text they stand for.",
            )
            .seen(line.clone())
            .hint("Print the text: in Rust, `{}` in `println!`, and `String::from_utf8_lossy` makes text of bytes.")
            .into();
        }
    }
    match steps::line_on_stdout(performance, &expected, says_it) {
        Ok(()) => Finding::Passed(expected),
        Err(mistake) => mistake.into(),
    }
}

fn times(count: usize) -> String {
    if count == 2 { "twice".to_owned() } else { format!("{count} times") }
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
    if let Some((number, _)) = talk.opened().iter().find(|(number, _)| !talk.closed_gently(*number)) {
        let kept = seen.queued.as_ref().is_some_and(|bodies| !bodies.is_empty());
        let fate = if kept { "This time the message made it." } else { "This time the message was lost with it." };
        return Mistake::new("The program ended without closing its connection: the socket dropped, and what was still under way could be lost.")
            .seen(format!("connection {number}: no connection.close from the program. {fate}"))
            .hint("Close it, and wait for the answer: in lapin, `connection.close(200, \"OK\".into()).await?`.")
            .into();
    }
    if let Some(mistake) = ending::bad_end(performance) {
        return mistake.into();
    }
    Finding::Passed("connection.close by the program, exit code 0".to_owned())
}
