//! Queues: where messages wait (AMQP 0-9-1, section 3.1.2).
//!
//! A queue keeps the messages that are *ready*, in order, and knows its consumers. Messages that were delivered and not
//! acknowledged yet belong to the channel they went to; they come back here, to their old place, when that channel gives
//! them back or goes away.

use std::{collections::VecDeque, sync::Arc};

use wire::types::{FieldTable, ShortString};

use crate::state::{
    ConnectionId, Millis,
    arguments::Settings,
    binding::BoundTo,
    delivery::Consumer,
    message::{Message, Weight},
};

/// Names a queue for good: it is never used again, whatever queue gets the same name later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(pub(crate) u64);

/// What a place in a queue takes in memory, in bytes, beside the message itself: one message may be in many queues.
pub(crate) const PLACE: usize = 96;

/// A message in a queue.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its place: smaller is earlier.
    pub(crate) place: u64,
    pub(crate) message: Arc<Message>,
    /// From when on it is too old.
    pub(crate) expires: Option<Millis>,
    /// It was delivered before.
    pub(crate) redelivered: bool,
    /// Somebody refused it, or went away with it, in this queue or in one it died in.
    pub(crate) failed: bool,
    /// How often it was delivered and came back, whatever for.
    pub(crate) acquired: u32,
    /// How often that counts against the delivery limit of a quorum queue.
    pub(crate) returns: u32,
    pub(crate) priority: u8,
    _weight: Weight,
}

/// A queue.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) name: ShortString,
    pub(crate) vhost: Arc<str>,
    pub(crate) durable: bool,
    pub(crate) auto_delete: bool,
    /// The connection that has it for itself.
    pub(crate) owner: Option<ConnectionId>,
    pub(crate) arguments: FieldTable,
    pub(crate) settings: Settings,
    /// In the order in which they take turns.
    pub(crate) consumers: Vec<Consumer>,
    /// Exchanges with bindings that lead here.
    pub(crate) bound_to: BoundTo,
    /// Delivered, and not acknowledged.
    pub(crate) unacked: usize,
    /// By priority, the lowest first; each in the order of the places.
    ready: Vec<VecDeque<Entry>>,
    ready_count: usize,
    ready_bytes: usize,
    next_place: u64,
    /// How many of the entries can get too old.
    expiring: usize,
    /// When the clock was set for the first of them.
    pub(crate) alarm: Option<Millis>,
    /// When it was last used, for `x-expires`.
    pub(crate) used: Millis,
}

impl Queue {
    pub(crate) fn new(name: ShortString, vhost: Arc<str>, settings: Settings, arguments: FieldTable) -> Queue {
        Queue {
            name,
            vhost,
            durable: false,
            auto_delete: false,
            owner: None,
            arguments,
            ready: (0..=settings.highest_priority()).map(|_| VecDeque::new()).collect(),
            settings,
            consumers: Vec::new(),
            bound_to: BoundTo::new(),
            unacked: 0,
            ready_count: 0,
            ready_bytes: 0,
            next_place: 0,
            expiring: 0,
            alarm: None,
            used: 0,
        }
    }

    /// How many messages are ready.
    pub(crate) fn len(&self) -> usize {
        self.ready_count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ready_count == 0
    }

    /// How many bytes the bodies of the messages take that are ready.
    pub(crate) fn bytes(&self) -> usize {
        self.ready_bytes
    }

    /// Whether `more` messages, of so many bytes, are too many.
    pub(crate) fn overflows(&self, more: usize, bytes: usize) -> bool {
        let over = |most: Option<u64>, would_be: usize| most.is_some_and(|most| would_be as u64 > most);
        over(self.settings.max_length, self.len() + more)
            || over(self.settings.max_length_bytes, self.ready_bytes + bytes)
    }

    /// Puts a message at the end of its priority.
    pub(crate) fn push(&mut self, message: Arc<Message>, priority: Option<u8>, expires: Option<Millis>, failed: bool) {
        let place = self.next_place;
        self.next_place += 1;
        // A quorum queue has a middle for who asks for nothing.
        let priority = priority.unwrap_or(if self.settings.quorum { 4 } else { 0 });
        let priority = priority.min(self.settings.highest_priority());
        self.count(&message, expires.is_some());
        let weight = Weight::new(&message.gauge, PLACE);
        let entry = Entry {
            place,
            message,
            expires,
            redelivered: false,
            failed,
            acquired: 0,
            returns: 0,
            priority,
            _weight: weight,
        };
        self.ready[usize::from(priority)].push_back(entry);
    }

    /// Puts a message back to its old place.
    pub(crate) fn put_back(&mut self, entry: Entry) {
        self.count(&entry.message, entry.expires.is_some());
        let level = &mut self.ready[usize::from(entry.priority)];
        let at = level.partition_point(|other| other.place < entry.place);
        level.insert(at, entry);
    }

    /// Takes the first message of the highest priority.
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let level = self.ready.iter_mut().rev().find(|level| !level.is_empty())?;
        let entry = level.pop_front()?;
        if level.is_empty() && level.capacity() > 1024 {
            // A queue that was long once need not stay large.
            *level = VecDeque::new();
        }
        self.discount(&entry);
        Some(entry)
    }

    /// Takes the first message of all, if it is too old. One that is too old and not first waits for its turn, as in RabbitMQ.
    pub(crate) fn pop_expired(&mut self, now: Millis) -> Option<Entry> {
        self.next_expiry().filter(|at| *at <= now)?;
        self.pop()
    }

    /// When the first message of all gets too old.
    pub(crate) fn next_expiry(&self) -> Option<Millis> {
        if self.expiring == 0 {
            return None;
        }
        self.iter().next()?.expires
    }

    /// A message that failed elsewhere and was not delivered at once shows it, as if it had been delivered from here.
    pub(crate) fn show_failure(&mut self) {
        let last = self.ready.iter_mut().filter_map(VecDeque::back_mut).max_by_key(|entry| entry.place);
        if let Some(last) = last.filter(|entry| entry.place + 1 == self.next_place) {
            last.redelivered |= last.failed;
        }
    }

    /// Takes all that are ready. Returns how many they were.
    pub(crate) fn purge(&mut self) -> usize {
        let count = self.len();
        // A queue that was long gives its places back, too.
        self.ready.iter_mut().for_each(|level| *level = VecDeque::new());
        self.ready_count = 0;
        self.ready_bytes = 0;
        self.expiring = 0;
        count
    }

    /// Throws away what a restart does not leave: all that is not persistent. A quorum queue writes down whatever it gets.
    pub(crate) fn forget_transient(&mut self) {
        if self.settings.quorum {
            return;
        }
        for mut level in std::mem::take(&mut self.ready) {
            level.retain(|entry| entry.message.is_persistent());
            self.ready.push(level);
        }
        let entries = || self.ready.iter().flatten();
        (self.ready_count, self.ready_bytes, self.expiring) = (
            entries().count(),
            entries().map(|entry| entry.message.body.len()).sum(),
            entries().filter(|entry| entry.expires.is_some()).count(),
        );
    }

    /// Those that are ready, in the order in which they would be delivered.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.ready.iter().rev().flatten()
    }

    /// Panics when what it counts is not what it holds.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn check_counts(&self) {
        assert_eq!(self.ready.len(), usize::from(self.settings.highest_priority()) + 1);
        assert_eq!(self.ready_bytes, self.iter().map(|entry| entry.message.body.len()).sum::<usize>(), "{}", self.name);
        assert_eq!(self.expiring, self.iter().filter(|entry| entry.expires.is_some()).count(), "{}", self.name);
        for (priority, level) in self.ready.iter().enumerate() {
            assert!(level.iter().all(|entry| usize::from(entry.priority) == priority && entry.place < self.next_place));
            assert!(level.iter().is_sorted_by(|one, next| one.place < next.place), "{} is out of order", self.name);
        }
    }

    fn count(&mut self, message: &Message, expires: bool) {
        self.ready_count += 1;
        self.ready_bytes += message.body.len();
        self.expiring += usize::from(expires);
    }

    fn discount(&mut self, entry: &Entry) {
        self.ready_count -= 1;
        self.ready_bytes -= entry.message.body.len();
        self.expiring -= usize::from(entry.expires.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::message::Gauge;

    fn queue(max_priority: u8) -> Queue {
        let settings = Settings { max_priority, ..Settings::default() };
        Queue::new("q".into(), "/".into(), settings, FieldTable::default())
    }

    fn message(body: &'static str) -> Arc<Message> {
        Message::new("".into(), "q".to_owned(), bytes::Bytes::new(), body.into(), &Gauge::default())
    }

    fn bodies(queue: &Queue) -> Vec<&[u8]> {
        queue.iter().map(|entry| &*entry.message.body).collect()
    }

    #[test]
    fn what_comes_back_gets_its_old_place() {
        let mut queue = queue(0);
        for body in ["1", "2", "3", "4"] {
            queue.push(message(body), None, None, false);
        }
        let (first, second) = (queue.pop().unwrap(), queue.pop().unwrap());
        queue.put_back(second);
        assert_eq!(bodies(&queue), [b"2", b"3", b"4"]);
        queue.put_back(first);
        assert_eq!(bodies(&queue), [b"1", b"2", b"3", b"4"]);
        assert_eq!((queue.len(), queue.bytes()), (4, 4));
    }

    #[test]
    fn the_highest_priority_goes_first() {
        let mut queue = queue(5);
        for (body, priority) in [("low", 0), ("high", 5), ("above", 9), ("middle", 3)] {
            queue.push(message(body), Some(priority), None, false);
        }
        assert_eq!(bodies(&queue), [&b"high"[..], b"above", b"middle", b"low"]);
        assert_eq!(queue.pop().unwrap().message.body, "high");
    }

    #[test]
    fn only_the_first_in_line_gets_too_old() {
        let mut queue = queue(0);
        queue.push(message("long"), None, Some(100), false);
        queue.push(message("short"), None, Some(10), false);
        assert_eq!(queue.next_expiry(), Some(100));
        assert!(queue.pop_expired(99).is_none());
        assert_eq!(queue.pop_expired(100).unwrap().message.body, "long");
        assert_eq!(queue.pop_expired(100).unwrap().message.body, "short");
        assert!(queue.pop_expired(100).is_none() && queue.is_empty());
    }
}
