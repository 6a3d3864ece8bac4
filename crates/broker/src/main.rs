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
    /// The port for AMQP; the management API gets the one 10000 above
    #[arg(long, default_value_t = 5672, value_parser = clap::value_parser!(u16).range(1..=55535))]
    port: u16,
}

/// The management API is so much above AMQP, as with RabbitMQ's own 5672 and 15672.
const MANAGEMENT: u16 = 10_000;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The state machine does one thing at a time. A second thread would only pass work to and fro, and take as much memory again.
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

/// How long clients may take to hear that the broker ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The most that is written to the log, in bytes: a broker may be kept for weeks.
const LARGEST_LOG: usize = 16 * 1024 * 1024;

/// Writes a line to stdout, which is a file when the broker is kept warm. A full disk is no reason to end.
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
    let busy = |error| format!("port {above} on 127.0.0.1 can't be listened on: {error}");
    let listener = management::listen(above).await.map_err(busy)?;
    log(&format!(
        "the embedded broker {}, which behaves as RabbitMQ {}, listens on 127.0.0.1:{}; its management API on {above}",
        env!("CARGO_PKG_VERSION"),
        broker::VERSION,
        server.port()
    ));
    server.log_to(log);
    let server = Arc::new(server);
    tokio::select! {
        never = management::serve(server.clone(), listener) => match never {},
        () = told_to_end() => {}
    }
    // Who is connected hears why, if it listens.
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

/// Waits until somebody asks us to end: Ctrl-C, `kill`.
async fn told_to_end() {
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
