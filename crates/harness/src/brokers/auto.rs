//! `--broker auto`: the best available broker, and never one that has to be downloaded first. Without a RabbitMQ, it is the kit's
//! own broker.

use cli::BrokerArgs;
use recording::NotChecked;

use crate::{
    activity::say,
    brokers::{Broker, docker, embedded, local, warm},
    cleanup::Run,
};

/// The source that `auto` chooses.
enum Rung {
    Url(String),
    Warm(Box<warm::Warm>),
    Docker,
    Local,
    Embedded,
}

async fn rung(args: &BrokerArgs) -> Rung {
    if let Some(url) = std::env::var("AMQP_URL").ok().filter(|url| !url.is_empty()) {
        return Rung::Url(url);
    }
    if let Some(warm) = warm::recorded() {
        return Rung::Warm(Box::new(warm));
    }
    if docker::image_at_hand(args.image.as_deref()).await.is_some() {
        return Rung::Docker;
    }
    if local::server().is_some() { Rung::Local } else { Rung::Embedded }
}

/// Returns whether `auto` would use a container.
pub(super) async fn leads_to_docker(args: &BrokerArgs) -> bool {
    matches!(rung(args).await, Rung::Docker)
}

/// Returns the first of: `AMQP_URL`, the broker that is kept running, Docker with an image, an installed RabbitMQ, the embedded
/// broker.
pub(super) async fn find(args: &BrokerArgs, run: &Run) -> Result<Broker, NotChecked> {
    match rung(args).await {
        Rung::Url(url) => Broker::at(&url, "in AMQP_URL").await,
        Rung::Warm(warm) => warm.broker().await,
        Rung::Docker => docker::start(args.image.as_deref(), run).await,
        Rung::Local => local::start(run).await,
        Rung::Embedded => {
            say(&docker::real_thing());
            embedded::start().await
        }
    }
}
