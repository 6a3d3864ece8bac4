//! The two brokers, and the resources that their processes use.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use broker::{Config, Server};
use checker::{
    brokers::{
        Broker, START_TIMEOUT,
        address::Address,
        docker,
        embedded::{self, Program},
        local, ports, ready,
    },
    cleanup::{self, MARK, Run, broker_mark},
    verdict::NotChecked,
};
use cli::{BrokerArgs, BrokerChoice, EmbeddedArgs};
use tokio::net::TcpStream;

/// The image to compare with, when an engine has it.
const IMAGE: &str = "hello-rabbit/rabbitmq:4.3";

/// The time between two attempts to connect to a broker that is starting.
const KNOCK: Duration = Duration::from_micros(200);

/// A broker under load.
pub struct Side {
    pub name: String,
    pub url: String,
    /// The time from the first step to the broker's answer.
    pub started: Duration,
    /// The broker's process; None where it can't be examined, as in an engine's virtual machine.
    process: Option<i32>,
}

impl Side {
    /// Starts the embedded broker as a program of its own.
    pub async fn embedded(run: &Run) -> Result<Side, NotChecked> {
        let port = ports::free_pair().map_err(failed)?;
        let mark = format!("{}.embedded", run.id());
        let program = Program { mark: mark.clone(), port, log: run.folder().join("embedded.log") };
        let begin = Instant::now();
        let broker = program.start(&EmbeddedArgs::default()).await?;
        let process = cleanup::processes(&mark).first().copied();
        Ok(Side { name: embedded::PRODUCT.to_owned(), url: broker.address.url(), started: begin.elapsed(), process })
    }

    /// Starts RabbitMQ: in a container, or else the one that is installed here.
    pub async fn rabbitmq(run: &Run) -> Result<Side, NotChecked> {
        let in_container = docker::image_at_hand(Some(IMAGE)).await.is_some();
        if !in_container && local::server().is_none() {
            return Err(NotChecked {
                message: format!("There is no RabbitMQ to compare with: no image {IMAGE}, and none installed."),
                hints: vec!["Build the image: docker/build-image 4.3".to_owned()],
            });
        }
        let choice = if in_container { BrokerChoice::Docker } else { BrokerChoice::Local };
        let begin = Instant::now();
        let mut broker = Broker::find(&BrokerArgs { broker: choice, image: Some(IMAGE.to_owned()) }, run).await?;
        let started = begin.elapsed();
        let mut pids = cleanup::processes(&broker_mark(run.id()));
        if in_container {
            let container = format!("hello-rabbit-{}", run.id());
            pids = docker(&["top", &container, "-eo", "pid,comm"])
                .lines()
                .filter_map(|line| line.split_whitespace().next()?.parse().ok())
                .collect();
            // Connections through the engine's proxy would measure the proxy, too, so they go past it if possible.
            let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
            let inside = docker(&["inspect", "--format", format, &container]).trim().to_owned();
            let soon = tokio::time::Instant::now() + Duration::from_millis(200);
            if ready::wait(&format!("{inside}:5672"), soon).await.is_ok() {
                broker.address = Address { host: inside, port: 5672, ..broker.address };
            }
        }
        let is_node =
            |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "beam.smp");
        let name = format!("{} {} ({})", broker.identity.product, broker.identity.version, broker.identity.detail);
        Ok(Side { name, url: broker.address.url(), started, process: pids.into_iter().find(is_node) })
    }

    /// Returns the memory in use now, in KiB.
    pub fn resident(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    /// Returns the peak of the memory in use, in KiB.
    pub fn peak(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, field: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process?)).ok()?;
        let value = status.lines().find_map(|line| line.strip_prefix(field))?;
        value.split_whitespace().next()?.parse().ok()
    }

    /// Returns the broker's CPU time so far.
    pub fn cpu(&self) -> Duration {
        self.process.map_or(Duration::ZERO, |process| cpu(&process.to_string()))
    }
}

/// Returns the CPU time of this process so far, without threads that have ended.
pub fn own_cpu() -> Duration {
    cpu("self")
}

/// Returns a process's CPU time. It is the first number in each thread's `schedstat`, in ns.
fn cpu(process: &str) -> Duration {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Duration::ZERO };
    let of_thread = |thread: io::Result<fs::DirEntry>| -> Option<u64> {
        let stat = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse().ok()
    };
    Duration::from_nanos(threads.filter_map(of_thread).sum())
}

/// Measures the time from `Server::start` to the first `connection.start`.
pub async fn starts_in_process(times: usize) -> Result<Vec<Duration>, NotChecked> {
    let mut took = Vec::new();
    for _ in 0..times {
        let begin = Instant::now();
        let server = Server::start(Config::default(), None).await.map_err(|error| NotChecked {
            message: format!("The embedded broker can't start: {error}."),
            hints: vec![],
        })?;
        answer(server.port()).await?;
        took.push(begin.elapsed());
    }
    Ok(took)
}

/// Measures the time from the spawn of the program to the first `connection.start`.
pub async fn starts_as_program(times: usize, run: &Run) -> Result<Vec<Duration>, NotChecked> {
    let program = embedded::build().await?;
    let mut took = Vec::new();
    for _ in 0..times {
        let port = ports::free_pair().map_err(failed)?;
        let begin = Instant::now();
        let mut child = spawn(&program, port, run.id()).map_err(failed)?;
        let answered = answer(port).await;
        took.push(begin.elapsed());
        child.kill().and_then(|()| child.wait()).map_err(failed)?;
        answered?;
    }
    Ok(took)
}

fn spawn(program: &Path, port: u16, mark: &str) -> io::Result<std::process::Child> {
    let mut command = Command::new(program);
    command.arg("--port").arg(port.to_string()).env(MARK, mark);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

async fn answer(port: u16) -> Result<(), NotChecked> {
    let deadline = tokio::time::Instant::now() + START_TIMEOUT;
    let place = format!("127.0.0.1:{port}");
    // `ready::wait` alone tries too seldom for something this fast.
    while let Err(error) = TcpStream::connect(&place).await {
        if tokio::time::Instant::now() > deadline {
            return Err(failed(error));
        }
        tokio::time::sleep(KNOCK).await;
    }
    ready::wait(&place, deadline).await.map(|_| ()).map_err(failed)
}

/// Returns the output of the `docker` command; empty when it can't be run.
fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn failed(error: io::Error) -> NotChecked {
    NotChecked { message: format!("A broker could not be started: {error}."), hints: vec![] }
}
