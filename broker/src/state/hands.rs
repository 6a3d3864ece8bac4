//! The teacher's hands: looking into the broker, and making happen what otherwise happens on a bad day.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use wire::{
    frame::write_properties,
    protocol::{
        basic::AMQPProperties,
        connection::{self, AMQPMethod},
    },
    types::{FieldTable, ShortString},
};

use crate::state::{
    Broker, ConnectionId, Effect, Millis, Vhost,
    accounts::{Account, BadPattern, Patterns},
    binding::{self, Destination},
    channel::At,
    connection::{Connection, Phase},
    message::Message,
    publish::Publication,
    queue::QueueId,
    refusal::Refusal,
};

/// Why publishers have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// Messages take more memory than they may.
    Memory,
    /// The disk is nearly full. This broker keeps nothing on a disk, so only a teacher raises it.
    Disk,
}

impl Alarm {
    /// As `connection.blocked` says it.
    #[must_use]
    pub fn reason(self) -> String {
        format!("low on {}", self.what())
    }

    fn what(self) -> &'static str {
        match self {
            Alarm::Memory => "memory",
            Alarm::Disk => "disk",
        }
    }
}

/// A queue, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueInfo {
    /// Its vhost.
    pub vhost: String,
    /// Its name.
    pub name: String,
    /// `classic` or `quorum`.
    pub kind: &'static str,
    /// It would survive a restart, if this broker kept anything.
    pub durable: bool,
    /// It goes with its last consumer.
    pub auto_delete: bool,
    /// One connection has it for itself.
    pub exclusive: bool,
    /// Messages that wait.
    pub ready: usize,
    /// Messages that were delivered and are not acknowledged yet.
    pub unacked: usize,
    /// Bytes of the bodies of those that wait.
    pub bytes: usize,
    /// Consumers.
    pub consumers: usize,
}

/// An exchange, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeInfo {
    /// Its vhost.
    pub vhost: String,
    /// Its name; empty for the default exchange.
    pub name: String,
    /// `direct`, `fanout`, `topic` or `headers`.
    pub kind: &'static str,
    /// It would survive a restart, if this broker kept anything.
    pub durable: bool,
    /// It goes with its last binding.
    pub auto_delete: bool,
    /// Nobody may publish to it.
    pub internal: bool,
}

/// A binding, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingInfo {
    /// Its vhost.
    pub vhost: String,
    /// The exchange it starts from; empty for the default exchange.
    pub source: String,
    /// Where it leads.
    pub destination: String,
    /// It leads to an exchange, not to a queue.
    pub to_exchange: bool,
    /// Its routing key.
    pub key: String,
}

/// A connection, as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionInfo {
    /// Its number.
    pub id: ConnectionId,
    /// Where the client is, and where it came to, as in `127.0.0.1:50123 -> 127.0.0.1:5672`.
    pub name: String,
    /// Who logged in.
    pub user: String,
    /// To which vhost.
    pub vhost: String,
    /// `running`, `blocked`, or the part of the handshake it is in.
    pub state: &'static str,
    /// The numbers of its channels.
    pub channels: Vec<u16>,
    /// What the client says about itself.
    pub properties: FieldTable,
    /// When it came, in ms since the broker began.
    pub since: Millis,
}

/// A message, as it is peeked at.
#[derive(Clone, Debug)]
pub struct Peeked {
    /// The message.
    pub message: Arc<Message>,
    /// It was delivered before.
    pub redelivered: bool,
}

impl Broker {
    /// All queues, by vhost and name.
    #[must_use]
    pub fn queues(&self) -> Vec<QueueInfo> {
        let all = self.vhosts.values().flat_map(|vhost| vhost.queues.values());
        all.filter_map(|id| self.queues.get(id))
            .map(|queue| QueueInfo {
                vhost: queue.vhost.to_string(),
                name: queue.name.to_string(),
                kind: if queue.settings.quorum { "quorum" } else { "classic" },
                durable: queue.durable,
                auto_delete: queue.auto_delete,
                exclusive: queue.owner.is_some(),
                ready: queue.len(),
                unacked: queue.unacked,
                bytes: queue.bytes(),
                consumers: queue.consumers.len(),
            })
            .collect()
    }

    /// All exchanges, by vhost and name.
    #[must_use]
    pub fn exchanges(&self) -> Vec<ExchangeInfo> {
        let info = |vhost: &Arc<str>, exchange: &crate::state::exchange::Exchange| ExchangeInfo {
            vhost: vhost.to_string(),
            name: exchange.name.to_string(),
            kind: exchange.kind.name(),
            durable: exchange.durable,
            auto_delete: exchange.auto_delete,
            internal: exchange.internal,
        };
        let of = |(name, vhost): (&Arc<str>, &Vhost)| {
            vhost.exchanges.values().map(|exchange| info(name, exchange)).collect::<Vec<_>>()
        };
        self.vhosts.iter().flat_map(of).collect()
    }

    /// All bindings, those of the default exchange among them.
    #[must_use]
    pub fn bindings(&self) -> Vec<BindingInfo> {
        let mut all = Vec::new();
        for (name, vhost) in &self.vhosts {
            for queue in vhost.queues.keys() {
                all.push(BindingInfo {
                    vhost: name.to_string(),
                    source: String::new(),
                    destination: queue.clone(),
                    to_exchange: false,
                    key: queue.clone(),
                });
            }
            for exchange in vhost.exchanges.values() {
                for (key, same_key) in &exchange.bindings {
                    for (destination, alike) in same_key {
                        let (destination, to_exchange) = match destination {
                            Destination::Exchange(name) => (name.to_string(), true),
                            Destination::Queue(id) => {
                                (self.queues.get(id).map(|queue| queue.name.to_string()).unwrap_or_default(), false)
                            }
                        };
                        let info = BindingInfo {
                            vhost: name.to_string(),
                            source: exchange.name.to_string(),
                            destination,
                            to_exchange,
                            key: key.clone(),
                        };
                        all.extend(std::iter::repeat_n(info, alike.len()));
                    }
                }
            }
        }
        all
    }

    /// All connections that are logged in or on their way.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        let mut all: Vec<ConnectionInfo> = self
            .connections
            .iter()
            .filter(|(_, connection)| !matches!(connection.phase, Phase::Closing | Phase::Closed))
            .map(|(id, connection)| ConnectionInfo {
                id: *id,
                name: connection.name.clone(),
                user: connection.user.to_string(),
                vhost: connection.vhost.to_string(),
                state: match connection.phase {
                    Phase::Running if connection.blocked => "blocked",
                    Phase::Running => "running",
                    Phase::Tune => "tuning",
                    Phase::Open => "opening",
                    _ => "starting",
                },
                channels: connection.channels.keys().copied().collect(),
                properties: connection.properties.clone(),
                since: connection.since,
            })
            .collect();
        all.sort_by_key(|connection| connection.id);
        all
    }

    /// The names of all vhosts.
    #[must_use]
    pub fn vhosts(&self) -> Vec<String> {
        self.vhosts.keys().map(|name| name.to_string()).collect()
    }

    /// The names of all users.
    #[must_use]
    pub fn users(&self) -> Vec<String> {
        self.accounts.names().map(str::to_owned).collect()
    }

    /// Whether name and password belong together.
    #[must_use]
    pub fn knows(&self, user: &str, password: &str) -> bool {
        self.accounts.knows(user, password)
    }

    /// Whether the user may use the management API to change things.
    #[must_use]
    pub fn is_administrator(&self, user: &str) -> bool {
        self.accounts.is_administrator(user)
    }

    /// Bytes that messages take.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.gauge.bytes()
    }

    /// Adds a vhost. Returns false when it is there already.
    pub fn add_vhost(&mut self, name: &str) -> bool {
        if self.vhosts.contains_key(name) {
            return false;
        }
        self.vhosts.insert(name.into(), Vhost::new());
        true
    }

    /// Deletes a vhost and all in it; who is in it is thrown out. Returns whether there was one.
    pub fn delete_vhost(&mut self, name: &str) -> bool {
        if !self.vhosts.contains_key(name) {
            return false;
        }
        for id in self.running(|connection| *connection.vhost == *name) {
            self.close_connection(id, &Refusal::connection_forced(format!("vhost '{name}' is deleted")), (0, 0));
        }
        let queues: Vec<QueueId> =
            self.vhosts.get(name).map(|vhost| vhost.queues.values().copied().collect()).unwrap_or_default();
        for queue in queues {
            self.remove_queue(queue);
        }
        if let Some(vhost) = self.vhosts.remove(name) {
            for exchange in vhost.exchanges.into_values() {
                self.forget_definition(&exchange.arguments);
                self.remove_bindings_from(name, &exchange.name, exchange.bindings);
            }
        }
        self.accounts.forget_vhost(name);
        true
    }

    /// Adds an account, with its permissions in every vhost there is.
    ///
    /// # Errors
    ///
    /// When a pattern is no regular expression.
    pub fn add_account(&mut self, account: &Account) -> Result<(), BadPattern> {
        self.accounts.set(&account.name, &account.password, account.administrator);
        if let Some(patterns) = &account.permissions {
            let vhosts: Vec<Arc<str>> = self.vhosts.keys().cloned().collect();
            for vhost in vhosts {
                self.accounts.permit(&account.name, &vhost, patterns)?;
            }
        }
        Ok(())
    }

    /// Deletes a user. Returns whether there was one.
    pub fn delete_user(&mut self, name: &str) -> bool {
        let inside = self.running(|connection| *connection.user == *name);
        for id in inside {
            self.close_connection(id, &Refusal::connection_forced(format!("user '{name}' is deleted")), (0, 0));
        }
        self.accounts.remove(name)
    }

    fn running(&self, which: impl Fn(&Connection) -> bool) -> Vec<ConnectionId> {
        let running = self.connections.iter().filter(|(_, connection)| connection.phase == Phase::Running);
        running.filter(|(_, connection)| which(connection)).map(|(id, _)| *id).collect()
    }

    /// Sets what a user may do in a vhost. Returns whether both are there.
    ///
    /// # Errors
    ///
    /// When a pattern is no regular expression.
    pub fn permit(&mut self, user: &str, vhost: &str, patterns: &Patterns) -> Result<bool, BadPattern> {
        let Some((vhost, _)) = self.vhosts.get_key_value(vhost) else { return Ok(false) };
        self.accounts.permit(user, &vhost.clone(), patterns)
    }

    /// Throws a queue's ready messages away. Returns how many, or None when there is no such queue.
    pub fn purge(&mut self, vhost: &str, queue: &str) -> Option<usize> {
        let id = self.id_of(vhost, queue)?;
        let count = self.queues.get_mut(&id)?.purge();
        self.set_alarm(id);
        Some(count)
    }

    /// Deletes a queue. Returns whether there was one.
    pub fn delete_queue_named(&mut self, vhost: &str, queue: &str) -> bool {
        self.id_of(vhost, queue).map(|id| self.remove_queue(id)).is_some()
    }

    /// Deletes an exchange. Returns whether there was one that may be deleted.
    pub fn delete_exchange_named(&mut self, vhost: &str, exchange: &str) -> bool {
        let is_ours = exchange.is_empty() || exchange.starts_with("amq.");
        let vhost = self.vhosts.get_key_value(vhost).filter(|(_, vhost)| vhost.exchanges.contains_key(exchange));
        let Some((vhost, _)) = vhost.filter(|_| !is_ours) else { return false };
        self.remove_exchange(&vhost.clone(), exchange);
        true
    }

    /// Publishes. Returns how many queues the message got to, or None when there is no such exchange.
    pub fn publish_from_outside(
        &mut self,
        vhost: &str,
        exchange: &str,
        key: &str,
        properties: &AMQPProperties,
        body: Bytes,
    ) -> Option<usize> {
        let found = self.vhosts.get(vhost)?;
        let from = found.exchanges.get(exchange)?;
        let headers = properties.headers().clone().unwrap_or_default();
        let to = binding::route(found, from, &[key], &headers);
        let count = to.len();
        let name = from.name.clone();
        let message = Message::new(name, key.to_owned(), write_properties(properties), body, &self.gauge);
        let priority = *properties.priority();
        let publication = Publication { message, to, reply: None, mandatory: false, expiration: None, priority };
        self.distribute(At { connection: ConnectionId(0), channel: 0 }, publication);
        self.move_dead_letters();
        Some(count)
    }

    /// Looks at a queue's first messages, and leaves them where they are. None when there is no such queue.
    #[must_use]
    pub fn peek(&self, vhost: &str, queue: &str, count: usize) -> Option<Vec<Peeked>> {
        let queue = self.queues.get(&self.id_of(vhost, queue)?)?;
        let peeked = |entry: &crate::state::queue::Entry| Peeked {
            message: entry.message.clone(),
            redelivered: entry.redelivered,
        };
        Some(queue.iter().take(count).map(peeked).collect())
    }

    /// Closes a connection, as an operator does. Returns whether there was one.
    pub fn close(&mut self, id: ConnectionId, why: &str) -> bool {
        match self.connections.get(&id).map(|connection| connection.phase) {
            None | Some(Phase::Closed | Phase::Closing) => return false,
            Some(Phase::Running) => self.close_connection(id, &Refusal::connection_forced(why), (0, 0)),
            // Before it is in, there is no word that it would understand.
            Some(_) => self.hang_up(id),
        }
        self.move_dead_letters();
        true
    }

    /// Closes all connections, as a broker does that is being stopped.
    pub fn shut_down(&mut self) {
        let all: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for id in all {
            self.close(id, "broker forced connection closure with reason 'shutdown'");
        }
    }

    /// Cuts a connection without a word, as a failing network does. Returns whether there was one.
    pub fn cut(&mut self, id: ConnectionId) -> bool {
        let there = self.connections.contains_key(&id);
        if there {
            self.hang_up(id);
            self.move_dead_letters();
        }
        there
    }

    /// Refuses the next logins, whoever it is.
    pub fn refuse_logins(&mut self, count: u32) {
        self.refuse_logins = count;
    }

    /// The alarms that are on: those that a teacher raised, and the one that messages raise.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let by_messages = self.memory_is_low.then_some(Alarm::Memory);
        self.raised.iter().copied().chain(by_messages).collect::<BTreeSet<Alarm>>().into_iter().collect()
    }

    /// Raises an alarm: connections that publish have to wait, and are told so.
    pub fn raise(&mut self, alarm: Alarm) {
        if self.raised.insert(alarm) {
            self.note(|_| format!("alarm set: {}; publishers are blocked", alarm.reason()));
            self.heed_alarms();
        }
    }

    /// Ends an alarm that was raised by hand. The one that messages raise ends when they are gone.
    pub fn clear(&mut self, alarm: Alarm) {
        if self.raised.remove(&alarm) {
            self.note(|_| format!("alarm cleared: {}", alarm.reason()));
            self.heed_alarms();
        }
    }

    /// Blocks who publishes, while an alarm is on, and nobody else.
    fn heed_alarms(&mut self) {
        if self.alarms().is_empty() {
            let blocked = self.running(|connection| connection.blocked);
            blocked.into_iter().for_each(|id| self.unblock(id));
        } else {
            self.running(|connection| connection.publishes).into_iter().for_each(|id| self.block(id));
        }
    }

    /// A connection publishes: from now on alarms hold it, too.
    pub(crate) fn note_publisher(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.publishes = true;
        if self.memory_is_low || !self.raised.is_empty() {
            self.block(id);
        }
    }

    fn block(&mut self, id: ConnectionId) {
        let what: Vec<&str> = self.alarms().iter().map(|alarm| alarm.what()).collect();
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if std::mem::replace(&mut connection.blocked, true) {
            return;
        }
        let understands = connection.client.blocked;
        self.emit(id, Effect::Hold);
        if understands {
            let reason = ShortString::from(format!("low on {}", what.join(" & ")));
            let blocked = AMQPMethod::Blocked(connection::Blocked { reason });
            self.send(At { connection: id, channel: 0 }, blocked);
        }
    }

    fn unblock(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.blocked = false;
        let understands = connection.client.blocked;
        self.emit(id, Effect::Resume);
        if understands {
            let unblocked = AMQPMethod::Unblocked(connection::Unblocked {});
            self.send(At { connection: id, channel: 0 }, unblocked);
        }
    }

    /// Raises the memory alarm when messages take too much, and ends it when there is room again.
    pub(crate) fn watch_memory(&mut self) {
        let (bytes, most) = (self.gauge.bytes(), self.limits.memory);
        let is_low = if self.memory_is_low { bytes >= most / 10 * 9 } else { bytes > most };
        if is_low != self.memory_is_low {
            self.memory_is_low = is_low;
            self.note(|_| {
                let what = if is_low { "set: low on memory; publishers are blocked" } else { "cleared: low on memory" };
                format!("alarm {what}")
            });
            self.heed_alarms();
        }
    }

    fn id_of(&self, vhost: &str, queue: &str) -> Option<QueueId> {
        self.vhosts.get(vhost)?.queues.get(queue).copied()
    }
}
