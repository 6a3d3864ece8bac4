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

/// Tests know the folder that they were built in: with this, cargo builds them again where the kit was moved.
const _: Option<&str> = option_env!("HELLO_RABBIT_BUILT_IN");
