//! The messages of one run, and what became of each.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use recording::ProgramRun;
use wire::{
    Content, Method, Peer, What,
    protocol::{basic, channel::AMQPMethod, confirm, connection},
};

use super::{COUNT, Way, line};
use crate::transcript::MethodEvent;

/// A message that a program published.
#[derive(Clone, Copy)]
pub struct Published<'a> {
    /// The method.
    pub said: MethodEvent<'a>,
    /// Its arguments.
    pub publish: &'a basic::Publish,
    /// Its content.
    pub content: &'a Content,
    /// Its number on the channel, from 1; None if the channel was not in confirm mode.
    pub number: Option<u64>,
    /// The opening of its channel, among all openings of the run.
    opening: usize,
    /// Its confirm; None if there was none.
    pub confirm: Option<Confirm<'a>>,
    /// The `basic.return` with it.
    pub returned: Option<MethodEvent<'a>>,
}

/// The confirm of a message.
#[derive(Clone, Copy)]
pub struct Confirm<'a> {
    /// The `basic.ack` or `basic.nack`.
    pub said: MethodEvent<'a>,
    /// True for `basic.ack`.
    pub taken: bool,
    /// True if it is also for earlier messages.
    pub multiple: bool,
}

impl Published<'_> {
    /// Returns whether the broker has it: it was acknowledged, and not returned.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.confirm.is_some_and(|confirm| confirm.taken) && self.returned.is_none()
    }

    /// Returns whether the broker refused it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.confirm.is_some_and(|confirm| !confirm.taken)
    }

    /// Returns its body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content.body).into_owned()
    }

    /// Returns whether it had no confirm yet when an event came.
    #[must_use]
    pub fn is_open_at(&self, order: u64) -> bool {
        self.said.order < order && self.confirm.is_none_or(|confirm| confirm.said.order > order)
    }
}

/// A run, and the messages in it.
pub struct Conversation<'a> {
    /// The run.
    pub run: &'a ProgramRun,
    /// The messages, by the way in which they were sent.
    pub ways: Vec<Vec<Published<'a>>>,
}

impl<'a> Conversation<'a> {
    /// Returns the messages of a run.
    #[must_use]
    pub fn of(run: &'a ProgramRun) -> Conversation<'a> {
        Conversation { run, ways: by_way(published(run), &line::times(run)) }
    }

    /// Returns all messages, in order.
    pub fn all(&self) -> impl Iterator<Item = &Published<'a>> {
        self.ways.iter().flatten()
    }

    /// Returns whether the program wants messages back that reach no queue.
    #[must_use]
    pub fn is_mandatory(&self) -> bool {
        self.all().any(|message| message.publish.mandatory)
    }
}

/// Returns the number of different messages among these that the broker has.
#[must_use]
pub fn taken(messages: &[Published<'_>]) -> usize {
    messages
        .iter()
        .filter(|message| message.is_taken())
        .map(|message| &message.content.body)
        .collect::<HashSet<_>>()
        .len()
}

/// Returns the messages of a run with their confirms, in order, and the openings of channels that the broker ended.
fn published(run: &ProgramRun) -> (Vec<Published<'_>>, HashSet<usize>) {
    let mut all: Vec<Published<'_>> = Vec::new();
    let mut channels: HashMap<(u32, u16), Channel> = HashMap::new();
    let (mut openings, mut lost, mut closed) = (0, HashSet::new(), HashSet::new());
    for event in &run.events {
        let Some(said) = MethodEvent::of(event) else {
            if matches!(event.what, What::Ended { .. }) && !closed.contains(&event.connection) {
                lost.extend(of_connection(&channels, event.connection));
            }
            continue;
        };
        let channel = channels.entry((said.connection, said.channel)).or_default();
        match (said.from, said.method) {
            (Peer::Program, Method::Confirm(confirm::AMQPMethod::Select(_))) => channel.confirms = true,
            (Peer::Program, Method::Channel(AMQPMethod::Open(_))) => {
                openings += 1;
                *channel = Channel { opening: openings, ..Channel::default() };
            }
            (Peer::Program, Method::Connection(connection::AMQPMethod::Close(_))) => {
                closed.insert(said.connection);
            }
            (Peer::Broker, Method::Channel(AMQPMethod::Close(_))) => {
                lost.insert(channel.opening);
            }
            (Peer::Broker, Method::Connection(connection::AMQPMethod::Close(_))) => {
                lost.extend(of_connection(&channels, said.connection));
            }
            (Peer::Program, Method::Basic(basic::AMQPMethod::Publish(publish))) => {
                let Some(content) = said.content else { continue };
                channel.published += u64::from(channel.confirms);
                let number = channel.confirms.then_some(channel.published);
                channel.open.push(all.len());
                let opening = channel.opening;
                all.push(Published { said, publish, content, number, opening, confirm: None, returned: None });
            }
            (Peer::Broker, Method::Basic(basic::AMQPMethod::Ack(ack))) => {
                channel.confirm(&mut all, ack.delivery_tag, Confirm { said, taken: true, multiple: ack.multiple });
            }
            (Peer::Broker, Method::Basic(basic::AMQPMethod::Nack(nack))) => {
                channel.confirm(&mut all, nack.delivery_tag, Confirm { said, taken: false, multiple: nack.multiple });
            }
            (Peer::Broker, Method::Basic(basic::AMQPMethod::Return(returned))) => {
                let Some(content) = said.content else { continue };
                let is_it = |message: &Published<'_>| {
                    let to = (message.publish.exchange.as_str(), message.publish.routing_key.as_str());
                    to == (returned.exchange.as_str(), returned.routing_key.as_str())
                        && message.content.body == content.body
                        && message.returned.is_none()
                };
                if let Some(index) = channel.open.iter().copied().find(|index| is_it(&all[*index])) {
                    all[index].returned = Some(said);
                }
            }
            _ => {}
        }
    }
    (all, lost)
}

/// A channel, as far as confirms go.
#[derive(Default)]
struct Channel {
    /// The number of its opening, among all of the run.
    opening: usize,
    confirms: bool,
    published: u64,
    /// The messages without a confirm, by their indices.
    open: Vec<usize>,
}

impl Channel {
    fn confirm<'a>(&mut self, all: &mut [Published<'a>], tag: u64, confirm: Confirm<'a>) {
        let is_meant = |message: &Published<'_>| {
            message.number.is_some_and(|number| number == tag || confirm.multiple && (number < tag || tag == 0))
        };
        self.open.retain(|index| {
            let meant = is_meant(&all[*index]);
            if meant {
                all[*index].confirm = Some(confirm);
            }
            !meant
        });
    }
}

/// Returns the openings of the channels of a connection.
fn of_connection(channels: &HashMap<(u32, u16), Channel>, connection: u32) -> Vec<usize> {
    let of_it = channels.iter().filter(|((other, _), _)| *other == connection);
    of_it.map(|(_, channel)| channel.opening).collect()
}

/// The time after which a line is read from the program at the latest.
pub(super) const SLOW_TERMINAL: Duration = Duration::from_millis(5);

/// Returns the messages by the way in which they were sent. Each way has the same bodies: one that comes again begins a way,
/// unless the broker does not have it, or its channel is gone, so that the program sends it again.
fn by_way<'a>((all, lost): (Vec<Published<'a>>, HashSet<usize>), lines: &[Duration]) -> Vec<Vec<Published<'a>>> {
    let mut ways: Vec<Vec<Published<'a>>> = Vec::new();
    let mut last: HashMap<&[u8], Published<'a>> = HashMap::new();
    for message in all {
        let body = &message.content.body[..];
        let begins = match last.get(body) {
            None => last.len() >= COUNT,
            // If the broker has nothing of a way, the line about it tells a new way from messages that are sent again.
            Some(before) if before.is_refused() || before.returned.is_some() => {
                let is_first = ways.last().and_then(|way| way.first()).is_some_and(|first| first.content.body == body);
                let printed = lines.iter().filter(|at| **at <= message.said.at + SLOW_TERMINAL).count();
                is_first && last.len() >= COUNT && ways.len() < Way::ALL.len() && printed >= ways.len()
            }
            Some(before) => {
                let is_gone = before.opening != message.opening && lost.contains(&before.opening);
                // It may also begin a way again, because it did not count what was confirmed.
                let is_complete = || last.len() >= COUNT && last.values().all(Published::is_taken);
                !is_gone || before.is_taken() && is_complete()
            }
        };
        if begins || ways.is_empty() {
            ways.push(Vec::new());
            last.clear();
        }
        last.insert(body, message);
        if let Some(way) = ways.last_mut() {
            way.push(message);
        }
    }
    ways
}
