//! The embedded broker as a program: AMQP on one port of 127.0.0.1, the management API 10,000 ports above it.
//!
//! `cargo xtask broker up --broker embedded` starts it.

use std::{
    io::Write,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use broker::{Account, Broker, Config, DeprecatedFeature, Patterns, Server, management};
use clap::Parser;
use tokio::time::{interval, timeout};

/// The embedded broker, for teaching and testing: in memory, on 127.0.0.1 only.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    embedded: cli::EmbeddedArgs,
    /// The AMQP port; the management API gets this port plus 10000
    #[arg(long, default_value_t = 5672, value_parser = clap::value_parser!(u16).range(1..=55535))]
    port: u16,
}

/// The distance from the AMQP port to the management API's port, as with RabbitMQ's own 5672 and 15672.
const MANAGEMENT: u16 = 10_000;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The state machine does one thing at a time. A second thread would only pass work back and forth, and double the
    // memory.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(format!("the broker can't start: {error}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The time limit for closing the connections at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The largest size of the log, in bytes: a broker may run for weeks.
const LARGEST_LOG: usize = 16 * 1024 * 1024;

/// Writes a line to stdout, which is a file when the broker is kept running. A full disk does not end the broker.
fn log(line: &str) {
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let before = WRITTEN.fetch_add(line.len() + 1, Ordering::Relaxed);
    let mut stdout = std::io::stdout().lock();
    if before < LARGEST_LOG {
        let _ = writeln!(stdout, "{line}");
    } else if before - LARGEST_LOG <= line.len() {
        let _ = writeln!(stdout, "the log is full; nothing more is written");
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let account = |user: &cli::User| Account {
        name: user.name.clone(),
        password: user.password.clone(),
        administrator: user.permissions.as_ref().is_some_and(|all| all.iter().all(|pattern| pattern == ".*")),
        permissions: user.permissions.clone().map(|[configure, write, read]| Patterns { configure, write, read }),
    };
    let config = Config {
        accounts: arguments.embedded.users.iter().map(account).collect(),
        vhosts: arguments.embedded.vhosts,
        denied: arguments.embedded.denied.into_iter().map(denied).collect(),
        ..Config::default()
    };
    let server = Server::start(config, Some(arguments.port)).await.map_err(|error| error.to_string())?;
    let above = arguments.port + MANAGEMENT;
    let busy = |error| format!("can't listen on port {above} of 127.0.0.1: {error}");
    let listener = management::listen(above).await.map_err(busy)?;
    log(&format!(
        "the embedded broker {}, which behaves like RabbitMQ {}, listens on 127.0.0.1:{}; its management API on {above}",
        env!("CARGO_PKG_VERSION"),
        broker::VERSION,
        server.port()
    ));
    server.log_to(log);
    let server = Arc::new(server);
    tokio::select! {
        never = management::serve(server.clone(), listener) => match never {},
        () = end_signal() => {}
    }
    // Each client receives the reason, if it reads it.
    server.with(Broker::shut_down);
    let gone = async {
        let mut again = interval(Duration::from_millis(10));
        while !server.with(|broker| broker.connections().is_empty()) {
            again.tick().await;
        }
    };
    let _ = timeout(LAST_WORDS, gone).await;
    Ok(())
}

fn denied(feature: cli::DeprecatedFeature) -> DeprecatedFeature {
    match feature {
        cli::DeprecatedFeature::TransientNonexclQueues => DeprecatedFeature::TransientNonexclQueues,
    }
}

/// Waits for Ctrl-C or `kill`.
async fn end_signal() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
