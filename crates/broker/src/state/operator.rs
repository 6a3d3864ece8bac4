//! Commands for operators, which cause events that otherwise happen on a bad day. Listings are in [`super::listing`].

use std::sync::Arc;

use bytes::Bytes;
use wire::{frame::write_properties, protocol::basic::AMQPProperties};

use crate::state::{
    Broker, ConnectionId, Vhost,
    accounts::{Account, BadPattern, Patterns},
    binding,
    channel::At,
    connection::{Connection, Phase},
    message::Message,
    publish::Publication,
    queue::QueueId,
    refusal::Refusal,
};

impl Broker {
    /// Adds a vhost. Returns false when it exists already.
    pub fn add_vhost(&mut self, name: &str) -> bool {
        if self.vhosts.contains_key(name) {
            return false;
        }
        self.vhosts.insert(name.into(), Vhost::new());
        true
    }

    /// Deletes a vhost with everything in it, and closes its connections. Returns whether it existed.
    pub fn delete_vhost(&mut self, name: &str) -> bool {
        if !self.vhosts.contains_key(name) {
            return false;
        }
        for id in self.running(|connection| *connection.vhost == *name) {
            self.close_connection(id, &Refusal::connection_forced(format!("vhost '{name}' is deleted")), (0, 0));
        }
        let queues: Vec<QueueId> =
            self.vhosts.get(name).map(|vhost| vhost.queues.values().copied().collect()).unwrap_or_default();
        for queue in queues {
            self.remove_queue(queue);
        }
        if let Some(vhost) = self.vhosts.remove(name) {
            for exchange in vhost.exchanges.into_values() {
                self.forget_definition(&exchange.arguments);
                self.remove_bindings_from(name, &exchange.name, exchange.bindings);
            }
        }
        self.accounts.forget_vhost(name);
        true
    }

    /// Adds an account, with its permissions in every existing vhost.
    ///
    /// # Errors
    ///
    /// An error when a pattern is not a regular expression.
    pub fn add_account(&mut self, account: &Account) -> Result<(), BadPattern> {
        self.accounts.set(&account.name, &account.password, account.administrator);
        if let Some(patterns) = &account.permissions {
            let vhosts: Vec<Arc<str>> = self.vhosts.keys().cloned().collect();
            for vhost in vhosts {
                self.accounts.permit(&account.name, &vhost, patterns)?;
            }
        }
        Ok(())
    }

    /// Deletes a user. Returns whether the user existed.
    pub fn delete_user(&mut self, name: &str) -> bool {
        let inside = self.running(|connection| *connection.user == *name);
        for id in inside {
            self.close_connection(id, &Refusal::connection_forced(format!("user '{name}' is deleted")), (0, 0));
        }
        self.accounts.remove(name)
    }

    pub(crate) fn running(&self, which: impl Fn(&Connection) -> bool) -> Vec<ConnectionId> {
        let running = self.connections.iter().filter(|(_, connection)| connection.phase == Phase::Running);
        running.filter(|(_, connection)| which(connection)).map(|(id, _)| *id).collect()
    }

    /// Sets a user's permissions in a vhost. Returns whether both exist.
    ///
    /// # Errors
    ///
    /// An error when a pattern is not a regular expression.
    pub fn permit(&mut self, user: &str, vhost: &str, patterns: &Patterns) -> Result<bool, BadPattern> {
        let Some((vhost, _)) = self.vhosts.get_key_value(vhost) else { return Ok(false) };
        self.accounts.permit(user, &vhost.clone(), patterns)
    }

    /// Deletes a queue's ready messages. Returns their number, or None when the queue does not exist.
    pub fn purge(&mut self, vhost: &str, queue: &str) -> Option<usize> {
        let id = self.id_of(vhost, queue)?;
        let count = self.queues.get_mut(&id)?.purge();
        self.set_alarm(id);
        Some(count)
    }

    /// Deletes a queue. Returns whether it existed.
    pub fn delete_queue_named(&mut self, vhost: &str, queue: &str) -> bool {
        self.id_of(vhost, queue).map(|id| self.remove_queue(id)).is_some()
    }

    /// Deletes an exchange. Returns whether it existed and may be deleted.
    pub fn delete_exchange_named(&mut self, vhost: &str, exchange: &str) -> bool {
        let is_ours = exchange.is_empty() || exchange.starts_with("amq.");
        let vhost = self.vhosts.get_key_value(vhost).filter(|(_, vhost)| vhost.exchanges.contains_key(exchange));
        let Some((vhost, _)) = vhost.filter(|_| !is_ours) else { return false };
        self.remove_exchange(&vhost.clone(), exchange);
        true
    }

    /// Publishes a message. Returns the number of queues that it was routed to, or None when the exchange does not exist.
    pub fn publish_from_outside(
        &mut self,
        vhost: &str,
        exchange: &str,
        key: &str,
        properties: &AMQPProperties,
        body: Bytes,
    ) -> Option<usize> {
        let found = self.vhosts.get(vhost)?;
        let from = found.exchanges.get(exchange)?;
        let headers = properties.headers().clone().unwrap_or_default();
        let to = binding::route(found, from, &[key], &headers);
        let count = to.len();
        let name = from.name.clone();
        let message = Message::new(name, key.to_owned(), write_properties(properties), body, &self.gauge);
        let priority = *properties.priority();
        let publication = Publication { message, to, reply: None, mandatory: false, expiration: None, priority };
        self.distribute(At { connection: ConnectionId(0), channel: 0 }, publication);
        self.move_dead_letters();
        Some(count)
    }

    /// Closes a connection, as an operator does. Returns whether it was open.
    pub fn close(&mut self, id: ConnectionId, why: &str) -> bool {
        match self.connections.get(&id).map(|connection| connection.phase) {
            None | Some(Phase::Closed | Phase::Closing) => return false,
            Some(Phase::Running) => self.close_connection(id, &Refusal::connection_forced(why), (0, 0)),
            // Before it is open, `connection.close` is not possible.
            Some(_) => self.hang_up(id),
        }
        self.move_dead_letters();
        true
    }

    /// Closes all connections, as a broker does when it is stopped.
    pub fn shut_down(&mut self) {
        let all: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for id in all {
            self.close(id, "broker forced connection closure with reason 'shutdown'");
        }
    }

    /// Cuts a connection without `connection.close`, as a failing network does. Returns whether it existed.
    pub fn cut(&mut self, id: ConnectionId) -> bool {
        let there = self.connections.contains_key(&id);
        if there {
            self.hang_up(id);
            self.move_dead_letters();
        }
        there
    }

    /// Refuses the next logins of any user.
    pub fn refuse_logins(&mut self, count: u32) {
        self.refuse_logins = count;
    }

    pub(crate) fn id_of(&self, vhost: &str, queue: &str) -> Option<QueueId> {
        self.vhosts.get(vhost)?.queues.get(queue).copied()
    }
}
