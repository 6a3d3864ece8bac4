//! Acknowledging: which deliveries were to be acknowledged, and what is wrong with an acknowledgement that the broker refused.

use wire::{Method, Peer, protocol::basic};

use crate::{
    lessons::talk::{Close, Said, Talk},
    verdict::Mistake,
};

/// An acknowledgement that the broker refused.
pub(super) fn refused(talk: Talk<'_>, close: &Close<'_>, no_ack: bool) -> Mistake {
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
        let (message, hint) = if no_ack {
            (
                "The program acknowledges a message of a subscription with no_ack, where none is to be acknowledged; the broker closed the channel.",
                "Leave the acknowledgement out, or subscribe without no_ack.",
            )
        } else {
            (
                "The program acknowledges a message that is not waiting for it; the broker closed the channel.",
                "Acknowledge each delivery once, on the channel it came on.",
            )
        };
        return Mistake::new(message).seen(evidence(&lines)).hint(hint);
    };
    let tag = ack.delivery_tag;
    let covers = |ack: &basic::Ack| ack.delivery_tag == tag || (ack.multiple && ack.delivery_tag >= tag);
    let of_the_tag = |(said, deliver, _): &(Said<'_>, &basic::Deliver, _)| {
        said.connection == refused.connection && deliver.delivery_tag == tag && said.order < refused.order
    };
    let came_on: Vec<u16> = talk.deliveries().filter(of_the_tag).map(|(said, ..)| said.channel).collect();
    let earlier = before.iter().find(|(_, ack)| covers(ack));
    let mistake = match (earlier, came_on.first()) {
        (Some((earlier, _)), _) => {
            Mistake::new(format!("The program acknowledges delivery {tag} twice; the broker closed the channel."))
                .seen(evidence(&[earlier, refused, &close.said]))
        }
        (None, Some(channel)) if !came_on.contains(&refused.channel) => Mistake::new(format!(
            "The program acknowledges on channel {} a delivery that came on channel {channel}; the broker closed the channel.",
            refused.channel
        ))
        .seen(evidence(&[refused, &close.said])),
        _ => Mistake::new(format!(
            "The program acknowledges delivery {tag}, which is not waiting for it; the broker closed the channel."
        ))
        .seen(evidence(&[refused, &close.said])),
    };
    mistake.hint("Acknowledge each delivery once, on the channel it came on.")
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
