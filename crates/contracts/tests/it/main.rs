//! Tests of the contracts: recordings in, words out.

// clippy's own exception for tests does not see helper functions.
#![allow(clippy::unwrap_used)]

mod catalogue;
mod gallery;
mod mistakes;
mod topics;
