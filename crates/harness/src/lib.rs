//! Runs a program against a broker, and records what was seen. It knows no lesson and judges nothing, and it prints nothing.
//!
//! A check's first half is a *play*: the program runs against a fresh vhost, and a scene does what it needs to (sends
//! messages, presses Ctrl-C), waiting for events and never for time to pass. What was seen becomes a
//! [`Recording`](recording::Recording).
//!
//! | module | what it knows |
//! |---|---|
//! | [`brokers`] | where a broker comes from, and how a check gets a vhost of its own there |
//! | [`tap`] | the proxy that writes the conversation down |
//! | [`program`] | building a program, and running it under watch |
//! | [`stage`] | one check under way: broker, vhost, programs, one time axis |
//! | [`owner`] | what a check must clean up, and what an earlier one left |
//! | [`activity`] | what takes a while, for whoever shows it |

pub mod activity;
pub mod brokers;
pub mod fingerprint;
pub mod kit;
pub mod owner;
pub mod program;
pub mod stage;
pub mod tap;
