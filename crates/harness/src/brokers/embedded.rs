//! The kit's own broker: in this process for a check, in a process of its own when it is kept warm.

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
    brokers::{Broker, START_PATIENCE, address::Address, management::Management, ports},
    kit,
    owner::{MARK, at},
};

/// What the embedded broker is called where a verdict names what judged.
pub const PRODUCT: &str = "the embedded broker";

/// What it behaves as.
#[must_use]
pub fn imitates() -> String {
    format!("RabbitMQ {}", broker::VERSION)
}

/// Starts one in this process. It goes with the last copy of what is returned.
pub async fn start() -> Result<Broker, NotChecked> {
    let server = Server::start(Config::default(), None).await.map_err(|error| NotChecked {
        message: format!("The embedded broker can't start: {error}."),
        hints: vec!["Another broker does as well: --broker amqp://user:password@host:5672/vhost".to_owned()],
    })?;
    let identity = BrokerIdentity {
        kind: "embedded".to_owned(),
        product: PRODUCT.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        detail: imitates(),
    };
    let address = Address::loopback(server.port());
    Ok(Broker { identity, address, management: None, server: Some(Arc::new(server)), own: None })
}

/// Makes a vhost in which `guest` may do everything.
pub(super) fn make_vhost(server: &Server, name: &str) {
    server.with(|broker| {
        broker.add_vhost(name);
        // The patterns are our own, and are ones.
        let _ = broker.permit(&Account::guest().name, name, &Patterns::all());
    });
}

/// The broker as a program.
pub struct Program {
    /// What its process carries in its environment.
    pub mark: String,
    /// The port for AMQP; the management API is above it.
    pub port: u16,
    /// Where its log goes.
    pub log: PathBuf,
}

impl Program {
    /// Builds it, if need be, starts it, and waits until it is ready. It goes on when we end, until the processes with its mark
    /// are ended.
    ///
    /// # Errors
    ///
    /// Why it can't be had, and what to do.
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
        let deadline = Instant::now() + START_PATIENCE;
        tokio::select! {
            ready = Broker::greet("embedded", imitates(), address, Some(management), deadline) => ready,
            _ = child.wait() => Err(NotChecked {
                message: "The embedded broker ended while it was starting.".to_owned(),
                hints: vec![format!("its log: {}", fs::read_to_string(&self.log).unwrap_or_default().trim())],
            }),
        }
    }

    fn spawn(&self, program: &Path, accounts: &EmbeddedArgs) -> io::Result<Child> {
        let log = fs::File::create(&self.log).map_err(|error| at(&self.log, &error))?;
        let mut command = Command::new(program);
        command.arg("--port").arg(self.port.to_string()).args(arguments(accounts));
        command.env(MARK, &self.mark).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // Ctrl-C in our terminal is for us.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map_err(|error| at(program, &error))
    }
}

/// The arguments that make these accounts, vhosts and refusals.
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

/// Builds the program, and returns where it is: beside us.
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
    let busy = (!program.exists()).then(|| busy("compiling the embedded broker, this once; some seconds"));
    let built = cargo.status().await;
    drop(busy);
    if built.as_ref().is_ok_and(std::process::ExitStatus::success) && program.exists() {
        return Ok(program);
    }
    let why = built.map_or_else(|error| error.to_string(), |status| status.to_string());
    Err(NotChecked {
        message: format!("The embedded broker could not be built as a program: {why}."),
        hints: vec!["What does cargo say? cargo build --package broker --features program".to_owned()],
    })
}
