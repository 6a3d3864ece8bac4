//! Listings for operators: queues, exchanges, bindings, connections.

use std::sync::Arc;

use wire::types::FieldTable;

use crate::state::{Broker, ConnectionId, Millis, Vhost, binding::Destination, connection::Phase, message::Message};

/// A queue in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueInfo {
    /// Its vhost.
    pub vhost: String,
    /// Its name.
    pub name: String,
    /// `classic` or `quorum`.
    pub kind: &'static str,
    /// True if it survives a restart.
    pub durable: bool,
    /// True if it is deleted with its last consumer.
    pub auto_delete: bool,
    /// True if only one connection may use it.
    pub exclusive: bool,
    /// The number of messages that wait.
    pub ready: usize,
    /// The number of messages that were delivered and are not acknowledged yet.
    pub unacked: usize,
    /// The number of bytes in the bodies of the waiting messages.
    pub bytes: usize,
    /// The number of consumers.
    pub consumers: usize,
}

/// An exchange in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeInfo {
    /// Its vhost.
    pub vhost: String,
    /// Its name; empty for the default exchange.
    pub name: String,
    /// `direct`, `fanout`, `topic` or `headers`.
    pub kind: &'static str,
    /// True if it survives a restart.
    pub durable: bool,
    /// True if it is deleted with its last binding.
    pub auto_delete: bool,
    /// True if clients can't publish to it.
    pub internal: bool,
}

/// A binding in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingInfo {
    /// Its vhost.
    pub vhost: String,
    /// Its source exchange; empty for the default exchange.
    pub source: String,
    /// Its destination.
    pub destination: String,
    /// True if the destination is an exchange, false if it is a queue.
    pub to_exchange: bool,
    /// Its routing key.
    pub key: String,
}

/// A connection in a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionInfo {
    /// Its number.
    pub id: ConnectionId,
    /// The client's and the broker's address, as in `127.0.0.1:50123 -> 127.0.0.1:5672`.
    pub name: String,
    /// Its user.
    pub user: String,
    /// Its vhost.
    pub vhost: String,
    /// `running`, `blocked`, or its phase in the handshake.
    pub state: &'static str,
    /// The numbers of its channels.
    pub channels: Vec<u16>,
    /// The client's description of itself.
    pub properties: FieldTable,
    /// The time at which it was opened, in ms since the broker started.
    pub since: Millis,
}

/// A message that was read without being removed.
#[derive(Clone, Debug)]
pub struct Peeked {
    /// The message.
    pub message: Arc<Message>,
    /// True if it was delivered before.
    pub redelivered: bool,
}

impl Broker {
    /// Returns all queues, sorted by vhost and name.
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

    /// Returns all exchanges, sorted by vhost and name.
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

    /// Returns all bindings, including those of the default exchange: by vhost, exchange, routing key and destination.
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
        let place =
            |info: &BindingInfo| (info.vhost.clone(), info.source.clone(), info.key.clone(), info.destination.clone());
        all.sort_by_cached_key(place);
        all
    }

    /// Returns all connections, including those in the handshake.
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

    /// Returns the names of all vhosts.
    #[must_use]
    pub fn vhosts(&self) -> Vec<String> {
        self.vhosts.keys().map(|name| name.to_string()).collect()
    }

    /// Returns the names of all users.
    #[must_use]
    pub fn users(&self) -> Vec<String> {
        self.accounts.names().map(str::to_owned).collect()
    }

    /// Returns whether the user exists and has this password.
    #[must_use]
    pub fn knows(&self, user: &str, password: &str) -> bool {
        self.accounts.knows(user, password)
    }

    /// Returns whether the user may change things through the management API.
    #[must_use]
    pub fn is_administrator(&self, user: &str) -> bool {
        self.accounts.is_administrator(user)
    }

    /// Returns the number of bytes that messages take.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.gauge.bytes()
    }

    /// Returns a queue's first messages, and leaves them in place. None when the queue does not exist.
    #[must_use]
    pub fn peek(&self, vhost: &str, queue: &str, count: usize) -> Option<Vec<Peeked>> {
        let queue = self.queues.get(&self.id_of(vhost, queue)?)?;
        let peeked = |entry: &crate::state::queue::Entry| Peeked {
            message: entry.message.clone(),
            redelivered: entry.redelivered,
        };
        Some(queue.iter().take(count).map(peeked).collect())
    }
}
