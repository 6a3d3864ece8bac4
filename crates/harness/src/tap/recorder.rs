//! Parses the bytes from the tap, and records the events.

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use recording::Limits;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use wire::{
    Event, Listener, Method, Peer, What,
    protocol::{basic, channel, connection},
    types::ShortString,
};

use crate::live::LiveRun;

/// The part of a conversation that is kept. A program that sends more is cut off, and judged by that part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The number of bytes of the conversation.
    pub bytes: u64,
    /// The number of events.
    pub events: usize,
    /// The number of bytes of one body.
    pub body: usize,
}

/// The bounds for which a recording has room.
impl Default for Bounds {
    fn default() -> Bounds {
        let Limits { events, bytes, body } = Limits::default();
        Bounds { bytes: bytes as u64, events, body }
    }
}

/// The most events in one piece. A piece is never so long that it has more.
const IN_ONE_PIECE: u64 = 1 << 16;

/// A place in the order of events. A piece has one place, and the events in it are numbered within it.
#[derive(Clone, Copy)]
pub(super) struct Position {
    at: Duration,
    order: u64,
}

pub(super) struct Note {
    place: Position,
    connection: u32,
    from: Peer,
    heard: Heard,
}

enum Heard {
    Bytes(Bytes),
    Event(What),
    TooMuch,
}

/// Takes notes, from every connection.
pub(super) struct Recorder {
    notes: UnboundedSender<Note>,
    zero: Instant,
    order: AtomicU64,
    connections: AtomicU32,
    heard: AtomicU64,
    most: u64,
    /// The token that is cancelled once no more is kept.
    full: CancellationToken,
}

impl Recorder {
    pub(super) fn new(notes: UnboundedSender<Note>, zero: Instant, bounds: Bounds) -> Recorder {
        Recorder {
            notes,
            zero,
            order: AtomicU64::new(0),
            connections: AtomicU32::new(0),
            heard: AtomicU64::new(0),
            most: bounds.bytes,
            full: CancellationToken::new(),
        }
    }

    /// Returns the token that is cancelled once no more is kept.
    pub(super) fn full(&self) -> &CancellationToken {
        &self.full
    }

    /// Returns the number of a new connection, from 1.
    pub(super) fn number(&self) -> u32 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Returns the next place in the order.
    pub(super) fn position(&self) -> Position {
        Position { at: self.zero.elapsed(), order: self.order.fetch_add(1, Ordering::SeqCst) }
    }

    /// Notes an event now.
    pub(super) fn say(&self, connection: u32, from: Peer, what: What) {
        self.say_at(self.position(), connection, from, what);
    }

    /// Notes an event at this place.
    pub(super) fn say_at(&self, place: Position, connection: u32, from: Peer, what: What) {
        self.note(Note { place, connection, from, heard: Heard::Event(what) });
    }

    /// Notes bytes at this place.
    pub(super) fn hear_at(&self, place: Position, connection: u32, from: Peer, bytes: Bytes) {
        let before = self.heard.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if before <= self.most {
            let heard = if before + bytes.len() as u64 > self.most { Heard::TooMuch } else { Heard::Bytes(bytes) };
            self.note(Note { place, connection, from, heard });
        }
    }

    fn note(&self, note: Note) {
        // The receiver is gone when the check is over.
        let _ = self.notes.send(note);
    }
}

/// Records notes until all senders are gone. `names` has the names of the check's own, each with the one that is shown in its
/// place, and `full` is cancelled once no more is kept.
pub(super) async fn record(
    mut notes: UnboundedReceiver<Note>,
    seen: LiveRun,
    names: Vec<(String, String)>,
    bounds: Bounds,
    full: CancellationToken,
) {
    let mut listeners: HashMap<(u32, bool), Listener> = HashMap::new();
    let mut batch = Vec::new();
    let mut known = 0;
    let mut cut = false;
    while notes.recv_many(&mut batch, 16).await > 0 {
        let mut events = Vec::new();
        for Note { place, connection, from, heard } in batch.drain(..) {
            cut |= known + events.len() > bounds.events;
            let mut order = place.order * IN_ONE_PIECE;
            let mut say = |what: What| {
                events.push(Event { at: place.at, order, connection, from, what: in_public(what, &names) });
                order += 1;
            };
            let listener =
                listeners.entry((connection, from == Peer::Program)).or_insert_with(|| Listener::new(bounds.body));
            match heard {
                Heard::TooMuch => cut = true,
                Heard::Bytes(_) if cut => {}
                Heard::Bytes(bytes) => listener.hear(&bytes, say),
                Heard::Event(what) => {
                    if matches!(what, What::Ended { .. }) {
                        listener.end(&mut say);
                    }
                    say(what);
                }
            }
        }
        cut |= known + events.len() > bounds.events;
        events.truncate(bounds.events - known.min(bounds.events));
        known += events.len();
        if cut {
            full.cancel();
        }
        seen.add(|performance| {
            performance.events_cut = cut;
            for event in events {
                note_alarm(&mut performance.blocked, &event);
                // Two directions race by a hair, so the right place is at the end or close to it.
                let place = performance.events.iter().rposition(|earlier| earlier.order < event.order);
                performance.events.insert(place.map_or(0, |place| place + 1), event);
            }
        });
    }
}

/// Records the connections that the broker blocks.
fn note_alarm(blocked: &mut BTreeMap<u32, String>, event: &Event) {
    let What::Method { method: Method::Connection(method), .. } = &event.what else { return };
    match method {
        connection::AMQPMethod::Blocked(method) if event.from == Peer::Broker => {
            blocked.insert(event.connection, method.reason.as_str().to_owned());
        }
        connection::AMQPMethod::Unblocked(_) if event.from == Peer::Broker => {
            blocked.remove(&event.connection);
        }
        _ => {}
    }
}

/// Returns an event with the check's vhost shown as `/`, which the program opened, and its user as `guest`.
fn in_public(mut what: What, names: &[(String, String)]) -> What {
    if let What::Method { method, .. } = &mut what {
        match method {
            Method::Connection(connection::AMQPMethod::Close(close)) => unname(&mut close.reply_text, names),
            Method::Channel(channel::AMQPMethod::Close(close)) => unname(&mut close.reply_text, names),
            Method::Basic(basic::AMQPMethod::Return(returned)) => unname(&mut returned.reply_text, names),
            _ => {}
        }
    }
    what
}

fn unname(text: &mut ShortString, names: &[(String, String)]) {
    for (own, shown) in names {
        if text.as_str().contains(own) {
            // The replacement is shorter, so it still fits.
            *text = text.as_str().replace(own, shown).into();
        }
    }
}
