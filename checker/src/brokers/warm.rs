//! A broker that is kept running between checks: `cargo xtask broker up`.

mod record;

use std::{fs, io, path::PathBuf, time::Duration};

use cli::{BrokerArgs, BrokerChoice, EmbeddedArgs, WarmWhat};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use crate::{
    brokers::{
        Broker, PATIENCE,
        address::Address,
        alarm::Alarm,
        auto, docker, embedded, hands, local,
        management::Management,
        ports::{self, MANAGEMENT},
        ready,
    },
    owner::{self, at},
    report::{busy::busy, say},
    verdict::Reason,
};

/// How long the embedded broker may take to tell its clients that it ends.
const GENTLY: Duration = Duration::from_secs(2);

/// How long a broker may take to show that it is still there, before it is stopped.
const KNOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// The port for AMQP, where none is asked for.
const PORT: u16 = 5672;

/// The embedded broker's log, in the warm broker's folder.
const EMBEDDED_LOG: &str = "embedded.log";

/// What is on record about the broker that is kept warm.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Warm {
    /// The kit that keeps it: the folder.
    kit: PathBuf,
    address: Address,
    management: Option<Management>,
    /// The image, or the server's script.
    detail: String,
    source: Source,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Docker {
        container: String,
    },
    Local {
        node: local::Node,
    },
    Embedded {
        mark: String,
        /// The arguments that it was started with, but for the port.
        #[serde(default)]
        arguments: Vec<String>,
    },
}

impl Source {
    /// As `--broker` names it.
    fn kind(&self) -> &'static str {
        match self {
            Source::Docker { .. } => "docker",
            Source::Local { .. } => "local",
            Source::Embedded { .. } => "embedded",
        }
    }
}

impl Warm {
    /// The broker, when it still answers.
    pub(crate) async fn broker(&self) -> Result<Broker, Reason> {
        let kind = self.source.kind();
        let deadline = Instant::now() + PATIENCE;
        let greeted =
            Broker::greet(kind, self.detail.clone(), self.address.clone(), self.management.clone(), deadline).await;
        let mut broker = greeted.map_err(|reason| Reason {
            message: format!("The broker kept warm is gone. {}", reason.message),
            hints: vec!["Clear it away: cargo xtask broker down · start it again: cargo xtask broker up".to_owned()],
        })?;
        if kind == "embedded" {
            // It greets as what it imitates; a verdict says what it is.
            broker.identity.product = embedded::PRODUCT.to_owned();
            broker.identity.version = env!("CARGO_PKG_VERSION").to_owned();
        }
        Ok(broker)
    }

    /// What it is, and where: `the embedded broker on port 5672`.
    fn name(&self) -> String {
        let port = self.address.port;
        match &self.source {
            Source::Docker { .. } => format!("RabbitMQ (docker, {}) on port {port}", self.detail),
            Source::Local { .. } => format!("RabbitMQ (local, {}) on port {port}", self.detail),
            Source::Embedded { .. } => format!("{} on port {port}", embedded::PRODUCT),
        }
    }

    /// What is asked for that this broker is not; nothing where it will do.
    fn falls_short_of(&self, args: &BrokerArgs, port: Option<u16>, accounts: &EmbeddedArgs) -> Vec<String> {
        let mut asked = Vec::new();
        let kind = match args.broker {
            BrokerChoice::Embedded => Some("embedded"),
            BrokerChoice::Docker => Some("docker"),
            BrokerChoice::Local => Some("local"),
            BrokerChoice::Auto | BrokerChoice::Url(_) => None,
        };
        asked.extend(kind.filter(|kind| *kind != self.source.kind()).map(|kind| format!("--broker {kind}")));
        if let (Some(image), Source::Docker { .. }) = (&args.image, &self.source)
            && *image != self.detail
        {
            asked.push(format!("--image {image}"));
        }
        asked.extend(port.filter(|port| *port != self.address.port).map(|port| format!("--port {port}")));
        let flags = embedded::arguments(accounts);
        let same = matches!(&self.source, Source::Embedded { arguments, .. } if *arguments == flags);
        if *accounts != EmbeddedArgs::default() && !same {
            asked.push("other accounts, vhosts or denied features".to_owned());
        }
        asked
    }

    /// Whether it still answers.
    async fn is_there(&self) -> bool {
        let greeted = timeout(KNOCK_TIMEOUT, async { ready::knock(&self.address.host_and_port()).await }).await;
        matches!(greeted, Ok(Ok(_)))
    }
}

/// The broker that `broker up` left running, as far as the record says.
#[must_use]
pub fn recorded() -> Option<Warm> {
    record::own()
}

/// Whether a command on the warm broker needs the Docker client.
pub async fn needs_docker(what: &WarmWhat) -> bool {
    match what {
        WarmWhat::Up { broker, .. } => is_in_a_container() || super::need_docker(broker).await,
        WarmWhat::Down | WarmWhat::Queues { .. } | WarmWhat::Restart | WarmWhat::Logs => is_in_a_container(),
        // The rest goes by the management API.
        _ => false,
    }
}

fn is_in_a_container() -> bool {
    recorded().is_some_and(|warm| matches!(warm.source, Source::Docker { .. }))
}

/// Carries a `broker` command out. What it answers goes to stdout.
///
/// # Errors
///
/// Why it can't be done, and what to do.
pub async fn run(what: &WarmWhat) -> Result<(), Reason> {
    match what {
        WarmWhat::Up { broker, port, embedded } => up(broker, *port, embedded).await,
        WarmWhat::Down => down().await,
        WarmWhat::Status => status().await,
        WarmWhat::Queues { columns } => print(queues(columns).await?),
        WarmWhat::Restart => restart().await,
        WarmWhat::Logs => print(logs().await?),
        other => {
            let broker = up_and_answering().await?;
            let management = broker.management.ok_or_else(|| Reason {
                message: "The broker kept warm has no management API on record.".to_owned(),
                hints: vec!["Start it anew: cargo xtask broker down, then cargo xtask broker up".to_owned()],
            })?;
            match hands::run(other, &management).await {
                Some(done) => print(done?),
                None => Ok(()),
            }
        }
    }
}

async fn up(args: &BrokerArgs, asked: Option<u16>, accounts: &EmbeddedArgs) -> Result<(), Reason> {
    if let Some(warm) = recorded() {
        if warm.broker().await.is_ok() {
            let missing = warm.falls_short_of(args, asked, accounts);
            if !missing.is_empty() {
                return Err(another_is_up(&warm, &missing));
            }
            say("a broker is up already");
            return status().await;
        }
        stop(&warm).await?;
    }
    let port = asked.unwrap_or(PORT);
    for taken in [port, port + MANAGEMENT] {
        if let Err(error) = std::net::TcpListener::bind(("127.0.0.1", taken)) {
            return Err(not_free(port, taken, &error));
        }
    }
    let warm = plan(args, port, accounts).await?;
    // Written down before it is made, so that nothing is left behind whatever happens next.
    warm.save().map_err(|error| io_trouble(&error))?;
    let started = match &warm.source {
        Source::Docker { container } => up_docker(container, &warm.detail, port).await,
        Source::Local { node } => {
            let _busy = busy("starting a private node of the installed RabbitMQ");
            node.start().await.map(drop)
        }
        Source::Embedded { mark, .. } => up_embedded(&warm, mark, accounts).await,
    };
    if let Err(reason) = started {
        stop(&warm).await?;
        return Err(reason);
    }
    status().await
}

fn another_is_up(warm: &Warm, missing: &[String]) -> Reason {
    Reason {
        message: format!(
            "Another broker is up already: {}. It is not what you ask for: {}.",
            warm.name(),
            missing.join(", ")
        ),
        hints: vec![
            "Stop it first: cargo xtask broker down".to_owned(),
            "Or keep it: checks use it as it is, and cargo xtask broker status describes it".to_owned(),
        ],
    }
}

/// One of the two ports for a broker on `port` is taken, perhaps by a broker of another kit.
fn not_free(port: u16, taken: u16, error: &io::Error) -> Reason {
    let free = (port.saturating_add(1)..=u16::MAX - MANAGEMENT).find(|port| ports::are_free(*port));
    let elsewhere = free.map(|free| format!("Or choose another port: cargo xtask broker up --port {free}"));
    let theirs = record::of_others().into_iter().find(|warm| warm.address.port == port);
    let (message, way_out) = match theirs {
        Some(warm) => {
            let kit = warm.kit.display();
            (
                format!(
                    "Port {taken} on 127.0.0.1 is not free: another copy of the kit, in {kit}, keeps a broker there."
                ),
                format!("Stop that one: cd {}; cargo xtask broker down", shell_words::quote(&kit.to_string())),
            )
        }
        None => (
            format!("Port {taken} on 127.0.0.1 is not free: {error}."),
            format!("If that is a RabbitMQ of yours, use it: --broker amqp://localhost:{port}"),
        ),
    };
    Reason { message, hints: std::iter::once(way_out).chain(elsewhere).collect() }
}

/// Starts the embedded broker as a program, and waits until it is ready.
async fn up_embedded(warm: &Warm, mark: &str, accounts: &EmbeddedArgs) -> Result<(), Reason> {
    let folder = warm.folder().map_err(|error| io_trouble(&error))?;
    fs::create_dir_all(&folder).map_err(|error| io_trouble(&at(&folder, &error)))?;
    let port = warm.address.port;
    let program = embedded::Program { mark: mark.to_owned(), port, log: folder.join(EMBEDDED_LOG) };
    program.start(accounts).await.map(drop)
}

/// What is to be started.
enum Kind {
    Docker,
    Local,
    Embedded,
}

/// What `up` is going to start.
async fn plan(args: &BrokerArgs, port: u16, accounts: &EmbeddedArgs) -> Result<Warm, Reason> {
    let kind = match &args.broker {
        BrokerChoice::Embedded => Kind::Embedded,
        _ if *accounts != EmbeddedArgs::default() => {
            return Err(Reason {
                message: "--user, --vhost and --deny are for the embedded broker.".to_owned(),
                hints: vec!["Start that one: cargo xtask broker up --broker embedded …".to_owned()],
            });
        }
        BrokerChoice::Docker => Kind::Docker,
        BrokerChoice::Local => Kind::Local,
        BrokerChoice::Auto if docker::image_at_hand(args.image.as_deref()).await.is_some() => Kind::Docker,
        BrokerChoice::Auto if local::server().is_some() => Kind::Local,
        BrokerChoice::Auto => {
            say(&auto::real_thing());
            Kind::Embedded
        }
        BrokerChoice::Url(_) => {
            return Err(Reason {
                message: "A broker that has an address runs already; there is nothing to start.".to_owned(),
                hints: vec!["Name it when you check: cargo xtask check lesson 01 --broker amqp://…".to_owned()],
            });
        }
    };
    // With accounts of its own, the first who may do everything is who checks log in as.
    let first = accounts
        .users
        .iter()
        .find(|user| user.permissions.as_ref().is_some_and(|patterns| patterns.iter().all(|pattern| pattern == ".*")));
    let mut address = Address::loopback(port);
    if let Some(user) = first {
        address.user.clone_from(&user.name);
        address.password.clone_from(&user.password);
    }
    let management = Management {
        url: format!("http://127.0.0.1:{}", port + MANAGEMENT),
        user: address.user.clone(),
        password: address.password.clone(),
    };
    // A name of its own, so that it is never taken for another one: two users, two folders for temporary files.
    let mark =
        format!("warm-{}", std::iter::repeat_with(fastrand::alphanumeric).take(8).collect::<String>().to_lowercase());
    let kit = record::own_kit();
    let (detail, source) = match kind {
        Kind::Embedded => (embedded::imitates(), Source::Embedded { mark, arguments: embedded::arguments(accounts) }),
        Kind::Local => {
            let node = record::folder(&kit).and_then(|folder| local::Node::prepare(&folder, &mark, port));
            let node = node.map_err(|error| io_trouble(&error))?;
            let script = local::server().map(|script| script.display().to_string()).unwrap_or_default();
            (script, Source::Local { node })
        }
        Kind::Docker => {
            let container = format!("hello-rabbit-{mark}");
            let image = docker::choose(args.image.as_deref()).await;
            let _busy = busy(&format!("looking for the image {image}"));
            // Where no engine answers, nothing is made, and nothing written down.
            docker::have(&image).await?;
            (image, Source::Docker { container })
        }
    };
    Ok(Warm { kit, address, management: Some(management), detail, source })
}

#[cfg(not(feature = "docker"))]
use super::docker::without_client;

#[cfg(not(feature = "docker"))]
async fn up_docker(_container: &str, _image: &str, _port: u16) -> Result<(), Reason> {
    Err(without_client())
}

#[cfg(not(feature = "docker"))]
async fn ask_docker(_container: &str, _arguments: &[&str]) -> Result<String, Reason> {
    Err(without_client())
}

#[cfg(not(feature = "docker"))]
async fn docker_logs(_container: &str) -> Result<String, Reason> {
    Err(without_client())
}

#[cfg(feature = "docker")]
use with_client::{ask_docker, docker_logs, up_docker};

#[cfg(feature = "docker")]
mod with_client {
    use futures_lite::StreamExt;
    use testcontainers::bollard::{
        container::LogOutput,
        exec::{CreateExecOptions, StartExecResults},
        query_parameters::LogsOptionsBuilder,
    };

    use super::{Reason, busy};
    use crate::brokers::docker::client;

    pub(super) async fn up_docker(container: &str, image: &str, port: u16) -> Result<(), Reason> {
        let _busy = busy(&format!("starting RabbitMQ in a container ({image})"));
        client::remove(container).await.map_err(|message| trouble(&message))?;
        // It stays; `broker down` removes it by its name.
        client::launch(image, container, "warm", port).await.map(drop)
    }

    pub(super) async fn ask_docker(container: &str, arguments: &[&str]) -> Result<String, Reason> {
        let asked = async {
            let docker = client::engine().await?;
            let options = CreateExecOptions {
                cmd: Some([&["rabbitmqctl"], arguments].concat()),
                attach_stdout: Some(true),
                attach_stderr: Some(true),
                ..Default::default()
            };
            let exec = docker.create_exec(container, options).await?;
            let mut told = String::new();
            if let StartExecResults::Attached { mut output, .. } = docker.start_exec(&exec.id, None).await? {
                while let Some(part) = output.next().await {
                    told.push_str(&text(part?));
                }
            }
            Ok::<_, Box<dyn std::error::Error>>(told)
        };
        asked.await.map_err(|error| trouble(&format!("the container {container} can't be asked: {error}")))
    }

    pub(super) async fn docker_logs(container: &str) -> Result<String, Reason> {
        let read = async {
            let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
            let mut logs = client::engine().await?.logs(container, Some(options));
            let mut told = String::new();
            while let Some(part) = logs.next().await {
                told.push_str(&text(part?));
            }
            Ok::<_, Box<dyn std::error::Error>>(told)
        };
        read.await.map_err(|error| trouble(&format!("the container {container} shows no log: {error}")))
    }

    fn text(part: LogOutput) -> String {
        String::from_utf8_lossy(&part.into_bytes()).into_owned()
    }

    fn trouble(message: &str) -> Reason {
        Reason {
            message: format!("Docker: {message}."),
            hints: vec!["Does the engine answer? docker info tells".to_owned()],
        }
    }
}

/// Stops the broker, and names it.
async fn down() -> Result<(), Reason> {
    let Some(warm) = recorded() else {
        say("no broker is kept warm");
        for other in record::of_others() {
            say(&format!("another copy of the kit, in {}, keeps {}", other.kit.display(), other.name()));
        }
        return Ok(());
    };
    let was_there = warm.is_there().await;
    stop(&warm).await?;
    say(&if was_there {
        format!("stopped {}", warm.name())
    } else {
        format!("{} was gone already; its record is cleared away", warm.name())
    });
    Ok(())
}

/// Stops what a `broker up` left that was interrupted.
pub(crate) async fn clear_away() {
    if let Some(warm) = recorded() {
        let _ = stop(&warm).await;
    }
}

/// Stops a broker, or what there is of it.
async fn stop(warm: &Warm) -> Result<(), Reason> {
    match &warm.source {
        Source::Docker { container } => docker::remove(container).await.map_err(|message| Reason {
            message: format!("{message}."),
            hints: vec![format!("Remove it by hand: docker rm -f {container}")],
        })?,
        Source::Local { node } => owner::end_processes(node.mark()).await,
        Source::Embedded { mark, .. } => {
            owner::ask_to_end(mark);
            owner::end_processes_in(mark, GENTLY).await;
        }
    }
    warm.forget();
    Ok(())
}

async fn status() -> Result<(), Reason> {
    let broker = up_and_answering().await?;
    let identity = &broker.identity;
    let mut text = format!(
        "{} {} is up ({}, {})\naddress      amqp://localhost:{}\n",
        identity.product, identity.version, identity.kind, identity.detail, broker.address.port
    );
    if let Some(management) = &broker.management {
        text.push_str(&format!(
            "management   {}   user {}, password {}\n",
            management.url, management.user, management.password
        ));
    }
    if let Ok(Some(alarm)) = Alarm::at(&broker.address).await {
        let remedies = alarm.remedies(broker.is_embedded().await).join("\n             ");
        text.push_str(&format!(
            "alarm        low on {}: publishers are blocked\n             {remedies}\n",
            alarm.resources()
        ));
    }
    print(text)
}

async fn up_and_answering() -> Result<Broker, Reason> {
    warm_or_reason()?.broker().await
}

fn warm_or_reason() -> Result<Warm, Reason> {
    recorded().ok_or_else(|| Reason {
        message: "No broker is kept warm.".to_owned(),
        hints: vec!["Start one: cargo xtask broker up".to_owned()],
    })
}

/// The queues of the warm broker, as `rabbitmqctl` lists them.
async fn queues(columns: &[String]) -> Result<String, Reason> {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let arguments = [&["list_queues"], &columns[..]].concat();
    let warm = warm_or_reason()?;
    up_and_answering().await?;
    match (&warm.source, &warm.management) {
        (Source::Docker { container }, _) => ask_docker(container, &arguments).await,
        (Source::Local { node }, _) => ask_local(node, &arguments).await,
        (Source::Embedded { .. }, Some(management)) => hands::queues(management, &columns).await,
        (Source::Embedded { .. }, None) => Ok(String::new()),
    }
}

/// Restarts the warm broker, and waits until it is there again.
async fn restart() -> Result<(), Reason> {
    let warm = warm_or_reason()?;
    up_and_answering().await?;
    match (&warm.source, &warm.management) {
        (Source::Docker { container }, _) => {
            let _busy = busy("restarting the container");
            docker::restart(container).await.map_err(|message| Reason {
                message: format!("{message}."),
                hints: vec!["Does the engine answer? docker info tells".to_owned()],
            })?;
        }
        (Source::Local { node }, _) => {
            let _busy = busy("restarting the private node");
            node.restart().await?;
        }
        (Source::Embedded { .. }, Some(management)) => hands::restart(management).await?,
        (Source::Embedded { .. }, None) => {}
    }
    let deadline = Instant::now() + super::START_PATIENCE;
    Broker::greet("", String::new(), warm.address, None, deadline).await?;
    print("restarted: durable queues and their persistent messages are left\n".to_owned())
}

async fn ask_local(node: &local::Node, arguments: &[&str]) -> Result<String, Reason> {
    let cannot = |why: String| Reason { message: format!("rabbitmqctl could not be asked: {why}."), hints: vec![] };
    let script = local::server().and_then(|server| Some(server.parent()?.join("rabbitmqctl")));
    let script = script.ok_or_else(|| cannot("RabbitMQ is no longer installed here".to_owned()))?;
    let told =
        tokio::time::timeout(super::START_PATIENCE, node.command(&script).args(arguments).kill_on_drop(true).output());
    let told = told.await.map_err(|_| cannot("no answer".to_owned()))?.map_err(|error| cannot(error.to_string()))?;
    if !told.status.success() {
        return Err(cannot(String::from_utf8_lossy(&told.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&told.stdout).into_owned())
}

async fn logs() -> Result<String, Reason> {
    let warm = warm_or_reason()?;
    match &warm.source {
        Source::Docker { container } => docker_logs(container).await,
        Source::Local { node } => {
            let path = node.log();
            fs::read_to_string(&path).map_err(|error| io_trouble(&at(&path, &error)))
        }
        Source::Embedded { .. } => {
            let path = warm.folder().map_err(|error| io_trouble(&error))?.join(EMBEDDED_LOG);
            fs::read_to_string(&path).map_err(|error| io_trouble(&at(&path, &error)))
        }
    }
}

fn print(text: String) -> Result<(), Reason> {
    crate::report::print(&text).map_err(|error| Reason {
        message: format!("The answer could not be written to stdout: {error}."),
        hints: vec!["Is the disk full?".to_owned()],
    })
}

fn io_trouble(error: &io::Error) -> Reason {
    Reason {
        message: format!("The kit's own folder can't be used: {error}."),
        hints: vec!["Is the disk full?".to_owned()],
    }
}
