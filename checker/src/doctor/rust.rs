//! The compiler, and whether cargo has what it needs.

use harness::kit;
use std::{env, ffi::OsString, iter};

use super::{
    Finding,
    ask::{NoAnswer, ask},
};
use crate::lessons;

/// The oldest Rust that compiles the kit.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Rust and cargo, and their versions.
pub(super) async fn rust() -> Vec<Finding> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let (rustc, cargo) = tokio::join!(ask(rustc, &["--version"]), ask(kit::cargo(), &["--version"]));
    vec![judge(rustc, cargo)]
}

fn judge(rustc: Result<String, NoAnswer>, cargo: Result<String, NoAnswer>) -> Finding {
    let (rustc, cargo) = match (rustc, cargo) {
        (Ok(rustc), Ok(cargo)) => (rustc, cargo),
        (rustc, cargo) => {
            let name = if rustc.is_err() { "rustc" } else { "cargo" };
            let what = match rustc.err().or(cargo.err()) {
                Some(NoAnswer::NotThere) | None => format!("{name} is not installed, or not on the PATH"),
                Some(NoAnswer::NotStarted(why) | NoAnswer::Failed(why)) => format!("{name} does not work: {why}"),
                Some(NoAnswer::Late) => format!("{name} does not answer"),
            };
            return Finding::problem("rust", what).mend("Install Rust: https://rustup.rs; then open a new terminal");
        }
    };
    let short = |told: &str| told.split(" (").next().unwrap_or_default().to_owned();
    let what = format!("{}, {}; the kit needs {OLDEST} or newer", short(&rustc), short(&cargo));
    match (version(&rustc), version(OLDEST)) {
        (Some(found), Some(oldest)) if found < oldest => {
            Finding::problem("rust", what).mend("Update it: rustup update")
        }
        (Some(_), Some(_)) => Finding::ok("rust", what),
        _ => Finding::warning("rust", format!("{what}; its version can't be read")),
    }
}

/// The first two numbers of a version, wherever it stands.
fn version(text: &str) -> Option<(u32, u32)> {
    let word = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut numbers = word.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Whether cargo has all crates that the checker and the lessons are made of. Where it has, no network is needed, and nothing is
/// said.
pub(super) async fn crates() -> Vec<Finding> {
    let tree = ["tree", "--offline", "--locked", "--quiet", "--edges", "normal,build", "--depth", "0"];
    // A package is called as its lesson is; where they can't be read, that is told elsewhere.
    let lessons = lessons::all().unwrap_or_default();
    let ids = lessons.iter().map(|lesson| lesson.about.id.as_str());
    let packages: Vec<&str> = iter::once("checker").chain(ids).flat_map(|name| ["--package", name]).collect();
    match ask(kit::cargo(), &[&tree[..], &packages].concat()).await {
        // That there is no cargo is told already.
        Ok(_) | Err(NoAnswer::NotThere | NoAnswer::NotStarted(_)) => Vec::new(),
        Err(NoAnswer::Late) => vec![
            Finding::warning("crates", "cargo waits for another cargo")
                .mend("Is one building, or an editor's rust-analyzer? Checks wait for it, too"),
        ],
        Err(NoAnswer::Failed(said)) => vec![
            Finding::warning(
                "crates",
                format!("cargo can't work offline: {}", said.lines().next().unwrap_or_default()),
            )
            .mend("With a network, once: cargo fetch")
            .mend("Behind a proxy, cargo needs https_proxy"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn an_old_compiler_is_a_problem_and_so_is_none() {
        let told = |rustc: &str| judge(Ok(rustc.to_owned()), Ok("cargo 1.95.0 (f2d3ce0bd 2026-03-21)".to_owned()));
        assert_eq!(
            told("rustc 1.95.0 (59807616e 2026-04-14)").what,
            format!("rustc 1.95.0, cargo 1.95.0; the kit needs {OLDEST} or newer")
        );
        assert_eq!(told("rustc 1.100.0-nightly (x)").state, State::Ok);
        assert_eq!(told("rustc 1.9.0").state, State::Problem);
        assert_eq!(told("rustc").state, State::Warning);
        let none = judge(Err(NoAnswer::NotThere), Ok("cargo 1.95.0".to_owned()));
        assert_eq!((none.state, none.what.as_str()), (State::Problem, "rustc is not installed, or not on the PATH"));
    }
}
