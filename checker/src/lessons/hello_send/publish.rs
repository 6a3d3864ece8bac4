//! The step `publish`: one message, the right one, to the right place.

use wire::{Peer, words::quoted};

use super::{BODY, Evidence, QUEUE, SENT, body, lost};
use crate::{
    lessons::{
        ending, steps,
        talk::{BASIC_PUBLISH, Talk},
    },
    verdict::{Finding, Mistake},
};

/// Exactly one message, through the default exchange, with the right key and body; it is in the queue afterwards.
pub(super) fn publish(seen: &Evidence) -> Finding {
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
    if publish.exchange.as_str() == QUEUE && publish.routing_key.as_str().is_empty() {
        return Mistake::new(
            "Exchange and routing key are swapped: the message goes to an exchange \"hello\", with an empty routing key.",
        )
        .seen(said.line())
        .hint("The exchange comes first, and the default one has the empty name: `basic_publish(\"\".into(), \"hello\".into(), …)`.")
        .into();
    }
    if !publish.exchange.as_str().is_empty() {
        let mistake = Mistake::new(format!(
            "The message goes to the exchange {}, not to the default exchange.",
            quoted(publish.exchange.as_str().as_bytes())
        ));
        let answer = refusal.map(|close| format!("\n{}", close.said.line())).unwrap_or_default();
        return mistake
            .seen(said.line() + &answer)
            .hint("A message goes to an exchange, never straight to a queue. Publish to the default one, which has the empty name, with the queue's name as the key: `basic_publish(\"\".into(), \"hello\".into(), …)`.")
            .into();
    }
    if let Some(close) = refusal {
        let message = format!("The broker refused the message, and closed the {}.", close.what());
        return close.mistake(talk, &message).into();
    }
    let key = publish.routing_key.as_str();
    if key == BODY && content.body == QUEUE.as_bytes() {
        return Mistake::new(
            "Routing key and body are swapped: the key is the text, and the body is the queue's name.",
        )
        .seen(said.line())
        .hint("The routing key is \"hello\", and the body is `b\"Hello World!\"`.")
        .into();
    }
    if key != QUEUE {
        return another_key(talk, key).seen(said.line()).into();
    }
    if content.body != BODY.as_bytes() {
        return body::wrong(said.line(), &content.body, content.complete).into();
    }
    if let Some(mistake) = lost::too_early(talk, said) {
        return mistake.into();
    }
    match &seen.queued {
        Some(bodies) if bodies.iter().any(|body| body == BODY.as_bytes()) => {
            Finding::Passed(format!("{}; it is in the queue", said.line()))
        }
        // What a dropped connection took with it is the step `close`'s to tell.
        _ if !talk.closed_gently(said.connection) => Finding::Passed(said.line()),
        queued => lost::lost(talk, said, content, queued.is_some()).into(),
    }
}

/// By the default exchange, the message does not go to the lesson's queue.
fn another_key(talk: Talk<'_>, key: &str) -> Mistake {
    let dropped = "where no queue has the key for its name, the message is dropped without a word.";
    let told = quoted(key.as_bytes());
    let message = match key {
        "" => "The message has no routing key, so the default exchange knows no queue for it and drops it.".to_owned(),
        key if talk.declares().any(|(_, declare)| declare.queue.as_str() == key) => format!(
            "The message goes to the queue {told}, which the program declares, too; the lesson's queue is `{QUEUE}`."
        ),
        key if key.eq_ignore_ascii_case(QUEUE) => format!(
            "The routing key is {told}, and the queue is \"{QUEUE}\": upper and lower case differ, and {dropped}"
        ),
        _ => format!("The routing key is {told}, and the queue is \"{QUEUE}\": {dropped}"),
    };
    Mistake::new(message).hint("The default exchange uses the routing key as a queue's name: make it \"hello\".")
}

fn not_published(seen: &Evidence, talk: Talk<'_>) -> Mistake {
    let performance = &seen.performance;
    if let Some(mistake) = ending::panic_of(performance).or_else(|| ending::used_after_close(performance)) {
        return mistake;
    }
    let claims = performance.stdout.lines().iter().any(|line| line.starts_with(SENT));
    let message = if claims {
        "The program prints that it sent a message, and sent none"
    } else {
        "The program publishes no message"
    };
    if let Some(close) = talk.closes(Peer::Broker).next() {
        return close.mistake(talk, &format!("{message}: {}.", steps::what_the_broker_did(talk, &close)));
    }
    let message = format!("{message}{}.", if claims { ": nothing was published" } else { "" });
    let mistake = match ending::why(performance) {
        Some(why) => Mistake::new(format!("{message} {}", why.cause)).hint(why.remedy),
        None => Mistake::new(message)
            .hint("Publish it: `channel.basic_publish(…).await?`. A future that is not awaited does nothing."),
    };
    mistake.seen(match talk.methods().rfind(|said| said.from == Peer::Program) {
        Some(said) => {
            format!("its last words to the broker: {}", wire::words::method_line(said.method, said.content))
        }
        None => ending::last_words(performance),
    })
}
