//! The contracts: what each lesson asks of a program, one file a lesson. Judging is pure: it reads a [`Recording`], and nothing
//! else.
//!
//! Steps are judged in their order and the first mistake ends it: what comes after builds on what failed.
//!
//! [`Recording`]: recording::Recording

pub mod anchors;
pub mod catalogue;
pub mod clients;
pub mod contract;
pub mod crash;
pub mod durable;
pub mod ending;
pub mod fault;
pub mod hints;
pub mod lesson;
pub mod lessons;
pub mod printed;
pub mod receiving;
#[cfg(feature = "scenes")]
pub mod scenes;
pub mod sending;
pub mod steps;
pub mod talk;
pub mod translate;
pub mod unawaited;
pub mod verdict;
