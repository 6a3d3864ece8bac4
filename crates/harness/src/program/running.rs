//! A running program: its output, its end, and the end of its child processes.
//!
//! Its stdin and stdout are a terminal, so that it prints line by line: Python, C and Ruby buffer stdout if it is a pipe. The
//! terminal is so wide that no line wraps. stderr is a separate pipe.

use recording::{NotChecked, ProgramExit, ProgramRun};
use std::{
    io,
    process::{ExitStatus, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Child,
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until, timeout},
};

use crate::{
    cleanup::{self, MARK, Run},
    live::LiveRun,
    program::{
        Program, script,
        starved::{self, Deadline},
    },
    task::boxed,
};

/// The time limit for its streams to close after its end, because child processes may still hold them.
const STREAM_TIMEOUT: Duration = Duration::from_millis(500);

/// The number of programs that this process has started.
static STARTED: AtomicU64 = AtomicU64::new(0);

/// A program that was started.
pub struct Running {
    pid: Option<i32>,
    end: oneshot::Sender<()>,
    watch: JoinHandle<()>,
    seen: LiveRun,
    zero: Instant,
    deadline: Deadline,
}

impl Running {
    /// Starts a program, with these arguments after its own. It finds the broker in `AMQP_URL`, and is ended when `time_limit` is
    /// over, which leaves out the time that it waits for a processor.
    ///
    /// # Errors
    ///
    /// When it can't be started.
    pub fn start(
        program: &Program,
        arguments: &[String],
        url: &str,
        run: &Run,
        seen: LiveRun,
        zero: Instant,
        time_limit: Duration,
    ) -> Result<Running, NotChecked> {
        // Unique, because several programs may be on one stage, and each is ended with its own child processes only.
        let mark = format!("{}.program.{}", run.id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let (mut child, terminal) = spawn(program, arguments, url, &mark).map_err(|error| {
            script::has_windows_line_ends(program).unwrap_or_else(|| not_started(&program.command[0], &error))
        })?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let mut streams = JoinSet::new();
        streams.spawn(boxed(read(terminal, seen.clone(), move |seen, bytes| seen.print(bytes, zero.elapsed()))));
        if let Some(stderr) = child.stderr.take() {
            streams.spawn(boxed(read(stderr, seen.clone(), |seen, bytes| seen.stderr.push(bytes))));
        }
        let deadline = Deadline::after(time_limit, Duration::ZERO);
        let (end, ending) = oneshot::channel();
        let watched = seen.clone();
        let guard = run.guard();
        let watch = tokio::spawn(boxed(async move {
            let _guard = guard;
            let (status, overdue) = tokio::select! {
                status = child.wait() => (status.ok(), false),
                () = over(deadline, pid) => (None, true),
                _ = ending => (None, true),
                () = flood(&watched) => (None, true),
            };
            // Child processes that it left running end with it.
            let at = zero.elapsed();
            let drained_by_itself = !overdue && drained(&mut streams).await;
            let left_running = !overdue && !cleanup::processes(&mark).is_empty();
            if !drained_by_itself {
                kill(&mut child, pid, &mark).await;
                drained(&mut streams).await;
            }
            cleanup::end_processes(&mark).await;
            watched.add(|seen| {
                seen.left_running = left_running;
                seen.exit = Some(exit(status, overdue, at));
            });
        }));
        Ok(Running { pid, end, watch, seen, zero, deadline })
    }

    /// Returns the deadline at which it is ended.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Returns the time that it has waited for a processor until now; zero when it has ended.
    #[must_use]
    pub fn starved(&self) -> Duration {
        self.pid.map_or(Duration::ZERO, starved::starved)
    }

    /// Presses Ctrl-C, once: the program's whole process group gets the signal, as from a terminal. Returns false if the
    /// operating system has no signals.
    #[must_use]
    pub fn interrupt(&self) -> bool {
        if self.seen.look(|seen| seen.interrupted_at.is_some()) {
            return cfg!(unix);
        }
        let at = self.zero.elapsed();
        self.seen.add(|seen| seen.interrupted_at = Some(at));
        #[cfg(unix)]
        if let Some(pid) = self.pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::INT);
            return true;
        }
        let _ = self.pid;
        false
    }

    /// Stops it with its whole process group, as Ctrl-Z does, but in a way that no program can refuse.
    pub fn freeze(&self) {
        #[cfg(unix)]
        if let Some(pid) = self.pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::STOP);
        }
    }

    /// Kills it with its whole process group, as `kill -9` does, so that it can't clean up.
    pub fn kill(&self) {
        let at = self.zero.elapsed();
        self.seen.add(|seen| seen.killed_at = Some(at));
        #[cfg(unix)]
        if let Some(pid) = self.pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }

    /// Ends the program, if it still runs, and its child processes. Its end is on record after this.
    pub async fn end(self) {
        let _ = self.end.send(());
        let _ = self.watch.await;
    }
}

/// Waits until a program's time is over.
async fn over(deadline: Deadline, pid: Option<i32>) {
    let now = || deadline.moved(pid.map_or(Duration::ZERO, starved::starved));
    let mut until = now();
    while until > Instant::now() {
        sleep_until(until).await;
        until = now();
    }
}

/// Waits until the program has sent more to the broker than is kept. The rest would only use memory, and is not judged.
async fn flood(seen: &LiveRun) {
    while !seen.until(Instant::now() + Duration::from_secs(3600), |seen| seen.events_cut).await {}
}

/// Returns the reason why nothing was run, with a hint.
fn not_started(name: &str, error: &io::Error) -> NotChecked {
    let message = format!("{name} could not be started, so nothing was run: {error}.");
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("Make it executable (chmod +x {name}), or name its interpreter: --program 'python3 {name}'")
        }
        // ENOEXEC, "Exec format error": not a program for this machine, and not a script that names its interpreter.
        _ if error.raw_os_error() == Some(8) => {
            format!(
                "Name the interpreter in a script's first line, as in #!/usr/bin/env python3, or write --program 'python3 {name}'"
            )
        }
        _ => "Check that it is installed, and that its path from the current folder is right".to_owned(),
    };
    NotChecked { message, hints: vec![hint] }
}

async fn read(mut from: impl AsyncRead + Unpin, seen: LiveRun, keep: impl Fn(&mut ProgramRun, &[u8])) {
    let mut buffer = vec![0; 16 * 1024];
    // A terminal whose other side is closed returns an error: that is the end of its output.
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        seen.add(|seen| keep(seen, &buffer[..read]));
    }
}

/// Waits a moment for the streams to close. Returns whether they closed.
async fn drained(streams: &mut JoinSet<()>) -> bool {
    timeout(STREAM_TIMEOUT, async { while streams.join_next().await.is_some() {} }).await.is_ok()
}

async fn kill(child: &mut Child, pid: Option<i32>, mark: &str) {
    #[cfg(unix)]
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    let _ = pid;
    cleanup::end_processes(mark).await;
    let _ = child.kill().await;
}

fn exit(status: Option<ExitStatus>, overdue: bool, at: Duration) -> ProgramExit {
    #[cfg(unix)]
    let signal = status.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status));
    #[cfg(not(unix))]
    let signal = None;
    ProgramExit { code: status.and_then(|status| status.code()), signal, overdue, at }
}

/// Starts it on its own terminal. Its session ends with the terminal, so it does not outlive the checker by far, even when the
/// checker is killed.
#[cfg(unix)]
fn spawn(program: &Program, arguments: &[String], url: &str, mark: &str) -> io::Result<(Child, pty_process::Pty)> {
    let to_io = |error: pty_process::Error| match error {
        pty_process::Error::Io(error) => error,
        other => io::Error::other(other),
    };
    let (terminal, inside) = pty_process::open().map_err(to_io)?;
    terminal.resize(pty_process::Size::new(100, 10_000)).map_err(to_io)?;
    let (first, words) = program.words();
    let command = pty_process::Command::new(first)
        .args(words)
        .args(arguments)
        .current_dir(&program.folder)
        .env("AMQP_URL", url)
        .env(MARK, mark)
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let child = command.spawn(inside).map_err(to_io)?;
    Ok((child, terminal))
}

/// Starts it on a pipe, where there are no pseudo-terminals.
#[cfg(not(unix))]
fn spawn(
    program: &Program,
    arguments: &[String],
    url: &str,
    mark: &str,
) -> io::Result<(Child, tokio::process::ChildStdout)> {
    let (first, words) = program.words();
    let mut child = tokio::process::Command::new(first)
        .args(words)
        .args(arguments)
        .current_dir(&program.folder)
        .env("AMQP_URL", url)
        .env(MARK, mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no stdout"))?;
    Ok((child, stdout))
}
