//! What becomes of a delivery: acknowledged, given back, thrown away (AMQP 0-9-1, sections 1.8.3.13 to 1.8.3.16 of the
//! reference; RabbitMQ's [negative acknowledgements](https://www.rabbitmq.com/docs/nack)).

use std::{collections::BTreeSet, sync::Arc};

use wire::protocol::basic::{self, AMQPMethod as Basic};

use crate::state::{
    Broker,
    channel::{At, Caller, Mode},
    dead_letter::Reason,
    queue::{Entry, QueueId},
    refusal::{Done, Refusal},
};

/// How often a message may come back to a quorum queue that says nothing about it.
const DELIVERY_LIMIT: u64 = 20;

/// A delivery that is not settled yet.
#[derive(Debug)]
pub(crate) struct Unacked {
    pub(crate) queue: QueueId,
    pub(crate) entry: Entry,
    /// The consumer it went to; None for `basic.get`.
    pub(crate) consumer: Option<Arc<str>>,
}

/// How a delivery is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    /// Done with.
    Ack,
    /// Back to the queue.
    Requeue,
    /// To the dead-letter exchange, or nowhere.
    Reject,
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
                let how = if nack.requeue { Settle::Requeue } else { Settle::Reject };
                self.settle_deliveries(caller, nack.delivery_tag, nack.multiple, how)
            }
            Basic::Reject(reject) => {
                let how = if reject.requeue { Settle::Requeue } else { Settle::Reject };
                self.settle_deliveries(caller, reject.delivery_tag, false, how)
            }
            Basic::Recover(recover) => {
                self.recover(caller, recover.requeue)?;
                self.reply(caller, Basic::RecoverOk(basic::RecoverOk {}));
                Ok(())
            }
            Basic::RecoverAsync(recover) => self.recover(caller, recover.requeue),
            // The confirm of a confirm: RabbitMQ has no use for it either.
            _ => Err(caller.unexpected()),
        }
    }

    fn qos(&mut self, caller: &Caller, qos: &basic::Qos) -> Done {
        if let Some(channel) = self.channel_mut(caller.at) {
            if qos.global {
                channel.global_prefetch = qos.prefetch_count;
            } else {
                channel.prefetch = qos.prefetch_count;
            }
        }
        self.reply(caller, Basic::QosOk(basic::QosOk {}));
        if qos.global {
            self.deliver_to_channel(caller.at);
        }
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
            // All up to this one, which itself has to be there.
            if !channel.unacked.contains_key(&tag) {
                return Err(unknown(tag));
            }
            let later = channel.unacked.split_off(&(tag + 1));
            std::mem::replace(&mut channel.unacked, later).into_iter().collect()
        };
        if let Mode::Transaction(transaction) = &mut channel.mode {
            transaction.settled.push((how, settled));
            return Ok(());
        }
        self.carry_out(caller.at, how, settled.into_iter().map(|(_, unacked)| unacked).collect());
        Ok(())
    }

    /// Settles deliveries of a channel, and hands on what there is room for now.
    pub(crate) fn carry_out(&mut self, at: At, how: Settle, settled: Vec<Unacked>) {
        let by_consumers = settled.iter().filter(|unacked| unacked.consumer.is_some()).count();
        let mut had_no_room = false;
        if let Some(channel) = self.channel_mut(at) {
            had_no_room = !channel.has_room();
            channel.unacked_by_consumers = channel.unacked_by_consumers.saturating_sub(by_consumers);
        }
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
            Settle::Requeue => self.requeue(settled),
            Settle::Reject => {
                for Unacked { queue: id, entry, .. } in settled {
                    if let Some(queue) = self.queues.get_mut(&id) {
                        queue.unacked = queue.unacked.saturating_sub(1);
                        self.dead_letter(id, entry.message, Reason::Rejected, true);
                    }
                }
            }
        }
        for queue in touched {
            self.deliver(queue);
        }
        if had_no_room {
            self.deliver_to_channel(at);
        }
    }

    /// Puts deliveries back to their places in their queues, and delivers them again.
    pub(crate) fn requeue(&mut self, settled: impl IntoIterator<Item = Unacked>) {
        let mut touched = BTreeSet::new();
        for Unacked { queue: id, mut entry, .. } in settled {
            let Some(queue) = self.queues.get_mut(&id) else { continue };
            queue.unacked = queue.unacked.saturating_sub(1);
            entry.redelivered = true;
            entry.returns += 1;
            let most = queue.settings.delivery_limit.unwrap_or(DELIVERY_LIMIT);
            if queue.settings.quorum && u64::from(entry.returns) > most {
                self.dead_letter(id, entry.message, Reason::DeliveryLimit, true);
            } else {
                queue.put_back(entry);
                touched.insert(id);
            }
        }
        for id in touched {
            self.expire(id);
            self.deliver(id);
        }
    }

    /// `basic.recover`: all that is unacknowledged on the channel goes back.
    fn recover(&mut self, caller: &Caller, requeue: bool) -> Done {
        if !requeue {
            return Err(Refusal::not_implemented("requeue=false"));
        }
        let Some(channel) = self.channel_mut(caller.at) else { return Ok(()) };
        let settled = std::mem::take(&mut channel.unacked).into_values().collect();
        self.carry_out(caller.at, Settle::Requeue, settled);
        Ok(())
    }

    /// The channel has room again: its consumers may get more.
    fn deliver_to_channel(&mut self, at: At) {
        let queues: Vec<QueueId> =
            self.channel(at).map(|channel| channel.consumers.values().copied().collect()).unwrap_or_default();
        for queue in queues {
            self.deliver(queue);
        }
    }
}

fn unknown(tag: u64) -> Refusal {
    Refusal::precondition_failed(format!("unknown delivery tag {tag}"))
}
