//! Reads a class from a folder or a zip. Sources are read; whatever would be executed is laid aside.
//!
//! ```text
//! folder or zip ─▶ entries ─▶ claims (layout) ─▶ groups (roster) ─▶ trees (limits) ─▶ programs ─▶ Class
//! ```
//!
//! | module | content |
//! |---|---|
//! | `entries` | the entries of the class's folder or zip |
//! | `layout` | finds the layout from the entries' names |
//! | `claim` | the student to whom an entry belongs, by its name |
//! | `roster` | the roster, and joining it by id and login |
//! | `path` | paths inside a submission: refused, skipped or kept |
//! | `tree` | a submission's files in memory, under limits |
//! | `stored` | its files on the disk, until it is checked |
//! | `archive` | zip and tar archives |
//! | `folder` | folders on the disk |
//! | `manifest` | `Cargo.toml`: the parts that are used |
//! | `package` | the packages of a tree, and their programs |
//! | `choose` | chooses the program that belongs to the lesson |
//! | `role` | tells programs that send from programs that receive, by their names |
//! | `needs` | dependencies and build scripts that a program can't do without |
//! | `foreign` | programs in other languages |
//! | `git` | the time of the last commit, read from the files in `.git` |
//! | `key` | names for files, and the comparison of names |
//! | `hash` | a hash of a submission's content |

mod archive;
mod choose;
mod claim;
mod class;
mod entries;
mod error;
mod folder;
mod foreign;
mod git;
mod hash;
mod key;
mod layout;
mod manifest;
mod needs;
mod options;
mod package;
mod path;
mod role;
mod roster;
mod stored;
mod submission;
#[cfg(test)]
mod tests;
mod tree;

pub use self::{
    class::read,
    error::IntakeError,
    foreign::ProgramRule,
    options::{Limits, Options},
    stored::Stored,
};

/// The request at the end of most refusals.
const HAND_IN: &str = "Hand in the package's folder, with Cargo.toml and src, or a zip of it.";
