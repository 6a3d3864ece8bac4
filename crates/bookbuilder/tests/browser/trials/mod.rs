//! The tests, a file each for what they ask.

pub mod axe;
pub mod contrast;
pub mod copying;
pub mod folding;
pub mod keyboard;
pub mod loading;
pub mod narrow;
pub mod printing;
pub mod searching;
pub mod size;
