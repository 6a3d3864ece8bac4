//! The kit's own broker: in this process for a check, or in its own process when it is kept running.

use recording::{BrokerIdentity, NotChecked};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use broker::{Account, Config, Patterns, Server};
use clap::ValueEnum;
use cli::EmbeddedArgs;
use tokio::{
    process::{Child, Command},
    time::Instant,
};

use crate::{
    activity::busy,
    brokers::{Broker, START_TIMEOUT, address::Address, management::Management, ports},
    cleanup::{MARK, at},
    kit,
};

/// The name of the embedded broker in reports.
pub const PRODUCT: &str = "the embedded broker";

/// Returns the RabbitMQ that it behaves like.
#[must_use]
pub fn imitates() -> String {
    format!("RabbitMQ {}", broker::VERSION)
}

/// Starts the embedded broker in this process. It ends when the last copy of the result is dropped.
pub async fn start() -> Result<Broker, NotChecked> {
    let server = Server::start(Config::default(), None).await.map_err(|error| NotChecked {
        message: format!("The embedded broker can't start: {error}."),
        hints: vec!["Use another broker: --broker amqp://user:password@host:5672/vhost".to_owned()],
    })?;
    let identity = BrokerIdentity {
        kind: "embedded".to_owned(),
        product: PRODUCT.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        detail: imitates(),
    };
    let address = Address::loopback(server.port());
    Ok(Broker { identity, address, management: None, server: Some(Arc::new(server)), own: None, confines: false })
}

/// Makes a vhost in which `guest` may do everything.
pub(super) fn make_vhost(server: &Server, name: &str) {
    server.with(|broker| {
        broker.add_vhost(name);
        // These patterns are valid.
        let _ = broker.permit(&Account::guest().name, name, &Patterns::all());
    });
}

/// The broker as a program.
pub struct Program {
    /// The mark in its process's environment.
    pub mark: String,
    /// The port for AMQP; the management API is above it.
    pub port: u16,
    /// The file for its log.
    pub log: PathBuf,
}

impl Program {
    /// Builds it if necessary, starts it, and waits until it is ready. It outlives this process, and runs until the processes with
    /// its mark are ended.
    ///
    /// # Errors
    ///
    /// The reason why it could not be started, and a hint.
    pub async fn start(&self, accounts: &EmbeddedArgs) -> Result<Broker, NotChecked> {
        let mut child = self.spawn(&build().await?, accounts).map_err(|error| NotChecked {
            message: format!("The embedded broker could not be started: {error}."),
            hints: vec![],
        })?;
        let address = Address::loopback(self.port);
        let management = Management {
            url: format!("http://127.0.0.1:{}", self.port + ports::MANAGEMENT),
            user: address.user.clone(),
            password: address.password.clone(),
        };
        let deadline = Instant::now() + START_TIMEOUT;
        tokio::select! {
            ready = Broker::wait_ready("embedded", imitates(), address, Some(management), deadline) => ready,
            _ = child.wait() => Err(NotChecked {
                message: "The embedded broker ended during its start.".to_owned(),
                hints: vec![format!("its log: {}", fs::read_to_string(&self.log).unwrap_or_default().trim())],
            }),
        }
    }

    fn spawn(&self, program: &Path, accounts: &EmbeddedArgs) -> io::Result<Child> {
        let log = fs::File::create(&self.log).map_err(|error| at(&self.log, &error))?;
        let mut command = Command::new(program);
        command.arg("--port").arg(self.port.to_string()).args(arguments(accounts));
        command.env(MARK, &self.mark).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // Ctrl-C in the terminal is meant for the checker.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map_err(|error| at(program, &error))
    }
}

/// Returns the arguments for these accounts, vhosts and refusals.
#[must_use]
pub fn arguments(accounts: &EmbeddedArgs) -> Vec<String> {
    let user = |user: &cli::User| {
        let permissions = user.permissions.iter().flatten().map(|pattern| format!(":{pattern}"));
        format!("--user={}:{}{}", user.name, user.password, permissions.collect::<String>())
    };
    let denied = |feature: &cli::DeprecatedFeature| {
        let name = feature.to_possible_value().map(|value| value.get_name().to_owned());
        format!("--deny={}", name.unwrap_or_default())
    };
    let users = accounts.users.iter().map(user);
    let vhosts = accounts.vhosts.iter().map(|vhost| format!("--vhost={vhost}"));
    users.chain(vhosts).chain(accounts.denied.iter().map(denied)).collect()
}

/// Builds the program, and returns its path, beside this program.
///
/// # Errors
///
/// When cargo can't build it.
pub async fn build() -> Result<PathBuf, NotChecked> {
    let here = std::env::current_exe().unwrap_or_default();
    let folder = here.ancestors().find(|folder| folder.ends_with("debug") || folder.ends_with("release"));
    let program = folder.unwrap_or(Path::new(".")).join(format!("embedded-broker{}", std::env::consts::EXE_SUFFIX));
    let mut cargo = Command::new(kit::cargo());
    cargo.args(["build", "--quiet", "--package", "broker", "--features", "program", "--manifest-path"]);
    cargo.arg(kit::root().join("Cargo.toml")).stdin(Stdio::null()).kill_on_drop(true);
    if folder.is_some_and(|folder| folder.ends_with("release")) {
        cargo.arg("--release");
    }
    let busy = (!program.exists()).then(|| busy("compiling the embedded broker for the first time; some seconds"));
    let built = cargo.status().await;
    drop(busy);
    if built.as_ref().is_ok_and(std::process::ExitStatus::success) && program.exists() {
        return Ok(program);
    }
    let why = built.map_or_else(|error| error.to_string(), |status| status.to_string());
    Err(NotChecked {
        message: format!("The embedded broker could not be built as a program: {why}."),
        hints: vec!["Read cargo's error: cargo build --package broker --features program".to_owned()],
    })
}
