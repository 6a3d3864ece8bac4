//! The embedded broker: RabbitMQ 4.3's AMQP 0-9-1, in this process and in memory.
//!
//! This broker is made for teaching and for tests. It starts in a millisecond, listens on 127.0.0.1 only, and writes nothing
//! to disk. It is *not* RabbitMQ: no cluster, no streams, no plugins, no AMQP 1.0, and everything in it is lost when it ends.

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
    injection::{Injection, PublishFault},
    listing::{BindingInfo, ConnectionInfo, ExchangeInfo, Peeked, QueueInfo},
    message::Message,
    topic::matches as topic_matches,
};
