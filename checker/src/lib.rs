//! Judges one program against one lesson on one broker, by the conversation between them.
//!
//! ```text
//!  the learner's program ──▶ tap ──▶ broker
//!           │ stdout, exit    │ events  │ queues
//!           └────────▶ the lesson's contract ◀──┘        a verdict a step, the reason, and what to read
//! ```
//!
//! A check has two halves. First the *play* ([`stage`]): the program runs against a fresh vhost, and the lesson does what
//! its scene needs (sends messages, presses Ctrl-C), waiting for events and never for time to pass. What was seen is plain
//! data ([`performance`]). Then the *judging* ([`lessons`]): pure functions from that data to a finding a step. So every
//! message a learner can get is testable without a broker.
//!
//! | module | what it knows |
//! |---|---|
//! | [`brokers`] | where a broker comes from, and how a check gets a vhost of its own there |
//! | [`tap`] | the proxy that writes the conversation down |
//! | [`program`] | building a program, and running it under watch |
//! | [`stage`] | one check under way: broker, vhost, programs, one time axis |
//! | [`lessons`] | the contracts, one file a lesson |
//! | [`start`] | the program that a learner begins with |
//! | [`conversation`] | what was said at the last check, to be shown again, beside what the lesson's program says |
//! | [`diff`] | a learner's program beside the lesson's own |
//! | [`doctor`] | what is installed and reachable |
//! | [`verdict`], [`report`] | the result, and its forms |
//! | [`watch`] | a check at each save |
//! | [`owner`] | what a check must clean up, and what an earlier one left |

pub use harness::{brokers, owner, program, stage, tap};

pub mod app;
pub mod check;
pub mod conversation;
pub mod diff;
pub mod doctor;
pub mod guide;
pub mod lessons;
pub mod progress;
pub mod report;
pub mod start;
pub mod verdict;
pub mod watch;
