//! The tests, a file for each subject.

pub mod axe;
pub mod contrast;
pub mod copying;
pub mod folding;
pub mod grades;
pub mod keyboard;
pub mod loading;
pub mod narrow;
pub mod printing;
pub mod searching;
pub mod size;
pub mod topics;
