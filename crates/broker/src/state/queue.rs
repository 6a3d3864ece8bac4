//! Queues: where messages wait (AMQP 0-9-1, section 3.1.2).
//!
//! A queue keeps the messages that are *ready*, in order, and knows its consumers. Messages that were delivered and not
//! acknowledged belong to the channel that received them; when that channel requeues them or ends, they return to their old
//! places here.

use std::{collections::VecDeque, sync::Arc};

use wire::types::{FieldTable, ShortString};

use crate::state::{
    ConnectionId, Millis,
    arguments::Settings,
    binding::BoundTo,
    delivery::Consumer,
    message::{Message, Weight},
};

/// The id of a queue; never used again, even for a later queue with the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(pub(crate) u64);

/// The memory that a place in a queue takes, in bytes, in addition to the message itself: one message may be in many
/// queues.
pub(crate) const PLACE: usize = 96;

/// A message in a queue.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its place in the order; earlier messages have smaller numbers.
    pub(crate) place: u64,
    pub(crate) message: Arc<Message>,
    /// The time at which it expires.
    pub(crate) expires: Option<Millis>,
    /// True if it was delivered before.
    pub(crate) redelivered: bool,
    /// True if a consumer rejected it, or ended while holding it, in this queue or in one where it died.
    pub(crate) failed: bool,
    /// The number of times that it was delivered and came back, for any reason.
    pub(crate) acquired: u32,
    /// The number of those that count against the delivery limit of a quorum queue.
    pub(crate) returns: u32,
    pub(crate) priority: u8,
    _weight: Weight,
}

/// The state of a queue.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) name: ShortString,
    pub(crate) vhost: Arc<str>,
    pub(crate) durable: bool,
    pub(crate) auto_delete: bool,
    /// The connection that uses it exclusively.
    pub(crate) owner: Option<ConnectionId>,
    pub(crate) arguments: FieldTable,
    pub(crate) settings: Settings,
    /// Its consumers, in the order of their turns.
    pub(crate) consumers: Vec<Consumer>,
    /// The bindings that lead here.
    pub(crate) bound_to: BoundTo,
    /// The number of messages that were delivered and not acknowledged.
    pub(crate) unacked: usize,
    /// The ready messages by priority, the lowest first; each level is sorted by place.
    ready: Vec<VecDeque<Entry>>,
    ready_count: usize,
    ready_bytes: usize,
    next_place: u64,
    /// The number of entries that can expire.
    expiring: usize,
    /// The time for which the clock is set: the expiry of the first message.
    pub(crate) alarm: Option<Millis>,
    /// The time of its last use, for `x-expires`.
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

    /// Returns the number of ready messages.
    pub(crate) fn len(&self) -> usize {
        self.ready_count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ready_count == 0
    }

    /// Returns the number of bytes in the bodies of the ready messages.
    pub(crate) fn bytes(&self) -> usize {
        self.ready_bytes
    }

    /// Returns whether `more` messages with `bytes` bytes would be too many.
    pub(crate) fn overflows(&self, more: usize, bytes: usize) -> bool {
        let over = |most: Option<u64>, would_be: usize| most.is_some_and(|most| would_be as u64 > most);
        over(self.settings.max_length, self.len() + more)
            || over(self.settings.max_length_bytes, self.ready_bytes + bytes)
    }

    /// Adds a message at the end of its priority.
    pub(crate) fn push(&mut self, message: Arc<Message>, priority: Option<u8>, expires: Option<Millis>, failed: bool) {
        let place = self.next_place;
        self.next_place += 1;
        // In a quorum queue, messages without a priority get a middle one.
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

    /// Returns a message to its old place.
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
            // A level that was long once gives its memory back.
            *level = VecDeque::new();
        }
        self.discount(&entry);
        Some(entry)
    }

    /// Takes the first message of the queue if it has expired. Expired messages behind it wait for their turn, as in
    /// RabbitMQ.
    pub(crate) fn pop_expired(&mut self, now: Millis) -> Option<Entry> {
        self.next_expiry().filter(|at| *at <= now)?;
        self.pop()
    }

    /// Returns the time at which the first message of the queue expires.
    pub(crate) fn next_expiry(&self) -> Option<Millis> {
        if self.expiring == 0 {
            return None;
        }
        self.iter().next()?.expires
    }

    /// Marks the newest message as redelivered if it failed elsewhere and was not delivered immediately.
    pub(crate) fn show_failure(&mut self) {
        let last = self.ready.iter_mut().filter_map(VecDeque::back_mut).max_by_key(|entry| entry.place);
        if let Some(last) = last.filter(|entry| entry.place + 1 == self.next_place) {
            last.redelivered |= last.failed;
        }
    }

    /// Removes all ready messages. Returns their number.
    pub(crate) fn purge(&mut self) -> usize {
        let count = self.len();
        // A queue that was long gives its memory back, too.
        self.ready.iter_mut().for_each(|level| *level = VecDeque::new());
        self.ready_count = 0;
        self.ready_bytes = 0;
        self.expiring = 0;
        count
    }

    /// Drops the messages that do not survive a restart: those that are not persistent. A quorum queue keeps everything.
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

    /// Returns the ready messages in the order in which they would be delivered.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.ready.iter().rev().flatten()
    }

    /// Panics when the queue's counts differ from its contents.
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
