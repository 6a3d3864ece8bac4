//! Invariants that hold between two commands, for tests and fuzzers.
//!
//! The same facts are kept in several places, where they are needed: both a queue and a channel know their consumers. Here
//! the copies are compared, each counted from scratch.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::state::{
    Broker, ConnectionId, Due, Effect, Output,
    acknowledge::Unacked,
    arguments::Overflow,
    binding::Destination,
    channel::{At, Channel, Mode},
    connection::Phase,
    message::Message,
    queue::{PLACE, Queue, QueueId},
    size_of_table,
};

impl Channel {
    /// Returns all deliveries that are not finally settled, including those that wait for `tx.commit`.
    fn held(&self) -> impl Iterator<Item = (&u64, &Unacked)> {
        let waiting = match &self.mode {
            Mode::Transaction(transaction) => &transaction.settled[..],
            _ => &[],
        };
        let waiting = waiting.iter().flat_map(|(_, entries)| entries).map(|(tag, unacked)| (tag, unacked));
        self.unacked.iter().chain(waiting)
    }
}

impl Broker {
    /// Panics when the broker contradicts itself. Call it after [`Broker::effects`], when no message is held outside the
    /// broker.
    pub fn check_invariants(&self) {
        assert!(self.deferred.is_none() && self.unconfirmed.is_empty(), "a turn is not finished");
        self.check_connections();
        self.check_queues();
        self.check_bindings();
        self.check_timers();
        assert_eq!(self.gauge.bytes(), self.messages_and_bodies(), "bytes of messages");
    }

    /// Returns the broker's count of unsent bytes for a client.
    #[must_use]
    pub fn outstanding(&self, connection: ConnectionId) -> Option<usize> {
        self.connections.get(&connection).map(|connection| connection.outstanding)
    }

    fn check_connections(&self) {
        for (&connection, found) in &self.connections {
            if found.phase != Phase::Running {
                assert!(found.channels.is_empty() && found.exclusive.is_empty(), "{connection:?} left things behind");
                assert!(!found.blocked, "{connection:?} waits for an alarm that does not concern it");
            }
            for queue in &found.exclusive {
                assert_eq!(self.queues.get(queue).map(|queue| queue.owner), Some(Some(connection)));
            }
            for (&channel, state) in &found.channels {
                let at = At { connection, channel };
                if state.closing {
                    let nothing = state.consumers.is_empty() && state.held().next().is_none();
                    assert!(nothing && state.reply_to.is_none(), "{at:?} is closed and has something");
                }
                for (tag, queue) in &state.consumers {
                    let consumers = &self.queues.get(queue).expect("a consumer has a queue").consumers;
                    let same = consumers.iter().filter(|consumer| consumer.at == at && consumer.tag == *tag).count();
                    assert_eq!(same, 1, "{at:?} consumes from {queue:?} as {tag}");
                }
                assert!(state.held().all(|(tag, _)| *tag <= state.delivered), "{at:?} holds what it never got");
                if let Some(reply) = &state.reply_to {
                    assert_eq!(self.reply_names.get(&reply.name), Some(&at), "{}", reply.name);
                }
            }
        }
        for (name, at) in &self.reply_names {
            let reply = self.channel(*at).and_then(|channel| channel.reply_to.as_ref());
            assert_eq!(reply.map(|reply| &reply.name), Some(name), "a client that is gone is to get replies");
        }
    }

    fn check_queues(&self) {
        let mut held: HashMap<QueueId, usize> = HashMap::new();
        let mut held_by: HashMap<(QueueId, At, &str), usize> = HashMap::new();
        for (&connection, found) in &self.connections {
            for (&channel, state) in &found.channels {
                for (_, unacked) in state.held() {
                    *held.entry(unacked.queue).or_default() += 1;
                    if let Some(tag) = &unacked.consumer {
                        *held_by.entry((unacked.queue, At { connection, channel }, &**tag)).or_default() += 1;
                    }
                }
            }
        }
        let named: usize = self.vhosts.values().map(|vhost| vhost.queues.len()).sum();
        assert_eq!(named, self.queues.len(), "every queue has a name");
        for (&id, queue) in &self.queues {
            let name = &queue.name;
            let by_name = self.vhosts.get(&queue.vhost).and_then(|vhost| vhost.queues.get(name.as_str()));
            assert_eq!(by_name, Some(&id), "{name} is found by its name");
            queue.check_counts();
            assert_eq!(queue.unacked, held.get(&id).copied().unwrap_or(0), "unacknowledged messages of {name}");
            for consumer in &queue.consumers {
                let channel = self.channel(consumer.at).expect("a consumer has a channel");
                assert_eq!(channel.consumers.get(&consumer.tag), Some(&id), "{name} has a consumer that is gone");
                // A late acknowledgement may count for a later consumer with the same tag, so the count may be too low, but
                // never too high.
                let really = held_by.get(&(id, consumer.at, &*consumer.tag)).copied().unwrap_or(0);
                assert!(consumer.unacked <= really, "{} of {name} holds {really}", consumer.tag);
                assert!(consumer.prefetch == 0 || consumer.unacked <= usize::from(consumer.prefetch));
            }
            if let Some(owner) = queue.owner {
                assert!(self.connections.get(&owner).is_some_and(|owner| owner.exclusive.contains(&id)), "{name}");
            }
            if queue.settings.overflow == Overflow::DropHead {
                assert!(!queue.overflows(0, 0), "{name} holds more than it may");
            }
            if !queue.is_empty() {
                let waits = queue.next_consumer(&self.connections);
                assert_eq!(waits, None, "{name} has a message, and a consumer that could take it");
            }
        }
    }

    fn check_bindings(&self) {
        let (mut count, mut leads, mut bytes) = (0, 0, 0);
        let mut known = 0;
        for (name, vhost) in &self.vhosts {
            known += vhost.exchanges.values().map(|exchange| exchange.bound_to.len()).sum::<usize>();
            for exchange in vhost.exchanges.values() {
                bytes += size_of_table(&exchange.arguments);
                for (key, same_key) in &exchange.bindings {
                    assert!(!same_key.is_empty(), "a key that nothing is bound with");
                    for (destination, alike) in same_key {
                        assert!(!alike.is_empty(), "a place that nothing leads to");
                        count += alike.len();
                        leads += 1;
                        bytes += alike.iter().map(size_of_table).sum::<usize>();
                        let bound_to = match destination {
                            Destination::Exchange(to) => {
                                &vhost.exchanges.get(&**to).expect("a binding leads to an exchange").bound_to
                            }
                            Destination::Queue(id) => {
                                let queue = self.queues.get(id).expect("a binding leads to a queue");
                                assert_eq!(queue.vhost, *name);
                                &queue.bound_to
                            }
                        };
                        let known = bound_to.contains(&(exchange.name.clone(), key.clone()));
                        assert!(known, "{destination:?} does not know what leads to it");
                    }
                }
            }
        }
        bytes += self.queues.values().map(|queue| size_of_table(&queue.arguments)).sum::<usize>();
        known += self.queues.values().map(|queue| queue.bound_to.len()).sum::<usize>();
        assert_eq!(
            (self.bindings, known, self.definitions),
            (count, leads, bytes),
            "bindings, and bytes of definitions"
        );
    }

    fn check_timers(&self) {
        for (at, due) in &self.timers {
            assert!(*at > self.now, "{due:?} was due at {at}, and it is {}", self.now);
            match due {
                Due::Messages(id) => assert_eq!(self.queues.get(id).and_then(|queue| queue.alarm), Some(*at)),
                Due::Queue(id) => {
                    let queue = self.queues.get(id).expect("what expires is there");
                    assert!(queue.consumers.is_empty(), "{} is in use and about to expire", queue.name);
                }
                // The channel may be gone.
                Due::Confirms(_) => {}
                Due::HangUp(id) => {
                    assert!(self.connections.contains_key(id), "{due:?} of a connection that is gone");
                }
            }
        }
        let set = |at, due| self.timers.contains(&(at, due));
        for (&id, queue) in &self.queues {
            assert_eq!(queue.alarm, queue.next_expiry(), "the clock for {}", queue.name);
            assert!(queue.alarm.is_none_or(|at| set(at, Due::Messages(id))), "{}", queue.name);
            if let Some(expires) = queue.settings.expires
                && queue.consumers.is_empty()
            {
                assert!(set(queue.used.saturating_add(expires), Due::Queue(id)), "{} never expires", queue.name);
            }
        }
    }

    /// Returns the expected value of the gauge: each message once, each place in a queue, and the bodies that are being
    /// received.
    fn messages_and_bodies(&self) -> usize {
        let mut seen: HashSet<*const Message> = HashSet::new();
        let mut bytes = 0;
        let mut add = |message: &Arc<Message>| {
            if seen.insert(Arc::as_ptr(message)) {
                bytes += message.cost();
            }
        };
        for queue in self.queues.values() {
            queue.iter().for_each(|entry| add(&entry.message));
        }
        for channel in self.connections.values().flat_map(|connection| connection.channels.values()) {
            channel.held().for_each(|(_, unacked)| add(&unacked.entry.message));
            if let Mode::Transaction(transaction) = &channel.mode {
                transaction.publications.iter().for_each(|(publication, _)| add(&publication.message));
            }
        }
        self.dead_letters.iter().for_each(|letter| add(&letter.message));
        for (_, effect) in &self.effects {
            if let Effect::Send(Output::Deliver { message, .. } | Output::Content { message, .. }) = effect {
                add(message);
            }
        }
        let channels = || self.connections.values().flat_map(|connection| connection.channels.values());
        let waiting = |channel: &Channel| match &channel.mode {
            Mode::Transaction(transaction) => {
                transaction.publications.iter().map(|(publication, _)| 8 * publication.to.len()).sum()
            }
            _ => 0,
        };
        let places = self.queues.values().map(Queue::len).sum::<usize>()
            + channels().map(|channel| channel.held().count()).sum::<usize>();
        bytes
            + places * PLACE
            + channels().map(Channel::assembling).sum::<usize>()
            + channels().map(waiting).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Config;

    fn broker() -> Broker {
        Broker::new(Config::default()).expect("no patterns, so none that is wrong")
    }

    #[test]
    fn a_broker_at_its_beginning_is_in_order() {
        broker().check_invariants();
    }

    #[test]
    #[should_panic(expected = "bindings")]
    fn a_binding_that_is_only_counted_is_noticed() {
        let mut broker = broker();
        broker.bindings = 1;
        broker.check_invariants();
    }

    #[test]
    #[should_panic(expected = "gone")]
    fn a_timer_without_a_connection_is_noticed() {
        let mut broker = broker();
        broker.timers.insert((1, Due::HangUp(ConnectionId(7))));
        broker.check_invariants();
    }
}
