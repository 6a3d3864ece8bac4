//! `grader inside PORT -- COMMAND…`: the process in a sandbox that runs the command, and connects it with the tap.
//!
//! It listens on the port of the address in `AMQP_URL`, and on 5672 for programs with a fixed address.

use std::{io, os::unix::process::ExitStatusExt, path::Path, process::Stdio};

use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, UnixStream},
    process::Command,
};

use super::{bwrap::SOCKET, exit_code};

/// The port of AMQP.
const AMQP: u16 = 5672;

/// The first line of the first connection, if the program was started.
pub const STARTED: &str = "started";

/// The second line of it: the signal that ended the program, or 0. An exit code alone does not tell: 152 is also SIGXCPU.
pub const SIGNAL: &str = "signal ";

/// Runs the command, and returns its exit code: 128 and the number of the signal, if one ended it.
///
/// # Errors
///
/// When a port is taken, or the command can't be started.
pub async fn inside(port: u16, command: &[String]) -> io::Result<i32> {
    listen(port).await?;
    // Ctrl-C is ignored on the way here, and the program gets the default back.
    let mut start = Command::new("env");
    start.args(["--default-signal=INT", "--"]).args(command).stdin(Stdio::inherit());
    // The first connection says whether the program was started. It is made before the program can make one.
    let mut hello = UnixStream::connect(SOCKET).await?;
    let missing = command.first().filter(|first| !is_there(first));
    let started = match missing {
        Some(first) => Err(io::Error::other(format!("there is no {first} in the sandbox"))),
        None => start.spawn(),
    };
    let word = started.as_ref().map_or_else(ToString::to_string, |_| STARTED.to_owned());
    hello.write_all(format!("{word}\n").as_bytes()).await?;
    let status = started?.wait().await?;
    hello.write_all(format!("{SIGNAL}{}\n", status.signal().unwrap_or(0)).as_bytes()).await?;
    Ok(exit_code(status))
}

/// Listens on this port and on that of AMQP, and forwards each connection to the socket of the tap.
///
/// # Errors
///
/// When a port is taken.
pub(super) async fn listen(port: u16) -> io::Result<()> {
    forward(TcpListener::bind(("127.0.0.1", port)).await?);
    if port != AMQP {
        forward(TcpListener::bind(("127.0.0.1", AMQP)).await?);
    }
    // Programs that ask for `localhost` may try IPv6 first.
    for port in [port, AMQP] {
        if let Ok(listener) = TcpListener::bind(("::1", port)).await {
            forward(listener);
        }
    }
    Ok(())
}

/// Returns whether a command is there: a path, or a name in the PATH.
pub(super) fn is_there(command: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.contains('/') && Path::new(command).exists()
        || !command.contains('/') && std::env::split_paths(&path).any(|folder| folder.join(command).exists())
}

/// Forwards each connection to the socket of the tap.
fn forward(listener: TcpListener) {
    tokio::spawn(async move {
        while let Ok((mut program, _)) = listener.accept().await {
            let _ = program.set_nodelay(true);
            tokio::spawn(async move {
                if let Ok(mut tap) = UnixStream::connect(SOCKET).await {
                    let _ = copy_bidirectional(&mut program, &mut tap).await;
                }
            });
        }
    });
}
