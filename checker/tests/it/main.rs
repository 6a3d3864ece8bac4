//! Tests of the checker as a program, without a broker.

// clippy's own exception for tests does not see helper functions.
#![allow(clippy::unwrap_used)]

mod command_line;
mod doctor;
mod gallery;
mod judge;
mod learner;
#[cfg(unix)]
mod moved;
mod reference;
mod rules;
mod schema;
mod several;
#[path = "../shared/mod.rs"]
mod shared;
mod start;
mod topics;
mod watch;
mod wire_command;
