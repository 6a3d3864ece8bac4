//! `cargo xtask test`: the fast loop.

use std::process::ExitCode;

use crate::tally::{Tally, cargo_test};

/// The tests that need no broker in a container, no browser and no program that cargo has to build first. The contracts have
/// their scenes, as in a check, so the tests of the scenes also run.
pub const FAST: [&[&str]; 2] = [
    &[
        "--package=wire",
        "--package=recording",
        "--package=contracts",
        "--package=cli",
        "--package=xtask",
        "--features=contracts/scenes",
        "--lib",
        "--bins",
        "--test=it",
        "--no-fail-fast",
    ],
    &["--package=harness", "--package=checker", "--package=grader", "--lib", "--no-fail-fast"],
];

/// Runs the tests. The last line on stdout is their sum.
pub fn run() -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    tally.run_all(FAST.map(cargo_test))?;
    Ok(if tally.print() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_loop_has_no_docker_client_and_no_test_with_a_real_broker() {
        let words: Vec<&str> = FAST.concat();
        assert!(!words.iter().any(|word| word.contains("docker") || word.contains("real_broker")), "{words:?}");
    }
}
