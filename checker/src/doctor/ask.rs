//! Questions to other programs, with a deadline.

use harness::kit;
use std::{ffi::OsStr, io, process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

/// The time limit of an answer.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(4);

/// The reason why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// There is no such program.
    NotThere,
    /// The program can't be started, for this reason.
    NotStarted(String),
    /// The program did not answer in time.
    Late,
    /// The program failed, and printed this on stderr.
    Failed(String),
}

/// Runs a program in the kit's folder, and returns its stdout without blanks around it.
pub(super) async fn ask(program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<String, NoAnswer> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(kit::root()).stdin(Stdio::null()).kill_on_drop(true);
    let output = match timeout(COMMAND_TIMEOUT, command.output()).await {
        Err(_) => return Err(NoAnswer::Late),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Err(NoAnswer::NotThere),
        Ok(Err(error)) => return Err(NoAnswer::NotStarted(error.to_string())),
        Ok(Ok(output)) => output,
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(NoAnswer::Failed(text(&output.stderr))) }
}
