//! The broker as a state machine: events go in, effects come out.
//!
//! ```text
//!             hear, lost, sent, tick …                 effects
//!  shell  ──────────────────────────────▶  Broker  ───────────────▶  shell
//!  (sockets, clock)                     (plain data)                (sockets, clock)
//! ```
//!
//! [`Broker`] does no I/O, and has no clock and no randomness of its own: the time is passed in with every call, and its
//! random names come from a seed. The same inputs give the same effects, so all of it is tested without a socket, and a
//! fuzzer can play a whole day in a second.
//!
//! | file | concept |
//! |---|---|
//! | `config` | the configuration of a broker, and its limits |
//! | `effect` | tasks for the shell |
//! | `connection`, `handshake` | a connection as a whole, from the first byte to the last |
//! | `channel`, `content` | channels, and the way from frames to methods with contents |
//! | `exchange`, `binding`, `topic`, `headers` | routing of messages |
//! | `queue`, `declare`, `arguments` | queues, where messages wait |
//! | `publish` | publishing, and confirms for the publisher |
//! | `delivery` | delivery to consumers |
//! | `acknowledge`, `transaction` | acknowledgements and transactions |
//! | `dead_letter` | messages that were rejected, expired or dropped |
//! | `reply_to` | answers without a queue |
//! | `accounts` | users and permissions |
//! | `refusal`, `erlang` | refusals, in RabbitMQ's words |
//! | `alarm` | blocking of publishers when there is no room |
//! | `restart` | a restart, and what survives it |
//! | `injection` | faults on demand, for the next published messages |
//! | `operator`, `listing` | commands and listings for operators |
//! | `invariants` | facts that always hold, for tests and fuzzers |

pub(crate) mod accounts;
pub(crate) mod acknowledge;
pub(crate) mod alarm;
pub(crate) mod arguments;
pub(crate) mod binding;
pub(crate) mod channel;
mod config;
pub(crate) mod connection;
pub(crate) mod content;
pub(crate) mod dead_letter;
pub(crate) mod declare;
pub(crate) mod delivery;
mod effect;
pub(crate) mod erlang;
pub(crate) mod exchange;
pub(crate) mod handshake;
pub(crate) mod headers;
mod ids;
pub(crate) mod injection;
#[cfg(any(test, fuzzing))]
mod invariants;
pub(crate) mod listing;
pub(crate) mod message;
pub(crate) mod operator;
pub(crate) mod publish;
pub(crate) mod queue;
mod random;
pub(crate) mod refusal;
pub(crate) mod reply_to;
mod restart;
pub(crate) mod topic;
pub(crate) mod transaction;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use wire::{Method, Unit, frame::FrameError, types::FieldTable};

use crate::state::{
    accounts::{Account, Accounts, BadPattern},
    alarm::Alarm,
    channel::{Answer, At},
    connection::{Connection, Phase},
    dead_letter::DeadLetter,
    exchange::Exchange,
    ids::IdMap,
    injection::Injection,
    message::{Gauge, Message},
    queue::{Queue, QueueId},
    random::Random,
};

pub use config::{Config, DeprecatedFeature, Limits};
pub use effect::{Effect, Output};

/// Milliseconds since the broker started.
pub type Millis = u64;

/// The id of a connection; never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(crate) u64);

/// An event that is due at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// The first message of a queue expires.
    Messages(QueueId),
    /// A queue has been unused for too long.
    Queue(QueueId),
    /// Confirms that were held back are due.
    Confirms(At),
    /// The time limit of a handshake or of a close is over.
    HangUp(ConnectionId),
}

/// A vhost: exchanges and queues, independent of those in other vhosts.
#[derive(Debug)]
pub(crate) struct Vhost {
    pub(crate) exchanges: BTreeMap<String, Exchange>,
    pub(crate) queues: BTreeMap<String, QueueId>,
    /// The faults for the next published messages.
    pub(crate) injections: Vec<Injection>,
}

impl Vhost {
    fn new() -> Vhost {
        let exchanges = Exchange::predeclared().map(|exchange| (exchange.name.to_string(), exchange)).collect();
        Vhost { exchanges, ..Vhost::empty() }
    }

    /// Returns a vhost without the predeclared exchanges.
    fn empty() -> Vhost {
        Vhost { exchanges: BTreeMap::new(), queues: BTreeMap::new(), injections: Vec::new() }
    }
}

/// The broker.
#[derive(Debug)]
pub struct Broker {
    limits: Limits,
    /// The deprecated features to refuse.
    denied: BTreeSet<DeprecatedFeature>,
    began: u64,
    now: Millis,
    random: Random,
    accounts: Accounts,
    vhosts: BTreeMap<Arc<str>, Vhost>,
    queues: IdMap<QueueId, Queue>,
    queue_count: u64,
    connections: IdMap<ConnectionId, Connection>,
    connection_count: u64,
    timers: BTreeSet<(Millis, Due)>,
    effects: Vec<(ConnectionId, Effect)>,
    dead_letters: VecDeque<DeadLetter>,
    /// The channels with pending confirms.
    unconfirmed: Vec<At>,
    /// The queues to deliver from later, while deliveries are deferred.
    deferred: Option<BTreeSet<QueueId>>,
    /// The channels of direct reply-to consumers, by their addresses.
    reply_names: HashMap<String, At>,
    gauge: Gauge,
    definitions: usize,
    bindings: usize,
    /// The alarms that an operator raised.
    raised: BTreeSet<Alarm>,
    /// True if messages take more memory than the limit.
    memory_is_low: bool,
    /// The number of consumers.
    consumers: Gauge,
    /// The number of logins still to refuse, of any user.
    refuse_logins: u32,
    detached_vhost: Vhost,
    /// The lines of the log that have not been taken yet; None when no log is written.
    log: Option<Vec<String>>,
}

impl Broker {
    /// Returns a new broker.
    ///
    /// # Errors
    ///
    /// An error when a pattern of an account is not a regular expression.
    pub fn new(config: Config) -> Result<Broker, BadPattern> {
        let mut broker = Broker {
            limits: config.limits,
            denied: config.denied,
            began: config.began,
            now: 0,
            random: Random::new(config.seed),
            accounts: Accounts::default(),
            vhosts: BTreeMap::new(),
            queues: IdMap::default(),
            queue_count: 0,
            connections: IdMap::default(),
            connection_count: 0,
            timers: BTreeSet::new(),
            effects: Vec::new(),
            dead_letters: VecDeque::new(),
            unconfirmed: Vec::new(),
            deferred: None,
            reply_names: HashMap::new(),
            gauge: Gauge::default(),
            definitions: 0,
            bindings: 0,
            raised: BTreeSet::new(),
            consumers: Gauge::default(),
            memory_is_low: false,
            refuse_logins: 0,
            detached_vhost: Vhost::empty(),
            log: None,
        };
        for vhost in std::iter::once("/").chain(config.vhosts.iter().map(String::as_str)) {
            broker.vhosts.entry(vhost.into()).or_insert_with(Vhost::new);
        }
        let guest = [Account::guest()];
        for account in if config.accounts.is_empty() { &guest[..] } else { &config.accounts } {
            broker.add_account(account)?;
        }
        Ok(broker)
    }

    /// Adds a new connection. Its name consists of the client's and the broker's address.
    pub fn connected(&mut self, now: Millis, name: String) -> ConnectionId {
        self.advance(now);
        self.new_connection(name)
    }

    /// Handles a unit that a connection sent.
    pub fn hear(&mut self, now: Millis, connection: ConnectionId, unit: &Unit) {
        self.advance(now);
        self.on_unit(connection, unit);
        self.move_dead_letters();
    }

    /// Handles bytes that are not a frame; nothing after them can be read. `bytes` starts where the frame should start.
    pub fn garbage(&mut self, now: Millis, connection: ConnectionId, error: &FrameError, bytes: &[u8]) {
        self.advance(now);
        self.on_garbage(connection, error, bytes);
        self.move_dead_letters();
    }

    /// Records that `bytes` bytes of output were sent, as counted by [`Output::size`].
    pub fn sent(&mut self, now: Millis, connection: ConnectionId, bytes: usize) {
        self.advance(now);
        let most = self.limits.outstanding;
        let Some(found) = self.connections.get_mut(&connection) else { return };
        found.outstanding = found.outstanding.saturating_sub(bytes);
        // Deliveries resume only when there is room for many messages: one at a time would wake all tasks for each.
        if found.full && found.outstanding <= most / 2 {
            found.full = false;
            self.deliver_to_connection(connection);
            self.move_dead_letters();
        }
    }

    /// Removes a connection whose socket ended.
    pub fn lost(&mut self, now: Millis, connection: ConnectionId) {
        self.advance(now);
        let closed = self.connections.get(&connection).is_some_and(|connection| connection.phase == Phase::Closed);
        self.note(|broker| {
            let how = if closed { "" } else { ": client unexpectedly closed TCP connection" };
            format!("closing connection {}{how}", broker.name_of(connection))
        });
        self.end_connection(connection);
        self.hang_up_in(connection, None);
        self.connections.remove(&connection);
        self.move_dead_letters();
    }

    /// Advances the clock.
    pub fn tick(&mut self, now: Millis) {
        self.advance(now);
        self.move_dead_letters();
    }

    /// Returns the time of the next due event.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        if !self.dead_letters.is_empty() {
            return Some(self.now);
        }
        self.timers.first().map(|(at, _)| *at)
    }

    /// Returns the effects in their order, and ends the turn: publishers get the confirms of this turn, and alarms are
    /// raised or cleared.
    pub fn effects(&mut self) -> std::vec::Drain<'_, (ConnectionId, Effect)> {
        for at in std::mem::take(&mut self.unconfirmed) {
            self.flush_confirms(at);
        }
        self.watch_memory();
        self.effects.drain(..)
    }

    /// Returns whether the broker listens to this connection now: no alarm blocks it, and it has read its earlier output.
    #[must_use]
    pub fn listens_to(&self, connection: ConnectionId) -> bool {
        self.connections.get(&connection).is_none_or(|connection| {
            !connection.blocked && connection.outstanding < self.limits.outstanding.saturating_mul(2)
        })
    }

    /// Returns the agreed size of the largest frame, in bytes; None until both sides have agreed.
    #[must_use]
    pub fn frame_max(&self, connection: ConnectionId) -> Option<u32> {
        self.connections.get(&connection)?.frame_max
    }

    /// Starts the log: see [`Broker::take_log`].
    pub fn start_log(&mut self) {
        self.log.get_or_insert_default();
    }

    /// Returns whether a message is being received and is not complete.
    #[must_use]
    pub fn is_in_a_message(&self, connection: ConnectionId) -> bool {
        let connection = self.connections.get(&connection);
        connection.is_some_and(|connection| connection.channels.values().any(|channel| channel.assembly.is_some()))
    }

    /// Returns the log since the last call, line by line: connections that opened and closed, and refusals with their
    /// reasons.
    pub fn take_log(&mut self) -> Vec<String> {
        self.log.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn note(&mut self, line: impl FnOnce(&Broker) -> String) {
        if self.log.is_some() {
            let line = line(self);
            self.log.get_or_insert_default().push(line);
        }
    }

    /// Advances the clock, and handles everything that is due.
    fn advance(&mut self, now: Millis) {
        self.now = self.now.max(now);
        while let Some(&(at, due)) = self.timers.first()
            && at <= self.now
        {
            self.timers.pop_first();
            match due {
                Due::Messages(id) => {
                    if let Some(queue) = self.queues.get_mut(&id) {
                        queue.alarm = None;
                    }
                    self.expire(id);
                }
                Due::Queue(id) => {
                    if self.queues.get(&id).is_some_and(|queue| queue.consumers.is_empty()) {
                        self.remove_queue(id);
                    }
                }
                Due::Confirms(at) => self.send_held_confirms(at),
                Due::HangUp(id) => self.hang_up(id),
            }
        }
    }

    fn send(&mut self, at: At, method: impl Into<Answer>) {
        let method = Box::new(method.into().0);
        self.emit(at.connection, Effect::Send(Output::Method { channel: at.channel, method }));
    }

    fn send_content(&mut self, at: At, method: wire::protocol::basic::AMQPMethod, message: Arc<Message>) {
        let method = Box::new(Method::Basic(method));
        self.emit(at.connection, Effect::Send(Output::Content { channel: at.channel, method, message }));
    }

    fn emit(&mut self, connection: ConnectionId, effect: Effect) {
        if let (Effect::Send(output), Some(connection)) = (&effect, self.connections.get_mut(&connection)) {
            connection.outstanding += output.size();
            connection.full |= connection.outstanding >= self.limits.outstanding;
        }
        self.effects.push((connection, effect));
    }

    fn new_queue_id(&mut self) -> QueueId {
        self.queue_count += 1;
        QueueId(self.queue_count)
    }

    /// Returns the vhost of a connection. If it was deleted in the meantime, changes go to an invisible vhost.
    fn vhost_mut(&mut self, name: &str) -> &mut Vhost {
        match self.vhosts.get_mut(name) {
            Some(vhost) => vhost,
            None => {
                self.detached_vhost = Vhost::empty();
                &mut self.detached_vhost
            }
        }
    }

    /// Returns the time in seconds since 1970.
    fn wall_clock(&self) -> u64 {
        self.began.saturating_add(self.now / 1000)
    }

    /// Adds the arguments of a new queue, exchange or binding to the total, if there is room for them.
    fn keep_definition(&mut self, arguments: &FieldTable) -> refusal::Done {
        let size = size_of_table(arguments);
        if self.definitions + size > self.limits.definitions {
            return Err(refusal::Refusal::resource_error(format!(
                "no room for arguments of {size} bytes: all definitions together may have {}",
                self.limits.definitions
            )));
        }
        self.definitions += size;
        Ok(())
    }

    fn forget_definition(&mut self, arguments: &FieldTable) {
        self.definitions = self.definitions.saturating_sub(size_of_table(arguments));
    }
}

/// Returns the memory that a table takes, in bytes: an estimate.
fn size_of_table(table: &FieldTable) -> usize {
    table.inner().iter().map(|(key, value)| 64 + key.as_str().len() + size_of_value(value)).sum()
}

fn size_of_value(value: &wire::types::AMQPValue) -> usize {
    use wire::types::AMQPValue;
    match value {
        AMQPValue::LongString(text) => text.len(),
        AMQPValue::ByteArray(bytes) => bytes.len(),
        AMQPValue::FieldTable(table) => size_of_table(table),
        AMQPValue::FieldArray(values) => values.as_slice().iter().map(|value| 32 + size_of_value(value)).sum(),
        _ => 0,
    }
}
