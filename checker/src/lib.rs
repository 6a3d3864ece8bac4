//! The learner's commands, and the report: checks one program against one lesson on one broker, by their conversation.
//!
//! ```text
//!  the learner's program ──▶ tap ──▶ broker
//!           │ stdout, exit    │ events  │ queues
//!           └───────▶ the recording ◀───┘ ──▶ the lesson's contract ──▶ the report
//! ```
//!
//! A check has two halves. First the lesson's scene plays on a [`stage`]: the program runs against a fresh vhost, and
//! everything that is seen becomes a [`Recording`](recording::Recording). Then the lesson's [contract](contracts::contract)
//! judges the recording, without a program and without a broker. The same recording always gives the same
//! [`Report`](verdict::Report), so `judge` gives the report of a check again.
//!
//! | module | what it has |
//! |---|---|
//! | [`app`] | the commands, from the flags to the exit code |
//! | [`check`](mod@check) | one check |
//! | [`lessons`] | the lessons of this kit |
//! | [`verdict`], [`report`] | a recording with its verdict, and its forms: text, JSON, JSON Schema |
//! | [`start`] | the program that a learner begins with |
//! | [`watch`] | a check at each save |
//! | [`progress`], [`guide`] | the learner's progress, hints, the next command |
//! | [`conversation`] | the recording of the last check, beside the conversation of the lesson's own program |
//! | [`diff`] | a learner's program beside the lesson's own |
//! | [`doctor`] | the tools and brokers on this machine |
//!
//! [`brokers`], [`cleanup`], [`program`], [`stage`] and [`tap`] are modules of [`harness`].

pub use harness::{brokers, cleanup, live, program, stage, tap};

pub mod app;
pub mod check;
pub mod conversation;
#[cfg(feature = "tools")]
pub mod diff;
#[cfg(feature = "tools")]
pub mod doctor;
pub mod guide;
pub mod lessons;
pub mod progress;
pub mod remember;
pub mod report;
pub mod start;
pub mod verdict;
#[cfg(feature = "tools")]
pub mod watch;
