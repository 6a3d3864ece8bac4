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
//! | [`grade`] | the result of grading: plain data, which every report is a view of |

pub mod class;
pub mod grade;
