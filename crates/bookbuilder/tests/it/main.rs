//! Each rule, both ways: a book that keeps it passes, and one that breaks it gets a message. Also the real book, with its
//! output.

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

/// The folder of the build, which makes cargo build the tests again after the kit was moved: they contain its path.
const _: Option<&str> = option_env!("HELLO_RABBIT_BUILT_IN");
