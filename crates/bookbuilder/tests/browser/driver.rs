//! The one chromedriver of a run: a child process that ends with the run.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, anyhow};

const UP_WITHIN: Duration = Duration::from_secs(30);

/// A chromedriver that listens.
pub struct Driver {
    process: Child,
    /// The address on which it listens: `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Driver {
    /// Starts it on a free port, and waits until it prints the port.
    pub fn start(program: &Path) -> anyhow::Result<Self> {
        let mut process = guarded(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let stdout = process.stdout.take().context("chromedriver has no stdout")?;
        let (port, announced) = mpsc::channel();
        // The thread reads to the end, so that the driver is never blocked by a full pipe.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("started successfully on port ") {
                    port.send(rest.trim_end_matches('.').to_owned()).ok();
                }
            }
        });
        let mut driver = Self { process, url: String::new() };
        let port =
            announced.recv_timeout(UP_WITHIN).map_err(|_| anyhow!("chromedriver named no port in {UP_WITHIN:?}"))?;
        driver.url = format!("http://127.0.0.1:{port}");
        Ok(driver)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        #[cfg(not(unix))]
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Returns a command that guards the driver and its browsers by a shell, in their own process group. When the shell's stdin
/// closes, as it does even when the test is killed, the shell ends the group.
#[cfg(unix)]
fn guarded(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#""$0" --port=0 & read -r nothing; trap '' TERM; kill 0; wait"#]).arg(program);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

#[cfg(not(unix))]
fn guarded(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--port=0");
    command
}
