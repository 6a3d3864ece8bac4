//! Shared code of the test programs: the comparison of output with snapshots.

pub use testkit::snapshots::{render, snapshot};

/// The folder of the build, which makes cargo build the tests again after the kit was moved: they contain its path.
const _: Option<&str> = option_env!("HELLO_RABBIT_BUILT_IN");
