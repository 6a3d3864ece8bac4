//! `--broker auto`: the best available broker, and never one that has to be downloaded first. Without a RabbitMQ, it is the kit's
//! own broker.

use cli::BrokerArgs;
use recording::NotChecked;

use crate::{
    activity::say,
    brokers::{Broker, Needs, docker, embedded, local, persistent},
    cleanup::Run,
};

/// The source that `auto` chooses.
enum Source {
    Url(String),
    Persistent(Box<persistent::PersistentBroker>),
    Docker,
    Local,
    Embedded,
}

/// Returns `AMQP_URL`, if it is set.
pub(super) fn url() -> Option<String> {
    std::env::var("AMQP_URL").ok().filter(|url| !url.is_empty())
}

async fn source(args: &BrokerArgs) -> Source {
    if let Some(url) = url() {
        return Source::Url(url);
    }
    if let Some(broker) = persistent::recorded() {
        return Source::Persistent(Box::new(broker));
    }
    if docker::image_at_hand(args.image.as_deref()).await.is_some() {
        return Source::Docker;
    }
    if local::server().is_some() { Source::Local } else { Source::Embedded }
}

/// Returns the parts that the source needs.
pub(super) async fn needs(args: &BrokerArgs) -> Needs {
    match source(args).await {
        Source::Docker => Needs::Docker,
        Source::Url(_) | Source::Persistent(_) | Source::Local => Needs::Management,
        Source::Embedded => Needs::Nothing,
    }
}

/// Returns the first of: `AMQP_URL`, the broker that is kept running, Docker with an image, an installed RabbitMQ, the embedded
/// broker.
pub(super) async fn find(args: &BrokerArgs, run: &Run) -> Result<Broker, NotChecked> {
    match source(args).await {
        Source::Url(url) => Broker::at(&url, "in AMQP_URL").await,
        Source::Persistent(broker) => broker.broker().await,
        Source::Docker => docker::start(args.image.as_deref(), run).await,
        Source::Local => local::start(run).await,
        Source::Embedded => {
            say(&docker::real_thing());
            embedded::start().await
        }
    }
}
