//! Acknowledgements of deliveries, and an acknowledgement that the broker refused.

use wire::{Method, Peer, protocol::basic};

use recording::ProgramRun;

use super::{ledger, subscription};
use crate::{
    fault::{Fault, faults::ack as faults},
    transcript::{BASIC_ACK, Close, MethodEvent, Transcript},
    verdict::StepResult,
};

/// Checks `basic.consume` on the queue: with `no_ack`, or with every delivery acknowledged.
///
/// # Errors
///
/// The fault: there is no such subscription, or the broker refused an acknowledgement, or deliveries were not acknowledged.
pub fn consume(seen: &ProgramRun, queue: &str) -> StepResult {
    let (said, _) = subscription(seen, queue)?;
    if let Some(fault) = refused(seen) {
        return Err(fault);
    }
    match unacknowledged(seen) {
        0 => Ok(said.line()),
        open => Err(not_acknowledged(Transcript::of(seen), &said, open)),
    }
}

/// Returns the fault of a subscription, `said`, with this number of deliveries that are still open.
fn not_acknowledged(transcript: Transcript<'_>, said: &MethodEvent<'_>, open: usize) -> Fault {
    let rejects =
        |method: &Method| matches!(method, Method::Basic(basic::AMQPMethod::Nack(_) | basic::AMQPMethod::Reject(_)));
    if let Some(said) = transcript.said(rejects).next() {
        return faults::rejected().at(&said);
    }
    let limits = |qos: &basic::Qos| qos.prefetch_count > 0 && open >= usize::from(qos.prefetch_count);
    let mut prefetch =
        transcript.said(|method| matches!(method, Method::Basic(basic::AMQPMethod::Qos(qos)) if limits(qos)));
    let limit = prefetch.next();
    let fate = if limit.is_some() { faults::limit_reached() } else { faults::kept() };
    faults::missing(open, fate).at(said).all(limit)
}

/// Returns the number of deliveries that needed an acknowledgement and did not get one.
#[must_use]
pub fn unacknowledged(seen: &ProgramRun) -> usize {
    let transcript = Transcript::of(seen);
    let with_ack: Vec<&str> = transcript
        .consumes()
        .filter(|(_, consume)| !consume.no_ack)
        .filter_map(|(said, consume)| {
            let tag = consume.consumer_tag.as_str();
            let given = transcript.answer(&said, |method| match method {
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
    ledger(seen).iter().filter(|delivered| is_to_be(delivered.said.method) && delivered.acked.is_none()).count()
}

/// Returns the fault of an acknowledgement that the broker refused, and so closed the channel. One sent after Ctrl-C does not
/// count: some clients then send pending ones a second time.
#[must_use]
pub fn refused(seen: &ProgramRun) -> Option<Fault> {
    let transcript = Transcript::of(seen);
    let in_time = |close: &Close<'_>| seen.interrupted_at.is_none_or(|pressed| close.said.at < pressed);
    let close = transcript.refusals(BASIC_ACK).find(in_time)?;
    let no_ack =
        transcript.consumes().any(|(said, consume)| said.connection == close.said.connection && consume.no_ack);
    let on_the_channel = |said: &MethodEvent<'_>| {
        (said.connection, said.channel) == (close.said.connection, close.said.channel) && said.order < close.said.order
    };
    let acks: Vec<(MethodEvent<'_>, &basic::Ack)> = transcript
        .methods()
        .filter(|said| said.from == Peer::Program && on_the_channel(said))
        .filter_map(|said| match said.method {
            Method::Basic(basic::AMQPMethod::Ack(ack)) => Some((said, ack)),
            _ => None,
        })
        .collect();
    // The tag is at the end of the broker's text: `PRECONDITION_FAILED - unknown delivery tag 1`.
    let tag = close.text.rsplit(' ').next().and_then(|tag| tag.parse::<u64>().ok());
    let guilty = acks.iter().rposition(|(_, ack)| Some(ack.delivery_tag) == tag);
    let (refused, before) = guilty.map_or((None, &acks[..]), |at| (acks.get(at), &acks[..at]));
    let Some((refused, ack)) = refused.filter(|_| !no_ack) else {
        let fault = if no_ack { faults::with_no_ack() } else { faults::refused() };
        return Some(fault.all(refused.map(|(said, _)| *said)).at(&close.said));
    };
    let tag = ack.delivery_tag;
    let covers = |ack: &basic::Ack| ack.delivery_tag == tag || (ack.multiple && ack.delivery_tag >= tag);
    let of_the_tag = |(said, deliver, _): &(MethodEvent<'_>, &basic::Deliver, _)| {
        said.connection == refused.connection && deliver.delivery_tag == tag && said.order < refused.order
    };
    let came_on: Vec<u16> = transcript.deliveries().filter(of_the_tag).map(|(said, ..)| said.channel).collect();
    let earlier = before.iter().find(|(_, ack)| covers(ack));
    Some(match (earlier, came_on.first()) {
        (Some((earlier, _)), _) => faults::twice(tag).all([*earlier, *refused, close.said]),
        (None, Some(channel)) if !came_on.contains(&refused.channel) => {
            faults::other_channel(refused.channel, *channel).all([*refused, close.said])
        }
        _ => faults::unknown_tag(tag).all([*refused, close.said]),
    })
}
