//! `--broker auto`: the best broker at hand, and never one that has to be downloaded first.

use cli::BrokerArgs;

use crate::{
    brokers::{Broker, docker, local, warm},
    owner::Run,
    verdict::Reason,
};

/// What `auto` comes to.
enum Rung {
    Url(String),
    Warm(Box<warm::Warm>),
    Docker,
    Local,
    Nothing,
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
    if local::server().is_some() { Rung::Local } else { Rung::Nothing }
}

/// Whether `auto` would use a container.
pub(super) async fn leads_to_docker(args: &BrokerArgs) -> bool {
    matches!(rung(args).await, Rung::Docker)
}

/// The first of: `AMQP_URL`, the broker kept warm, Docker when an image is there, an installed RabbitMQ.
pub(super) async fn find(args: &BrokerArgs, run: &Run) -> Result<Broker, Reason> {
    match rung(args).await {
        Rung::Url(url) => Broker::at(&url, "in AMQP_URL").await,
        Rung::Warm(warm) => warm.broker().await,
        Rung::Docker => docker::start(args.image.as_deref(), run).await,
        Rung::Local => local::start(run).await,
        Rung::Nothing => Err(nothing()),
    }
}

/// Nowhere a broker: what to do.
fn nothing() -> Reason {
    Reason { message: "There is no broker here to check against.".to_owned(), hints: super::ways_to_get_one() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_broker_three_ways_to_get_one_are_named() {
        insta::assert_snapshot!(format!("{}\n{}", nothing().message, nothing().hints.join("\n")), @r"
        There is no broker here to check against.
        With Docker: docker pull rabbitmq:4.3.6-management, or build an image from Debian packages: docker/build-image 4.3
        Without: install RabbitMQ (Debian, Ubuntu: apt install rabbitmq-server · macOS: brew install rabbitmq)
        With a broker elsewhere: --broker amqp://user:password@host:5672/vhost
        ");
    }
}
