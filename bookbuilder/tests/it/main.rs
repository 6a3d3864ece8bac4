//! Each rule, both ways: a book that keeps it passes, one that breaks it is told so. And the real book, with its output.

// clippy's own exception for tests does not see helper functions.
#![allow(clippy::unwrap_used)]

mod code;
mod console;
mod glossary;
mod includes;
mod lessons;
mod links;
mod pages;
mod pictures;
mod real;
#[cfg(feature = "serve")]
mod serve;
mod small;
