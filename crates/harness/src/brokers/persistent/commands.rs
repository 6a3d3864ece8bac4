//! The commands for the broker that is kept running. They need the client of the management API.

use std::{fs, io, time::Duration};

use cli::{BrokerArgs, BrokerChoice, BrokerCommand, EmbeddedArgs};
use recording::NotChecked;
use tokio::time::{Instant, timeout};

use super::{EMBEDDED_LOG, PersistentBroker, Source, container, record, recorded, up};
use crate::{
    activity::{busy, say},
    brokers::{Broker, START_TIMEOUT, admin, alarm::Alarm, embedded, engine, local, ready},
    cleanup::{self, at},
};

/// The time limit for the embedded broker to close its connections.
const GENTLY: Duration = Duration::from_secs(2);

/// The time limit for a broker to show that it is still there, before it is stopped.
const KNOCK_TIMEOUT: Duration = Duration::from_secs(1);

impl PersistentBroker {
    /// Returns its name and its port: `the embedded broker on port 5672`.
    pub(super) fn name(&self) -> String {
        let port = self.address.port;
        match &self.source {
            Source::Docker { .. } => format!("RabbitMQ (docker, {}) on port {port}", self.detail),
            Source::Local { .. } => format!("RabbitMQ (local, {}) on port {port}", self.detail),
            Source::Embedded { .. } => format!("{} on port {port}", embedded::PRODUCT),
        }
    }

    /// Returns the requests that this broker does not fit; none if it fits.
    pub(super) fn falls_short_of(&self, args: &BrokerArgs, port: Option<u16>, accounts: &EmbeddedArgs) -> Vec<String> {
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

    /// Returns whether it still answers.
    pub(super) async fn is_there(&self) -> bool {
        let ready = timeout(KNOCK_TIMEOUT, async { ready::knock(&self.address.host_and_port()).await }).await;
        matches!(ready, Ok(Ok(_)))
    }
}

/// Carries out a `broker` command. Its answer goes to stdout.
///
/// # Errors
///
/// The reason why it can't be done, and a hint.
pub async fn run(what: &BrokerCommand) -> Result<(), NotChecked> {
    match what {
        BrokerCommand::Up { broker, port, embedded } => up::up(broker, *port, embedded).await,
        BrokerCommand::Down => down().await,
        BrokerCommand::Status => status().await,
        BrokerCommand::Queues { columns } => print(queues(columns).await?),
        BrokerCommand::Restart => restart().await,
        BrokerCommand::Logs => print(logs().await?),
        other => {
            let broker = up_and_answering().await?;
            let management = broker.management.ok_or_else(|| NotChecked {
                message: "The broker that is kept running has no management API on record.".to_owned(),
                hints: vec!["Start it again: cargo xtask broker down, then cargo xtask broker up".to_owned()],
            })?;
            match admin::run(other, &management).await {
                Some(done) => print(done?),
                None => Ok(()),
            }
        }
    }
}

/// Stops the broker, and names it.
async fn down() -> Result<(), NotChecked> {
    let Some(broker) = recorded() else {
        say("no broker is kept running");
        for other in record::of_others() {
            say(&format!("another copy of the kit, in {}, keeps {}", other.kit.display(), other.name()));
        }
        return Ok(());
    };
    let was_there = broker.is_there().await;
    stop(&broker).await?;
    say(&if was_there {
        format!("stopped {}", broker.name())
    } else {
        format!("{} was already gone; its record is removed", broker.name())
    });
    Ok(())
}

/// Stops the broker of a `broker up` that was interrupted.
pub async fn clear_away() {
    if let Some(broker) = recorded() {
        let _ = stop(&broker).await;
    }
}

/// Stops a broker, or the part of it that is there.
pub(super) async fn stop(broker: &PersistentBroker) -> Result<(), NotChecked> {
    match &broker.source {
        Source::Docker { container } => engine::remove(container).await.map_err(|message| NotChecked {
            message: format!("{message}."),
            hints: vec![format!("Remove it by hand: docker rm -f {container}")],
        })?,
        Source::Local { node } => cleanup::end_processes(node.mark()).await,
        Source::Embedded { mark, .. } => {
            cleanup::ask_to_end(mark);
            cleanup::end_processes_in(mark, GENTLY).await;
        }
    }
    broker.forget();
    Ok(())
}

pub(super) async fn status() -> Result<(), NotChecked> {
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

async fn up_and_answering() -> Result<Broker, NotChecked> {
    persistent_or_reason()?.broker().await
}

fn persistent_or_reason() -> Result<PersistentBroker, NotChecked> {
    recorded().ok_or_else(|| NotChecked {
        message: "No broker is kept running.".to_owned(),
        hints: vec!["Start one: cargo xtask broker up".to_owned()],
    })
}

/// Returns the queues of the broker that is kept running, as `rabbitmqctl` lists them.
async fn queues(columns: &[String]) -> Result<String, NotChecked> {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let arguments = [&["list_queues"], &columns[..]].concat();
    let broker = persistent_or_reason()?;
    up_and_answering().await?;
    match (&broker.source, &broker.management) {
        (Source::Docker { container }, _) => container::ask_docker(container, &arguments).await,
        (Source::Local { node }, _) => ask_local(node, &arguments).await,
        (Source::Embedded { .. }, Some(management)) => admin::queues(management, &columns).await,
        (Source::Embedded { .. }, None) => Ok(String::new()),
    }
}

/// Restarts the broker that is kept running, and waits until it is ready again.
async fn restart() -> Result<(), NotChecked> {
    let broker = persistent_or_reason()?;
    up_and_answering().await?;
    match (&broker.source, &broker.management) {
        (Source::Docker { container }, _) => {
            let _busy = busy("restarting the container");
            engine::restart(container).await.map_err(|message| NotChecked {
                message: format!("{message}."),
                hints: vec!["Check that the Docker engine answers: docker info".to_owned()],
            })?;
        }
        (Source::Local { node }, _) => {
            let _busy = busy("restarting the private node");
            node.restart().await?;
        }
        (Source::Embedded { .. }, Some(management)) => admin::restart(management).await?,
        (Source::Embedded { .. }, None) => {}
    }
    let deadline = Instant::now() + START_TIMEOUT;
    Broker::wait_ready("", String::new(), broker.address, None, deadline).await?;
    print("restarted: only durable queues, and persistent messages in them, are kept\n".to_owned())
}

async fn ask_local(node: &local::Node, arguments: &[&str]) -> Result<String, NotChecked> {
    let cannot = |why: String| NotChecked { message: format!("rabbitmqctl could not be run: {why}."), hints: vec![] };
    let script = local::server().and_then(|server| Some(server.parent()?.join("rabbitmqctl")));
    let script = script.ok_or_else(|| cannot("RabbitMQ is no longer installed here".to_owned()))?;
    let output = tokio::time::timeout(START_TIMEOUT, node.command(&script).args(arguments).kill_on_drop(true).output());
    let output =
        output.await.map_err(|_| cannot("it took too long".to_owned()))?.map_err(|error| cannot(error.to_string()))?;
    if !output.status.success() {
        return Err(cannot(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn logs() -> Result<String, NotChecked> {
    let broker = persistent_or_reason()?;
    match &broker.source {
        Source::Docker { container } => container::docker_logs(container).await,
        Source::Local { node } => {
            let path = node.log();
            fs::read_to_string(&path).map_err(|error| io_trouble(&at(&path, &error)))
        }
        Source::Embedded { .. } => {
            let path = broker.folder().map_err(|error| io_trouble(&error))?.join(EMBEDDED_LOG);
            fs::read_to_string(&path).map_err(|error| io_trouble(&at(&path, &error)))
        }
    }
}

fn print(text: String) -> Result<(), NotChecked> {
    crate::activity::answer(&text).map_err(|error| NotChecked {
        message: format!("The output could not be written to stdout: {error}."),
        hints: vec!["Check that the disk is not full".to_owned()],
    })
}

pub(super) fn io_trouble(error: &io::Error) -> NotChecked {
    NotChecked {
        message: format!("The kit's own folder can't be used: {error}."),
        hints: vec!["Check that the disk is not full".to_owned()],
    }
}
