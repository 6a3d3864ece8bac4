//! Sources of a broker, and a vhost for each check.

pub mod address;
#[cfg(feature = "management")]
pub mod admin;
pub mod alarm;
pub mod auto;
pub mod client;
pub mod confined;
pub mod docker;
pub mod embedded;
pub(crate) mod engine;
pub mod local;
pub mod management;
pub mod persistent;
pub mod ports;
pub mod ready;

use recording::{BrokerIdentity, NotChecked};
use std::{sync::Arc, time::Duration};

use broker::Server;
use cli::{BrokerArgs, BrokerChoice};
use tokio::time::Instant;

use crate::{
    activity::busy,
    brokers::{address::Address, client::Client, management::Management},
    cleanup::{Resource, Run},
};

/// The time limit for a running broker to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The time limit for a started broker to be ready.
pub const START_TIMEOUT: Duration = Duration::from_secs(120);

/// The parts of this library that are compiled only when a command needs them. A later one includes the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Nothing: the embedded broker runs in this process.
    Nothing,
    /// The client of the management API: feature `management`.
    Management,
    /// The Docker client: feature `docker`.
    Docker,
}

/// The names that a lesson needs for itself in a vhost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Queues.
    pub queues: &'static [&'static str],
    /// Exchanges.
    pub exchanges: &'static [&'static str],
}

/// A broker that answered.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Its product, version and kind.
    pub identity: BrokerIdentity,
    /// Its address.
    pub address: Address,
    /// Its management API, if the API lets us make vhosts.
    pub management: Option<Management>,
    /// The broker itself, if it is in this process.
    pub server: Option<Arc<Server>>,
    /// The broker that was started for this run, which can be restarted.
    pub own: Option<Ownership>,
    /// True if each check gets an account of its own: see [`confined`].
    pub confines: bool,
}

/// A RabbitMQ that was started for one run alone.
#[derive(Clone, Debug)]
pub enum Ownership {
    /// The container of this name.
    Container(String),
    /// A private node.
    Node(Box<local::Node>),
}

impl Broker {
    /// Finds or starts the broker that the flags ask for.
    ///
    /// # Errors
    ///
    /// The reason why there is none, and a hint.
    pub async fn find(args: &BrokerArgs, run: &Run) -> Result<Broker, NotChecked> {
        match &args.broker {
            BrokerChoice::Auto => auto::find(args, run).await,
            BrokerChoice::Embedded => embedded::start().await,
            BrokerChoice::Docker => docker::start(args.image.as_deref(), run).await,
            BrokerChoice::Local => local::start(run).await,
            BrokerChoice::Url(url) => Broker::at(url, "given by --broker").await,
        }
    }

    /// Connects to the running broker at this address.
    ///
    /// # Errors
    ///
    /// When the address is wrong or no broker answers there.
    pub async fn at(url: &str, whence: &str) -> Result<Broker, NotChecked> {
        let address = Address::parse(url).map_err(|problem| NotChecked {
            message: format!("The address {whence} is not an AMQP address: {problem}."),
            hints: vec!["Write an address like amqp://user:password@host:5672/vhost".to_owned()],
        })?;
        let management = Management {
            url: format!(
                "http://{}",
                Address { port: address.port.saturating_add(ports::MANAGEMENT), ..address.clone() }.host_and_port()
            ),
            user: address.user.clone(),
            password: address.password.clone(),
        };
        let wait_ready =
            Broker::wait_ready("amqp", address.to_string(), address, None, Instant::now() + ANSWER_TIMEOUT);
        let (broker, allowed) = tokio::join!(wait_ready, management.allows_vhosts());
        Ok(Broker { management: allowed.is_ok().then_some(management), ..broker? })
    }

    /// Waits until the broker at this address is ready.
    pub async fn wait_ready(
        kind: &'static str,
        detail: String,
        address: Address,
        management: Option<Management>,
        deadline: Instant,
    ) -> Result<Broker, NotChecked> {
        let greeting =
            ready::wait(&address.host_and_port(), deadline).await.map_err(|error| no_answer(&address, &error))?;
        Ok(Broker::ready(kind, detail, address, management, greeting))
    }

    /// Waits until the broker is ready that is at one of these addresses, the best address first. Returns the position of the
    /// best one that answers, and the broker there.
    #[cfg(feature = "docker")]
    pub(crate) async fn first_ready(
        kind: &'static str,
        detail: &str,
        addresses: &[Address],
        deadline: Instant,
    ) -> Result<(usize, Broker), NotChecked> {
        let places: Vec<String> = addresses.iter().map(Address::host_and_port).collect();
        let (best, greeting) =
            ready::wait_first(&places, deadline).await.map_err(|error| no_answer(&addresses[0], &error))?;
        Ok((best, Broker::ready(kind, detail.to_owned(), addresses[best].clone(), None, greeting)))
    }

    fn ready(
        kind: &'static str,
        detail: String,
        address: Address,
        management: Option<Management>,
        greeting: ready::Greeting,
    ) -> Broker {
        let identity =
            BrokerIdentity { kind: kind.to_owned(), product: greeting.product, version: greeting.version, detail };
        Broker { identity, address, management, server: None, own: None, confines: false }
    }

    /// Returns whether it is the kit's own broker, in this process or elsewhere.
    pub async fn is_embedded(&self) -> bool {
        if self.server.is_some() || self.identity.kind == "embedded" {
            return true;
        }
        match &self.management {
            Some(management) => management.is_embedded().await,
            None => false,
        }
    }

    /// Returns whether each check gets its own vhost.
    #[must_use]
    pub fn makes_vhosts(&self) -> bool {
        self.server.is_some() || self.management.is_some()
    }

    /// Returns a vhost for one check: a new one if possible, else the one in the address, if it has none of `names`.
    ///
    /// # Errors
    ///
    /// When the vhost can't be made, or when one of the queues or exchanges exists already: it may belong to another program.
    pub async fn make_vhost(&self, run: &Run, names: Names) -> Result<Address, NotChecked> {
        let suffix: String = std::iter::repeat_with(fastrand::alphanumeric).take(4).collect();
        let name = format!("hello-rabbit-{}-{}", run.whole(), suffix.to_lowercase());
        if let Some(server) = &self.server {
            // It ends with this process, so there is nothing to record.
            embedded::make_vhost(server, &name);
            run.owns_vhost(server, &name);
            return Ok(self.address.in_vhost(&name));
        }
        let Some(management) = &self.management else {
            let client = Client::reach(&self.address).await.map_err(|error| self.refused(&error.to_string()))?;
            for queue in names.queues {
                if client.has(queue).await.map_err(|error| self.refused(&error.to_string()))? {
                    let delete = format!("Delete it, if you don't need it: rabbitmqctl delete_queue {queue}");
                    return Err(self.is_taken(&format!("queue `{queue}`"), "needs it empty", delete));
                }
                self.record(run, &Resource::Queue { address: self.address.clone(), name: (*queue).to_owned() })?;
            }
            for exchange in names.exchanges {
                if client.has_exchange(exchange).await.map_err(|error| self.refused(&error.to_string()))? {
                    let delete =
                        "Delete it, if you don't need it, with `exchange_delete` in a small program".to_owned();
                    return Err(self.is_taken(&format!("exchange `{exchange}`"), "makes it itself", delete));
                }
                self.record(run, &Resource::Exchange { address: self.address.clone(), name: (*exchange).to_owned() })?;
            }
            client.close().await;
            return Ok(self.address.clone());
        };
        self.record(run, &Resource::Vhost { management: management.clone(), name: name.clone() })?;
        management.make_vhost(&name).await.map_err(|error| self.refused(&error.to_string()))?;
        Ok(self.address.in_vhost(&name))
    }

    /// Returns the reason why a check would touch what may be the user's.
    fn is_taken(&self, what: &str, why: &str, delete: String) -> NotChecked {
        NotChecked {
            message: format!(
                "The {what} already exists at {}, and this lesson {why}. It may be yours, so it was not touched.",
                self.address
            ),
            hints: vec![
                delete,
                "Or name a vhost without it: --broker amqp://…/vhost".to_owned(),
                "Or enable the management plugin, so that each check gets its own vhost".to_owned(),
            ],
        }
    }

    /// Records a thing at the broker that a run is about to own.
    fn record(&self, run: &Run, owned: &Resource) -> Result<(), NotChecked> {
        run.owns(owned).map_err(|error| NotChecked {
            message: format!(
                "A vhost, user, queue or exchange of this check could not be recorded for cleaning up: {error}."
            ),
            hints: vec!["Check that the disk is not full".to_owned()],
        })
    }

    /// Returns whether a restart takes next to no time. RabbitMQ takes some seconds.
    #[must_use]
    pub fn restarts_at_once(&self) -> bool {
        self.server.is_some()
    }

    /// Restarts it, if only this check uses it. Returns whether that was done.
    ///
    /// # Errors
    ///
    /// When it does not become ready again.
    pub async fn restart(&self) -> Result<bool, NotChecked> {
        if let Some(server) = &self.server {
            server.with(broker::Broker::restart);
            return Ok(true);
        }
        let Some(own) = &self.own else { return Ok(false) };
        let _busy = busy("restarting the broker, to see what it keeps");
        let deadline = Instant::now() + START_TIMEOUT;
        match own {
            Ownership::Container(name) => engine::restart(name).await.map_err(|why| NotChecked {
                message: format!("The broker could not be restarted: {why}."),
                hints: vec!["Check that the Docker engine answers: docker info".to_owned()],
            })?,
            Ownership::Node(node) => node.restart().await?,
        }
        Broker::wait_ready("", String::new(), self.address.clone(), None, deadline).await?;
        Ok(true)
    }

    /// Returns the [`NotChecked`] for a broker that answers, but refuses what a check needs.
    #[must_use]
    pub fn refused(&self, why: &str) -> NotChecked {
        NotChecked {
            message: format!("The broker at {} refuses the checker: {why}.", self.address),
            hints: vec![
                "Check the login and the vhost, and that this user may configure, write and read there".to_owned(),
            ],
        }
    }
}

fn no_answer(address: &Address, error: &std::io::Error) -> NotChecked {
    NotChecked {
        message: format!("No broker answers at {address}: {error}."),
        hints: vec![
            "Check that the broker is up, and that the address is right".to_owned(),
            "Leave out --broker and AMQP_URL to let the checker look for a broker".to_owned(),
        ],
    }
}

/// Returns the parts that the broker of these flags needs.
pub async fn needs(args: &BrokerArgs) -> Needs {
    match args.broker {
        BrokerChoice::Docker => Needs::Docker,
        BrokerChoice::Auto => auto::needs(args).await,
        BrokerChoice::Embedded => Needs::Nothing,
        BrokerChoice::Local | BrokerChoice::Url(_) => Needs::Management,
    }
}

/// Returns whether flags, `AMQP_URL` or `broker up` say which broker to use. Otherwise the checker chooses.
#[must_use]
pub fn is_chosen(args: &BrokerArgs) -> bool {
    args.broker != BrokerChoice::Auto
        || args.image.is_some()
        || auto::url().is_some()
        || persistent::recorded().is_some()
}
