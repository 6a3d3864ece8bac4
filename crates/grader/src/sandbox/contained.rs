//! `grader contained PORT -- COMMAND…`: process 1 of a container.
//!
//! A program gets a terminal for its output, as outside, so that it prints line by line. The container ends with this process, which
//! ends with the command, or when the process outside is gone.

use std::{
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::timeout,
};

use super::{
    bwrap::SOCKET,
    calls, exit_code,
    inside::{SIGNAL, STARTED, is_there, listen},
};

/// The time limit for the rest of the output, because processes that the program started may hold the terminal.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(500);

/// Runs the command, and returns its exit code: 128 and the number of the signal, if one ended it. With a port, the command is the
/// program, and has the tap; with 0, it is the compiler.
///
/// # Errors
///
/// When a port is taken, or the command can't be started.
pub async fn contained(port: u16, command: &[String]) -> io::Result<i32> {
    // The first connection says whether the program was started. It is made before the program can make one.
    let (mut outside, mut hello) = UnixStream::connect(SOCKET).await?.into_split();
    // The engine's own filter holds, too. It is for this process and all that it starts.
    calls::refuse()?;
    if port > 0 {
        listen(port).await?;
    }
    let mut interrupts = signal(SignalKind::interrupt())?;
    let missing = command.first().filter(|first| !is_there(first));
    let started = match missing {
        Some(first) => Err(io::Error::other(format!("there is no {first} in the sandbox"))),
        None => start(command, port > 0),
    };
    let word = started.as_ref().map_or_else(ToString::to_string, |_| STARTED.to_owned());
    hello.write_all(format!("{word}\n").as_bytes()).await?;
    let (mut child, output) = started?;
    let mut nothing = [0; 1];
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = interrupts.recv() => interrupt(&child),
            // Nothing is ever sent here, so this is the end of the process outside.
            _ = outside.read(&mut nothing) => return Ok(1),
        }
    };
    if let Some(output) = output {
        let _ = timeout(OUTPUT_TIMEOUT, output).await;
    }
    say_end(&mut hello, status).await?;
    Ok(exit_code(status))
}

async fn say_end(hello: &mut (impl AsyncWriteExt + Unpin), status: ExitStatus) -> io::Result<()> {
    hello.write_all(format!("{SIGNAL}{}\n", status.signal().unwrap_or(0)).as_bytes()).await
}

/// Sends Ctrl-C to the command and its process group, as a terminal does.
fn interrupt(child: &Child) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::INT);
    }
}

/// Starts the command in a process group of its own, on a terminal if it is a program.
fn start(command: &[String], is_program: bool) -> io::Result<(Child, Option<JoinHandle<()>>)> {
    let (first, words) = command.split_first().ok_or_else(|| io::Error::other("there is no command"))?;
    if !is_program {
        let child = Command::new(first).args(words).stdin(Stdio::null()).process_group(0).spawn()?;
        return Ok((child, None));
    }
    let (mut terminal, inside) = pty_process::open().map_err(io::Error::other)?;
    terminal.resize(pty_process::Size::new(100, 10_000)).map_err(io::Error::other)?;
    let child = pty_process::Command::new(first).args(words).stderr(Stdio::inherit()).spawn(inside);
    let child = child.map_err(io::Error::other)?;
    let output = tokio::spawn(async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = terminal.read(&mut buffer).await {
            let mut stdout = io::stdout().lock();
            if stdout.write_all(&buffer[..read]).and_then(|()| stdout.flush()).is_err() {
                break;
            }
        }
    });
    Ok((child, Some(output)))
}
