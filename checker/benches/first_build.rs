//! The processor time of each package that a first check compiles, beside the budget in `xtask/first-build.txt`.
//!
//! `cargo xtask ci` runs it, and `cargo xtask bench first-build`; on Linux only, because the processor time of other programs is
//! read from `/proc`. Cargo calls this program in place of the compiler, so that each call can be measured.

// clippy's own exception for tests does not see benchmarks.
#![allow(clippy::unwrap_used)]

use std::{
    env,
    ffi::OsString,
    fs,
    io::Write,
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use testkit::{
    budget::{Build, OWN, TOLERANCE},
    measure::{clean, processor_time},
};

/// The environment variable with the file for the measured times. If it is set, this program was called as a compiler.
const TIMES: &str = "HELLO_RABBIT_TIMES";

/// The number of builds before one is over its budget: the fastest counts, because two builds of the same code differ by up to
/// 5 %. A budget is the mean of as many builds.
const BUILDS: usize = 3;

fn main() -> ExitCode {
    if let Some(times) = env::var_os(TIMES) {
        return compile(Path::new(&times));
    }
    // `cargo test --benches` runs this, too, and then there is nothing to measure.
    if !env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    if !cfg!(target_os = "linux") {
        eprintln!("not measured: the processor time of other programs is read only on Linux");
        return ExitCode::from(3);
    }
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let file = kit.join("xtask/first-build.txt");
    if env::args().any(|argument| argument == "--bless") {
        let build = Build::mean(&[(); BUILDS].map(|()| build(kit)));
        fs::write(&file, build.to_string()).unwrap();
        println!("{} packages, {:.1} CPU-s: written to xtask/first-build.txt", build.packages(), build.seconds());
        return ExitCode::SUCCESS;
    }
    let budget = Build::parse(&fs::read_to_string(&file).unwrap()).unwrap();
    for number in 1..=BUILDS {
        let build = build(kit);
        let found = budget.compare(&build);
        println!(
            "first build: {} packages, {:.1} CPU-s, which are {:.1} on the machine of the budget; budget {:.1}",
            build.packages(),
            build.seconds(),
            found.scaled,
            found.budget
        );
        if found.is_within() {
            return ExitCode::SUCCESS;
        }
        for (name, before, now) in found.dearer.iter().take(5) {
            println!("  {name}: {now:.2} CPU-s, budget {before:.2}");
        }
        if number == BUILDS {
            eprintln!("error: a first check compiles over {:.0} % longer than it may", TOLERANCE * 100.0);
            eprintln!("hint: compile later what the first check does not need, or: cargo xtask bless first-build");
        }
    }
    ExitCode::FAILURE
}

/// Builds and checks lesson 01 as in a fresh clone, in a target folder of its own.
fn build(kit: &Path) -> Build {
    let folder = tempfile::tempdir().unwrap();
    let times = folder.path().join("times");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    clean(&mut cargo, kit);
    cargo.args(["run", "--quiet", "--package", "xtask", "--", "check", "01", "--broker", "embedded"]);
    cargo.env("CARGO_TARGET_DIR", folder.path().join("target"));
    cargo.env("RUSTC_WRAPPER", env::current_exe().unwrap()).env(TIMES, &times);
    let output = cargo.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the check failed: {said}");
    // Each warning would be among the first things that a learner reads.
    assert!(!said.contains("warning: "), "a first check compiles with warnings: {said}");
    Build::parse(&fs::read_to_string(times).unwrap()).unwrap()
}

/// Calls the compiler, and notes its processor time.
fn compile(times: &Path) -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let status = Command::new(&arguments[0]).args(&arguments[1..]).status().unwrap();
    let variable = |name| env::var(name).unwrap_or_default();
    let (name, folder) = (variable("CARGO_PKG_NAME"), variable("CARGO_MANIFEST_DIR"));
    // Cargo also asks the compiler for its version, without a package.
    if !name.is_empty() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).parent().is_some_and(|kit| Path::new(&folder).starts_with(kit));
        let version = if own { OWN.to_owned() } else { variable("CARGO_PKG_VERSION") };
        let line = format!("{name} {version} {:.2}\n", processor_time().unwrap());
        fs::File::options().create(true).append(true).open(times).unwrap().write_all(line.as_bytes()).unwrap();
    }
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
