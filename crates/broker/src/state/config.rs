//! What a broker is made of when it begins, and how much it takes.

use std::collections::BTreeSet;

use crate::state::accounts::Account;

/// What the broker is made of when it begins.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who may log in. None given: `guest`, who may do everything.
    pub accounts: Vec<Account>,
    /// Vhosts beside `/`.
    pub vhosts: Vec<String>,
    /// Deprecated features that it refuses. None by default, so that programs of every age run; RabbitMQ 4.3 denies
    /// [`DeprecatedFeature::TransientNonexclQueues`].
    pub denied: BTreeSet<DeprecatedFeature>,
    /// What it takes, and no more.
    pub limits: Limits,
    /// Where its random names come from.
    pub seed: u64,
    /// Seconds since 1970 when it begins, for time stamps.
    pub began: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            accounts: Vec::new(),
            vhosts: Vec::new(),
            denied: BTreeSet::new(),
            limits: Limits::default(),
            seed: 1,
            began: 0,
        }
    }
}

/// A feature of older RabbitMQs that a newer one can be configured to refuse, by its name in
/// `deprecated_features.permit.NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeprecatedFeature {
    /// Queues that are neither durable nor exclusive.
    TransientNonexclQueues,
}

/// Bounds: whatever is sent, the broker takes no more than this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest message, in bytes.
    pub message: usize,
    /// The largest body that may be announced, in bytes. One between the two is heard to its end and refused.
    pub announced: u64,
    /// The largest frame, in bytes: `frame-max`.
    pub frame: u32,
    /// Seconds between signs of life, as the broker proposes it.
    pub heartbeat: u16,
    /// Connections that are open at a time.
    pub connections: usize,
    /// Channels of a connection: `channel-max`.
    pub channels_of_a_connection: u16,
    /// Channels of all connections.
    pub channels: usize,
    /// Consumers of a channel.
    pub consumers_of_a_channel: usize,
    /// Consumers of all channels.
    pub consumers: usize,
    /// Queues, in all vhosts.
    pub queues: usize,
    /// Exchanges, in all vhosts.
    pub exchanges: usize,
    /// Bindings, in all vhosts.
    pub bindings: usize,
    /// Bytes of the arguments of queues, exchanges and bindings.
    pub definitions: usize,
    /// Bytes of messages; with more the memory alarm goes off, and publishers have to wait.
    pub memory: usize,
    /// Bytes that may be on their way to a client; with more, its consumers get nothing until it has read.
    pub outstanding: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        const MIB: usize = 1024 * 1024;
        Limits {
            message: 16 * MIB,
            announced: 512 * MIB as u64,
            frame: 131_072,
            heartbeat: 60,
            connections: 4096,
            channels_of_a_connection: 2047,
            channels: 65_536,
            consumers_of_a_channel: 10_000,
            consumers: 100_000,
            queues: 20_000,
            exchanges: 20_000,
            bindings: 200_000,
            definitions: 32 * MIB,
            memory: 256 * MIB,
            outstanding: MIB,
        }
    }
}
