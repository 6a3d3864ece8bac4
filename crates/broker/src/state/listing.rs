//! What there is: queues, exchanges, bindings, connections, as a teacher lists them.

use std::sync::Arc;

use wire::types::FieldTable;

use crate::state::{Broker, ConnectionId, Millis, Vhost, binding::Destination, connection::Phase, message::Message};

/// A queue, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueInfo {
    /// Its vhost.
    pub vhost: String,
    /// Its name.
    pub name: String,
    /// `classic` or `quorum`.
    pub kind: &'static str,
    /// It outlives a restart.
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
    /// It outlives a restart.
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
}
