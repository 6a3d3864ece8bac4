//! The steps `declare` and `consume`: there is a queue, the program subscribes to it, and acknowledges what is to be
//! acknowledged.

use wire::{Method, Peer, protocol::basic, words::quoted};

use super::{Evidence, QUEUE, polls, subscribed};
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
        return Mistake::new("The broker refused the subscription.")
            .seen(close.said.line())
            .hint(close.meaning("The broker's line says why."))
            .into();
    }
    if !subscribed(performance) {
        return Mistake::new("The program asked to subscribe, and left before the broker answered.")
            .seen(said.line())
            .hint("Wait for the answer: in lapin, `.await` the call.")
            .into();
    }
    if let Some(close) = talk.refusal(BASIC_ACK) {
        let message = if consume.no_ack {
            "The program acknowledges a message of a subscription with no_ack, where none is to be acknowledged; the broker closed the channel."
        } else {
            "The program acknowledges a message that is not waiting for it (acknowledged before, or on another channel); the broker closed the channel."
        };
        let hint = if consume.no_ack {
            "Leave the acknowledgement out, or subscribe without no_ack."
        } else {
            "Acknowledge each delivery once, on the channel it came on."
        };
        return Mistake::new(message).seen(close.said.line()).hint(hint).into();
    }
    let open = unacknowledged(talk);
    if !open.is_empty() {
        let mut rejected = talk
            .said(|method| matches!(method, Method::Basic(basic::AMQPMethod::Nack(_) | basic::AMQPMethod::Reject(_))));
        if let Some(said) = rejected.next() {
            return Mistake::new("The program rejects messages that it should take.")
                .seen(said.line())
                .hint("Acknowledge them (`ack`), or subscribe with no_ack as the lesson does.")
                .into();
        }
        let mut prefetch =
            talk.said(|method| matches!(method, Method::Basic(basic::AMQPMethod::Qos(qos)) if qos.prefetch_count > 0));
        let (fate, limit) = match prefetch.next() {
            Some(said) => ("with its prefetch limit, the broker sends no more", format!("\n{}", said.line())),
            None => ("the broker keeps them, and delivers all of them again", String::new()),
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
        .hint("The name is \"hello\" letter for letter, here and where the queue is declared.");
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
    if let Some(close) = talk.closes(Peer::Broker).next() {
        return Mistake::new(
            "The program never subscribes to the queue: the broker refused something that it asked before.",
        )
        .seen(close.said.line())
        .hint(close.meaning("The broker's line says what, and why."));
    }
    Mistake::new("The program never subscribes to the queue, so no message comes to it.")
        .seen(ending::last_words(seen))
        .hint("In lapin, `channel.basic_consume(…).await?`. A future that is not awaited does nothing.")
}

/// The delivery tags that were to be acknowledged and were not.
pub(super) fn unacknowledged(talk: Talk<'_>) -> Vec<u64> {
    let with_ack: Vec<&str> = talk
        .consumes()
        .filter(|(_, consume)| !consume.no_ack)
        .filter_map(|(said, consume)| {
            let tag = consume.consumer_tag.as_str();
            let given = talk.answer(&said, |method| match method {
                Method::Basic(basic::AMQPMethod::ConsumeOk(ok)) => Some(ok.consumer_tag.as_str()),
                _ => None,
            });
            if tag.is_empty() { given } else { Some(tag) }
        })
        .collect();
    let mut open: Vec<(u32, u16, u64)> = Vec::new();
    for said in talk.methods() {
        let here = (said.connection, said.channel);
        match said.method {
            Method::Basic(basic::AMQPMethod::Deliver(deliver)) if with_ack.contains(&deliver.consumer_tag.as_str()) => {
                open.push((here.0, here.1, deliver.delivery_tag));
            }
            Method::Basic(basic::AMQPMethod::Ack(ack)) if said.from == Peer::Program => {
                open.retain(|(connection, channel, tag)| {
                    let acknowledged = *tag == ack.delivery_tag
                        || (ack.multiple && (*tag <= ack.delivery_tag || ack.delivery_tag == 0));
                    (*connection, *channel) != here || !acknowledged
                })
            }
            _ => {}
        }
    }
    open.into_iter().map(|(_, _, tag)| tag).collect()
}
