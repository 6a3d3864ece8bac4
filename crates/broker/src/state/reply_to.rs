//! Direct reply-to: answers to a request without a queue ([RabbitMQ's](https://www.rabbitmq.com/docs/direct-reply-to)).
//!
//! Who consumes from the pseudo-queue `amq.rabbitmq.reply-to` gets an address. Requests that are published on the same channel
//! carry it, and what is published to it goes straight to that consumer.

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

/// What is consumed from, and what a request names.
pub(crate) const PSEUDO_QUEUE: &str = "amq.rabbitmq.reply-to";

/// How all addresses start.
pub(crate) const PREFIX: &str = "amq.rabbitmq.reply-to.";

/// How they go on: with the process that waits, which means nothing here, in as many letters as RabbitMQ's.
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

    /// Whether this is the pseudo-queue, or an address where somebody waits.
    pub(crate) fn is_reply_address(&self, name: &str) -> bool {
        name == PSEUDO_QUEUE || self.reply_names.contains_key(name)
    }

    /// Hands a reply on. Returns whether it is an address, even if nobody waits there any more.
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
