//! The steps `declare` and `consume`: there is a queue, the program subscribes to it, and acknowledges what is to be
//! acknowledged.

use wire::{Method, protocol::basic};

use super::{Evidence, QUEUE};
use crate::{fault::faults::ack as faults, receiving, steps, talk::Talk, verdict::Finding};

/// The queue is declared, and before the program subscribes to it.
pub(super) fn declare(seen: &Evidence<'_>) -> Finding {
    receiving::declared_in_time(seen.run, QUEUE, steps::declare(seen.run, QUEUE))
}

/// `basic.consume` on the queue; with `no_ack`, or with every delivery acknowledged.
pub(super) fn consume(seen: &Evidence<'_>) -> Finding {
    let performance = seen.run;
    let talk = Talk::of(performance);
    let said = match receiving::subscription(performance, QUEUE) {
        Ok((said, _)) => said,
        Err(fault) => return fault.into(),
    };
    if let Some(fault) = receiving::refused(performance) {
        return fault.into();
    }
    let open = unacknowledged(talk);
    if open > 0 {
        let mut rejected = talk
            .said(|method| matches!(method, Method::Basic(basic::AMQPMethod::Nack(_) | basic::AMQPMethod::Reject(_))));
        if let Some(said) = rejected.next() {
            return faults::rejected().seen(said.line()).into();
        }
        let limits = |qos: &basic::Qos| qos.prefetch_count > 0 && open >= usize::from(qos.prefetch_count);
        let mut prefetch =
            talk.said(|method| matches!(method, Method::Basic(basic::AMQPMethod::Qos(qos)) if limits(qos)));
        let (fate, limit) = match prefetch.next() {
            Some(said) => (faults::limit_reached(), format!("\n{}", said.line())),
            None => (faults::kept(), String::new()),
        };
        return faults::missing(open, fate).seen(said.line() + &limit).into();
    }
    Finding::Passed(said.line())
}

/// How many deliveries were to be acknowledged, and were not.
#[must_use]
pub fn unacknowledged(talk: Talk<'_>) -> usize {
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
    let is_to_be = |method: &Method| match method {
        Method::Basic(basic::AMQPMethod::Deliver(deliver)) => with_ack.contains(&deliver.consumer_tag.as_str()),
        _ => false,
    };
    let ledger = receiving::ledger(talk);
    ledger.iter().filter(|delivered| is_to_be(delivered.said.method) && delivered.acked.is_none()).count()
}
