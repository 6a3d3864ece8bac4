//! What the test programs share: comparing what the checker shows with snapshots.

pub use testkit::snapshots::{render, snapshot};

/// Tests know the folder that they were built in: with this, cargo builds them again where the kit was moved.
const _: Option<&str> = option_env!("HELLO_RABBIT_BUILT_IN");
