//! Alarms: publishers are blocked because messages take too much memory, or because an operator raised an alarm
//! ([RabbitMQ's](https://www.rabbitmq.com/docs/alarms)).

use std::collections::BTreeSet;

use wire::{
    protocol::connection::{self, AMQPMethod},
    types::ShortString,
};

use crate::state::{Broker, ConnectionId, Effect, channel::At};

/// A reason to block publishers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// Messages take more memory than the limit.
    Memory,
    /// The disk is nearly full. This broker writes nothing to disk, so only an operator raises it.
    Disk,
}

impl Alarm {
    /// Returns the reason in the words of `connection.blocked`.
    #[must_use]
    pub fn reason(self) -> String {
        format!("low on {}", self.what())
    }

    fn what(self) -> &'static str {
        match self {
            Alarm::Memory => "memory",
            Alarm::Disk => "disk",
        }
    }
}

impl Broker {
    /// Returns the active alarms: those that an operator raised, and the memory alarm if messages take too much.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let by_messages = self.memory_is_low.then_some(Alarm::Memory);
        self.raised.iter().copied().chain(by_messages).collect::<BTreeSet<Alarm>>().into_iter().collect()
    }

    /// Raises an alarm: publishing connections are blocked, and receive `connection.blocked` if they support it.
    pub fn raise(&mut self, alarm: Alarm) {
        if self.raised.insert(alarm) {
            self.note(|_| format!("alarm set: {}; publishers are blocked", alarm.reason()));
            self.heed_alarms();
        }
    }

    /// Ends an alarm that an operator raised. The broker's own memory alarm ends when messages take less memory.
    pub fn clear(&mut self, alarm: Alarm) {
        if self.raised.remove(&alarm) {
            self.note(|_| format!("alarm cleared: {}", alarm.reason()));
            self.heed_alarms();
        }
    }

    /// Blocks publishing connections while an alarm is active, and unblocks them otherwise.
    fn heed_alarms(&mut self) {
        if self.alarms().is_empty() {
            let blocked = self.running(|connection| connection.blocked);
            blocked.into_iter().for_each(|id| self.unblock(id));
        } else {
            self.running(|connection| connection.publishes).into_iter().for_each(|id| self.block(id));
        }
    }

    /// Marks a connection as a publisher, so that alarms block it from now on.
    pub(crate) fn note_publisher(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.publishes = true;
        if self.memory_is_low || !self.raised.is_empty() {
            self.block(id);
        }
    }

    fn block(&mut self, id: ConnectionId) {
        let what: Vec<&str> = self.alarms().iter().map(|alarm| alarm.what()).collect();
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if std::mem::replace(&mut connection.blocked, true) {
            return;
        }
        let understands = connection.client.blocked;
        self.emit(id, Effect::Hold);
        if understands {
            let reason = ShortString::from(format!("low on {}", what.join(" & ")));
            let blocked = AMQPMethod::Blocked(connection::Blocked { reason });
            self.send(At { connection: id, channel: 0 }, blocked);
        }
    }

    fn unblock(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.blocked = false;
        let understands = connection.client.blocked;
        self.emit(id, Effect::Resume);
        if understands {
            let unblocked = AMQPMethod::Unblocked(connection::Unblocked {});
            self.send(At { connection: id, channel: 0 }, unblocked);
        }
    }

    /// Raises the memory alarm when messages take too much memory, and ends it when there is room again.
    pub(crate) fn watch_memory(&mut self) {
        let (bytes, most) = (self.gauge.bytes(), self.limits.memory);
        let is_low = if self.memory_is_low { bytes >= most / 10 * 9 } else { bytes > most };
        if is_low != self.memory_is_low {
            self.memory_is_low = is_low;
            self.note(|_| {
                let what = if is_low { "set: low on memory; publishers are blocked" } else { "cleared: low on memory" };
                format!("alarm {what}")
            });
            self.heed_alarms();
        }
    }
}
