//! Delivery: the choice of the consumer for the next message (AMQP 0-9-1, sections 3.1.2.2 and 3.1.9; RabbitMQ's
//! [consumer priorities](https://www.rabbitmq.com/docs/consumer-priority) and
//! [prefetch](https://www.rabbitmq.com/docs/consumer-prefetch)).
//!
//! Consumers take turns. A consumer that can't take a message now is passed over: its prefetch is used up, or its
//! connection has not read its earlier output. In the second case a slow consumer pushes back: its messages wait in the
//! queue, where they are counted.

use std::{collections::BTreeSet, sync::Arc};

use wire::{
    protocol::basic::{self, AMQPMethod as Basic},
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::state::{
    Broker, ConnectionId, Due, Effect, Output,
    accounts::Access,
    acknowledge::Unacked,
    channel::{At, Caller},
    connection::{Connection, Phase},
    dead_letter::Reason,
    ids::IdMap,
    message::{Message, Weight, as_integer, headers_of},
    queue::{Entry, Queue, QueueId},
    refusal::{Done, Refusal, named},
    reply_to,
};

/// A consumer of a queue.
#[derive(Debug)]
pub(crate) struct Consumer {
    pub(crate) at: At,
    pub(crate) tag: Arc<str>,
    /// True if deliveries count as acknowledged.
    pub(crate) no_ack: bool,
    /// True if the queue may have no other consumer.
    pub(crate) exclusive: bool,
    /// The priority: among consumers that can take a message, the highest goes first.
    pub(crate) priority: i64,
    /// The largest number of unacknowledged messages; 0 means no limit.
    pub(crate) prefetch: u16,
    pub(crate) unacked: usize,
    /// The consumer's share of the total number of consumers.
    pub(crate) _place: Weight,
}

impl Consumer {
    fn can_take(&self, connections: &IdMap<ConnectionId, Connection>) -> bool {
        let Some(connection) = connections.get(&self.at.connection) else { return false };
        connection.phase == Phase::Running
            && !connection.full
            && (self.prefetch == 0 || self.unacked < usize::from(self.prefetch))
            && connection.channels.get(&self.at.channel).is_some_and(|channel| !channel.closing)
    }
}

impl Queue {
    /// Returns the index of the consumer whose turn it is.
    pub(crate) fn next_consumer(&self, connections: &IdMap<ConnectionId, Connection>) -> Option<usize> {
        if self.settings.single_active_consumer {
            // Only the active consumer counts, even if others could take a message.
            return self.consumers.first().filter(|first| first.can_take(connections)).map(|_| 0);
        }
        let mut best: Option<usize> = None;
        for (index, consumer) in self.consumers.iter().enumerate() {
            let is_better = best.is_none_or(|best| consumer.priority > self.consumers[best].priority);
            if is_better && consumer.can_take(connections) {
                best = Some(index);
            }
        }
        best
    }
}

impl Broker {
    pub(crate) fn consume(&mut self, caller: &Caller, consume: &basic::Consume) -> Done {
        let at = caller.at;
        if consume.queue.as_str() == reply_to::PSEUDO_QUEUE {
            return self.consume_replies(caller, consume);
        }
        let name = self.queue_name(caller, &consume.queue)?;
        self.allow(caller, Access::Read, "queue", &name)?;
        let tag: Arc<str> = match consume.consumer_tag.as_str() {
            "" => format!("amq.ctag-{}", self.random.name()).into(),
            tag => tag.into(),
        };
        let most = self.limits.consumers_of_a_channel;
        let Some(channel) = self.channel(at) else { return Ok(()) };
        if channel.consumers.contains_key(&tag) || channel.reply_to.as_ref().is_some_and(|reply| *reply.tag == *tag) {
            return Err(Refusal::not_allowed(format!("attempt to reuse consumer tag '{tag}'")));
        }
        if channel.consumers.len() >= most {
            return Err(Refusal::not_allowed(format!("reached maximum ({most}) of consumers per channel")));
        }
        let prefetch = channel.prefetch;
        let most = self.limits.consumers;
        if self.consumers.bytes() >= most {
            return Err(Refusal::not_allowed(format!("reached maximum ({most}) of consumers")));
        }
        let id = self.find_queue(caller, &name)?;
        let Some(queue) = self.queues.get_mut(&id) else { return Ok(()) };
        let wants_all = consume.exclusive && (!queue.consumers.is_empty() || queue.settings.single_active_consumer);
        let in_use = wants_all || queue.consumers.iter().any(|other| other.exclusive);
        // Quorum queues have no exclusive consumers.
        if in_use && !queue.settings.quorum {
            return Err(Refusal::access_refused(format!("{} in exclusive use", named("queue", &name, &caller.vhost))));
        }
        if consume.arguments.contains_key("x-stream-offset") {
            let kind = if queue.settings.quorum { "rabbit_quorum_queue" } else { "rabbit_classic_queue" };
            return Err(Refusal::precondition_failed(format!(
                "invalid arg 'x-stream-offset' for {} of queue type {kind}",
                named("queue", &name, &caller.vhost)
            )));
        }
        let priority = match consume.arguments.inner().get("x-priority") {
            None => 0,
            Some(value) => as_integer(value).ok_or_else(|| {
                Refusal::precondition_failed(format!(
                    "invalid arg 'x-priority' for {}: \"expected integer, got {}\"",
                    named("queue", &name, &caller.vhost),
                    crate::state::erlang::type_name(value)
                ))
            })?,
        };
        let consumer = Consumer {
            at,
            tag: tag.clone(),
            no_ack: consume.no_ack,
            exclusive: consume.exclusive,
            priority,
            // A consumer that never acknowledges needs no count.
            prefetch: if consume.no_ack { 0 } else { prefetch },
            unacked: 0,
            _place: Weight::new(&self.consumers, 1),
        };
        queue.consumers.push(consumer);
        if let Some(channel) = self.channel_mut(at) {
            channel.consumers.insert(tag.clone(), id);
        }
        if !consume.nowait {
            let consumer_tag = ShortString::try_new(&*tag).unwrap_or_default();
            self.reply(caller, Basic::ConsumeOk(basic::ConsumeOk { consumer_tag }));
        }
        self.touch(id);
        self.deliver(id);
        Ok(())
    }

    pub(crate) fn cancel(&mut self, caller: &Caller, cancel: &basic::Cancel) -> Done {
        let tag = cancel.consumer_tag.as_str();
        let mut left = None;
        if let Some(channel) = self.channel_mut(caller.at) {
            let queue = channel.consumers.remove(tag);
            let reply_to = channel.reply_to.take_if(|reply| *reply.tag == *tag);
            if let Some(reply_to) = reply_to {
                self.reply_names.remove(&reply_to.name);
            }
            if let Some(queue) = queue {
                self.remove_consumers(queue, |consumer| consumer.at == caller.at && *consumer.tag == *tag);
                self.deliver(queue);
                left = Some(queue);
            }
        }
        if !cancel.nowait {
            self.reply(caller, Basic::CancelOk(basic::CancelOk { consumer_tag: cancel.consumer_tag.clone() }));
        }
        if let Some(queue) = left {
            self.remove_if_abandoned(queue);
        }
        Ok(())
    }

    /// Removes consumers from a queue. The messages are not delivered to the remaining consumers yet.
    pub(crate) fn remove_consumers(&mut self, id: QueueId, which: impl Fn(&Consumer) -> bool) {
        let Some(queue) = self.queues.get_mut(&id) else { return };
        let was_active = queue.consumers.first().is_some_and(&which);
        queue.consumers.retain(|consumer| !which(consumer));
        if queue.settings.single_active_consumer && was_active {
            // The next active consumer is the one that has waited longest among those with the highest priority.
            let priority = queue.consumers.iter().map(|consumer| consumer.priority).max();
            if let Some(next) = queue.consumers.iter().position(|consumer| Some(consumer.priority) == priority) {
                queue.consumers[..=next].rotate_right(1);
            }
        }
        self.touch(id);
    }

    /// Removes an auto-delete queue after its last consumer is gone.
    pub(crate) fn remove_if_abandoned(&mut self, id: QueueId) {
        if self.queues.get(&id).is_some_and(|queue| queue.auto_delete && queue.consumers.is_empty()) {
            self.remove_queue(id);
        }
    }

    /// Defers deliveries: from now on queues are noted for later.
    pub(crate) fn put_deliveries_off(&mut self) {
        self.deferred = Some(BTreeSet::new());
    }

    /// Delivers from the deferred queues.
    pub(crate) fn catch_up_with_deliveries(&mut self) {
        for queue in self.deferred.take().unwrap_or_default() {
            self.deliver(queue);
        }
    }

    /// Delivers messages of a queue to its consumers, as far as they can take them.
    pub(crate) fn deliver(&mut self, id: QueueId) {
        if let Some(deferred) = &mut self.deferred {
            deferred.insert(id);
            return;
        }
        while let Some(queue) = self.queues.get_mut(&id) {
            if queue.is_empty() {
                break;
            }
            let Some(turn) = queue.next_consumer(&self.connections) else { break };
            let Some(entry) = queue.pop() else { break };
            if queue.consumers.len() > 1 && !queue.settings.single_active_consumer {
                // The consumer goes to the end of the line.
                queue.consumers[turn..].rotate_left(1);
            }
            let turn = if queue.settings.single_active_consumer { turn } else { queue.consumers.len() - 1 };
            let consumer = &mut queue.consumers[turn];
            let (at, tag, no_ack) = (consumer.at, consumer.tag.clone(), consumer.no_ack);
            if !no_ack {
                consumer.unacked += 1;
                queue.unacked += 1;
            }
            let message = as_delivered(queue.settings.quorum, &entry);
            let Some(channel) = self.channel_mut(at) else { continue };
            channel.delivered += 1;
            let delivery = channel.delivered;
            let redelivered = entry.redelivered;
            if !no_ack {
                channel.unacked.insert(delivery, Unacked { queue: id, entry, consumer: Some(tag.clone()) });
            }
            self.send_delivery(at, tag, delivery, redelivered, message);
            // The message behind it may have expired.
            self.drop_expired(id);
        }
        self.set_alarm(id);
    }

    pub(crate) fn send_delivery(
        &mut self,
        at: At,
        tag: Arc<str>,
        delivery: u64,
        redelivered: bool,
        message: Arc<Message>,
    ) {
        let output = Output::Deliver { channel: at.channel, tag, delivery, redelivered, message };
        self.emit(at.connection, Effect::Send(output));
    }

    pub(crate) fn get(&mut self, caller: &Caller, get: &basic::Get) -> Done {
        let name = self.queue_name(caller, &get.queue)?;
        self.allow(caller, Access::Read, "queue", &name)?;
        let id = self.find_queue(caller, &name)?;
        self.touch(id);
        let Some(queue) = self.queues.get_mut(&id) else { return Ok(()) };
        let Some(entry) = queue.pop() else {
            self.reply(caller, Basic::GetEmpty(basic::GetEmpty {}));
            return Ok(());
        };
        if !get.no_ack {
            queue.unacked += 1;
        }
        let message = as_delivered(queue.settings.quorum, &entry);
        self.expire(id);
        let left = self.queues.get(&id).map_or(0, Queue::len);
        let Some(channel) = self.channel_mut(caller.at) else { return Ok(()) };
        channel.delivered += 1;
        let get_ok = basic::GetOk {
            delivery_tag: channel.delivered,
            redelivered: entry.redelivered,
            exchange: ShortString::try_new(&*message.exchange).unwrap_or_default(),
            routing_key: ShortString::try_new(message.routing_key.as_str()).unwrap_or_default(),
            message_count: u32::try_from(left).unwrap_or(u32::MAX),
        };
        if !get.no_ack {
            channel.unacked.insert(get_ok.delivery_tag, Unacked { queue: id, entry, consumer: None });
        }
        self.send_content(caller.at, Basic::GetOk(get_ok), message);
        Ok(())
    }

    /// Sets the clock for the next message that expires.
    pub(crate) fn set_alarm(&mut self, id: QueueId) {
        let Some(queue) = self.queues.get_mut(&id) else { return };
        let next = queue.next_expiry();
        if next == queue.alarm {
            return;
        }
        if let Some(before) = std::mem::replace(&mut queue.alarm, next) {
            self.timers.remove(&(before, Due::Messages(id)));
        }
        if let Some(next) = next {
            self.timers.insert((next, Due::Messages(id)));
        }
    }

    /// Dead-letters the expired messages, and sets the clock for the next one.
    pub(crate) fn expire(&mut self, id: QueueId) {
        self.drop_expired(id);
        self.set_alarm(id);
    }

    fn drop_expired(&mut self, id: QueueId) {
        while let Some(entry) = self.queues.get_mut(&id).and_then(|queue| queue.pop_expired(self.now)) {
            self.dead_letter(id, entry.message, Reason::Expired, entry.failed);
        }
    }

    /// Delivers messages to a connection that has read its earlier output.
    pub(crate) fn deliver_to_connection(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let queues: Vec<QueueId> =
            connection.channels.values().flat_map(|channel| channel.consumers.values().copied()).collect();
        for queue in queues {
            self.deliver(queue);
        }
    }
}

/// Returns the message as delivered: a quorum queue adds the number of earlier deliveries, and of those that counted.
fn as_delivered(quorum: bool, entry: &Entry) -> Arc<Message> {
    if !quorum || entry.acquired == 0 {
        return entry.message.clone();
    }
    let properties = entry.message.read_properties();
    let mut headers: FieldTable = headers_of(&properties);
    headers.insert("x-acquired-count".into(), AMQPValue::LongLongInt(entry.acquired.into()));
    if entry.returns > 0 {
        headers.insert("x-delivery-count".into(), AMQPValue::LongLongInt(entry.returns.into()));
    }
    entry.message.with(&properties.with_headers(headers))
}
