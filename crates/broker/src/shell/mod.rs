//! The shell around the state machine: sockets, and a clock.
//!
//! Each connection has two tasks. One reads frames and passes all that have arrived to the broker; the other writes the
//! broker's output to this client. The broker is behind a lock that is held only while it hears a handful of frames, and
//! never while a task waits for a socket.

mod link;
mod server;

pub use server::{Server, StartError};
