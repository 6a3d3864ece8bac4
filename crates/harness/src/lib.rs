//! Runs a program against a broker, and records what it does.
//!
//! The harness knows no contract, judges nothing and prints nothing. A lesson's scene drives it: it starts the program
//! against a fresh vhost, publishes messages, presses Ctrl-C, and waits for events, with a deadline. The result is a
//! [`Recording`](recording::Recording).
//!
//! | module | what it has |
//! |---|---|
//! | [`brokers`] | sources of a broker, and a vhost for each check |
//! | [`tap`] | the proxy that records the conversation |
//! | [`program`] | building a program, and running it |
//! | [`stage`] | one check in progress: broker, vhost, programs, one time axis |
//! | [`cleanup`] | the things that a run owns, and their cleanup, also after `kill -9` |
//! | [`activity`] | activities that take a while, for the program that shows them |
//! | [`kit`] | the kit's folders |
//! | [`fingerprint`] | a hash that is the same in every build |

// Without the clients of outside brokers, some of what they need is not called.
#![cfg_attr(not(feature = "management"), allow(dead_code))]

pub mod activity;
pub mod brokers;
pub mod cleanup;
pub mod fingerprint;
pub mod kit;
pub mod live;
pub mod program;
pub mod stage;
pub mod tap;
mod task;
