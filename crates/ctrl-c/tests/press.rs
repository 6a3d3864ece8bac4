//! Ctrl-C reaches a program in a console of its own, and not the process that presses it. It runs on Windows only.

#![allow(clippy::unwrap_used)]

#[cfg(not(windows))]
fn main() {}

#[cfg(windows)]
fn main() -> std::process::ExitCode {
    use std::{
        env,
        io::{BufRead, BufReader},
        os::windows::process::CommandExt,
        process::{Command, ExitCode, Stdio},
    };

    if let Some(pressed) = ctrl_c::press_if_asked() {
        return pressed;
    }
    if env::args().any(|argument| argument == "wait") {
        wait();
        return ExitCode::SUCCESS;
    }
    ctrl_c::heed();
    let mut program = Command::new(env::current_exe().unwrap());
    // CREATE_NO_WINDOW
    program.arg("wait").stdout(Stdio::piped()).creation_flags(0x0800_0000);
    let mut program = program.spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    ctrl_c::press(program.id()).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "pressed");
    assert!(program.wait().unwrap().success());
    assert!(ctrl_c::press(program.id()).is_err(), "Ctrl-C was pressed for a program that has exited");
    println!("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
    ExitCode::SUCCESS
}

/// Waits for Ctrl-C, at most 20 s.
#[cfg(windows)]
fn wait() {
    use std::time::Duration;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut ctrl_c = tokio::signal::windows::ctrl_c().unwrap();
        println!("ready");
        tokio::time::timeout(Duration::from_secs(20), ctrl_c.recv()).await.unwrap();
        println!("pressed");
    });
}
