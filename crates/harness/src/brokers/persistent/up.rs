//! `broker up`: starts the broker that is kept running.

use recording::NotChecked;
use std::{fs, io};

use cli::{BrokerArgs, BrokerChoice, EmbeddedArgs};

use super::{
    EMBEDDED_LOG, PersistentBroker, Source,
    commands::{io_trouble, status, stop},
    container, record, recorded,
};
use crate::{
    activity::{busy, say},
    brokers::{
        address::Address,
        docker, embedded, local,
        management::Management,
        ports::{self, MANAGEMENT},
    },
    cleanup::at,
};

/// The default port for AMQP.
const PORT: u16 = 5672;

/// Starts the broker that the flags ask for, unless it is up already.
///
/// # Errors
///
/// The reason why it can't be started: another is up, its port is taken, or it does not become ready.
pub(super) async fn up(args: &BrokerArgs, asked: Option<u16>, accounts: &EmbeddedArgs) -> Result<(), NotChecked> {
    if let Some(broker) = recorded() {
        if broker.broker().await.is_ok() {
            let missing = broker.falls_short_of(args, asked, accounts);
            if !missing.is_empty() {
                return Err(another_is_up(&broker, &missing));
            }
            say("a broker is already up");
            return status().await;
        }
        stop(&broker).await?;
    }
    let port = asked.unwrap_or(PORT);
    for taken in [port, port + MANAGEMENT] {
        if let Err(error) = std::net::TcpListener::bind(("127.0.0.1", taken)) {
            return Err(not_free(port, taken, &error));
        }
    }
    let mut broker = plan(args, port, accounts).await?;
    // The record is written first, so that nothing is left behind in any case.
    broker.save().map_err(|error| io_trouble(&error))?;
    let mut launched = None;
    let started = match &broker.source {
        Source::Docker { container } => {
            container::up_docker(container, &broker.detail, port).await.map(|reached| launched = Some(reached))
        }
        Source::Local { node } => {
            let _busy = busy("starting a private node of the installed RabbitMQ");
            node.start().await.map(drop)
        }
        Source::Embedded { mark, .. } => up_embedded(&broker, mark, accounts).await,
    };
    if let Err(reason) = started {
        stop(&broker).await?;
        return Err(reason);
    }
    // An engine outside the container that this kit is in publishes no port on this loopback.
    if let Some(launched) = launched.filter(|launched| launched.address != broker.address) {
        broker = PersistentBroker { address: launched.address, management: launched.management, ..broker };
        broker.save().map_err(|error| io_trouble(&error))?;
    }
    status().await
}

fn another_is_up(broker: &PersistentBroker, missing: &[String]) -> NotChecked {
    NotChecked {
        message: format!("Another broker is already up: {}. You asked for {}.", broker.name(), missing.join(", ")),
        hints: vec![
            "Stop it first: cargo xtask broker down".to_owned(),
            "Or keep it: checks use it as it is, and cargo xtask broker status describes it".to_owned(),
        ],
    }
}

/// Returns the error for a broker on `port` when one of its two ports is taken, perhaps by a broker of another kit.
fn not_free(port: u16, taken: u16, error: &io::Error) -> NotChecked {
    let free = (port.saturating_add(1)..=u16::MAX - MANAGEMENT).find(|port| ports::are_free(*port));
    let elsewhere = free.map(|free| format!("Or choose another port: cargo xtask broker up --port {free}"));
    let theirs = record::of_others().into_iter().find(|broker| broker.address.port == port);
    let (message, way_out) = match theirs {
        Some(broker) => {
            let kit = broker.kit.display();
            (
                format!("Port {taken} on 127.0.0.1 is taken: another copy of the kit, in {kit}, keeps a broker there."),
                format!("Stop that one: cd {}; cargo xtask broker down", shell_words::quote(&kit.to_string())),
            )
        }
        None => (
            format!("Port {taken} on 127.0.0.1 is not free: {error}."),
            format!("Use your own RabbitMQ, if it is the one on that port: --broker amqp://localhost:{port}"),
        ),
    };
    NotChecked { message, hints: std::iter::once(way_out).chain(elsewhere).collect() }
}

/// Starts the embedded broker as a program, and waits until it is ready.
async fn up_embedded(broker: &PersistentBroker, mark: &str, accounts: &EmbeddedArgs) -> Result<(), NotChecked> {
    let folder = broker.folder().map_err(|error| io_trouble(&error))?;
    fs::create_dir_all(&folder).map_err(|error| io_trouble(&at(&folder, &error)))?;
    let port = broker.address.port;
    let program = embedded::Program { mark: mark.to_owned(), port, log: folder.join(EMBEDDED_LOG) };
    program.start(accounts).await.map(drop)
}

/// A kind of broker to start.
enum BrokerKind {
    Docker,
    Local,
    Embedded,
}

/// Returns the broker that `up` will start.
async fn plan(args: &BrokerArgs, port: u16, accounts: &EmbeddedArgs) -> Result<PersistentBroker, NotChecked> {
    let kind = match &args.broker {
        BrokerChoice::Embedded => BrokerKind::Embedded,
        _ if *accounts != EmbeddedArgs::default() => {
            return Err(NotChecked {
                message: "--user, --vhost and --deny work only with the embedded broker.".to_owned(),
                hints: vec!["Start the embedded broker: cargo xtask broker up --broker embedded …".to_owned()],
            });
        }
        BrokerChoice::Docker => BrokerKind::Docker,
        BrokerChoice::Local => BrokerKind::Local,
        BrokerChoice::Auto if docker::image_at_hand(args.image.as_deref()).await.is_some() => BrokerKind::Docker,
        BrokerChoice::Auto if local::server().is_some() => BrokerKind::Local,
        BrokerChoice::Auto => {
            say(&docker::real_thing());
            BrokerKind::Embedded
        }
        BrokerChoice::Url(_) => {
            return Err(NotChecked {
                message: "A broker with an address is already up, so there is nothing to start.".to_owned(),
                hints: vec!["Use its address in checks: cargo xtask check lesson 01 --broker amqp://…".to_owned()],
            });
        }
    };
    // With other accounts than guest, checks log in as the first that may do everything.
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
    // A unique name, so that brokers of two users, or of two folders for temporary files, are never confused.
    let mark =
        format!("warm-{}", std::iter::repeat_with(fastrand::alphanumeric).take(8).collect::<String>().to_lowercase());
    let kit = record::own_kit();
    let (detail, source) = match kind {
        BrokerKind::Embedded => {
            (embedded::imitates(), Source::Embedded { mark, arguments: embedded::arguments(accounts) })
        }
        BrokerKind::Local => {
            let node = record::folder(&kit).and_then(|folder| local::Node::prepare(&folder, &mark, port));
            let node = node.map_err(|error| io_trouble(&error))?;
            let script = local::server().map(|script| script.display().to_string()).unwrap_or_default();
            (script, Source::Local { node })
        }
        BrokerKind::Docker => {
            let container = format!("hello-rabbit-{mark}");
            let image = docker::choose(args.image.as_deref()).await;
            let _busy = busy(&format!("looking for the image {image}"));
            // If no engine answers, nothing is made and nothing recorded.
            docker::have(&image).await?;
            (image, Source::Docker { container })
        }
    };
    Ok(PersistentBroker { kit, address, management: Some(management), detail, source })
}
