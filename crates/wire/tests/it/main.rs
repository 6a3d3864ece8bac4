//! Tests of the wire: bytes in, frames and words out.

// clippy's own exception for tests does not see helper functions.
#![allow(clippy::unwrap_used)]

mod codec;
mod fields;
mod json;
mod listen;
mod sequence;
mod why;
mod words;
