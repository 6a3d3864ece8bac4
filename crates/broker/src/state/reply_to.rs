//! Direct reply-to: answers to a request without a queue ([RabbitMQ's](https://www.rabbitmq.com/docs/direct-reply-to)).
//!
//! A client that consumes from the pseudo-queue `amq.rabbitmq.reply-to` gets an address. Requests that are published on the
//! same channel carry it, and replies to it go directly to that consumer.

use std::sync::Arc;

use wire::{
    protocol::basic::{self, AMQPMethod as Basic},
    types::ShortString,
};

use crate::state::{
    Broker,
    channel::Caller,
    message::Message,
    refusal::{Done, Refusal},
};

/// The name of the pseudo-queue, from which clients consume and which requests name in `reply-to`.
pub(crate) const PSEUDO_QUEUE: &str = "amq.rabbitmq.reply-to";

/// The start of all addresses.
pub(crate) const PREFIX: &str = "amq.rabbitmq.reply-to.";

/// The next part of an address: RabbitMQ encodes a process there, and these letters only have the same shape.
const START: &str = "g1h";
const LETTERS: usize = 39;

fn has_shape(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.starts_with(START) && rest.find('.') == Some(START.len() + LETTERS))
}

/// A channel's consumer of replies.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTo {
    pub(crate) tag: Arc<str>,
    pub(crate) name: String,
}

impl Broker {
    pub(crate) fn consume_replies(&mut self, caller: &Caller, consume: &basic::Consume) -> Done {
        if !consume.no_ack {
            return Err(Refusal::precondition_failed("reply consumer cannot acknowledge"));
        }
        let tag: Arc<str> = match consume.consumer_tag.as_str() {
            "" => format!("amq.ctag-{}", self.random.name()).into(),
            tag => tag.into(),
        };
        let name = format!("{PREFIX}{START}{}.{}", self.random.letters(LETTERS), self.random.name());
        let Some(channel) = self.channel_mut(caller.at) else { return Ok(()) };
        if channel.consumers.contains_key(&tag) {
            return Err(Refusal::not_allowed(format!("attempt to reuse consumer tag '{tag}'")));
        }
        if channel.reply_to.is_some() {
            return Err(Refusal::precondition_failed("reply consumer already set"));
        }
        channel.reply_to = Some(ReplyTo { tag: tag.clone(), name: name.clone() });
        self.reply_names.insert(name, caller.at);
        if !consume.nowait {
            let consumer_tag = ShortString::try_new(&*tag).unwrap_or_default();
            self.reply(caller, Basic::ConsumeOk(basic::ConsumeOk { consumer_tag }));
        }
        Ok(())
    }

    /// Returns whether this is the pseudo-queue, or the address of a waiting consumer.
    pub(crate) fn is_reply_address(&self, name: &str) -> bool {
        name == PSEUDO_QUEUE || self.reply_names.contains_key(name)
    }

    /// Delivers a reply. Returns whether the name is an address, even if its consumer is gone.
    pub(crate) fn deliver_reply(&mut self, name: &str, message: &Arc<Message>) -> bool {
        let Some(&at) = self.reply_names.get(name) else { return has_shape(name) };
        let Some(channel) = self.channel_mut(at) else { return true };
        let Some(tag) = channel.reply_to.as_ref().map(|reply| reply.tag.clone()) else { return true };
        channel.delivered += 1;
        let delivery = channel.delivered;
        self.send_delivery(at, tag, delivery, false, message.clone());
        true
    }
}
