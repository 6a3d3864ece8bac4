//! Resource alarms: while one is on, a broker takes no messages, from programs or from the checker.
//!
//! A broker says so with `connection.blocked`, to a connection that publishes. So whether an alarm is on is found out by
//! publishing: on a connection made for it, to a queue that does not exist.

use recording::NotChecked;
use std::{pin::Pin, time::Duration};

use futures_lite::{Stream, StreamExt};
use lapin::{BasicProperties, Connection, ConnectionProperties, Error, Event, options::BasicPublishOptions};
use tokio::time::timeout;

use crate::brokers::address::Address;

/// How long a broker may take to answer, or to say that it is blocked.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// An alarm that ends sooner than this is none.
pub const GRACE: Duration = Duration::from_millis(500);

/// The resource that a broker is short of, as its `connection.blocked` says it: `low on memory`, `low on disk & memory`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    reason: String,
}

impl Alarm {
    /// The alarm with this reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Alarm {
        Alarm { reason: reason.into() }
    }

    /// The alarm that is on at this broker, if any. None, too, where the broker does not answer in time, or
    /// refuses the message.
    ///
    /// # Errors
    ///
    /// When the broker can't be reached.
    pub async fn at(address: &Address) -> Result<Option<Alarm>, Error> {
        let connection = Connection::connect(&address.url(), ConnectionProperties::default()).await?;
        let mut alarms = Alarms::of(&connection);
        let found = timeout(PROBE_TIMEOUT, async {
            tokio::select! {
                alarm = alarms.next() => return Some(alarm),
                () = publish(&connection) => {}
            }
            // What was on its way already may be answered.
            if connection.status().blocked() { Some(alarms.next().await) } else { None }
        });
        let found = found.await.ok().flatten();
        if found.is_none() {
            // What could fail here says nothing about alarms.
            let _ = connection.close(200, "OK".into()).await;
        }
        Ok(found)
    }

    /// In a word or two: `memory`, `disk and memory`.
    #[must_use]
    pub fn resources(&self) -> String {
        let resources = self.reason.strip_prefix("low on ").unwrap_or(&self.reason);
        wire::words::harmless(&resources.replace(" & ", " and "))
    }

    /// What to do about it, a line each. `embedded` is whether it is the kit's own broker.
    #[must_use]
    pub fn remedies(&self, embedded: bool) -> Vec<String> {
        if embedded {
            return vec![
                "Clear it: cargo xtask broker alarm clear".to_owned(),
                "If it comes back, messages fill the memory: empty their queue with cargo xtask broker purge QUEUE"
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

    /// The reason why a check at such a broker says nothing.
    #[must_use]
    pub fn not_checked(&self, embedded: bool) -> NotChecked {
        let mut hints = self.remedies(embedded);
        hints.push("Or check on a broker of its own: --broker embedded".to_owned());
        NotChecked {
            message: format!(
                "The broker is low on {}. While this alarm is on, it takes no messages.",
                self.resources()
            ),
            hints,
        }
    }
}

/// Publishes a message that no queue gets, and waits for the broker's next answer: it gives none where it is blocked.
async fn publish(connection: &Connection) {
    let published = async {
        let channel = connection.create_channel().await?;
        let key = format!("hello-rabbit-{:08x}", fastrand::u32(..));
        let options = BasicPublishOptions::default();
        channel.basic_publish("".into(), key.into(), options, b"", BasicProperties::default()).await?;
        channel.close(200, "OK".into()).await
    };
    // A broker that refuses it takes messages from others.
    let _: Result<(), Error> = published.await;
}

/// What a broker says to one connection of ours about alarms.
pub struct Alarms {
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
    on: Option<String>,
}

impl Alarms {
    /// Those that this connection hears of from now on.
    #[must_use]
    pub fn of(connection: &Connection) -> Alarms {
        Alarms { events: Box::pin(connection.events_listener()), on: None }
    }

    /// Waits for an alarm that stays on. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Alarm {
        loop {
            let Some(reason) = self.on.clone() else {
                self.change().await;
                continue;
            };
            let ended = async {
                while self.on.is_some() {
                    self.change().await
                }
            };
            if timeout(GRACE, ended).await.is_err() {
                return Alarm::new(reason);
            }
        }
    }

    /// Why the broker blocks the connection, as far as is known.
    #[must_use]
    pub fn on(&self) -> Option<&str> {
        self.on.as_deref()
    }

    /// Waits for the next thing that the broker says on the connection, and keeps up with it.
    pub async fn change(&mut self) {
        match self.events.next().await {
            Some(Event::ConnectionBlocked(reason)) => self.on = Some(reason),
            Some(Event::ConnectionUnblocked) => self.on = None,
            Some(_) => {}
            None => std::future::pending().await,
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
        The broker is low on memory. While this alarm is on, it takes no messages.
        Clear it: cargo xtask broker alarm clear
        If it comes back, messages fill the memory: empty their queue with cargo xtask broker purge QUEUE
        Or check on a broker of its own: --broker embedded
        ");
        insta::assert_snapshot!(text("low on disk & memory", false), @r"
        The broker is low on disk and memory. While this alarm is on, it takes no messages.
        Let consumers empty the queues, or raise the limit: https://www.rabbitmq.com/docs/memory
        Free disk space where the broker runs: https://www.rabbitmq.com/docs/disk-alarms
        Or check on a broker of its own: --broker embedded
        ");
        insta::assert_snapshot!(text("low on file handles", false), @r"
        The broker is low on file handles. While this alarm is on, it takes no messages.
        Look up the alarm: https://www.rabbitmq.com/docs/alarms
        Or check on a broker of its own: --broker embedded
        ");
    }
}
