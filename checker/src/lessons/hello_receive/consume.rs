//! The steps `declare` and `consume`: there is a queue, the program subscribes to it, and acknowledges what is to be
//! acknowledged.

use wire::{Method, Peer, protocol::basic, words::quoted};

use super::{Evidence, QUEUE, acknowledge, polls, subscribed};
use crate::{
    lessons::{
        ending, steps,
        talk::{BASIC_ACK, BASIC_CONSUME, Said, Talk},
    },
    performance::Performance,
    verdict::{Finding, Mistake},
};

/// The queue is declared, and before the program subscribes to it.
pub(super) fn declare(seen: &Evidence) -> Finding {
    let finding = steps::declare(&seen.performance, QUEUE);
    let talk = Talk::of(&seen.performance);
    let declared = talk.declares().find(|(_, declare)| declare.queue.as_str() == QUEUE && !declare.passive);
    let subscribed = talk.consumes().find(|(_, consume)| consume.queue.as_str() == QUEUE);
    match (&finding, declared, subscribed) {
        (Finding::Passed(_), Some((declared, _)), Some((subscribed, _))) if subscribed.order < declared.order => {
            Mistake::new("The program subscribes to the queue before it declares it: where nobody has made the queue yet, the broker refuses.")
                .seen(format!("{}\n{}", subscribed.line(), declared.line()))
                .hint("Declare first, then subscribe.")
                .into()
        }
        _ => finding,
    }
}

/// `basic.consume` on the queue; with `no_ack`, or with every delivery acknowledged.
pub(super) fn consume(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    let talk = Talk::of(performance);
    let means_it =
        |(said, consume): &(Said<'_>, &basic::Consume)| talk.queue_meant(said, consume.queue.as_str()) == QUEUE;
    let Some((said, consume)) = talk.consumes().find(means_it) else {
        return not_subscribed(performance, talk).into();
    };
    if let Some(close) = talk.refusal(BASIC_CONSUME) {
        return close.mistake(talk, "The broker refused the subscription.").into();
    }
    if !subscribed(performance) {
        return Mistake::new("The program asked to subscribe, and left before the broker answered.")
            .seen(said.line())
            .hint("Wait for the answer: in lapin, `.await` the call.")
            .into();
    }
    if let Some(close) = talk.refusal(BASIC_ACK) {
        return acknowledge::refused(talk, &close, consume.no_ack).into();
    }
    let open = acknowledge::unacknowledged(talk);
    if !open.is_empty() {
        let mut rejected = talk
            .said(|method| matches!(method, Method::Basic(basic::AMQPMethod::Nack(_) | basic::AMQPMethod::Reject(_))));
        if let Some(said) = rejected.next() {
            return Mistake::new("The program rejects messages that it should take.")
                .seen(said.line())
                .hint("Acknowledge them (`ack`), or subscribe with no_ack as the lesson does.")
                .into();
        }
        let limits = |qos: &basic::Qos| qos.prefetch_count > 0 && open.len() >= usize::from(qos.prefetch_count);
        let mut prefetch =
            talk.said(|method| matches!(method, Method::Basic(basic::AMQPMethod::Qos(qos)) if limits(qos)));
        let (fate, limit) = match prefetch.next() {
            Some(said) => ("with its prefetch limit, the broker sends no more", format!("\n{}", said.line())),
            None => ("the broker keeps them, and delivers them again once this connection is gone", String::new()),
        };
        return Mistake::new(format!(
            "The program subscribes without no_ack and leaves {} of its messages unacknowledged: {fate}.",
            open.len()
        ))
        .seen(said.line() + &limit)
        .hint("Set no_ack as the lesson does, or acknowledge every delivery, and await it.")
        .into();
    }
    Finding::Passed(said.line())
}

fn not_subscribed(seen: &Performance, talk: Talk<'_>) -> Mistake {
    if let Some((said, consume)) = talk.consumes().next() {
        return Mistake::new(format!(
            "The program subscribes to the queue {}, and the lesson's queue is `{QUEUE}`.",
            quoted(consume.queue.as_str().as_bytes())
        ))
        .seen(said.line())
        .hint("Name it `hello`, letter for letter, wherever it is used.");
    }
    let get = talk.methods().find(|said| matches!(said.method, Method::Basic(basic::AMQPMethod::Get(_))));
    if let Some(said) = get {
        return Mistake::new("The program asks for single messages (basic.get) instead of subscribing: it burns time when there is nothing, and is late when there is something.")
            .seen(format!("{} (asked {}×)", said.line(), polls(talk)))
            .hint("Subscribe once (basic.consume), and the broker pushes messages as they come.");
    }
    if let Some(panic) = ending::panic_of(seen) {
        return panic;
    }
    if let Some(mistake) = ending::used_after_close(seen) {
        return mistake;
    }
    if let Some(close) = talk.closes(Peer::Broker).next() {
        let message =
            format!("The program never subscribes to the queue: {}.", steps::what_the_broker_did(talk, &close));
        return close.mistake(talk, &message);
    }
    let hint = "Subscribe: `channel.basic_consume(…).await?`. A future that is not awaited does nothing.";
    if let Some((said, ..)) = talk.publishes().next() {
        return Mistake::new("The program publishes a message, as in lesson 01, and never subscribes.")
            .seen(said.line())
            .hint(hint);
    }
    Mistake::new("The program never subscribes to the queue, so no message comes to it.")
        .seen(ending::last_words(seen))
        .hint(hint)
}
