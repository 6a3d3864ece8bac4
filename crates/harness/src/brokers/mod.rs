//! Where a broker comes from, and how a check gets a place of its own there.

pub mod address;
pub mod alarm;
pub mod auto;
pub mod docker;
pub mod embedded;
pub(crate) mod engine;
pub mod hand;
pub mod hands;
pub mod local;
pub mod management;
pub mod ports;
pub mod ready;
pub mod warm;

use recording::{BrokerIdentity, NotChecked};
use std::{sync::Arc, time::Duration};

use broker::Server;
use cli::{BrokerArgs, BrokerChoice};
use tokio::time::Instant;

use crate::{
    activity::busy,
    brokers::{address::Address, hand::Hand, management::Management},
    owner::{Owned, Run},
};

/// How long a broker that is said to run may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a broker that we start may take to be ready.
pub const START_PATIENCE: Duration = Duration::from_secs(120);

/// A broker that answered.
#[derive(Clone, Debug)]
pub struct Broker {
    /// What it is.
    pub identity: BrokerIdentity,
    /// Where it is.
    pub address: Address,
    /// Its management API, when it has one that lets us make vhosts.
    pub management: Option<Management>,
    /// The broker itself, when it is in this process.
    pub server: Option<Arc<Server>>,
    /// What was started for this run, and so can be restarted.
    pub own: Option<Own>,
}

/// A RabbitMQ that was started for a run, and serves nobody else.
#[derive(Clone, Debug)]
pub enum Own {
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
    /// Why there is none, and what to do.
    pub async fn find(args: &BrokerArgs, run: &Run) -> Result<Broker, NotChecked> {
        match &args.broker {
            BrokerChoice::Auto => auto::find(args, run).await,
            BrokerChoice::Embedded => embedded::start().await,
            BrokerChoice::Docker => docker::start(args.image.as_deref(), run).await,
            BrokerChoice::Local => local::start(run).await,
            BrokerChoice::Url(url) => Broker::at(url, "given by --broker").await,
        }
    }

    /// The running broker at this address.
    ///
    /// # Errors
    ///
    /// When the address is wrong or nobody answers there.
    pub async fn at(url: &str, whence: &str) -> Result<Broker, NotChecked> {
        let address = Address::parse(url).map_err(|problem| NotChecked {
            message: format!("The address {whence} is no AMQP address: {problem}."),
            hints: vec!["An address looks like amqp://user:password@host:5672/vhost".to_owned()],
        })?;
        let management = Management {
            url: format!(
                "http://{}",
                Address { port: address.port.saturating_add(ports::MANAGEMENT), ..address.clone() }.host_and_port()
            ),
            user: address.user.clone(),
            password: address.password.clone(),
        };
        let greet = Broker::greet("amqp", address.to_string(), address, None, Instant::now() + PATIENCE);
        let (broker, allowed) = tokio::join!(greet, management.allows_vhosts());
        Ok(Broker { management: allowed.is_ok().then_some(management), ..broker? })
    }

    /// Waits until the broker at this address is ready.
    pub async fn greet(
        kind: &'static str,
        detail: String,
        address: Address,
        management: Option<Management>,
        deadline: Instant,
    ) -> Result<Broker, NotChecked> {
        let greeting = ready::wait(&address.host_and_port(), deadline).await.map_err(|error| NotChecked {
            message: format!("No broker answers at {address}: {error}."),
            hints: vec![
                "Is it running, and is the address right?".to_owned(),
                "Leave --broker and AMQP_URL out to let the checker look for one".to_owned(),
            ],
        })?;
        let identity =
            BrokerIdentity { kind: kind.to_owned(), product: greeting.product, version: greeting.version, detail };
        Ok(Broker { identity, address, management, server: None, own: None })
    }

    /// Whether it is the kit's own broker, wherever it runs.
    pub async fn is_embedded(&self) -> bool {
        if self.server.is_some() || self.identity.kind == "embedded" {
            return true;
        }
        match &self.management {
            Some(management) => management.is_embedded().await,
            None => false,
        }
    }

    /// Whether each check gets a vhost of its own.
    #[must_use]
    pub fn makes_vhosts(&self) -> bool {
        self.server.is_some() || self.management.is_some()
    }

    /// A place for one check: a fresh vhost where we can make one; else the vhost given, when none of `queues` is there.
    ///
    /// # Errors
    ///
    /// When the vhost can't be made, or a queue that we need is there already: it is not ours to touch.
    pub async fn room(&self, run: &Run, queues: &[&str]) -> Result<Address, NotChecked> {
        let record = |owned: &Owned| {
            run.owns(owned).map_err(|error| NotChecked {
                message: format!("What this check makes could not be written down: {error}."),
                hints: vec!["Is the disk full?".to_owned()],
            })
        };
        let suffix: String = std::iter::repeat_with(fastrand::alphanumeric).take(4).collect();
        let name = format!("hello-rabbit-{}-{}", run.whole(), suffix.to_lowercase());
        if let Some(server) = &self.server {
            // It goes with this process, so there is nothing to write down.
            embedded::make_vhost(server, &name);
            run.owns_room(server, &name);
            return Ok(self.address.in_vhost(&name));
        }
        let Some(management) = &self.management else {
            let hand = Hand::reach(&self.address).await.map_err(|error| self.refused(&error.to_string()))?;
            for queue in queues {
                if hand.has(queue).await.map_err(|error| self.refused(&error.to_string()))? {
                    return Err(NotChecked {
                        message: format!(
                            "The queue `{queue}` exists already at {}, and this lesson needs it empty. It may be yours, so nothing was touched.",
                            self.address
                        ),
                        hints: vec![
                            format!("Delete it, if you don't need it: rabbitmqctl delete_queue {queue}"),
                            "Or name a vhost without it: --broker amqp://…/vhost".to_owned(),
                            "Or turn the management plugin on, so that each check gets a vhost of its own".to_owned(),
                        ],
                    });
                }
                record(&Owned::Queue { address: self.address.clone(), name: (*queue).to_owned() })?;
            }
            hand.close().await;
            return Ok(self.address.clone());
        };
        record(&Owned::Vhost { management: management.clone(), name: name.clone() })?;
        management.make_vhost(&name).await.map_err(|error| self.refused(&error.to_string()))?;
        Ok(self.address.in_vhost(&name))
    }

    /// Whether a restart takes no time worth mentioning. RabbitMQ takes some seconds.
    #[must_use]
    pub fn restarts_at_once(&self) -> bool {
        self.server.is_some()
    }

    /// Restarts it, where it is this check's alone. Returns whether that was done.
    ///
    /// # Errors
    ///
    /// When it does not come back.
    pub async fn restart(&self) -> Result<bool, NotChecked> {
        if let Some(server) = &self.server {
            server.with(broker::Broker::restart);
            return Ok(true);
        }
        let Some(own) = &self.own else { return Ok(false) };
        let _busy = busy("restarting the broker, to see what it keeps");
        let deadline = Instant::now() + START_PATIENCE;
        match own {
            Own::Container(name) => engine::restart(name).await.map_err(|why| NotChecked {
                message: format!("The broker could not be restarted: {why}."),
                hints: vec!["Does the engine answer? docker info tells".to_owned()],
            })?,
            Own::Node(node) => node.restart().await?,
        }
        Broker::greet("", String::new(), self.address.clone(), None, deadline).await?;
        Ok(true)
    }

    /// A [`NotChecked`] for a broker that answers and won't do what a check needs.
    #[must_use]
    pub fn refused(&self, why: &str) -> NotChecked {
        NotChecked {
            message: format!("The broker at {} doesn't let the checker in: {why}.", self.address),
            hints: vec![
                "Are user, password and vhost right, and may this user configure, write and read there?".to_owned(),
            ],
        }
    }
}

/// Whether these flags lead to a container, so that the Docker client is needed.
pub async fn need_docker(args: &BrokerArgs) -> bool {
    match args.broker {
        BrokerChoice::Docker => true,
        BrokerChoice::Auto => auto::leads_to_docker(args).await,
        BrokerChoice::Embedded | BrokerChoice::Local | BrokerChoice::Url(_) => false,
    }
}
