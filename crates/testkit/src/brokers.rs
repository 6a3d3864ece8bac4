//! The brokers that the tests run on.

use std::{
    collections::HashMap,
    env,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use cli::{BrokerArgs, BrokerChoice, DeprecatedFeature, EmbeddedArgs};
use harness::{
    brokers::{Broker, address::Address, client, docker, embedded, local, ports},
    cleanup::{self, Run},
    live::LiveRun,
    tap::{Bounds, Tap},
};
use libtest_mimic::Failed;
use tokio::runtime::Runtime;
use wire::protocol::queue::Declare;

/// The source of a broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A container of this image.
    Docker(String),
    /// The installed RabbitMQ.
    Local,
    /// The kit's own broker, as a program.
    Embedded,
    /// The kit's own broker, which denies transient queues, as RabbitMQ 4.3 does.
    EmbeddedDenying,
    /// A kind of broker that is not available.
    Missing(&'static str),
}

/// Returns whether everything is tried on every broker.
fn is_full() -> bool {
    env::var_os("HELLO_RABBIT_FULL").is_some()
}

impl Place {
    /// Returns all places that are asked for, or available.
    pub fn all() -> Vec<Place> {
        if let Ok(asked) = env::var("HELLO_RABBIT_TEST_BROKERS") {
            let named = asked.split(',').map(str::trim).filter(|place| !place.is_empty()).map(Place::parse);
            return [Place::Embedded, Place::EmbeddedDenying].into_iter().chain(named).collect();
        }
        let mut images = vec![docker::OFFICIAL.to_owned()];
        images.extend(docker::BUILT.map(str::to_owned));
        images.push(format!("{}{}", docker::BUILT[0], docker::PERMISSIVE));
        images.retain(|image| runtime().block_on(docker::image_at_hand(Some(image))).is_some());
        let mut places = vec![Place::Embedded, Place::EmbeddedDenying];
        if images.is_empty() {
            places.push(Place::Missing("docker"));
        }
        places.extend(images.into_iter().map(Place::Docker));
        places.push(if local::server().is_some() { Place::Local } else { Place::Missing("local") });
        places
    }

    fn parse(text: &str) -> Place {
        match text.split_once(':') {
            Some(("docker", image)) => Place::Docker(image.to_owned()),
            _ if text == "local" => Place::Local,
            _ => panic!("HELLO_RABBIT_TEST_BROKERS: expected docker:IMAGE or local, found {text:?}"),
        }
    }

    /// Returns whether its tests are ignored, and reported as such. On CI, they are tried and fail.
    pub fn is_not_at_hand(&self) -> bool {
        matches!(self, Place::Missing(_)) && env::var("CI").is_err()
    }

    /// Returns whether it differs from another place only in its treatment of transient queues, so that few tests show a
    /// difference.
    pub fn is_a_variant(&self) -> bool {
        match self {
            Place::EmbeddedDenying => true,
            Place::Docker(image) => image.ends_with(docker::PERMISSIVE),
            _ => false,
        }
    }

    /// Returns whether step programs and the scenes of the book are tried here: on the embedded broker, on the RabbitMQ that it
    /// behaves like, and with `cargo xtask ci --full`, which sets `HELLO_RABBIT_FULL`, on each. Elsewhere, that runs which can
    /// differ between versions.
    pub fn tries_lessons(&self) -> bool {
        self.is_newest() || is_full()
    }

    /// Returns whether also those wrong programs are tried here that are judged by the wire alone: on the embedded broker, and with
    /// `--full` on each.
    pub fn tries_everything(&self) -> bool {
        matches!(self, Place::Embedded) || is_full()
    }

    fn is_newest(&self) -> bool {
        match self {
            Place::Embedded => true,
            Place::Docker(image) => image == docker::OFFICIAL || image == docker::BUILT[0],
            _ => false,
        }
    }

    /// Returns whether a broker of this place refuses transient queues. RabbitMQ does so from 4.3 on, unless it is configured
    /// not to.
    pub fn denies_transient(&self) -> bool {
        match self {
            Place::EmbeddedDenying => true,
            Place::Docker(image) => {
                docker::version(image).is_some_and(|version| version >= (4, 3)) && !image.ends_with(docker::PERMISSIVE)
            }
            _ => false,
        }
    }

    /// Returns its name, for the names of tests.
    pub fn name(&self) -> String {
        match self {
            Place::Docker(image) => format!("docker({image})"),
            Place::Local => "local".to_owned(),
            Place::Embedded => "embedded".to_owned(),
            Place::EmbeddedDenying => "embedded(denying)".to_owned(),
            Place::Missing(kind) => format!("{kind}(not at hand)"),
        }
    }
}

/// A broker that runs for as long as the tests.
pub struct TestBroker {
    /// The source of the broker.
    pub place: Place,
    /// The broker, as the library found it.
    pub broker: Broker,
    /// True if it refuses queues that are neither durable nor exclusive.
    pub denies_transient: bool,
}

impl TestBroker {
    /// Returns the names of its vhosts that checks made.
    pub fn vhosts(&self) -> Vec<String> {
        let management = self.broker.management.clone().expect("test brokers have the management plugin on");
        let mut vhosts = runtime().block_on(management.vhosts()).expect("the management API lists vhosts");
        vhosts.retain(|name| name.starts_with("hello-rabbit-"));
        vhosts
    }
}

/// A broker, or the reason why there is none; empty until it is first needed.
type Slot = Arc<OnceLock<Result<Arc<TestBroker>, String>>>;

/// The brokers that were started, each when it was first needed.
#[derive(Default)]
pub struct InUse {
    brokers: Mutex<HashMap<Place, Slot>>,
    runs: Mutex<Vec<Run>>,
}

impl InUse {
    /// Returns the broker of this place, and starts it if needed.
    pub fn broker(&self, place: &Place) -> Result<Arc<TestBroker>, Failed> {
        let slot = lock(&self.brokers).entry(place.clone()).or_default().clone();
        slot.get_or_init(|| self.start(place)).clone().map_err(Failed::from)
    }

    fn start(&self, place: &Place) -> Result<Arc<TestBroker>, String> {
        let (choice, image) = match place {
            Place::Docker(image) => (BrokerChoice::Docker, Some(image.clone())),
            Place::Local => (BrokerChoice::Local, None),
            Place::Embedded => return self.start_embedded(place, &[]),
            Place::EmbeddedDenying => {
                return self.start_embedded(place, &[DeprecatedFeature::TransientNonexclQueues]);
            }
            Place::Missing(kind) => {
                return Err(format!("no broker of the kind {kind} is at hand, and CI must have one"));
            }
        };
        let run = Run::begin().map_err(|error| error.to_string())?;
        let broker = runtime().block_on(Broker::find(&BrokerArgs { broker: choice, image }, &run));
        lock(&self.runs).push(run);
        let broker = broker.map_err(|reason| format!("{} {}", reason.message, reason.hints.join(" · ")))?;
        test_broker(place, broker)
    }

    fn start_embedded(&self, place: &Place, denied: &[DeprecatedFeature]) -> Result<Arc<TestBroker>, String> {
        let run = Run::begin().map_err(|error| error.to_string())?;
        let port = ports::free_pair().map_err(|error| error.to_string())?;
        let log = run.folder().join("embedded.log");
        let program = embedded::Program { mark: cleanup::broker_mark(run.id()), port, log };
        let arguments = EmbeddedArgs { denied: denied.to_vec(), ..EmbeddedArgs::default() };
        let broker = runtime().block_on(program.start(&arguments));
        lock(&self.runs).push(run);
        let broker = broker.map_err(|reason| format!("{} {}", reason.message, reason.hints.join(" · ")))?;
        test_broker(place, broker)
    }

    /// Ends all brokers.
    pub fn end(&self) {
        for run in lock(&self.runs).drain(..) {
            for problem in runtime().block_on(run.end()) {
                eprintln!("warning: {problem}");
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn test_broker(place: &Place, broker: Broker) -> Result<Arc<TestBroker>, String> {
    let transient = async {
        let name = "is-it-accepted";
        let declare = Declare { queue: name.into(), ..Declare::default() };
        let accepted = client::is_accepted(&broker.address, declare).await?;
        if accepted {
            client::delete_queue(&broker.address, name).await?;
        }
        Ok::<_, client::Error>(accepted)
    };
    let denies_transient = !runtime().block_on(transient).map_err(|error| error.to_string())?;
    if denies_transient != place.denies_transient() {
        return Err(format!("{} should refuse transient queues, or accept them, as its name says", place.name()));
    }
    Ok(Arc::new(TestBroker { place: place.clone(), broker, denies_transient }))
}

/// Opens a way to this vhost that bypasses the management API: a tap whose record is not read. A client that asks for the vhost
/// `/` there gets this vhost.
pub async fn forward(address: &Address) -> Tap {
    let tap = Tap::open(address, None, LiveRun::default(), tokio::time::Instant::now(), None, Bounds::default()).await;
    tap.unwrap_or_else(|reason| panic!("{}", reason.message))
}

/// Returns the one runtime for the tests' async code.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("tokio starts"))
}
