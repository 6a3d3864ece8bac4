//! The shell around the state machine: sockets, and a clock.
//!
//! Each connection has two tasks. One reads frames and passes all that have arrived to the broker; the other writes the
//! broker's output to this client. The broker is behind a lock that is held only while it hears a handful of frames, and
//! never while a task waits for a socket.

mod link;
mod server;

use std::pin::Pin;

use tokio::task::JoinHandle;

pub use server::{Server, StartError};

/// Spawns a task in a box. tokio's code for a task is compiled once for each kind of future, and all boxes are of one kind.
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let boxed: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(task);
    tokio::spawn(boxed)
}
