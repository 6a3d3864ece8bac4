//! Tests of the embedded broker: the state machine without a socket, and the server with one.

// clippy's own exception for tests does not see helper functions.
#![allow(clippy::unwrap_used)]

mod bounds;
mod clock;
mod found;
mod injection;
mod model;
mod operator;
mod player;
mod restart;
mod server;
mod world;
