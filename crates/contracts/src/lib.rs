//! The contracts: the requirements of each lesson, and the words for faults.
//!
//! A step of a [contract](contract::Contract) is a list of [requirements](contract::Requirement): pure functions over a view of
//! a [`Recording`]. Each returns the evidence that it holds, or a [`Fault`](fault::Fault): a code and data, without sentences.
//! The [`catalogue`] has the words. Steps are judged in order, up to the first fault, because each step builds on the steps
//! before it.
//!
//! Judging reads a recording and nothing else, so the same recording always gives the same result. A lesson's scene, which
//! makes the recording, is beside its contract, behind the feature `scenes`: judging recordings needs no harness.
//!
//! | module | content |
//! |---|---|
//! | [`contract`] | contracts, and the way they judge a recording |
//! | [`lessons`] | the contracts and their scenes, one file or folder per lesson |
//! | [`steps`], [`durable`], [`sending`], [`receiving`], [`working`], [`ending`] | requirements, the vocabulary that contracts are made of |
//! | [`exchanges`], [`emitting`], [`subscribing`] | the same for lessons with exchanges, and the messages that a binding takes |
//! | [`serving`], [`calling`] | the same for both sides of a remote procedure call |
//! | [`confirming`] | the same for publisher confirms |
//! | [`transcript`], [`printed`] | queries over a conversation and over output |
//! | [`fault`], [`catalogue`] | faults, and their words: `catalogue/*.toml`, from which `build.rs` makes functions |
//! | [`translate`] | errors of brokers and clients in plain words: `catalogue/errors/*.toml` |
//! | [`clients`] | the names of calls in each client library and language |
//! | [`crash`], [`unawaited`] | the error that ended a program, a call that is not awaited |
//! | [`lesson`], [`anchors`], [`hints`] | `lesson.toml`, a program by its steps, hints that no longer help |
//! | [`verdict`] | the result of a step |
//! | `scenes` (feature `scenes`) | parts of scenes that several lessons share |
//!
//! [`Recording`]: recording::Recording

// Parts of the catalogue and of the requirements belong to later lessons only.
#![cfg_attr(not(feature = "later-lessons"), allow(dead_code))]

pub mod anchors;
#[cfg(feature = "later-lessons")]
pub mod calling;
pub mod catalogue;
pub mod clients;
#[cfg(feature = "later-lessons")]
pub mod confirming;
pub mod contract;
pub mod crash;
#[cfg(feature = "later-lessons")]
pub mod durable;
#[cfg(feature = "later-lessons")]
pub mod emitting;
pub mod ending;
#[cfg(feature = "later-lessons")]
pub mod exchanges;
pub mod fault;
pub mod hints;
pub mod lesson;
pub mod lessons;
pub mod printed;
pub mod receiving;
#[cfg(feature = "scenes")]
pub mod scenes;
pub mod sending;
#[cfg(feature = "later-lessons")]
pub mod serving;
pub mod steps;
#[cfg(feature = "later-lessons")]
pub mod subscribing;
pub mod transcript;
pub mod translate;
pub mod unawaited;
pub mod verdict;
#[cfg(feature = "later-lessons")]
pub mod working;
