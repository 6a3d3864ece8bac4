//! A check in a fresh container, beside the boot of a bare one: the rest is the checker's.
//!
//! `cargo xtask bench container` runs it. It needs the `docker` command, and an image: `HELLO_RABBIT_IMAGE`, or the first one at
//! hand that a check would use.

use std::{
    env,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use checker::brokers::{docker, ready};

const ROUNDS: usize = 5;

/// The goal: the most that a check may take on top of the boot.
const GOAL: Duration = Duration::from_secs(1);

/// The time limit for a boot.
const BOOT_TIMEOUT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    // `cargo test --benches` runs this, too, and then there is nothing to measure.
    if !env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Runtime::new().expect("tokio starts");
    let Some(image) = runtime.block_on(docker::image_at_hand(env::var("HELLO_RABBIT_IMAGE").ok().as_deref())) else {
        eprintln!("not measured: Docker has no RabbitMQ image; build one with docker/build-image 4.3");
        return ExitCode::from(3);
    };
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let bare = match bare(&image, &runtime) {
            Ok(bare) => bare,
            Err(why) => {
                eprintln!("error: {why}");
                return ExitCode::FAILURE;
            }
        };
        let begin = Instant::now();
        let mut check = Command::new(env!("CARGO_BIN_EXE_checker"));
        let checked =
            check.args(["check", "01", "--broker", "docker", "--image", &image]).stdout(Stdio::null()).status();
        if !checked.is_ok_and(|status| status.success()) {
            eprintln!("error: the check did not pass");
            return ExitCode::FAILURE;
        }
        rounds.push((bare, begin.elapsed()));
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (bare, check): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
    let (bare, check) = (median(bare), median(check));
    println!("{image}, medians of {ROUNDS} rounds");
    println!("the boot of a bare container       {:>6.2} s", bare.as_secs_f64());
    println!("a check in a container of its own  {:>6.2} s", check.as_secs_f64());
    println!("{:+.2} s (goal: at most {:+.2} s)", check.as_secs_f64() - bare.as_secs_f64(), GOAL.as_secs_f64());
    ExitCode::SUCCESS
}

/// Starts a container, and returns the time until its broker answers. The container is removed, whatever happens.
fn bare(image: &str, runtime: &tokio::runtime::Runtime) -> Result<Duration, String> {
    let docker = |arguments: &[&str]| {
        let output = Command::new("docker").args(arguments).output().map_err(|error| format!("docker: {error}"))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(format!("docker {}: {}", arguments[0], String::from_utf8_lossy(&output.stderr).trim())),
        }
    };
    let begin = Instant::now();
    let id = docker(&["run", "--detach", "--publish", "127.0.0.1::5672", image])?;
    let booted = docker(&["port", &id, "5672/tcp"]).and_then(|address| {
        let deadline = tokio::time::Instant::now() + BOOT_TIMEOUT;
        runtime.block_on(ready::wait(&address, deadline)).map_err(|error| format!("{image} at {address}: {error}"))
    });
    let took = begin.elapsed();
    docker(&["rm", "--force", "--volumes", &id])?;
    booted.map(|_| took)
}
