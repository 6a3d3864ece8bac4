//! `grader enter SPEC.json -- COMMAND…`: the process outside a sandbox, which lives as long as the command in it.

use std::{
    env,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    pin::pin,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use harness::{brokers::address::Address, cleanup::MARK};
use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt, copy_bidirectional},
    net::{TcpStream, UnixListener},
    process::{Child, Command},
    signal::unix::{Signal as Signals, SignalKind, signal},
    sync::oneshot,
    time::timeout,
};

use super::{
    BY_SIGNAL, Isolation, Spec, bwrap, container, control_group, exit_code,
    inside::{SIGNAL, STARTED},
    watchdog,
};

/// The time limit for the words from inside, after the command has ended.
const HELLO_TIMEOUT: Duration = Duration::from_secs(1);

/// The most bytes of the words from inside.
const LONGEST_HELLO: u64 = 4096;

/// Runs a command in the sandbox that the file describes, and returns the exit code: 128 and the number of the signal, if one
/// ended it. A signal that ended a program, and not the compiler, ends this process, too, as it would without a sandbox.
///
/// # Errors
///
/// When the file can't be read or the sandbox can't be started.
pub async fn enter(spec: &Path, command: &[String]) -> io::Result<i32> {
    let spec: Spec = serde_json::from_slice(&fs::read(spec)?)?;
    // Ctrl-C is meant for the program. The process outside goes on until the program ends.
    let mut interrupts = signal(SignalKind::interrupt())?;
    // The engine makes the group of a container.
    let is_bounded = spec.isolation != Isolation::Docker && control_group::enter(&spec.group, spec.limits);
    let url = env::var("AMQP_URL").ok();
    let tap = url.as_deref().and_then(|url| Address::parse(url).ok());
    let (mut child, hello) = match spec.isolation {
        Isolation::None => (start_without(&spec, command)?, None),
        Isolation::Bwrap => start(&spec, command, url.as_deref(), tap.as_ref())?,
        Isolation::Docker => return enter_container(&spec, command, url.as_deref(), tap.as_ref(), interrupts).await,
    };
    let mut over = None;
    let status = {
        let mut watch = pin!(watchdog::watch(std::process::id(), spec.limits));
        loop {
            tokio::select! {
                status = child.wait() => break status?,
                _ = interrupts.recv() => {}
                sentence = &mut watch, if !is_bounded && over.is_none() => {
                    // The processes of the sandbox end with bubblewrap.
                    over = Some(sentence);
                    child.start_kill()?;
                }
            }
        }
    };
    let is_program = tap.is_some();
    let signal = match hello {
        Some(hello) => said_by(&spec, hello).await?.unwrap_or_else(|| status.signal()),
        None if spec.isolation == Isolation::None => status.signal(),
        None => ended_by(status),
    };
    report(&spec, over.or_else(|| spec.limits.over_by_signal(signal?)))?;
    Ok(ended_as(is_program, signal, status))
}

/// Runs a command in a container.
async fn enter_container(
    spec: &Spec,
    command: &[String],
    url: Option<&str>,
    tap: Option<&Address>,
    mut interrupts: Signals,
) -> io::Result<i32> {
    let mut spec = spec.clone();
    if let Some(url) = url {
        spec.environment.insert("AMQP_URL".to_owned(), url.to_owned());
    }
    let (socket, mut hello) = listen(&spec, tap)?;
    let name = format!("{}-{}", spec.group, std::process::id());
    container::note(&spec.scratch, &name)?;
    let words = container::words(&spec, &name, &socket, tap.map_or(0, |tap| tap.port));
    // The client forwards Ctrl-C.
    let mut client = Command::new(&words[0]);
    client.args(&words[1..]).args(command).stdin(Stdio::null()).env_clear().kill_on_drop(true);
    for name in container::CLIENT.iter().copied().chain([MARK]) {
        client.envs(env::var_os(name).map(|value| (name, value)));
    }
    let mut client = client.spawn()?;
    let mut over = None;
    let status = {
        let began = &mut hello.began;
        let mut watch = pin!(async {
            match began.await {
                Ok(pid) => watchdog::watch(pid, spec.limits).await,
                Err(_) => std::future::pending().await,
            }
        });
        loop {
            tokio::select! {
                status = client.wait() => break status?,
                _ = interrupts.recv() => {}
                sentence = &mut watch, if over.is_none() => {
                    over = Some(sentence);
                    container::remove(&spec.scratch, &name);
                }
            }
        }
    };
    let signal = said_by(&spec, hello).await?.flatten();
    if container::remove(&spec.scratch, &name) {
        over.get_or_insert_with(|| spec.limits.over_memory());
    }
    report(&spec, over.or_else(|| spec.limits.over_by_signal(signal?)))?;
    Ok(ended_as(tap.is_some(), signal, status))
}

/// Returns the signal that ended the command, by the lines from inside; the outer None if it was not started, which is noted.
async fn said_by(spec: &Spec, hello: Hello) -> io::Result<Option<Option<i32>>> {
    // A program that ends at once may be gone before its first word was read.
    let said = timeout(HELLO_TIMEOUT, hello.said).await.ok().and_then(Result::ok).unwrap_or_default();
    match ended(&said) {
        Ok(signal) => Ok(Some(signal)),
        Err(why) => fs::write(spec.not_started(), why).map(|()| None),
    }
}

/// Notes the limit that was hit, if one was.
fn report(spec: &Spec, over: Option<String>) -> io::Result<()> {
    let Some(sentence) = over else { return Ok(()) };
    let mut report = OpenOptions::new().create(true).append(true).open(spec.report())?;
    writeln!(report, "{sentence}")
}

/// Ends this process by the signal that ended a program, or returns the exit code.
fn ended_as(is_program: bool, signal: Option<i32>, status: ExitStatus) -> i32 {
    if is_program && let Some(signal) = signal.and_then(Signal::from_named_raw) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
    }
    signal.map_or_else(|| exit_code(status), |signal| BY_SIGNAL + signal)
}

/// The first connection from inside.
struct Hello {
    /// The id of the process inside, as it is outside.
    began: oneshot::Receiver<u32>,
    /// Its lines, until the command has ended.
    said: oneshot::Receiver<String>,
}

/// Returns the signal that ended the program, by the lines from inside. None if it ended by itself, or killed the process that
/// would have said it.
///
/// # Errors
///
/// The reason why the program was not started.
fn ended(said: &str) -> Result<Option<i32>, String> {
    let mut lines = said.lines();
    match lines.next() {
        Some(STARTED) => {}
        Some(why) => return Err(why.to_owned()),
        None => return Err("the sandbox did not start".to_owned()),
    }
    let signal = lines.next().and_then(|line| line.strip_prefix(SIGNAL)).and_then(|signal| signal.parse().ok());
    Ok(signal.filter(|signal| *signal != 0))
}

fn start(
    spec: &Spec,
    command: &[String],
    url: Option<&str>,
    tap: Option<&Address>,
) -> io::Result<(Child, Option<Hello>)> {
    let mut spec = spec.clone();
    if let Some(url) = url {
        spec.environment.insert("AMQP_URL".to_owned(), url.to_owned());
    }
    // By this mark, everything that the program starts is ended with the check.
    if let Ok(mark) = env::var(MARK) {
        spec.environment.insert(MARK.to_owned(), mark);
    }
    let (socket, hello) = tap.map(|tap| listen(&spec, Some(tap))).transpose()?.unzip();
    let mut words = bwrap::words(&spec, socket.as_deref());
    if let Some(tap) = tap {
        words.extend([bwrap::OWN, "inside", &tap.port.to_string(), "--"].map(str::to_owned));
    }
    words.extend_from_slice(command);
    // Inside, bubblewrap is process 1, and a program with the same user id can read the environment that it was started with.
    let mut sandbox = Command::new(&words[0]);
    sandbox.args(&words[1..]).env_clear().kill_on_drop(true);
    for name in ["PATH", MARK] {
        sandbox.envs(env::var_os(name).map(|value| (name, value)));
    }
    Ok((sandbox.spawn()?, hello))
}

/// Starts the command without a sandbox, which `--unsafe-no-sandbox` allows.
fn start_without(spec: &Spec, command: &[String]) -> io::Result<Child> {
    let (first, words) = command.split_first().ok_or_else(|| io::Error::other("there is no command"))?;
    let ignoring = ["-c", r#"trap "" INT; exec env --default-signal=INT -- "$@""#, "sh"];
    let mut start = Command::new("sh");
    start.args(ignoring).arg(first).args(words).current_dir(&spec.folder).envs(&spec.environment);
    start.kill_on_drop(true).spawn()
}

/// Listens on a socket of its own, and forwards each connection to the tap. The first connection is that of the process inside: it
/// says that the program was started, and what ended it. Returns the socket's path.
fn listen(spec: &Spec, tap: Option<&Address>) -> io::Result<(PathBuf, Hello)> {
    let socket = spec.scratch.join(format!("tap-{}", std::process::id()));
    let listener = UnixListener::bind(&socket)?;
    // The program has another user id.
    fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
    let to = tap.map(Address::host_and_port);
    let (begin, began) = oneshot::channel();
    let (say, said) = oneshot::channel();
    tokio::spawn(async move {
        if let Ok((inside, _)) = listener.accept().await {
            let pid = inside.peer_cred().ok().and_then(|peer| u32::try_from(peer.pid()?).ok());
            pid.map(|pid| begin.send(pid));
            tokio::spawn(async move {
                let mut said = Vec::new();
                let _ = inside.take(LONGEST_HELLO).read_to_end(&mut said).await;
                let _ = say.send(String::from_utf8_lossy(&said).into_owned());
            });
        }
        while let Ok((mut inside, _)) = listener.accept().await {
            let Some(to) = to.clone() else { continue };
            tokio::spawn(async move {
                if let Ok(mut tap) = TcpStream::connect(&to).await {
                    let _ = tap.set_nodelay(true);
                    let _ = copy_bidirectional(&mut inside, &mut tap).await;
                }
            });
        }
    });
    Ok((socket, Hello { began, said }))
}

/// Returns the signal that ended the compiler, directly or inside bubblewrap. Its own exit codes are small.
fn ended_by(status: ExitStatus) -> Option<i32> {
    status.signal().or_else(|| status.code().map(|code| code - BY_SIGNAL).filter(|signal| (1..=64).contains(signal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_from_inside() {
        for (said, expected) in [
            ("started\nsignal 24\n", Ok(Some(24))),
            ("started\nsignal 0\n", Ok(None)),
            // The program has killed the process that would have said it.
            ("started\n", Ok(None)),
            ("started\nsignal x\n", Ok(None)),
            ("there is no python3 in the sandbox\n", Err("there is no python3 in the sandbox".to_owned())),
            ("", Err("the sandbox did not start".to_owned())),
        ] {
            assert_eq!(ended(said), expected, "{said:?}");
        }
    }
}
