//! The broker of a class: an embedded one for each check, or one RabbitMQ for all.
//!
//! On a RabbitMQ, each check gets a vhost and a user of its own, with limits. A program logs in as `guest`, and the tap, outside the
//! sandbox, puts that user in its place: see [`harness::brokers::confined`].

use std::time::Duration;

use cli::{BrokerArgs, BrokerChoice, GradeArgs};
use harness::{
    brokers::{Broker, address::Address, management::Management, ready},
    cleanup::Run,
};
use recording::{BrokerIdentity, NotChecked};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

/// The time limit for a RabbitMQ to answer before a check.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The broker of a class.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassBroker {
    /// Each check has an embedded broker of its own.
    #[default]
    Embedded,
    /// All checks use one RabbitMQ.
    Shared(Box<Shared>),
}

/// A RabbitMQ that runs while a class is graded.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Shared {
    /// The product, the version and the kind.
    pub identity: BrokerIdentity,
    /// The address of an administrator.
    pub address: Address,
    /// The management API.
    pub management: Management,
}

/// The reason why a class can't be graded on a broker.
#[derive(Debug, thiserror::Error)]
pub enum NoBroker {
    /// There is none.
    #[error("{}", .0.message)]
    Missing(NotChecked),
    /// It makes no vhosts.
    #[error("{0} gives no vhost to each check: its management API does not answer, or the user is no administrator")]
    NoVhosts(Address),
    /// It is the kit's own.
    #[error("{0} is the embedded broker, which has no users of their own for checks")]
    Embedded(Address),
}

impl NoBroker {
    /// Returns the advice.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            NoBroker::Missing(reason) => {
                let known = reason.hints.first().map_or("check the broker", String::as_str);
                format!("{known}; or leave out --broker: the embedded broker needs nothing")
            }
            NoBroker::NoVhosts(_) => {
                "enable the plugin rabbitmq_management, give the address of an administrator, and \
                 check that its port is 10,000 above that of AMQP"
                    .to_owned()
            }
            NoBroker::Embedded(_) => "leave out --broker: each check then has an embedded broker of its own".to_owned(),
        }
    }
}

impl ClassBroker {
    /// Finds or starts the broker that the flags ask for. One that is started ends with the run.
    ///
    /// # Errors
    ///
    /// The reason why there is none.
    pub async fn find(args: &GradeArgs, run: &Run) -> Result<ClassBroker, NoBroker> {
        match &args.broker {
            BrokerChoice::Auto | BrokerChoice::Embedded => return Ok(ClassBroker::Embedded),
            BrokerChoice::Docker => eprintln!("starting RabbitMQ in a container …"),
            BrokerChoice::Local => eprintln!("starting a private node of the installed RabbitMQ …"),
            BrokerChoice::Url(_) => {}
        }
        let args = BrokerArgs { broker: args.broker.clone(), image: args.image.clone() };
        let broker = Broker::find(&args, run).await.map_err(NoBroker::Missing)?;
        if broker.is_embedded().await {
            return Err(NoBroker::Embedded(broker.address));
        }
        let Some(management) = broker.management else { return Err(NoBroker::NoVhosts(broker.address)) };
        let shared = Shared { identity: broker.identity, address: broker.address, management };
        eprintln!("graded by {} {} ({})", shared.identity.product, shared.identity.version, shared.identity.detail);
        Ok(ClassBroker::Shared(Box::new(shared)))
    }

    /// Returns the broker of one check.
    ///
    /// # Errors
    ///
    /// When the embedded broker can't be started.
    pub async fn of_check(&self, run: &Run) -> Result<Broker, NotChecked> {
        match self {
            ClassBroker::Embedded => {
                Broker::find(&BrokerArgs { broker: BrokerChoice::Embedded, image: None }, run).await
            }
            ClassBroker::Shared(shared) => {
                let Shared { identity, address, management } = shared.as_ref().clone();
                let management = Some(management);
                // A restart would end the checks of others, so no check owns it.
                Ok(Broker { identity, address, management, server: None, own: None, confines: true })
            }
        }
    }

    /// Tests that it is still there.
    ///
    /// # Errors
    ///
    /// The reason why no check can be done, as a sentence.
    pub async fn answers(&self) -> Result<(), String> {
        let ClassBroker::Shared(shared) = self else { return Ok(()) };
        let why = match timeout(ANSWER_TIMEOUT, ready::knock(&shared.address.host_and_port())).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()),
        };
        Err(format!("The broker at {} is gone: {why}. Give the same command again.", shared.address))
    }

    /// Returns its product and version.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            ClassBroker::Embedded => format!("the embedded broker {}", env!("CARGO_PKG_VERSION")),
            ClassBroker::Shared(shared) => format!("{} {}", shared.identity.product, shared.identity.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn shared(port: u16) -> ClassBroker {
        let identity = BrokerIdentity {
            kind: "docker".to_owned(),
            product: "RabbitMQ".to_owned(),
            version: "4.3.6".to_owned(),
            detail: "rabbitmq:4.3".to_owned(),
        };
        let management =
            Management { url: "http://127.0.0.1:1".to_owned(), user: "guest".to_owned(), password: "guest".to_owned() };
        ClassBroker::Shared(Box::new(Shared { identity, address: Address::loopback(port), management }))
    }

    #[tokio::test]
    async fn a_shared_broker_is_named_and_missed_when_it_is_gone() {
        assert_eq!(shared(1).name(), "RabbitMQ 4.3.6");
        let run = Run::begin().unwrap();
        let broker = ClassBroker::Embedded.of_check(&run).await.unwrap();
        assert_eq!(shared(broker.address.port).answers().await, Ok(()));
        run.end().await;
        // A port on which nothing listens any more.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let why = shared(port).answers().await.unwrap_err();
        assert!(why.starts_with(&format!("The broker at amqp://guest@127.0.0.1:{port} is gone: ")), "{why}");
        assert_eq!(ClassBroker::Embedded.answers().await, Ok(()));
    }

    #[tokio::test]
    async fn a_check_on_a_shared_broker_is_confined_and_never_restarts_it() {
        let run = Run::begin().unwrap();
        let broker = shared(1).of_check(&run).await.unwrap();
        assert!(broker.confines && broker.makes_vhosts());
        assert_eq!(broker.restart().await, Ok(false));
        run.end().await;
    }

    #[test]
    fn the_task_of_a_check_carries_it() {
        for broker in [shared(5672), ClassBroker::Embedded] {
            let text = serde_json::to_string(&broker).unwrap();
            assert_eq!(serde_json::from_str::<ClassBroker>(&text).unwrap(), broker);
        }
    }
}
