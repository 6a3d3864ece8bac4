//! The fate of each message that the broker delivered to a program.

use std::{collections::BTreeMap, time::Duration};

use recording::ProgramRun;
use wire::{Event, Method, Peer, protocol::basic::AMQPMethod as Basic};

use crate::transcript::MethodEvent;

/// A message that the broker delivered to the program, and the program's replies to it.
#[derive(Clone, Copy)]
pub struct Delivered<'a> {
    /// The method that delivered it: `basic.deliver` or `basic.get-ok`.
    pub said: MethodEvent<'a>,
    /// The delivery tag.
    pub tag: u64,
    /// True if it was delivered before.
    pub redelivered: bool,
    /// The body.
    pub body: &'a [u8],
    /// The first acknowledgement.
    pub acked: Option<MethodEvent<'a>>,
    /// The `basic.nack` or `basic.reject`.
    pub rejected: Option<MethodEvent<'a>>,
}

impl Delivered<'_> {
    /// Returns the time from its arrival to its acknowledgement.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        Some(self.acked?.at.saturating_sub(self.said.at))
    }
}

/// Returns all deliveries to the program, in order.
#[must_use]
pub fn ledger(run: &ProgramRun) -> Vec<Delivered<'_>> {
    Ledger::default().deliveries(run).collect()
}

/// A ledger that grows while a program runs: it reads each event once, however often a scene asks.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    /// The entries without a reply, by connection and channel, and by tag.
    open: BTreeMap<(u32, u16), BTreeMap<u64, usize>>,
    /// The number of events read so far.
    read: usize,
    /// The last of these, by [`wire::Event::order`].
    last: Option<u64>,
}

/// A delivery, by the indices of its events in the conversation.
#[derive(Clone, Debug)]
struct Entry {
    came: usize,
    tag: u64,
    redelivered: bool,
    acked: Option<usize>,
    rejected: Option<usize>,
}

impl Entry {
    fn body<'a>(&self, events: &'a [Event]) -> &'a [u8] {
        let said = events.get(self.came).and_then(MethodEvent::of);
        said.and_then(|said| said.content).map_or(&[], |content| &content.body)
    }

    fn delivered<'a>(&self, events: &'a [Event]) -> Option<Delivered<'a>> {
        let said = |at: usize| events.get(at).and_then(MethodEvent::of);
        Some(Delivered {
            said: said(self.came)?,
            tag: self.tag,
            redelivered: self.redelivered,
            body: self.body(events),
            acked: self.acked.and_then(said),
            rejected: self.rejected.and_then(said),
        })
    }
}

impl Ledger {
    /// Returns all deliveries to the program, in order. Its recording may have grown since the last call.
    pub fn deliveries<'a>(&mut self, run: &'a ProgramRun) -> impl Iterator<Item = Delivered<'a>> + use<'_, 'a> {
        self.read(&run.events);
        self.entries.iter().filter_map(|entry| entry.delivered(&run.events))
    }

    /// Returns whether the program got this message. Its recording may have grown since the last call.
    pub fn has(&mut self, run: &ProgramRun, body: &str) -> bool {
        self.read(&run.events);
        self.entries.iter().any(|entry| entry.body(&run.events) == body.as_bytes())
    }

    /// Returns the number of times that the program acknowledged this message. Its recording may have grown since the last
    /// call.
    pub fn times_acknowledged(&mut self, run: &ProgramRun, body: &str) -> usize {
        self.read(&run.events);
        let acknowledged = self.entries.iter().filter(|entry| entry.acked.is_some());
        acknowledged.filter(|entry| entry.body(&run.events) == body.as_bytes()).count()
    }

    fn read(&mut self, events: &[Event]) {
        // An event of one connection may be recorded after a later one of another, and then stands before it.
        if self.last.is_some()
            && self.read.checked_sub(1).and_then(|at| events.get(at)).map(|event| event.order) != self.last
        {
            *self = Ledger::default();
        }
        for (at, event) in events.iter().enumerate().skip(self.read) {
            if let Some(said) = MethodEvent::of(event) {
                self.note(at, &said);
            }
        }
        self.read = events.len();
        self.last = events.last().map(|event| event.order);
    }

    fn note(&mut self, at: usize, said: &MethodEvent<'_>) {
        let came = |tag, redelivered| Entry { came: at, tag, redelivered, acked: None, rejected: None };
        let (tag, multiple, is_ack) = match said.method {
            Method::Basic(Basic::Deliver(deliver)) => {
                return self.add(said, came(deliver.delivery_tag, deliver.redelivered));
            }
            Method::Basic(Basic::GetOk(got)) => return self.add(said, came(got.delivery_tag, got.redelivered)),
            // The broker uses the same methods for publisher confirms.
            _ if said.from == Peer::Broker => return,
            Method::Basic(Basic::Ack(ack)) => (ack.delivery_tag, ack.multiple, true),
            Method::Basic(Basic::Nack(nack)) => (nack.delivery_tag, nack.multiple, false),
            Method::Basic(Basic::Reject(reject)) => (reject.delivery_tag, false, false),
            _ => return,
        };
        let Some(open) = self.open.get_mut(&(said.connection, said.channel)) else { return };
        let meant: Vec<usize> = if multiple {
            // Tag 0 means all deliveries.
            let after = match tag.checked_add(1) {
                Some(next) if tag > 0 => open.split_off(&next),
                _ => BTreeMap::new(),
            };
            std::mem::replace(open, after).into_values().collect()
        } else {
            open.remove(&tag).into_iter().collect()
        };
        for entry in meant {
            let entry = &mut self.entries[entry];
            *(if is_ack { &mut entry.acked } else { &mut entry.rejected }) = Some(at);
        }
    }

    fn add(&mut self, said: &MethodEvent<'_>, entry: Entry) {
        let channel = self.open.entry((said.connection, said.channel)).or_default();
        channel.insert(entry.tag, self.entries.len());
        self.entries.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::{What, protocol::basic};

    use super::*;

    fn event(order: u64, connection: u32, from: Peer, method: Basic) -> Event {
        let what = What::Method { channel: 1, method: Method::Basic(method), content: None };
        Event { at: Duration::from_millis(order), order, connection, from, what }
    }

    #[test]
    fn an_event_that_is_recorded_late_is_not_missed() {
        let deliver = basic::Deliver { delivery_tag: 1, ..Default::default() };
        let publish = event(2, 2, Peer::Program, Basic::Publish(basic::Publish::default()));
        let mut run = ProgramRun {
            events: vec![event(0, 1, Peer::Broker, Basic::Deliver(deliver)), publish],
            ..ProgramRun::default()
        };
        let mut ledger = Ledger::default();
        assert!(ledger.deliveries(&run).all(|delivered| delivered.acked.is_none()));
        // The acknowledgement was sent first, on another connection.
        let ack = basic::Ack { delivery_tag: 1, multiple: false };
        run.events.insert(1, event(1, 1, Peer::Program, Basic::Ack(ack)));
        let acked: Vec<bool> = ledger.deliveries(&run).map(|delivered| delivered.acked.is_some()).collect();
        assert_eq!(acked, [true]);
    }
}
