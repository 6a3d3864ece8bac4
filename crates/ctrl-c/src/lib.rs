//! Presses Ctrl-C for another program, on Windows.
//!
//! Windows has no signals. Ctrl-C is an event of a console, and goes to all processes in it. A process can raise the event only in
//! its own console, and leaving that for another one would cost it its output. So each program gets a console of its own, which
//! has no window (`CREATE_NO_WINDOW`), and a helper joins that console for a moment: the running program itself, started once
//! more. `press_if_asked` turns that second copy into the helper, so each program that calls `press` begins with it.
//!
//! On other systems this crate is empty.

#![cfg(windows)]

use std::{
    env, io,
    os::windows::process::CommandExt,
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use windows_sys::Win32::System::{
    Console::{AttachConsole, CTRL_C_EVENT, GenerateConsoleCtrlEvent, SetConsoleCtrlHandler},
    Threading::DETACHED_PROCESS,
};

/// The environment variable with the id of a process in the console where Ctrl-C is pressed.
const PRESS: &str = "HELLO_RABBIT_PRESS_CTRL_C";

/// The time limit for the helper. It needs some milliseconds.
const HELPER_TIMEOUT: Duration = Duration::from_secs(5);

/// Presses Ctrl-C, if this process was started as the helper of [`press`], and returns its exit code. Every `main` of a program
/// that calls `press` begins with this.
#[must_use]
pub fn press_if_asked() -> Option<ExitCode> {
    let process = env::var(PRESS).ok()?.parse().ok()?;
    Some(if press_here(process).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Presses Ctrl-C in the console of the process with this id. The process must have a console of its own.
///
/// # Errors
///
/// When the helper can't be started, can't join the console, or takes too long.
pub fn press(process: u32) -> io::Result<()> {
    let mut helper = Command::new(env::current_exe()?);
    helper.env(PRESS, process.to_string()).creation_flags(DETACHED_PROCESS);
    let mut helper = helper.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let deadline = Instant::now() + HELPER_TIMEOUT;
    loop {
        match helper.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => return Err(io::Error::other("the helper could not join the program's console")),
            None if Instant::now() > deadline => {
                helper.kill()?;
                return Err(io::ErrorKind::TimedOut.into());
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Lets this process ignore Ctrl-C, and leave it to the program that it starts next. That program ignores it, too, until it
/// [heeds](heed) it.
pub fn ignore() {
    // SAFETY: without a handler, the function changes an attribute of this process and reads no memory.
    unsafe { SetConsoleCtrlHandler(None, 1) };
}

/// Lets this process, and the programs that it starts, react to Ctrl-C. A process inherits whether it ignores Ctrl-C, and some
/// shells and services ignore it.
pub fn heed() {
    // SAFETY: without a handler, the function changes an attribute of this process and reads no memory.
    unsafe { SetConsoleCtrlHandler(None, 0) };
}

/// Joins the console of a process, and presses Ctrl-C there. The helper itself ignores it.
fn press_here(process: u32) -> io::Result<()> {
    let ok = |done: i32| if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
    // SAFETY: the functions take numbers, and no handler: they read no memory of this process.
    unsafe {
        ok(AttachConsole(process))?;
        ok(SetConsoleCtrlHandler(None, 1))?;
        ok(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
    }
}
