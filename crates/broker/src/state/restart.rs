//! A restart, and what survives it.
//!
//! A broker that is stopped and started again has what it wrote to the disk: durable exchanges and queues, the bindings
//! between them, and the persistent messages in durable queues. The rest is gone, and so are all connections. This broker
//! has no disk, so it drops everything that a disk would not have.

use std::{collections::BTreeSet, sync::Arc};

use crate::state::{Broker, ConnectionId, connection::Phase, queue::QueueId};

impl Broker {
    /// Imitates a stop and a start: all connections are closed with 320, and afterwards the broker has what RabbitMQ would
    /// have on its disk. Vhosts and accounts stay.
    pub fn restart(&mut self) {
        // Deliveries are deferred, because all consumers are about to be removed.
        self.deferred = Some(BTreeSet::new());
        self.shut_down();
        let there = self.connections.iter().filter(|(_, connection)| connection.phase != Phase::Closed);
        let there: Vec<ConnectionId> = there.map(|(id, _)| *id).collect();
        for id in there {
            self.hang_up(id);
        }
        self.move_dead_letters();
        self.deferred = None;
        let lost: Vec<QueueId> = self.queues.iter().filter(|(_, queue)| !queue.durable).map(|(id, _)| *id).collect();
        for id in lost {
            self.remove_queue(id);
        }
        for (vhost, exchange) in self.transient_exchanges() {
            self.remove_exchange(&vhost, &exchange);
        }
        let left: Vec<QueueId> = self.queues.keys().copied().collect();
        for id in left {
            if let Some(queue) = self.queues.get_mut(&id) {
                queue.forget_transient();
            }
            self.set_alarm(id);
        }
        self.raised.clear();
        self.refuse_logins = 0;
        self.forget_injections();
    }

    fn transient_exchanges(&self) -> Vec<(Arc<str>, String)> {
        let of = |(name, vhost): (&Arc<str>, &super::Vhost)| {
            let transient = vhost.exchanges.iter().filter(|(_, exchange)| !exchange.durable);
            transient.map(|(exchange, _)| (name.clone(), exchange.clone())).collect::<Vec<_>>()
        };
        self.vhosts.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use wire::protocol::basic::AMQPProperties;

    use crate::state::{Broker, Config};

    #[test]
    fn a_broker_that_was_restarted_is_in_order() {
        let mut broker = Broker::new(Config::default()).expect("no patterns, so none that is wrong");
        let id = broker.connected(0, "127.0.0.1:5000".to_owned());
        let persistent = AMQPProperties::default().with_delivery_mode(2);
        broker.publish_from_outside("/", "amq.fanout", "", &persistent, "x".into());
        broker.restart();
        broker.effects();
        broker.check_invariants();
        broker.lost(1, id);
        broker.restart();
        broker.effects();
        broker.check_invariants();
    }
}
