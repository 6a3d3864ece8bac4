//! Connections that the broker blocks during a scene.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use wire::{Event, Method, What, protocol::basic};

use super::lock;
use crate::brokers::alarm::{Alarm, Alarms, GRACE};
use crate::live::{LiveRun, until};

/// The number of published messages above which a program floods the broker, and causes an alarm itself.
const FLOOD: usize = 100;

/// The connections of one check that the broker blocks, because of an alarm.
#[derive(Clone, Debug)]
pub struct Blocked {
    changed: watch::Sender<u64>,
    programs: Arc<Mutex<Vec<LiveRun>>>,
    client: Arc<Mutex<Option<String>>>,
}

impl Blocked {
    /// Returns one without connections. `changed` changes with every event.
    pub(super) fn new(changed: watch::Sender<u64>) -> Blocked {
        Blocked { changed, programs: Arc::default(), client: Arc::default() }
    }

    /// Includes this program's connections from now on.
    pub(super) fn watch(&self, seen: LiveRun) {
        lock(&self.programs).push(seen);
    }

    /// Watches for alarms on the checker's own connection, for ever.
    pub(super) async fn listen(self, mut alarms: Alarms) {
        loop {
            alarms.change().await;
            *lock(&self.client) = alarms.on();
            self.changed.send_modify(|version| *version += 1);
        }
    }

    /// Waits for an alarm that stays on.
    pub async fn alarm(&self) -> Alarm {
        loop {
            until(&self.changed, far_away(), || self.now().is_some()).await;
            let Some(alarm) = self.now() else { continue };
            if !until(&self.changed, Instant::now() + GRACE, || self.now().is_none()).await {
                return alarm;
            }
        }
    }

    /// Returns the alarm that blocks a connection now. None if a program floods the broker.
    #[must_use]
    pub fn now(&self) -> Option<Alarm> {
        let of_a_program = |seen: &LiveRun| seen.look(|seen| seen.blocked.values().next().cloned());
        let reason = lock(&self.programs).iter().find_map(of_a_program).or_else(|| lock(&self.client).clone())?;
        (!self.is_flood()).then(|| Alarm::new(reason))
    }

    /// Returns whether a program floods the broker.
    pub(super) fn is_flood(&self) -> bool {
        let floods = |seen: &LiveRun| {
            seen.look(|seen| seen.events.iter().filter(|event| is_publish(event)).nth(FLOOD).is_some())
        };
        lock(&self.programs).iter().any(floods)
    }
}

fn is_publish(event: &Event) -> bool {
    matches!(&event.what, What::Method { method: Method::Basic(basic::AMQPMethod::Publish(_)), .. })
}

/// Returns a deadline for a wait without one: another deadline comes earlier.
fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use wire::{Content, Peer};

    use super::*;

    fn published(count: usize) -> LiveRun {
        let method = Method::Basic(basic::AMQPMethod::Publish(basic::Publish::default()));
        let what = What::Method { channel: 1, method, content: Some(Box::new(Content::default())) };
        let event = Event { at: Duration::ZERO, order: 0, connection: 1, from: Peer::Program, what };
        let seen = LiveRun::default();
        seen.add(|seen| {
            seen.events = vec![event; count];
            seen.blocked.insert(1, "low on memory".to_owned());
        });
        seen
    }

    #[test]
    fn an_alarm_counts_unless_a_program_floods_the_broker() {
        for (count, counts) in [(1, true), (FLOOD, true), (FLOOD + 1, false)] {
            let programs = Arc::new(Mutex::new(vec![LiveRun::default(), published(count)]));
            let blocked = Blocked { programs, ..Blocked::new(watch::Sender::new(0)) };
            assert_eq!(blocked.now().is_some(), counts, "after {count} messages");
        }
    }

    #[tokio::test]
    async fn an_alarm_that_ends_at_once_is_none() {
        let changed = watch::Sender::new(0);
        let blocked = Blocked::new(changed.clone());
        *lock(&blocked.client) = Some("low on disk".to_owned());
        let (alarm, ()) = tokio::join!(tokio::time::timeout(GRACE * 3, blocked.alarm()), async {
            tokio::task::yield_now().await;
            *lock(&blocked.client) = None;
            changed.send_modify(|version| *version += 1);
        });
        assert!(alarm.is_err(), "{alarm:?}");
        *lock(&blocked.client) = Some("low on disk".to_owned());
        changed.send_modify(|version| *version += 1);
        assert_eq!(blocked.alarm().await, Alarm::new("low on disk"));
    }
}
