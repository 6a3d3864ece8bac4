//! Settling deliveries: acknowledged, requeued, rejected (AMQP 0-9-1, sections 1.8.3.13 to 1.8.3.16 of the reference;
//! RabbitMQ's [negative acknowledgements](https://www.rabbitmq.com/docs/nack)).

use std::{collections::BTreeSet, sync::Arc};

use wire::protocol::basic::{self, AMQPMethod as Basic};

use crate::state::{
    Broker,
    channel::{At, Caller, Mode},
    dead_letter::Reason,
    queue::{Entry, QueueId},
    refusal::{Done, Refusal},
};

/// The number of times that a message may come back to a quorum queue without a limit of its own.
const DELIVERY_LIMIT: u64 = 20;

/// A delivery that is not settled yet.
#[derive(Debug)]
pub(crate) struct Unacked {
    pub(crate) queue: QueueId,
    pub(crate) entry: Entry,
    /// The consumer that received it; None for `basic.get`.
    pub(crate) consumer: Option<Arc<str>>,
}

/// A way to settle a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    /// Acknowledged.
    Ack,
    /// Back to the queue. `counts`: this counts against the delivery limit of a quorum queue. A rejected message counts,
    /// and so does one whose consumer went away, because the message may be the cause; a nacked one does not.
    Requeue { counts: bool },
    /// To the dead-letter exchange, or nowhere.
    Reject { counts: bool },
}

impl Broker {
    pub(crate) fn basic_method(&mut self, caller: &Caller, method: Basic) -> Done {
        match method {
            Basic::Consume(consume) => self.consume(caller, &consume),
            Basic::Cancel(cancel) => self.cancel(caller, &cancel),
            Basic::Get(get) => self.get(caller, &get),
            Basic::Qos(qos) => self.qos(caller, &qos),
            Basic::Ack(ack) => self.settle_deliveries(caller, ack.delivery_tag, ack.multiple, Settle::Ack),
            Basic::Nack(nack) => {
                let how =
                    if nack.requeue { Settle::Requeue { counts: false } } else { Settle::Reject { counts: false } };
                self.settle_deliveries(caller, nack.delivery_tag, nack.multiple, how)
            }
            Basic::Reject(reject) => {
                let how =
                    if reject.requeue { Settle::Requeue { counts: true } } else { Settle::Reject { counts: true } };
                self.settle_deliveries(caller, reject.delivery_tag, false, how)
            }
            Basic::Recover(recover) => self.recover(caller, recover.requeue, true),
            Basic::RecoverAsync(recover) => self.recover(caller, recover.requeue, false),
            _ => Err(caller.unexpected()),
        }
    }

    /// Sets the prefetch of later consumers. In RabbitMQ 4.3 `global` means the same.
    fn qos(&mut self, caller: &Caller, qos: &basic::Qos) -> Done {
        if let Some(channel) = self.channel_mut(caller.at) {
            channel.prefetch = qos.prefetch_count;
        }
        self.reply(caller, Basic::QosOk(basic::QosOk {}));
        Ok(())
    }

    fn settle_deliveries(&mut self, caller: &Caller, tag: u64, multiple: bool, how: Settle) -> Done {
        let Some(channel) = self.channel_mut(caller.at) else { return Ok(()) };
        let settled: Vec<(u64, Unacked)> = if !multiple {
            let unacked = channel.unacked.remove(&tag).ok_or_else(|| unknown(tag))?;
            vec![(tag, unacked)]
        } else if tag == 0 {
            std::mem::take(&mut channel.unacked).into_iter().collect()
        } else {
            // All deliveries up to this one, which must exist.
            if !channel.unacked.contains_key(&tag) {
                return Err(unknown(tag));
            }
            let later = channel.unacked.split_off(&(tag + 1));
            std::mem::replace(&mut channel.unacked, later).into_iter().collect()
        };
        if let Mode::Transaction(transaction) = &mut channel.mode {
            if !settled.is_empty() {
                transaction.settled.push((how, settled));
            }
            return Ok(());
        }
        self.carry_out(caller.at, how, settled.into_iter().map(|(_, unacked)| unacked).collect());
        Ok(())
    }

    /// Settles deliveries of a channel, and delivers more messages if possible.
    pub(crate) fn carry_out(&mut self, at: At, how: Settle, settled: Vec<Unacked>) {
        let mut touched = BTreeSet::new();
        for unacked in &settled {
            touched.insert(unacked.queue);
            let Some(queue) = self.queues.get_mut(&unacked.queue) else { continue };
            if let Some(tag) = &unacked.consumer
                && let Some(consumer) =
                    queue.consumers.iter_mut().find(|consumer| consumer.at == at && consumer.tag == *tag)
            {
                consumer.unacked = consumer.unacked.saturating_sub(1);
            }
        }
        match how {
            Settle::Ack => {
                for unacked in settled {
                    if let Some(queue) = self.queues.get_mut(&unacked.queue) {
                        queue.unacked = queue.unacked.saturating_sub(1);
                    }
                }
            }
            Settle::Requeue { counts } => self.requeue(settled, counts),
            Settle::Reject { counts } => {
                for Unacked { queue: id, entry, .. } in settled {
                    if let Some(queue) = self.queues.get_mut(&id) {
                        queue.unacked = queue.unacked.saturating_sub(1);
                        self.dead_letter(id, entry.message, Reason::Rejected, entry.failed || counts);
                    }
                }
            }
        }
        for queue in touched {
            self.deliver(queue);
        }
    }

    /// Returns deliveries to their old places in their queues, and delivers them again.
    pub(crate) fn requeue(&mut self, settled: Vec<Unacked>, counts: bool) {
        let mut touched = BTreeSet::new();
        let mut given_up = Vec::new();
        // The last one goes first: each then goes to the front of its queue, and no entry has to move.
        for Unacked { queue: id, mut entry, .. } in settled.into_iter().rev() {
            let Some(queue) = self.queues.get_mut(&id) else { continue };
            queue.unacked = queue.unacked.saturating_sub(1);
            entry.redelivered = true;
            entry.acquired += 1;
            entry.returns += u32::from(counts);
            entry.failed |= counts;
            let most = queue.settings.delivery_limit.unwrap_or(DELIVERY_LIMIT);
            if queue.settings.quorum && u64::from(entry.returns) > most {
                given_up.push((id, entry));
            } else {
                queue.put_back(entry);
                touched.insert(id);
            }
        }
        for (id, entry) in given_up.into_iter().rev() {
            self.dead_letter(id, entry.message, Reason::DeliveryLimit, entry.failed);
        }
        for id in touched {
            self.expire(id);
            self.deliver(id);
            self.drop_surplus(id);
        }
    }

    /// Handles `basic.recover`: all unacknowledged messages of the channel go back to their queues.
    fn recover(&mut self, caller: &Caller, requeue: bool, answers: bool) -> Done {
        if !requeue {
            return Err(Refusal::not_implemented("requeue=false"));
        }
        if answers {
            self.reply(caller, Basic::RecoverOk(basic::RecoverOk {}));
        }
        let Some(channel) = self.channel_mut(caller.at) else { return Ok(()) };
        let settled = std::mem::take(&mut channel.unacked).into_values().collect();
        self.carry_out(caller.at, Settle::Requeue { counts: false }, settled);
        Ok(())
    }
}

fn unknown(tag: u64) -> Refusal {
    Refusal::precondition_failed(format!("unknown delivery tag {tag}"))
}
