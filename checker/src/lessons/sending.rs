//! What all have in common who send one message to a queue.

use wire::{
    Content, Method, Peer,
    protocol::{basic, queue::AMQPMethod as Queue, tx},
    words::quoted,
};

use crate::{
    lessons::{
        ending, printed, steps,
        talk::{BASIC_PUBLISH, Said, Talk},
    },
    performance::Performance,
    verdict::{Finding, Mistake},
};

/// How the line begins that a sender prints.
pub const SENT: &str = " [x] Sent";

/// A message that was published.
pub type Published<'a> = (Said<'a>, &'a basic::Publish, &'a Content);

/// The one message that the program published.
///
/// # Errors
///
/// The mistake: none, or several.
pub fn the_message(seen: &Performance) -> Result<Published<'_>, Mistake> {
    let talk = Talk::of(seen);
    let sent: Vec<_> = talk.publishes().collect();
    match sent.as_slice() {
        [] => Err(not_published(seen, talk)),
        [one] => Ok(*one),
        several => Err(Mistake::new(format!(
            "The program publishes {} messages; the lesson asks for exactly one.",
            several.len()
        ))
        .seen(several.iter().take(3).map(|(said, ..)| said.line()).collect::<Vec<_>>().join("\n"))
        .hint("Publish once. A sent message cannot be taken back or replaced.")),
    }
}

fn not_published(seen: &Performance, talk: Talk<'_>) -> Mistake {
    if let Some(panic) = ending::panic_of(seen) {
        return panic;
    }
    let unfinished = talk.methods().rfind(|said| said.from == Peer::Program);
    let claims = seen.stdout.lines().iter().any(|line| line.starts_with(SENT));
    let message = if claims {
        "The program prints that it sent a message, and sent none: nothing was published."
    } else {
        "The program publishes no message."
    };
    let awaited = "Publish it: `channel.basic_publish(…).await?`. A future that is not awaited does nothing.";
    let mistake = match ending::why(seen) {
        Some(why) => Mistake::new(format!("{message} {}", why.cause)).hint(why.remedy),
        None => Mistake::new(message).hint(awaited),
    };
    match unfinished {
        Some(said) => mistake
            .seen(format!("its last words to the broker: {}", wire::words::method_line(said.method, said.content))),
        None => mistake.seen(ending::last_words(seen)),
    }
}

/// It went through the default exchange, to this queue, which was there, and the broker took it.
///
/// # Errors
///
/// The mistake.
pub fn went_to(seen: &Performance, (said, publish, _): Published<'_>, queue: &str) -> Result<(), Mistake> {
    let talk = Talk::of(seen);
    let refusal = talk.refusal(BASIC_PUBLISH);
    if !publish.exchange.as_str().is_empty() {
        let answer = refusal.map(|close| format!("\n{}", close.said.line())).unwrap_or_default();
        return Err(Mistake::new(format!(
            "The message goes to the exchange {}, not to the default exchange.",
            quoted(publish.exchange.as_str().as_bytes())
        ))
        .seen(said.line() + &answer)
        .hint(format!("A message goes to an exchange, never straight to a queue. Publish to the default one, which has the empty name, with the queue's name as the key: `basic_publish(\"\".into(), \"{queue}\".into(), …)`.")));
    }
    if let Some(close) = refusal {
        return Err(close.mistake(talk, &format!("The broker refused the message, and closed the {}.", close.what())));
    }
    let key = publish.routing_key.as_str();
    if key != queue {
        let message = match key {
            "" => {
                "The message has no routing key, so the default exchange knows no queue for it and drops it.".to_owned()
            }
            key if key.eq_ignore_ascii_case(queue) => format!(
                "The routing key is {}, and the queue is \"{queue}\": upper and lower case differ, and where no queue has the key for its name, the message is dropped without a word.",
                quoted(key.as_bytes())
            ),
            key if talk.declares().any(|(_, declare)| declare.queue.as_str() == key) => format!(
                "The message goes to the queue {}, which the program declares, too; the lesson's queue is `{queue}`.",
                quoted(key.as_bytes())
            ),
            key => format!(
                "The routing key is {}, and the queue is \"{queue}\": where no queue has the key for its name, the message is dropped without a word.",
                quoted(key.as_bytes())
            ),
        };
        return Err(Mistake::new(message)
            .seen(said.line())
            .hint(format!("The default exchange uses the routing key as a queue's name: make it \"{queue}\".")));
    }
    let declared = talk.declares().find(|(_, declare)| declare.queue.as_str() == queue && !declare.passive);
    if declared.is_some_and(|(declared, _)| said.order < declared.order) {
        return Err(Mistake::new("The message was published before the queue was declared: the broker had no queue for it, and dropped it without a word.")
            .seen(said.line())
            .hint("Declare first, then publish."));
    }
    Ok(())
}

/// It was published well, the connection was closed well, and it is not in the queue.
#[must_use]
pub fn lost(talk: Talk<'_>, content: &Content, queue: &str, queue_is_there: bool) -> Mistake {
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
    let mut emptied = talk.said(|method| matches!(method, Method::Queue(Queue::Delete(_) | Queue::Purge(_))));
    if let Some(said) = emptied.next() {
        let did = if matches!(said.method, Method::Queue(Queue::Delete(_))) { "deleted" } else { "purged" };
        return Mistake::new(format!(
            "The message went into the queue, and then the program {did} the queue, and the message with it."
        ))
        .hint("A queue that is deleted or purged takes its messages along: leave that out.");
    }
    if let Some(time) = content.properties.expiration() {
        return Mistake::new(format!(
            "The message was published, and is not in the queue: its expiration is {}, so the broker drops it after so many milliseconds.",
            quoted(time.as_str().as_bytes())
        ))
        .hint("Leave the property `expiration` out: a message without it stays until somebody takes it.");
    }
    let limits = ["x-message-ttl", "x-max-length", "x-max-length-bytes", "x-expires"];
    let limit = talk.declares().filter(|(_, declare)| declare.queue.as_str() == queue).find_map(|(_, declare)| {
        limits.iter().find(|limit| declare.arguments.inner().keys().any(|key| key.as_str() == **limit))
    });
    if let Some(limit) = limit {
        return Mistake::new(format!(
            "The message was published, and is not in the queue: the queue's argument `{limit}` limits what it keeps."
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

/// The line about this message, on stdout, once.
#[must_use]
pub fn print(performance: &Performance, body: &str) -> Finding {
    let expected = format!("{SENT} '{body}'");
    let says_it = |line: &str| printed::says(line, SENT, body);
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
        if let Some(line) = stdout.iter().find(|line| printed::has_bytes_of(line, body)) {
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

/// `connection.close` by the program, and exit code 0. `kept`: whether its message is in the queue all the same.
#[must_use]
pub fn close(seen: &Performance, kept: bool) -> Finding {
    let talk = Talk::of(seen);
    if let Some(panic) = ending::panic_of(seen) {
        return panic.into();
    }
    if seen.exit.is_some_and(|exit| exit.overdue) {
        return Mistake::new("The program was still running at its time limit; a sender ends when it has sent.")
            .seen(ending::last_words(seen))
            .hint("Close the connection and let `main` return. Does it wait for something that never comes?")
            .into();
    }
    if let Some((number, _)) = talk.opened().iter().find(|(number, _)| !talk.closed_gently(*number)) {
        let fate = if kept { "This time the message made it." } else { "This time the message was lost with it." };
        return Mistake::new("The program ended without closing its connection: the socket dropped, and what was still under way could be lost.")
            .seen(format!("connection {number}: no connection.close from the program.\n{fate}"))
            .hint("Close it, and wait for the answer: in lapin, `connection.close(200, \"OK\".into()).await?`.")
            .into();
    }
    if let Some(mistake) = ending::bad_end(seen) {
        return mistake.into();
    }
    Finding::Passed("connection.close by the program, exit code 0".to_owned())
}
