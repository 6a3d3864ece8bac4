//! Grades a class: takes in submissions, checks each one in a sandbox, keeps a journal, and writes reports.
//!
//! ```text
//! folder or zip ──intake──▶ Class of Submissions ──sandbox──▶ Recordings ──contracts──▶ Grades ──▶ reports
//!                                                    (journal: one recording and one result a submission)
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`class`] | a class: its submissions, and the entries that are none |
//! | [`intake`] | reads a class from a folder or an archive |
//! | [`base`] | the crates that the lessons offer, compiled once |
//! | [`broker`] | the broker of a class: an embedded one for each check, or one RabbitMQ |
//! | [`sandbox`] | the sandbox in which a submission is compiled and run |
//! | [`compile`], [`record`], [`pool`] | one submission compiled, checked, and all of them at the same time |
//! | [`journal`], [`seed`] | the checks that are kept, and the seeds by which they repeat |
//! | [`judge`], [`points`] | from a recording to a grade: steps, rubric, late days, overrides |
//! | [`grade`] | the result of grading: plain data, which every report is a view of |
//! | [`report`] | the reports |
//! | [`package`] | the file that grades on Gradescope |
//! | [`selftest`] | hostile programs, and the proof that the sandbox holds |
//! | [`app`] | the command |
//!
//! A verdict never comes from a file, an exit code or a line that a submission wrote: a contract judges the recording, which the
//! tap makes outside the sandbox.

// The sandbox is Linux's. Elsewhere the program says so, and grades nothing.
#![cfg(target_os = "linux")]

pub mod app;
pub mod base;
pub mod broker;
pub mod class;
pub mod compile;
pub mod grade;
pub mod intake;
pub mod journal;
pub mod judge;
pub mod package;
pub mod points;
pub mod pool;
pub mod record;
pub mod report;
pub mod sandbox;
pub mod seed;
pub mod selftest;
