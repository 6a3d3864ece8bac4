//! The lessons of this kit.

use harness::kit;
use std::io;

pub use contracts::{
    anchors, hints,
    lesson::{Experiment, Lesson, Replacement, StepAbout},
};

/// Returns all lessons, in the order of their numbers.
///
/// # Errors
///
/// When a folder can't be read, or its `lesson.toml` is wrong; the error names the file.
pub fn all() -> io::Result<Vec<Lesson>> {
    contracts::lesson::all(kit::root())
}
