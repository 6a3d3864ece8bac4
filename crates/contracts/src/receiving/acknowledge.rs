//! An acknowledgement that the broker refused, and what is wrong with it.

use wire::{Method, Peer, protocol::basic};

use recording::ProgramRun;

use crate::{
    fault::{Fault, faults::ack as faults},
    talk::{BASIC_ACK, Close, Said, Talk},
};

/// The broker refused an acknowledgement, and so closed the channel. One that was sent after Ctrl-C doesn't count: some clients
/// send what was under way then a second time.
#[must_use]
pub fn refused(seen: &ProgramRun) -> Option<Fault> {
    let talk = Talk::of(seen);
    let in_time = |close: &Close<'_>| seen.interrupted_at.is_none_or(|pressed| close.said.at < pressed);
    let close = talk.refusals(BASIC_ACK).find(in_time)?;
    let no_ack = talk.consumes().any(|(said, consume)| said.connection == close.said.connection && consume.no_ack);
    let on_the_channel = |said: &Said<'_>| {
        (said.connection, said.channel) == (close.said.connection, close.said.channel) && said.order < close.said.order
    };
    let acks: Vec<(Said<'_>, &basic::Ack)> = talk
        .methods()
        .filter(|said| said.from == Peer::Program && on_the_channel(said))
        .filter_map(|said| match said.method {
            Method::Basic(basic::AMQPMethod::Ack(ack)) => Some((said, ack)),
            _ => None,
        })
        .collect();
    // The broker tells the tag at the end: `PRECONDITION_FAILED - unknown delivery tag 1`.
    let tag = close.text.rsplit(' ').next().and_then(|tag| tag.parse::<u64>().ok());
    let guilty = acks.iter().rposition(|(_, ack)| Some(ack.delivery_tag) == tag);
    let (refused, before) = guilty.map_or((None, &acks[..]), |at| (acks.get(at), &acks[..at]));
    let evidence = |lines: &[&Said<'_>]| lines.iter().map(|said| said.line()).collect::<Vec<_>>().join("\n");
    let Some((refused, ack)) = refused.filter(|_| !no_ack) else {
        let lines: Vec<&Said<'_>> = refused.iter().map(|(said, _)| said).chain([&close.said]).collect();
        let fault = if no_ack { faults::with_no_ack() } else { faults::refused() };
        return Some(fault.seen(evidence(&lines)));
    };
    let tag = ack.delivery_tag;
    let covers = |ack: &basic::Ack| ack.delivery_tag == tag || (ack.multiple && ack.delivery_tag >= tag);
    let of_the_tag = |(said, deliver, _): &(Said<'_>, &basic::Deliver, _)| {
        said.connection == refused.connection && deliver.delivery_tag == tag && said.order < refused.order
    };
    let came_on: Vec<u16> = talk.deliveries().filter(of_the_tag).map(|(said, ..)| said.channel).collect();
    let earlier = before.iter().find(|(_, ack)| covers(ack));
    Some(match (earlier, came_on.first()) {
        (Some((earlier, _)), _) => faults::twice(tag).seen(evidence(&[earlier, refused, &close.said])),
        (None, Some(channel)) if !came_on.contains(&refused.channel) => {
            faults::other_channel(refused.channel, *channel).seen(evidence(&[refused, &close.said]))
        }
        _ => faults::unknown_tag(tag).seen(evidence(&[refused, &close.said])),
    })
}
