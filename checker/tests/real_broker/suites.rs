//! The public test suites of AMQP clients pass on the embedded broker, as they do on RabbitMQ.
//!
//! `.ci/suites` prepares them, which takes a network. Where it has not been run they are reported as ignored, and fail where
//! `HELLO_RABBIT_SUITES=required` says that they must be there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use checker::{
    brokers::{embedded, ports},
    cleanup::{self, Run},
};
use cli::{EmbeddedArgs, User};
use libtest_mimic::Failed;

use crate::brokers::runtime;

/// Those that package registries carry.
pub const NAMES: [&str; 5] = ["lapin", "amqprs", "py-amqp", "kombu", "amqp091-go"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Whether `.ci/suites` has been run.
pub fn are_prepared() -> bool {
    root().join("target/hello-rabbit/suites/ready").exists()
}

/// Whether they must be there.
pub fn are_required() -> bool {
    env::var("HELLO_RABBIT_SUITES").is_ok_and(|value| value == "required")
}

/// Runs one on a broker of its own.
pub fn run(name: &str) -> Result<(), Failed> {
    let run = Run::begin()?;
    let done = run_in(name, &run);
    for problem in runtime().block_on(run.end()) {
        eprintln!("warning: {problem}");
    }
    done
}

fn run_in(name: &str, run: &Run) -> Result<(), Failed> {
    let account = |name: &str, password: &str| User {
        name: name.to_owned(),
        password: password.to_owned(),
        permissions: Some([".*", ".*", ".*"].map(str::to_owned)),
    };
    // The account that amqprs has written into its tests.
    let users = vec![account("guest", "guest"), account("user", "bitnami")];
    let log = run.folder().join("embedded.log");
    let program = embedded::Program { mark: cleanup::broker_mark(run.id()), port: ports::free_pair()?, log };
    runtime()
        .block_on(program.start(&EmbeddedArgs { users, ..EmbeddedArgs::default() }))
        .map_err(|reason| Failed::from(reason.message))?;
    let suite = Command::new(root().join(".ci/suite")).arg(name).arg(program.port.to_string()).output()?;
    let told = format!("{}{}", String::from_utf8_lossy(&suite.stdout), String::from_utf8_lossy(&suite.stderr));
    println!("{}", told.trim());
    let log = fs::read_to_string(&program.log)?;
    assert!(!log.contains("panicked"), "the broker panicked:\n{log}");
    if suite.status.success() { Ok(()) } else { Err(told.into()) }
}
