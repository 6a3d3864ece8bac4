//! Transactions: publishing and acknowledgements that wait for `tx.commit` (AMQP 0-9-1, section 1.9 of the reference;
//! RabbitMQ's [semantics](https://www.rabbitmq.com/docs/semantics#tx)).

use wire::protocol::tx::{self, AMQPMethod as Method};

use crate::state::{
    Broker,
    channel::{Caller, Mode, Transaction},
    refusal::{Done, Refusal},
};

impl Broker {
    pub(crate) fn tx_method(&mut self, caller: &Caller, method: &Method) -> Done {
        match method {
            Method::Select(_) => {
                let Some(channel) = self.channel_mut(caller.at) else { return Ok(()) };
                match channel.mode {
                    Mode::Plain => channel.mode = Mode::Transaction(Transaction::default()),
                    Mode::Transaction(_) => {}
                    Mode::Confirm(_) => {
                        return Err(Refusal::precondition_failed("cannot switch from confirm to tx mode"));
                    }
                }
                self.reply(caller, Method::SelectOk(tx::SelectOk {}));
            }
            Method::Commit(_) => {
                let Transaction { publications, settled } = self.transaction(caller)?;
                // Consumers get the messages after the answer was sent.
                self.put_deliveries_off();
                let mut taken = true;
                for (publication, _) in publications {
                    taken &= self.distribute(caller.at, publication).by_all;
                }
                for (how, entries) in settled {
                    self.carry_out(caller.at, how, entries.into_iter().map(|(_, unacked)| unacked).collect());
                }
                if taken {
                    self.reply(caller, Method::CommitOk(tx::CommitOk {}));
                }
                self.catch_up_with_deliveries();
                if !taken {
                    return Err(Refusal::precondition_failed("partial tx completion"));
                }
            }
            Method::Rollback(_) => {
                let Transaction { settled, .. } = self.transaction(caller)?;
                if let Some(channel) = self.channel_mut(caller.at) {
                    channel.unacked.extend(settled.into_iter().flat_map(|(_, entries)| entries));
                }
                self.reply(caller, Method::RollbackOk(tx::RollbackOk {}));
            }
            _ => return Err(caller.unexpected()),
        }
        Ok(())
    }

    /// Takes the waiting operations, and starts a new transaction.
    fn transaction(&mut self, caller: &Caller) -> Done<Transaction> {
        match self.channel_mut(caller.at).map(|channel| &mut channel.mode) {
            Some(Mode::Transaction(transaction)) => Ok(std::mem::take(transaction)),
            _ => Err(Refusal::precondition_failed("channel is not transactional")),
        }
    }
}
