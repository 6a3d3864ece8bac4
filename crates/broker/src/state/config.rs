//! The configuration of a broker, and its limits.

use std::collections::BTreeSet;

use crate::state::accounts::Account;

/// The configuration of a new broker.
#[derive(Clone, Debug)]
pub struct Config {
    /// The accounts. If empty: `guest`, who may do everything.
    pub accounts: Vec<Account>,
    /// The vhosts in addition to `/`.
    pub vhosts: Vec<String>,
    /// The deprecated features to refuse. None by default, so that old programs run, too; RabbitMQ 4.3 denies
    /// [`DeprecatedFeature::TransientNonexclQueues`].
    pub denied: BTreeSet<DeprecatedFeature>,
    /// The limits of the broker.
    pub limits: Limits,
    /// The seed of its random names.
    pub seed: u64,
    /// The start time in seconds since 1970, for time stamps.
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

/// A feature of older RabbitMQ versions that newer ones can be configured to refuse, by its name in
/// `deprecated_features.permit.NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeprecatedFeature {
    /// Queues that are neither durable nor exclusive.
    TransientNonexclQueues,
}

/// Limits that the broker enforces, whatever clients send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest message, in bytes.
    pub message: usize,
    /// The largest body that may be announced, in bytes. A body between the two limits is read to its end and refused.
    pub announced: u64,
    /// The largest frame, in bytes: `frame-max`.
    pub frame: u32,
    /// The heartbeat that the broker proposes, in seconds.
    pub heartbeat: u16,
    /// The largest number of open connections.
    pub connections: usize,
    /// The largest number of channels of a connection: `channel-max`.
    pub channels_of_a_connection: u16,
    /// The largest number of channels of all connections.
    pub channels: usize,
    /// The largest number of consumers of a channel.
    pub consumers_of_a_channel: usize,
    /// The largest number of consumers of all channels.
    pub consumers: usize,
    /// The largest number of queues in all vhosts.
    pub queues: usize,
    /// The largest number of exchanges in all vhosts.
    pub exchanges: usize,
    /// The largest number of bindings in all vhosts.
    pub bindings: usize,
    /// The largest number of bytes in the arguments of queues, exchanges and bindings.
    pub definitions: usize,
    /// The largest number of bytes of messages; above it the memory alarm is raised, and publishers are blocked.
    pub memory: usize,
    /// The largest number of unsent bytes for a client; above it, its consumers get nothing until it has read.
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
