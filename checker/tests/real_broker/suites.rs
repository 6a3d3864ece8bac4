//! The public test suites of AMQP clients pass on the embedded broker, as they do on RabbitMQ.
//!
//! `.ci/suites` prepares them, which takes a network. If it has not been run, they are reported as ignored, or fail when
//! `HELLO_RABBIT_SUITES=required` is set.

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

/// The suites from package registries.
pub const NAMES: [&str; 5] = ["lapin", "amqprs", "py-amqp", "kombu", "amqp091-go"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns whether `.ci/suites` has been run.
pub fn are_prepared() -> bool {
    root().join("target/hello-rabbit/suites/ready").exists()
}

/// Returns whether the suites are required.
pub fn are_required() -> bool {
    env::var("HELLO_RABBIT_SUITES").is_ok_and(|value| value == "required")
}

/// Runs one suite on its own broker.
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
    // The second account is hard-coded in the tests of amqprs.
    let users = vec![account("guest", "guest"), account("user", "bitnami")];
    let log = run.folder().join("embedded.log");
    let program = embedded::Program { mark: cleanup::broker_mark(run.id()), port: ports::free_pair()?, log };
    runtime()
        .block_on(program.start(&EmbeddedArgs { users, ..EmbeddedArgs::default() }))
        .map_err(|reason| Failed::from(reason.message))?;
    let suite = Command::new(root().join(".ci/suite")).arg(name).arg(program.port.to_string()).output()?;
    let output = format!("{}{}", String::from_utf8_lossy(&suite.stdout), String::from_utf8_lossy(&suite.stderr));
    println!("{}", output.trim());
    let log = fs::read_to_string(&program.log)?;
    assert!(!log.contains("panicked"), "the broker panicked:\n{log}");
    if suite.status.success() { Ok(()) } else { Err(output.into()) }
}
