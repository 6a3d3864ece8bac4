//! Ctrl-C, pressed for a program that is at rest.

use std::time::Duration;

use recording::{NotChecked, ProgramRun};

use harness::stage::RunningProgram;
use wire::{Method, Peer, protocol::connection::AMQPMethod as Connection};

use crate::transcript::Transcript;

/// The time without events after which a program is at rest.
const QUIET: Duration = Duration::from_millis(100);

/// Returns whether a program has closed a connection, and the broker has not answered yet.
fn awaits_close_ok(seen: &ProgramRun) -> bool {
    let is_ok = |method: &Method| matches!(method, Method::Connection(Connection::CloseOk(_)));
    let transcript = Transcript::of(seen);
    let closed = transcript.closes(Peer::Program).filter(|close| close.said.channel == 0);
    let answered = transcript.methods().filter(|said| said.from == Peer::Broker && is_ok(said.method));
    closed.count() > answered.count()
}

/// Waits until a program is at rest. Ctrl-C in the middle of an acknowledgement makes some clients send it twice.
pub async fn rest(running: &RunningProgram) {
    running.rest(QUIET, QUIET * 5).await;
}

/// Presses Ctrl-C once the program is at rest, and waits for the end. The recording of the run is complete after this.
///
/// # Errors
///
/// The reason, if Ctrl-C can't be pressed for a program.
pub async fn press(running: RunningProgram) -> Result<ProgramRun, NotChecked> {
    rest(&running).await;
    if running.interrupt() {
        // A busy broker may take its time for the answer to the program's goodbye, which says nothing about the program.
        if !running.promptly(|seen| seen.exit.is_some()).await {
            running.until(|seen| !awaits_close_ok(seen)).await;
        }
        return Ok(running.end_promptly().await);
    }
    running.end_promptly().await;
    Err(NotChecked {
        message: "Ctrl-C could not be pressed for the program.".to_owned(),
        hints: vec!["Check again; on Windows, WSL is another way".to_owned()],
    })
}
