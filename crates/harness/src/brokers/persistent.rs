//! A broker that is kept running between checks: `cargo xtask broker up`.

#[cfg(feature = "management")]
mod commands;
#[cfg(feature = "management")]
mod container;
mod record;
#[cfg(feature = "management")]
mod up;

use recording::NotChecked;
use std::path::PathBuf;

use cli::BrokerCommand;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

#[cfg(feature = "management")]
pub use commands::{clear_away, run};

use crate::brokers::{ANSWER_TIMEOUT, Broker, Needs, address::Address, embedded, local, management::Management};

/// The embedded broker's log, in the folder of the broker that is kept running.
const EMBEDDED_LOG: &str = "embedded.log";

/// The record of the broker that is kept running.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PersistentBroker {
    /// The folder of the kit that keeps it.
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
        /// The arguments that it was started with, without the port.
        #[serde(default)]
        arguments: Vec<String>,
    },
}

impl Source {
    /// Returns its name in `--broker`.
    fn kind(&self) -> &'static str {
        match self {
            Source::Docker { .. } => "docker",
            Source::Local { .. } => "local",
            Source::Embedded { .. } => "embedded",
        }
    }
}

impl PersistentBroker {
    /// Returns the broker, if it still answers.
    pub async fn broker(&self) -> Result<Broker, NotChecked> {
        let kind = self.source.kind();
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        let ready =
            Broker::wait_ready(kind, self.detail.clone(), self.address.clone(), self.management.clone(), deadline)
                .await;
        let mut broker = ready.map_err(|reason| NotChecked {
            message: format!("The broker that was kept running is gone. {}", reason.message),
            hints: vec![
                "Clean up after it: cargo xtask broker down · start it again: cargo xtask broker up".to_owned(),
            ],
        })?;
        if kind == "embedded" {
            // It announces the RabbitMQ that it imitates, but a report names the embedded broker.
            broker.identity.product = embedded::PRODUCT.to_owned();
            broker.identity.version = env!("CARGO_PKG_VERSION").to_owned();
        }
        Ok(broker)
    }
}

/// Returns the broker that `broker up` left running, according to the record.
#[must_use]
pub fn recorded() -> Option<PersistentBroker> {
    record::own()
}

/// Returns the parts that a `broker` command needs.
pub async fn needs(what: &BrokerCommand) -> Needs {
    let its_own = match what {
        BrokerCommand::Up { .. }
        | BrokerCommand::Down
        | BrokerCommand::Queues { .. }
        | BrokerCommand::Restart
        | BrokerCommand::Logs
            if is_in_a_container() =>
        {
            Needs::Docker
        }
        BrokerCommand::Up { broker, .. } => super::needs(broker).await,
        _ => Needs::Nothing,
    };
    its_own.max(Needs::Management)
}

fn is_in_a_container() -> bool {
    recorded().is_some_and(|broker| matches!(broker.source, Source::Docker { .. }))
}
