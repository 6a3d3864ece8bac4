//! The time from a fresh clone to the first verdict, beside `cargo install rustlings`: all crates are downloaded before, and
//! everything is compiled.
//!
//! `cargo xtask bench first-verdict` runs it, on Linux: the processor time is read from `/proc`.

// clippy's own exception for tests does not see benchmarks.
#![allow(clippy::unwrap_used)]

use std::{
    env,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use testkit::measure::{clean, processor_time};

/// The goal: this part of the processor time that rustlings takes.
const GOAL: f64 = 1.1;

fn main() -> ExitCode {
    // `cargo test --benches` runs this, too, and then there is nothing to measure.
    if !env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    if !cfg!(target_os = "linux") {
        eprintln!("not measured: the processor time of other programs is read only on Linux");
        return ExitCode::from(3);
    }
    let folder = tempfile::tempdir().unwrap();
    let kit = folder.path().join("kit");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let quiet = |command: &mut Command| {
        let status = command.stdout(Stdio::null()).stdin(Stdio::null()).status().unwrap();
        assert!(status.success(), "{command:?} ended with {status}");
    };
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    quiet(Command::new("git").args(["clone", "--quiet"]).args([original, &kit]));
    quiet(clean(Command::new(&cargo).args(["fetch", "--locked", "--quiet"]), &kit));

    // Twice: the first time downloads.
    let rustlings = |target: &str| {
        let mut install = Command::new(&cargo);
        install
            .args(["install", "--quiet", "--locked", "--force", "rustlings", "--root"])
            .arg(folder.path().join("rustlings"));
        quiet(clean(install.arg("--target-dir").arg(folder.path().join(target)), folder.path()));
    };
    rustlings("first");
    let theirs = measured(|| rustlings("second"));
    let ours = measured(|| {
        let check = ["xtask", "check", "01", "--broker", "embedded"];
        quiet(clean(Command::new(&cargo).args(check), &kit));
    });

    let line = |name: &str, (wall, processor): (Duration, f64)| {
        println!("{name:<42} {:>6.1} s {processor:>8.1} CPU-s", wall.as_secs_f64());
    };
    line("cargo install rustlings", theirs);
    line("cargo xtask check 01, from a fresh clone", ours);
    let ratio = ours.1 / theirs.1;
    println!("{ratio:.2} times the processor time (goal: at most {GOAL})");
    ExitCode::SUCCESS
}

/// Returns the time that the work takes, and the processor time of the programs that it starts, in seconds.
fn measured(work: impl FnOnce()) -> (Duration, f64) {
    let (begin, before) = (Instant::now(), processor_time().unwrap());
    work();
    (begin.elapsed(), processor_time().unwrap() - before)
}
