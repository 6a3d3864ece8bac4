//! The shell around the state machine: sockets, and a clock.
//!
//! Each connection has two tasks. One reads frames and hands them to the broker, as many at a time as have come; the other writes
//! what the broker has for this client. The broker itself is behind a lock that is held for as long as it takes to hear a handful
//! of frames, and never while anybody waits for a socket.

mod link;
mod server;

pub use server::{Server, StartError};
