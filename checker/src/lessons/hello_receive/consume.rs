//! The steps `declare` and `consume`: there is a queue, the program subscribes to it, and acknowledges what is to be
//! acknowledged.

use wire::{Method, protocol::basic};

use super::{Evidence, QUEUE, acknowledge};
use crate::{
    lessons::{
        receiving, steps,
        talk::{BASIC_ACK, BASIC_CONSUME, Said, Talk},
    },
    performance::Performance,
    verdict::{Finding, Mistake},
};

/// The queue is declared, and before the program subscribes to it.
pub(super) fn declare(seen: &Evidence) -> Finding {
    receiving::declared_in_time(&seen.performance, QUEUE, steps::declare(&seen.performance, QUEUE))
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
    if !receiving::is_subscribed(performance, QUEUE) {
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
    let sends = || {
        let (said, ..) = talk.publishes().next()?;
        let message = "The program publishes a message, as in lesson 01, and never subscribes.";
        Some(Mistake::new(message).seen(said.line()).hint(receiving::SUBSCRIBE))
    };
    let why = receiving::why_not_subscribed(seen, QUEUE).or_else(sends);
    why.unwrap_or_else(|| receiving::never_subscribed(seen))
}
