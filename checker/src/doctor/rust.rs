//! The compiler, and the crates that cargo needs.

use harness::kit;
use std::{env, ffi::OsString, iter};

use super::{
    Diagnosis,
    ask::{NoAnswer, ask},
};
use crate::lessons;

/// The oldest Rust that compiles the kit.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Finds Rust and cargo, and their versions.
pub(super) async fn rust() -> Vec<Diagnosis> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let (rustc, cargo) = tokio::join!(ask(rustc, &["--version"]), ask(kit::cargo(), &["--version"]));
    vec![judge(rustc, cargo)]
}

fn judge(rustc: Result<String, NoAnswer>, cargo: Result<String, NoAnswer>) -> Diagnosis {
    let (rustc, cargo) = match (rustc, cargo) {
        (Ok(rustc), Ok(cargo)) => (rustc, cargo),
        (rustc, cargo) => {
            let name = if rustc.is_err() { "rustc" } else { "cargo" };
            let what = match rustc.err().or(cargo.err()) {
                Some(NoAnswer::NotThere) | None => format!("{name} is not installed, or not on the PATH"),
                Some(NoAnswer::NotStarted(why) | NoAnswer::Failed(why)) => format!("{name} does not work: {why}"),
                Some(NoAnswer::Late) => format!("{name} does not answer"),
            };
            return Diagnosis::problem("rust", what)
                .fix("Install Rust from https://rustup.rs, and open a new terminal");
        }
    };
    let short = |text: &str| text.split(" (").next().unwrap_or_default().to_owned();
    let what = format!("{}, {}; the kit needs {OLDEST} or newer", short(&rustc), short(&cargo));
    match (version(&rustc), version(OLDEST)) {
        (Some(found), Some(oldest)) if found < oldest => {
            Diagnosis::problem("rust", what).fix("Update it: rustup update")
        }
        (Some(_), Some(_)) => Diagnosis::ok("rust", what),
        _ => Diagnosis::warning("rust", format!("{what}, but the version can't be read")),
    }
}

/// Returns the first two numbers of the first version in a text.
fn version(text: &str) -> Option<(u32, u32)> {
    let word = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut numbers = word.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Finds out whether cargo has all crates of the checker and the lessons. If it has them, no network is needed, and there is no
/// finding.
pub(super) async fn crates() -> Vec<Diagnosis> {
    let tree = ["tree", "--offline", "--locked", "--quiet", "--edges", "normal,build", "--depth", "0"];
    // A package has the name of its lesson. Lessons that can't be read are reported elsewhere.
    let lessons = lessons::all().unwrap_or_default();
    let ids = lessons.iter().map(|lesson| lesson.about.id.as_str());
    let packages: Vec<&str> = iter::once("checker").chain(ids).flat_map(|name| ["--package", name]).collect();
    match ask(kit::cargo(), &[&tree[..], &packages].concat()).await {
        // A missing cargo is reported elsewhere.
        Ok(_) | Err(NoAnswer::NotThere | NoAnswer::NotStarted(_)) => Vec::new(),
        Err(NoAnswer::Late) => vec![
            Diagnosis::warning("crates", "cargo is waiting for another cargo")
                .fix("Wait for another build, or for an editor's rust-analyzer: checks wait for it, too"),
        ],
        Err(NoAnswer::Failed(said)) => vec![
            Diagnosis::warning(
                "crates",
                format!("cargo can't work offline: {}", said.lines().next().unwrap_or_default()),
            )
            .fix("Download the crates once, with a network: cargo fetch")
            .fix("Set https_proxy if you are behind a proxy"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn an_old_compiler_is_a_problem_and_so_is_none() {
        let found = |rustc: &str| judge(Ok(rustc.to_owned()), Ok("cargo 1.95.0 (f2d3ce0bd 2026-03-21)".to_owned()));
        assert_eq!(
            found("rustc 1.95.0 (59807616e 2026-04-14)").what,
            format!("rustc 1.95.0, cargo 1.95.0; the kit needs {OLDEST} or newer")
        );
        assert_eq!(found("rustc 1.100.0-nightly (x)").state, State::Ok);
        assert_eq!(found("rustc 1.9.0").state, State::Problem);
        assert_eq!(found("rustc").state, State::Warning);
        let none = judge(Err(NoAnswer::NotThere), Ok("cargo 1.95.0".to_owned()));
        assert_eq!((none.state, none.what.as_str()), (State::Problem, "rustc is not installed, or not on the PATH"));
    }
}
