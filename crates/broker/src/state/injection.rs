//! Faults on demand: what happens to the next messages that clients publish in a vhost.
//!
//! A broker refuses, returns and loses messages on its own bad days. For a lesson and for a test, the day is chosen.

use crate::state::{
    Broker, Due, Millis,
    channel::{At, Mode},
};

/// A fault that is injected into publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishFault {
    /// No queue takes the message: in confirm mode, it is confirmed with `basic.nack`.
    Nack,
    /// No queue is found for the message: it is returned if it is mandatory, and confirmed with `basic.ack`.
    Return,
    /// The message is confirmed this much later. Confirms that are due at the same time go out together.
    DelayConfirm(Millis),
    /// The broker closes the channel instead of taking the message: 406.
    CloseChannel,
    /// The broker cuts the connection instead of taking the message.
    Cut,
}

/// A fault, and the messages that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection {
    /// The fault.
    pub fault: PublishFault,
    /// The number of messages before the first one that it is for.
    pub after: u64,
    /// The number of messages that it is for.
    pub count: u64,
}

/// A confirm that is sent later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    due: Millis,
    number: u64,
    taken: bool,
}

/// The faults for one message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) nack: bool,
    pub(crate) unroutable: bool,
    pub(crate) closes: bool,
    pub(crate) cuts: bool,
    pub(crate) delay: Option<Millis>,
}

impl Broker {
    /// Injects a fault into publishing in this vhost. Several can be active, also of one kind: of two delays, the one that was
    /// injected last counts. A count of 0, and a delay of 0, end all faults of that kind. Returns whether the vhost exists.
    pub fn inject(&mut self, vhost: &str, injection: Injection) -> bool {
        let Some(vhost) = self.vhosts.get_mut(vhost) else { return false };
        if injection.count == 0 || injection.fault == PublishFault::DelayConfirm(0) {
            let kind = std::mem::discriminant(&injection.fault);
            vhost.injections.retain(|other| std::mem::discriminant(&other.fault) != kind);
        } else {
            vhost.injections.push(injection);
        }
        true
    }

    /// Returns the faults for the next message in this vhost, and counts it.
    pub(crate) fn next_faults(&mut self, vhost: &str) -> Faults {
        let mut faults = Faults::default();
        let Some(vhost) = self.vhosts.get_mut(vhost).filter(|vhost| !vhost.injections.is_empty()) else {
            return faults;
        };
        for injection in &mut vhost.injections {
            if injection.after > 0 {
                injection.after -= 1;
                continue;
            }
            injection.count -= 1;
            match injection.fault {
                PublishFault::Nack => faults.nack = true,
                PublishFault::Return => faults.unroutable = true,
                PublishFault::DelayConfirm(delay) => faults.delay = Some(delay),
                PublishFault::CloseChannel => faults.closes = true,
                PublishFault::Cut => faults.cuts = true,
            }
        }
        vhost.injections.retain(|injection| injection.count > 0);
        faults
    }

    /// Ends all injected faults.
    pub(crate) fn forget_injections(&mut self) {
        self.vhosts.values_mut().for_each(|vhost| vhost.injections.clear());
    }

    /// Holds a confirm back, if its message was to be confirmed later, or another one before it is still held back. Returns
    /// whether it does.
    pub(crate) fn holds_confirm(&mut self, at: At, number: u64, taken: bool, delay: Option<Millis>) -> bool {
        let now = self.now;
        let Some(Mode::Confirm(confirms)) = self.channel_mut(at).map(|channel| &mut channel.mode) else { return false };
        let last = confirms.held.back().map(|held| held.due);
        let Some(due) = delay.map(|delay| now.saturating_add(delay)).max(last) else { return false };
        confirms.held.push_back(Held { due, number, taken });
        self.timers.insert((due, Due::Confirms(at)));
        true
    }

    /// Sends the confirms of a channel that are due: those that follow each other and are of one kind go out as one.
    pub(crate) fn send_held_confirms(&mut self, at: At) {
        let now = self.now;
        let Some(Mode::Confirm(confirms)) = self.channel_mut(at).map(|channel| &mut channel.mode) else { return };
        let due = confirms.held.partition_point(|held| held.due <= now);
        let due: Vec<Held> = confirms.held.drain(..due).collect();
        for alike in due.chunk_by(|one, other| one.taken == other.taken) {
            let (multiple, last) = (alike.len() > 1, alike[alike.len() - 1]);
            self.send_confirm(at, last.number, multiple, last.taken);
        }
    }
}
