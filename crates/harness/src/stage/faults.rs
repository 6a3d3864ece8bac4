//! Faults on demand: a scene makes the broker refuse, return or lose published messages.
//!
//! The embedded broker does all of it, in this process or as the one that `broker up` started. RabbitMQ refuses messages by a
//! policy on full queues, if its management API lets us set one.

pub use broker::{Injection, PublishFault};
use recording::NotChecked;
use serde_json::{Value, json};

use super::{Stage, failed_us};
use crate::brokers::management::{Management, ManagementError, encode};

/// The name of the policy that makes queues refuse messages.
const POLICY: &str = "hello-rabbit";

/// The faults that a broker has on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDemand {
    /// All of [`PublishFault`].
    All,
    /// A full queue refuses messages: [`Stage::limit_queues`].
    FullQueues,
    /// None.
    Nothing,
}

impl Stage<'_> {
    /// Returns the faults that the broker has on demand.
    pub async fn on_demand(&self) -> OnDemand {
        if self.broker.server.is_some() {
            return OnDemand::All;
        }
        match &self.broker.management {
            Some(management) if management.is_embedded().await => OnDemand::All,
            Some(_) => OnDemand::FullQueues,
            None => OnDemand::Nothing,
        }
    }

    /// Injects these faults into publishing, and ends all earlier ones. Only for a broker with [`OnDemand::All`].
    ///
    /// # Errors
    ///
    /// The reason, if the broker refuses.
    pub async fn inject(&self, faults: &[Injection]) -> Result<(), NotChecked> {
        let end = |fault| Injection { fault, after: 0, count: 0 };
        let ended = [
            PublishFault::Nack,
            PublishFault::Return,
            PublishFault::DelayConfirm(0),
            PublishFault::CloseChannel,
            PublishFault::Cut,
        ];
        for injection in ended.into_iter().map(end).chain(faults.iter().copied()) {
            match (&self.broker.server, &self.broker.management) {
                (Some(server), _) => {
                    server.with(|broker| broker.inject(&self.address.vhost, injection));
                }
                (None, Some(management)) => put(management, &self.address.vhost, injection).await.map_err(failed)?,
                (None, None) => return Err(failed_us("it has no management API")),
            }
        }
        Ok(())
    }

    /// Makes each queue refuse further messages when it has this many, as a full queue does. Only for a broker with
    /// [`OnDemand::FullQueues`].
    ///
    /// # Errors
    ///
    /// The reason, if the broker refuses.
    pub async fn limit_queues(&self, messages: u32) -> Result<(), NotChecked> {
        let Some(management) = &self.broker.management else { return Err(failed_us("it has no management API")) };
        let definition = json!({ "max-length": messages, "overflow": "reject-publish" });
        let policy = json!({ "pattern": ".*", "definition": definition, "apply-to": "queues", "priority": 0 });
        let path = format!("/api/policies/{}/{POLICY}", encode(&self.address.vhost));
        management.call("PUT", &path, Some(policy.to_string()), None, "set a policy").await.map(drop).map_err(failed)
    }

    /// Ends what [`Stage::limit_queues`] began.
    ///
    /// # Errors
    ///
    /// The reason, if the broker refuses.
    pub async fn unlimit_queues(&self) -> Result<(), NotChecked> {
        let Some(management) = &self.broker.management else { return Ok(()) };
        let path = format!("/api/policies/{}/{POLICY}", encode(&self.address.vhost));
        match management.call("DELETE", &path, None, None, "delete a policy").await {
            Ok(_) | Err(ManagementError::Refused { status: 404, .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

fn failed(error: ManagementError) -> NotChecked {
    failed_us(&error.to_string())
}

/// Returns an injection as the embedded broker's management API takes it.
pub(crate) fn asked(injection: Injection) -> Value {
    let (fault, ms) = match injection.fault {
        PublishFault::Nack => ("nack", 0),
        PublishFault::Return => ("return", 0),
        PublishFault::DelayConfirm(ms) => ("confirm-delay", ms),
        PublishFault::CloseChannel => ("close-channel", 0),
        PublishFault::Cut => ("cut", 0),
    };
    json!({ "fault": fault, "ms": ms, "after": injection.after, "count": injection.count })
}

async fn put(management: &Management, vhost: &str, injection: Injection) -> Result<(), ManagementError> {
    let asked = asked(injection);
    let path = format!("/api/hello-rabbit/publishes/{}", encode(vhost));
    management.call("PUT", &path, Some(asked.to_string()), None, "inject a fault").await.map(drop)
}
