//! The brokers that a check could use.

use std::{env, path::Path, time::Duration};

use tokio::time::{Instant, timeout};

use super::{Diagnosis, State};
use crate::brokers::{address::Address, alarm::Alarm, client::Client, embedded, local, persistent, ready};

/// The time limit of an answer of a broker.
const BROKER_TIMEOUT: Duration = Duration::from_secs(3);

/// Starts the embedded broker, and waits for its greeting.
pub(super) async fn embedded() -> Vec<Diagnosis> {
    let begin = Instant::now();
    let problem = |what: String| {
        vec![
            Diagnosis::problem("embedded", what)
                .fix("Allow it to open a port on 127.0.0.1, which a firewall or a sandbox may forbid"),
        ]
    };
    let broker = match embedded::start().await {
        Ok(broker) => broker,
        Err(reason) => return problem(reason.message),
    };
    match ready::wait(&broker.address.host_and_port(), begin + BROKER_TIMEOUT).await {
        Ok(_) => {
            let ms = begin.elapsed().as_secs_f64() * 1000.0;
            vec![Diagnosis::ok("embedded", format!("the embedded broker answers {ms:.1} ms after its start"))]
        }
        Err(error) => problem(format!("the embedded broker does not answer: {error}")),
    }
}

/// Finds a RabbitMQ that is installed here.
pub(super) async fn local() -> Vec<Diagnosis> {
    vec![match local::server() {
        Some(script) => {
            let version = version(&script).map(|version| format!(" {version}")).unwrap_or_default();
            Diagnosis::ok("rabbitmq", format!("RabbitMQ{version} is installed: {}", script.display()))
        }
        None => Diagnosis::ok("rabbitmq", "RabbitMQ is not installed, and not needed")
            .fix("Install it to check on it: apt install rabbitmq-server · brew install rabbitmq"),
    }]
}

/// Returns the version, from the name of its folder: RabbitMQ's own tools take a second or two to start.
fn version(script: &Path) -> Option<String> {
    let script = script.canonicalize().ok()?;
    let library = script.parent()?.parent()?;
    let beside = [library.to_owned(), library.join("lib")];
    let folders = beside.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
    let names = folders.filter_map(|folder| folder.file_name().into_string().ok());
    let inside = script.iter().filter_map(|part| part.to_str().map(str::to_owned));
    names.chain(inside).find_map(|name| name.strip_prefix("rabbitmq_server-").map(str::to_owned))
}

/// Finds the broker that `broker up` left running.
pub(super) async fn persistent() -> Vec<Diagnosis> {
    let Some(broker) = persistent::recorded() else {
        return vec![
            Diagnosis::ok("warm", "no broker is kept running")
                .fix("Keep one running between checks: cargo xtask broker up"),
        ];
    };
    let gone = |why: &str| {
        vec![
            Diagnosis::warning("warm", format!("the broker that was kept running {why}"))
                .fix("Clean up after it: cargo xtask broker down")
                .fix("Start it again: cargo xtask broker up"),
        ]
    };
    match timeout(BROKER_TIMEOUT, broker.broker()).await {
        Ok(Ok(broker)) => {
            let about = &broker.identity;
            let what = format!("{} {} is kept running, on port {}", about.product, about.version, broker.address.port);
            vec![with_alarm(Diagnosis::ok("warm", what), &broker.address, broker.is_embedded().await).await]
        }
        Ok(Err(_)) => gone("is gone"),
        Err(_) => gone("does not answer"),
    }
}

/// Adds a broker's resource alarm to its finding. While the alarm is raised, checks have no verdict.
async fn with_alarm(finding: Diagnosis, address: &Address, embedded: bool) -> Diagnosis {
    let Ok(Ok(Some(alarm))) = timeout(BROKER_TIMEOUT, Alarm::at(address)).await else { return finding };
    let what = format!("{}, and is low on {}: publishers are blocked", finding.what, alarm.resources());
    alarm.remedies(embedded).into_iter().fold(Diagnosis { what, state: State::Warning, ..finding }, Diagnosis::fix)
}

/// Examines the broker at the address in AMQP_URL.
pub(super) async fn amqp_url() -> Vec<Diagnosis> {
    let Some(url) = env::var("AMQP_URL").ok().filter(|url| !url.is_empty()) else {
        return vec![Diagnosis::ok("amqp-url", "AMQP_URL is not set")];
    };
    vec![match Address::parse(&url) {
        Ok(address) => reach(&address).await,
        // An error could quote a part of the address, and any part could be the password.
        Err(_) if url.starts_with("amqps://") => Diagnosis::warning("amqp-url", "AMQP_URL asks for TLS (amqps://)")
            .fix("Use an amqp:// address, or unset AMQP_URL: the checker reads the traffic, so it can't use TLS"),
        Err(_) => Diagnosis::warning("amqp-url", "AMQP_URL is set, but it is not an AMQP address")
            .fix("Write an address like amqp://user:password@host:5672/vhost")
            .fix("Write a `:`, `/`, `@` or `#` in a password as %3A, %2F, %40 or %23"),
    }]
}

/// Returns an address without the login.
fn nameless(address: &Address) -> String {
    let vhost = if address.vhost == "/" { String::new() } else { format!("/{}", address.vhost) };
    format!("amqp://{}{vhost}", address.host_and_port())
}

async fn reach(address: &Address) -> Diagnosis {
    let (shown, place) = (nameless(address), address.host_and_port());
    let unset = "Correct AMQP_URL, unset it to let checks look for a broker, or add --broker embedded";
    let greeting = match timeout(BROKER_TIMEOUT / 2, ready::knock(&place)).await {
        Ok(Ok(greeting)) => greeting,
        Ok(Err(error)) => {
            let what = format!("AMQP_URL names {shown}, but no broker answers there: {error}");
            return Diagnosis::warning("amqp-url", what).fix(unset);
        }
        Err(_) => {
            let what = format!("AMQP_URL names {shown}, but no broker answers there in time");
            return Diagnosis::warning("amqp-url", what).fix(unset);
        }
    };
    let broker = format!("{} {}", greeting.product, greeting.version);
    // A broker's reply about a login may contain the user name.
    let (state, what) = match timeout(BROKER_TIMEOUT, Client::reach(address)).await {
        Ok(Ok(client)) => {
            client.close().await;
            (State::Ok, format!("AMQP_URL names {shown}: {broker} answers and accepts the login"))
        }
        Ok(Err(_)) => {
            (State::Warning, format!("AMQP_URL names {shown}: {broker} answers, but refuses the login or the vhost"))
        }
        Err(_) => (State::Warning, format!("AMQP_URL names {shown}: {broker} answers, but the login takes too long")),
    };
    let finding = Diagnosis::new("amqp-url", state, what);
    if state == State::Ok {
        with_alarm(finding, address, false).await
    } else {
        finding.fix("Look for the reason in the broker's log").fix(unset)
    }
}
