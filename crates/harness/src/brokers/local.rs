//! The installed RabbitMQ, started as a private node with its own ports, data and Erlang cookie. The system's own service is
//! never touched.

use recording::NotChecked;
use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    process::{Child, Command},
    time::Instant,
};

use crate::{
    brokers::{Broker, Ownership, START_TIMEOUT, address::Address, management::Management, ports},
    cleanup::{self, MARK, Run, at, broker_mark},
};

/// Paths of the server's script outside the PATH. Debian's script in the PATH requires root, and drops our settings when it
/// changes to the user rabbitmq. The script that it calls does neither.
const PLACES: [&str; 4] = [
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/sbin/rabbitmq-server",
    "/usr/local/sbin/rabbitmq-server",
    "/usr/sbin/rabbitmq-server",
];

/// The time limit for a node to stop, before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the installed server's script.
#[must_use]
pub fn server() -> Option<PathBuf> {
    let on_path =
        env::var_os("PATH").map(|path| env::split_paths(&path).map(|folder| folder.join("rabbitmq-server")).collect());
    let on_path: Vec<PathBuf> = on_path.unwrap_or_default();
    PLACES.iter().map(PathBuf::from).chain(on_path).find(|script| script.is_file())
}

/// A private node's settings.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Node {
    folder: PathBuf,
    name: String,
    mark: String,
    amqp: u16,
    management: u16,
    distribution: u16,
    epmd: u16,
}

impl Node {
    /// Prepares a node in this folder, with this port for AMQP.
    pub(super) fn prepare(folder: &Path, mark: &str, port: u16) -> io::Result<Node> {
        let [distribution, epmd] = [ports::free()?, ports::free()?];
        let node = Node {
            folder: folder.to_owned(),
            name: format!("rabbit-{}@localhost", mark.replace('.', "-")),
            mark: mark.to_owned(),
            amqp: port,
            management: port + ports::MANAGEMENT,
            distribution,
            epmd,
        };
        for sub in ["data", "log", "conf.d"] {
            let path = folder.join(sub);
            fs::create_dir_all(&path).map_err(|error| at(&path, &error))?;
        }
        let conf = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {}\nlog.console = true\nlog.file = false\n",
            node.amqp, node.management
        );
        for (file, text) in [
            ("rabbitmq.conf", conf.as_str()),
            ("enabled_plugins", "[rabbitmq_management].\n"),
            ("rabbitmq-env.conf", ""),
        ] {
            let path = folder.join(file);
            fs::write(&path, text).map_err(|error| at(&path, &error))?;
        }
        Ok(node)
    }

    /// Returns the mark in the environment of its processes.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// Returns one of RabbitMQ's commands, set up for this node.
    pub(super) fn command(&self, script: &Path) -> Command {
        let mut command = Command::new(script);
        for (key, _) in env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("RABBITMQ_")) {
            command.env_remove(key);
        }
        let file = |name: &str| self.folder.join(name);
        command
            .env(MARK, &self.mark)
            .env("HOME", &self.folder)
            .env("ERL_EPMD_PORT", self.epmd.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", &self.name)
            .env("RABBITMQ_DIST_PORT", self.distribution.to_string())
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
            .env("RABBITMQ_CONF_ENV_FILE", file("rabbitmq-env.conf"))
            .env("RABBITMQ_CONFIG_FILE", file("rabbitmq.conf"))
            .env("RABBITMQ_CONFIG_FILES", file("conf.d"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", file("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", file("data"))
            .env("RABBITMQ_LOG_BASE", file("log"))
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_PID_FILE", file("pid"))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }

    /// Starts the node and waits until it is ready. It runs until the processes with its mark are ended.
    pub(super) async fn start(&self) -> Result<Broker, NotChecked> {
        let script = server().ok_or_else(|| NotChecked {
            message: "RabbitMQ is not installed on this machine.".to_owned(),
            hints: vec![
                "Install it: apt install rabbitmq-server (Debian, Ubuntu) · brew install rabbitmq (macOS)".to_owned(),
            ],
        })?;
        let deadline = Instant::now() + START_TIMEOUT;
        let child = self.spawn(&script).map_err(|error| NotChecked {
            message: format!("RabbitMQ could not be started: {error}."),
            hints: vec![format!("Start {} by hand, and read its error", script.display())],
        });
        let mut child = child?;
        let address = Address::loopback(self.amqp);
        let management = Management {
            url: format!("http://127.0.0.1:{}", self.management),
            user: "guest".to_owned(),
            password: "guest".to_owned(),
        };
        let detail = script.display().to_string();
        let ready = Broker::wait_ready("local", detail, address, None, deadline);
        let broker = tokio::select! {
            ready = ready => ready.map_err(|reason| self.with_log(reason)),
            _ = child.wait() => Err(self.with_log(NotChecked { message: "RabbitMQ ended during its start.".to_owned(), hints: vec![] })),
        };
        let mut broker = broker?;
        broker.management = management.allows_vhosts().await.is_ok().then_some(management);
        Ok(broker)
    }

    /// Stops the node in an orderly way, and starts it again. A killed node may lose a queue that it declared in the last
    /// seconds, durable or not, because it writes its catalogue with a delay.
    pub(super) async fn restart(&self) -> Result<(), NotChecked> {
        cleanup::ask_to_end(&self.mark);
        cleanup::end_processes_in(&self.mark, STOP_TIMEOUT).await;
        self.start().await.map(drop)
    }

    fn spawn(&self, script: &Path) -> io::Result<Child> {
        let path = self.log();
        let log = fs::File::create(&path).map_err(|error| at(&path, &error))?;
        let mut command = self.command(script);
        command.stdout(log.try_clone()?).stderr(log);
        // Ctrl-C in the terminal is meant for the checker, which then ends the node.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map_err(|error| at(script, &error))
    }

    /// Returns the path of its log.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log").join("node.log")
    }

    fn with_log(&self, mut reason: NotChecked) -> NotChecked {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        reason.hints.extend(lines.iter().rev().take(5).rev().map(|line| format!("its log: {line}")));
        reason
    }
}

/// Starts a private node for this run.
pub(super) async fn start(run: &Run) -> Result<Broker, NotChecked> {
    let _busy = crate::activity::busy("starting a private node of the installed RabbitMQ");
    let prepare = |port| Node::prepare(&run.folder().join("node"), &broker_mark(run.id()), port);
    let node = ports::free_pair().and_then(prepare).map_err(|error| NotChecked {
        message: format!("The private node could not be prepared: {error}."),
        hints: vec!["Check that the disk is not full".to_owned()],
    })?;
    let broker = node.start().await?;
    Ok(Broker { own: Some(Ownership::Node(Box::new(node))), ..broker })
}
