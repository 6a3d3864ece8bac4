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
    process::ChildStderr,
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

/// The process of a program.
#[cfg(unix)]
type Process = tokio::process::Child;

/// The process of a program, in a job with all processes that it starts.
#[cfg(windows)]
type Process = Box<dyn process_wrap::tokio::ChildWrapper>;

/// A program that was started.
pub struct Running {
    pid: Option<i32>,
    /// Asks the task that watches the program to kill its job.
    #[cfg(windows)]
    killed: tokio_util::sync::CancellationToken,
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
        let (mut child, terminal, stderr) = spawn(program, arguments, url, &mark).map_err(|error| {
            script::has_windows_line_ends(program).unwrap_or_else(|| not_started(&program.command[0], &error))
        })?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let mut streams = JoinSet::new();
        streams.spawn(boxed(read(terminal, seen.clone(), move |seen, bytes| seen.print(bytes, zero.elapsed()))));
        if let Some(stderr) = stderr {
            streams.spawn(boxed(read(stderr, seen.clone(), |seen, bytes| seen.stderr.push(bytes))));
        }
        let deadline = Deadline::after(time_limit, Duration::ZERO);
        let (end, ending) = oneshot::channel();
        let watched = seen.clone();
        let guard = run.guard();
        #[cfg(windows)]
        let killed = tokio_util::sync::CancellationToken::new();
        #[cfg(windows)]
        let kill_asked = killed.clone();
        let watch = tokio::spawn(boxed(async move {
            let _guard = guard;
            // On Unix, a kill is a signal and needs no request.
            #[cfg(unix)]
            let kill_asked = std::future::pending::<()>();
            #[cfg(windows)]
            let kill_asked = kill_asked.cancelled();
            let (status, overdue) = tokio::select! {
                status = exited(&mut child) => (status.ok(), false),
                () = kill_asked => (None, false),
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
        Ok(Running {
            pid,
            #[cfg(windows)]
            killed,
            end,
            watch,
            seen,
            zero,
            deadline,
        })
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

    /// Presses Ctrl-C, once: the program's whole process group gets the signal, as from a terminal; on Windows, all processes in
    /// its console. Returns false if that is not possible.
    #[must_use]
    pub fn interrupt(&self) -> bool {
        if self.seen.look(|seen| seen.interrupted_at.is_some()) {
            return true;
        }
        let at = self.zero.elapsed();
        self.seen.add(|seen| seen.interrupted_at = Some(at));
        self.press()
    }

    #[cfg(unix)]
    fn press(&self) -> bool {
        let pid = self.pid.and_then(rustix::process::Pid::from_raw);
        pid.is_some_and(|pid| {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::INT);
            true
        })
    }

    #[cfg(windows)]
    fn press(&self) -> bool {
        // A program that has exited can't get it any more.
        let has_exited = || self.seen.look(|seen| seen.exit.is_some());
        self.pid.and_then(|pid| u32::try_from(pid).ok()).is_some_and(|pid| ctrl_c::press(pid).is_ok() || has_exited())
    }

    /// Stops it with its whole process group, as Ctrl-Z does, but in a way that no program can refuse. Windows has nothing like
    /// it.
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
        #[cfg(windows)]
        self.killed.cancel();
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

#[cfg(unix)]
async fn kill(child: &mut Process, pid: Option<i32>, mark: &str) {
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    cleanup::end_processes(mark).await;
    let _ = child.kill().await;
}

/// Ends all processes of the program's job.
#[cfg(windows)]
async fn kill(child: &mut Process, _pid: Option<i32>, _mark: &str) {
    let _ = child.start_kill();
    let _ = timeout(STREAM_TIMEOUT, exited(child)).await;
}

/// Waits for the program itself to exit, but not for the processes that it has started.
#[cfg(unix)]
async fn exited(child: &mut Process) -> io::Result<ExitStatus> {
    child.wait().await
}

#[cfg(windows)]
async fn exited(child: &mut Process) -> io::Result<ExitStatus> {
    child.inner_mut().wait().await
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
fn spawn(
    program: &Program,
    arguments: &[String],
    url: &str,
    mark: &str,
) -> io::Result<(Process, pty_process::Pty, Option<ChildStderr>)> {
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
    let mut child = command.spawn(inside).map_err(to_io)?;
    let stderr = child.stderr.take();
    Ok((child, terminal, stderr))
}

/// Starts it on a pipe, in a job of its own, and in a console of its own that has no window. The job ends with this process.
#[cfg(windows)]
fn spawn(
    program: &Program,
    arguments: &[String],
    url: &str,
    mark: &str,
) -> io::Result<(Process, tokio::process::ChildStdout, Option<ChildStderr>)> {
    use process_wrap::tokio::{CommandWrap, CreationFlags, JobObject, KillOnDrop};
    use windows::Win32::System::Threading::CREATE_NO_WINDOW;

    let (first, words) = program.words();
    ctrl_c::heed();
    let mut command = CommandWrap::with_new(first, |command| {
        command.args(words).args(arguments).current_dir(&program.folder).env("AMQP_URL", url).env(MARK, mark);
        // Without a terminal, Python holds its output back.
        command.env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    });
    command.wrap(CreationFlags(CREATE_NO_WINDOW)).wrap(KillOnDrop).wrap(JobObject);
    let mut child = command.spawn()?;
    let stdout = child.stdout().take().ok_or_else(|| io::Error::other("no stdout"))?;
    let stderr = child.stderr().take();
    Ok((child, stdout, stderr))
}
