//! The embedded broker: AMQP 0-9-1 as RabbitMQ 4.3 speaks it, in this process and in memory.
//!
//! It is there for teaching and for tests. It starts in a millisecond, listens on 127.0.0.1 only, and keeps nothing on a disk.
//! It is *not* RabbitMQ: no cluster, no streams, no plugins, no AMQP 1.0, and whatever it holds is gone with it.

#[cfg(feature = "program")]
pub mod management;
pub mod shell;
pub mod state;

pub use shell::{Server, StartError};
pub use state::{
    Broker, Config, ConnectionId, DeprecatedFeature, Effect, Limits, Millis, Output,
    accounts::{Account, BadPattern, Patterns},
    alarm::Alarm,
    declare::NOT_A_PART,
    handshake::VERSION,
    listing::{BindingInfo, ConnectionInfo, ExchangeInfo, Peeked, QueueInfo},
    message::Message,
    topic::matches as topic_matches,
};
