//! `grader enter SPEC.json -- COMMAND…`: the process outside a sandbox, which lives as long as the command in it.

use std::{
    env,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    pin::pin,
    process::ExitStatus,
    time::Duration,
};

use harness::{brokers::address::Address, cleanup::MARK};
use tokio::{
    io::{AsyncReadExt, copy_bidirectional},
    net::{TcpStream, UnixListener},
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    time::timeout,
};

use super::{BY_SIGNAL, Rung, Spec, bwrap, control_group, exit_code, inside::STARTED, watchdog};

/// The time limit for the first word from inside, after the command has ended.
const HELLO_TIMEOUT: Duration = Duration::from_secs(1);

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
    let is_bounded = control_group::enter(&spec.group, spec.limits);
    let url = env::var("AMQP_URL").ok();
    let tap = url.as_deref().and_then(|url| Address::parse(url).ok());
    let (mut child, hello) = match spec.rung {
        Rung::None => (start_without(&spec, command)?, None),
        Rung::Bwrap => start(&spec, command, url.as_deref(), tap.as_ref())?,
    };
    let mut over = None;
    let status = {
        let mut watch = pin!(watchdog::watch(spec.limits));
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
    if let Some(hello) = hello {
        // A program that ends at once may be gone before its first word was read.
        let started = timeout(HELLO_TIMEOUT, hello).await;
        if let Err(why) =
            started.ok().and_then(Result::ok).unwrap_or_else(|| Err("the sandbox did not start".to_owned()))
        {
            fs::write(spec.not_started(), why)?;
        }
    }
    let signal = ended_by(status);
    if let Some(sentence) = over.or_else(|| spec.limits.over_by_signal(signal?)) {
        let mut report = OpenOptions::new().create(true).append(true).open(spec.report())?;
        writeln!(report, "{sentence}")?;
    }
    Ok(signal.map_or_else(|| exit_code(status), |signal| BY_SIGNAL + signal))
}

/// The first word from inside: `Ok` if the program was started, or the reason why not.
type Hello = oneshot::Receiver<Result<(), String>>;

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
    let (socket, hello) = tap.map(|tap| listen(&spec, tap)).transpose()?.unzip();
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

/// Listens on a socket of its own, and forwards each connection to the tap. The first connection is that of `grader inside`, and
/// says whether the program was started. Returns the socket's path.
fn listen(spec: &Spec, tap: &Address) -> io::Result<(PathBuf, Hello)> {
    let socket = spec.scratch.join(format!("tap-{}", std::process::id()));
    let listener = UnixListener::bind(&socket)?;
    // The program has another user id.
    fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
    let to = tap.host_and_port();
    let (say, hello) = oneshot::channel();
    tokio::spawn(async move {
        if let Ok((mut inside, _)) = listener.accept().await {
            let mut text = String::new();
            let read = inside.read_to_string(&mut text).await;
            let started = if read.is_ok() && text == STARTED { Ok(()) } else { Err(text) };
            let _ = say.send(started);
        }
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
    Ok((socket, hello))
}

/// Returns the signal that ended the command, directly or inside bubblewrap.
fn ended_by(status: ExitStatus) -> Option<i32> {
    status.signal().or_else(|| status.code().map(|code| code - BY_SIGNAL).filter(|signal| (1..=64).contains(signal)))
}
