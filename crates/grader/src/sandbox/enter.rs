//! `grader enter SPEC.json -- COMMAND…`: the process outside a sandbox, which lives as long as the command in it.

use std::{
    env,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use harness::{brokers::address::Address, cleanup::MARK};
use tokio::{
    io::copy_bidirectional,
    net::{TcpStream, UnixListener},
    process::Command,
    signal::unix::{SignalKind, signal},
};

use super::{Rung, Spec, bwrap, control_group};

/// The number that a shell adds to a signal's number.
const BY_SIGNAL: i32 = 128;

/// Runs a command in the sandbox that the file describes, and returns the exit code: 128 and the number of the signal, if one
/// ended it.
///
/// # Errors
///
/// When the file can't be read or the sandbox can't be started.
pub async fn enter(spec: &Path, command: &[String]) -> io::Result<i32> {
    let spec: Spec = serde_json::from_slice(&fs::read(spec)?)?;
    // Ctrl-C is meant for the program. The process outside goes on until the program ends.
    let mut interrupts = signal(SignalKind::interrupt())?;
    control_group::enter(&spec.group, spec.limits);
    let url = env::var("AMQP_URL").ok();
    let tap = url.as_deref().and_then(|url| Address::parse(url).ok());
    let mut child = match spec.rung {
        Rung::None => start_without(&spec, command)?,
        Rung::Bwrap => start(&spec, command, url.as_deref(), tap.as_ref())?,
    };
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = interrupts.recv() => {}
        }
    };
    let signal = ended_by(status);
    if let Some(sentence) = signal.and_then(|signal| spec.limits.over_by_signal(signal)) {
        let mut report = OpenOptions::new().create(true).append(true).open(spec.report())?;
        writeln!(report, "{sentence}")?;
    }
    Ok(signal.map_or_else(|| status.code().unwrap_or(1), |signal| BY_SIGNAL + signal))
}

fn start(
    spec: &Spec,
    command: &[String],
    url: Option<&str>,
    tap: Option<&Address>,
) -> io::Result<tokio::process::Child> {
    let mut spec = spec.clone();
    if let Some(url) = url {
        spec.environment.insert("AMQP_URL".to_owned(), url.to_owned());
    }
    // By this mark, everything that the program starts is ended with the check.
    if let Ok(mark) = env::var(MARK) {
        spec.environment.insert(MARK.to_owned(), mark);
    }
    let socket = tap.map(|tap| listen(&spec, tap)).transpose()?;
    let own = env::current_exe()?;
    let mut words = bwrap::words(&spec, socket.as_deref(), &own);
    if let Some(tap) = tap {
        words.extend([bwrap::OWN, "inside", &tap.port.to_string(), "--"].map(str::to_owned));
    }
    words.extend_from_slice(command);
    Command::new(&words[0]).args(&words[1..]).kill_on_drop(true).spawn()
}

/// Starts the command without a sandbox, which `--unsafe-no-sandbox` allows.
fn start_without(spec: &Spec, command: &[String]) -> io::Result<tokio::process::Child> {
    let (first, words) = command.split_first().ok_or_else(|| io::Error::other("there is no command"))?;
    let ignoring = ["-c", r#"trap "" INT; exec env --default-signal=INT -- "$@""#, "sh"];
    let mut start = Command::new("sh");
    start.args(ignoring).arg(first).args(words).current_dir(&spec.folder).envs(&spec.environment);
    start.kill_on_drop(true).spawn()
}

/// Listens on a socket of its own, and forwards each connection to the tap. Returns the socket's path.
fn listen(spec: &Spec, tap: &Address) -> io::Result<PathBuf> {
    let socket = spec.scratch.join(format!("tap-{}", std::process::id()));
    let listener = UnixListener::bind(&socket)?;
    // The program has another user id.
    fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
    let to = tap.host_and_port();
    tokio::spawn(async move {
        while let Ok((mut inside, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                if let Ok(mut tap) = TcpStream::connect(&to).await {
                    let _ = tap.set_nodelay(true);
                    let _ = copy_bidirectional(&mut inside, &mut tap).await;
                }
            });
        }
    });
    Ok(socket)
}

/// Returns the signal that ended the command, directly or inside bubblewrap.
fn ended_by(status: ExitStatus) -> Option<i32> {
    status.signal().or_else(|| status.code().map(|code| code - BY_SIGNAL).filter(|signal| (1..=64).contains(signal)))
}
