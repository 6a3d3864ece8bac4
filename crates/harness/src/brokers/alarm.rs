//! Resource alarms: while one is on, a broker accepts no messages from programs or from the checker.
//!
//! A broker sends `connection.blocked` to a connection that publishes. To find out whether an alarm is on, the checker therefore
//! publishes: on a connection made for it, to a queue that does not exist.

use recording::NotChecked;
use std::time::Duration;

use tokio::{sync::watch, time::timeout};
use wire::protocol::basic::AMQPProperties;

use crate::brokers::{
    address::Address,
    client::{Connection, Error},
};

/// The time limit for a broker to answer, or to block the connection.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// The shortest alarm that counts.
pub const GRACE: Duration = Duration::from_millis(500);

/// The resource that a broker is short of, as in its `connection.blocked`: `low on memory`, `low on disk & memory`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    reason: String,
}

impl Alarm {
    /// Returns the alarm with this reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Alarm {
        Alarm { reason: reason.into() }
    }

    /// Returns the alarm that is on at this broker, if any. None also when the broker does not answer in time, or refuses the
    /// message.
    ///
    /// # Errors
    ///
    /// When the broker can't be reached.
    pub async fn at(address: &Address) -> Result<Option<Alarm>, Error> {
        let connection = Connection::open(address).await?;
        let mut alarms = Alarms::of(&connection);
        let found = timeout(PROBE_TIMEOUT, async {
            tokio::select! {
                alarm = alarms.next() => return Some(alarm),
                () = publish(&connection) => {}
            }
            // The broker may answer what was already on its way.
            if alarms.on().is_some() { Some(alarms.next().await) } else { None }
        });
        let found = found.await.ok().flatten();
        if found.is_none() {
            // A failure here means nothing for alarms.
            let _ = connection.close().await;
        }
        Ok(found)
    }

    /// Returns the resources in a word or two: `memory`, `disk and memory`.
    #[must_use]
    pub fn resources(&self) -> String {
        let resources = self.reason.strip_prefix("low on ").unwrap_or(&self.reason);
        wire::words::harmless(&resources.replace(" & ", " and "))
    }

    /// Returns the remedies, a line each. `embedded` is true for the kit's own broker.
    #[must_use]
    pub fn remedies(&self, embedded: bool) -> Vec<String> {
        if embedded {
            return vec![
                "Clear it: cargo xtask broker alarm clear".to_owned(),
                "Empty the queue that fills the memory, if the alarm comes back: cargo xtask broker purge QUEUE"
                    .to_owned(),
            ];
        }
        let all = [
            ("memory", "Let consumers empty the queues, or raise the limit: https://www.rabbitmq.com/docs/memory"),
            ("disk", "Free disk space where the broker runs: https://www.rabbitmq.com/docs/disk-alarms"),
        ];
        let fitting = all.iter().filter(|(resource, _)| self.reason.contains(resource));
        let mut remedies: Vec<String> = fitting.map(|(_, remedy)| (*remedy).to_owned()).collect();
        if remedies.is_empty() {
            remedies.push("Look up the alarm: https://www.rabbitmq.com/docs/alarms".to_owned());
        }
        remedies
    }

    /// Returns the reason why a check on such a broker has no verdict.
    #[must_use]
    pub fn not_checked(&self, embedded: bool) -> NotChecked {
        let mut hints = self.remedies(embedded);
        hints.push("Or check on the embedded broker: --broker embedded".to_owned());
        NotChecked {
            message: format!(
                "The broker is low on {}. While this alarm is on, it accepts no messages.",
                self.resources()
            ),
            hints,
        }
    }
}

/// Publishes a message that no queue gets, and waits for the broker's next answer, which does not come during an alarm.
async fn publish(connection: &Connection) {
    let published = async {
        let mut channel = connection.channel().await?;
        let key = format!("hello-rabbit-{:08x}", fastrand::u32(..));
        channel.publish("", &key, AMQPProperties::default(), b"");
        channel.close().await
    };
    // A broker that refuses it accepts messages from others.
    let _: Result<(), Error> = published.await;
}

/// The alarms that a broker announces on one connection of the checker.
pub struct Alarms {
    blocked: watch::Receiver<Option<String>>,
}

impl Alarms {
    /// Returns the alarms that this connection receives, beginning with one that is on.
    #[must_use]
    pub fn of(connection: &Connection) -> Alarms {
        let mut blocked = connection.blocked();
        blocked.mark_changed();
        Alarms { blocked }
    }

    /// Waits for an alarm that stays on. The future can be dropped without a loss.
    pub async fn next(&mut self) -> Alarm {
        loop {
            let Some(reason) = self.on() else {
                self.change().await;
                continue;
            };
            let ended = async {
                while self.on().is_some() {
                    self.change().await
                }
            };
            if timeout(GRACE, ended).await.is_err() {
                return Alarm::new(reason);
            }
        }
    }

    /// Returns the reason why the broker blocks the connection, if it does.
    #[must_use]
    pub fn on(&self) -> Option<String> {
        self.blocked.borrow().clone()
    }

    /// Waits until the broker blocks the connection, or no longer blocks it. It waits for ever once the connection is gone.
    pub async fn change(&mut self) {
        if self.blocked.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brokers::embedded;

    #[tokio::test]
    async fn an_alarm_is_found_by_its_reason_and_gone_when_it_is_cleared() {
        let broker = embedded::start().await.unwrap();
        let server = broker.server.as_ref().unwrap();
        assert_eq!(Alarm::at(&broker.address).await.unwrap(), None);
        server.with(|broker| broker.raise(broker::Alarm::Memory));
        server.with(|broker| broker.raise(broker::Alarm::Disk));
        let alarm = Alarm::at(&broker.address).await.unwrap().unwrap();
        assert_eq!(alarm.resources(), "memory and disk");
        server.with(|broker| broker.clear(broker::Alarm::Memory));
        server.with(|broker| broker.clear(broker::Alarm::Disk));
        assert_eq!(Alarm::at(&broker.address).await.unwrap(), None);
    }

    #[test]
    fn each_alarm_has_its_way_out() {
        let text = |reason: &str, embedded: bool| {
            let NotChecked { message, hints } = Alarm::new(reason).not_checked(embedded);
            format!("{message}\n{}", hints.join("\n"))
        };
        insta::assert_snapshot!(text("low on memory", true), @r"
        The broker is low on memory. While this alarm is on, it accepts no messages.
        Clear it: cargo xtask broker alarm clear
        Empty the queue that fills the memory, if the alarm comes back: cargo xtask broker purge QUEUE
        Or check on the embedded broker: --broker embedded
        ");
        insta::assert_snapshot!(text("low on disk & memory", false), @r"
        The broker is low on disk and memory. While this alarm is on, it accepts no messages.
        Let consumers empty the queues, or raise the limit: https://www.rabbitmq.com/docs/memory
        Free disk space where the broker runs: https://www.rabbitmq.com/docs/disk-alarms
        Or check on the embedded broker: --broker embedded
        ");
        insta::assert_snapshot!(text("low on file handles", false), @r"
        The broker is low on file handles. While this alarm is on, it accepts no messages.
        Look up the alarm: https://www.rabbitmq.com/docs/alarms
        Or check on the embedded broker: --broker embedded
        ");
    }
}
