//! The methods of class `queue`: declaring, binding, purging and deleting (AMQP 0-9-1, section 1.7 of the reference).

use std::sync::Arc;

use wire::{
    protocol::{
        basic,
        queue::{self, AMQPMethod as Method},
    },
    types::ShortString,
};

use crate::state::{
    Broker, DeprecatedFeature, Due,
    accounts::Access,
    arguments::{self, Settings},
    binding::{Binding, Destination},
    channel::Caller,
    exchange::{check_not_default, reserved, strip},
    queue::{Queue, QueueId},
    refusal::{Done, Refusal, named},
};

/// The end of the reply for features that RabbitMQ has and this broker lacks.
pub const NOT_A_PART: &str = "not part of this teaching broker";

impl Broker {
    pub(crate) fn queue_method(&mut self, caller: &Caller, method: Method) -> Done {
        match method {
            Method::Declare(declare) => self.declare_queue(caller, declare),
            Method::Bind(bind) => self.bind_queue(caller, bind),
            Method::Unbind(unbind) => self.unbind_queue(caller, unbind),
            Method::Purge(purge) => self.purge_queue(caller, &purge),
            Method::Delete(delete) => self.delete_queue(caller, &delete),
            _ => Err(caller.unexpected()),
        }
    }

    fn declare_queue(&mut self, caller: &Caller, declare: queue::Declare) -> Done {
        let nowait = declare.nowait;
        if self.is_reply_address(declare.queue.as_str()) {
            let declared = queue::DeclareOk { queue: declare.queue, message_count: 0, consumer_count: 1 };
            self.reply(caller, Method::DeclareOk(declared));
            return Ok(());
        }
        let id = if declare.passive {
            let name = strip(declare.queue.as_str());
            self.allow(caller, Access::Configure, "queue", &name)?;
            self.find_queue(caller, &name)?
        } else {
            self.declare_queue_actively(caller, declare)?
        };
        self.touch(id);
        let Some(queue) = self.queues.get(&id) else { return Ok(()) };
        let (name, messages, consumers) = (queue.name.clone(), queue.len(), queue.consumers.len());
        if let Some(channel) = self.channel_mut(caller.at) {
            channel.last_queue = name.clone();
        }
        if !nowait {
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let (message_count, consumer_count) = (count(messages), count(consumers));
            self.reply(caller, Method::DeclareOk(queue::DeclareOk { queue: name, message_count, consumer_count }));
        }
        Ok(())
    }

    fn declare_queue_actively(&mut self, caller: &Caller, declare: queue::Declare) -> Done<QueueId> {
        let asked = strip(declare.queue.as_str());
        if asked.starts_with("amq.") {
            return Err(reserved("queue", &asked));
        }
        if asked.is_empty() && arguments::kind_of(&declare.arguments) == "quorum" {
            return Err(Refusal::precondition_failed(
                "Cannot declare a server-named queue for type rabbit_quorum_queue",
            ));
        }
        let name = if asked.is_empty() { format!("amq.gen-{}", self.random.name()) } else { asked };
        self.allow(caller, Access::Configure, "queue", &name)?;
        let vhost = caller.vhost.clone();
        if let Some(&id) = self.vhost_mut(&vhost).queues.get(&name) {
            self.check_equivalent(caller, id, &declare)?;
            return Ok(id);
        }
        let of = named("queue", &name, &vhost);
        let settings = Settings::read(&declare.arguments, &of)?;
        if let Some(exchange) = &settings.dead_letter_exchange {
            self.allow(caller, Access::Read, "queue", &name)?;
            self.allow(caller, Access::Write, "exchange", exchange)?;
        }
        self.check_features(&declare)?;
        check_kind(&settings, &declare, &of)?;
        if self.queues.len() >= self.limits.queues {
            return Err(Refusal::precondition_failed(format!(
                "cannot declare {of}: queue limit in cluster ({}) is reached",
                self.limits.queues
            )));
        }
        self.keep_definition(&declare.arguments)?;
        let mut queue =
            Queue::new(ShortString::try_new(&*name).unwrap_or_default(), vhost.clone(), settings, declare.arguments);
        queue.durable = declare.durable;
        queue.auto_delete = declare.auto_delete;
        queue.owner = declare.exclusive.then_some(caller.at.connection);
        let id = self.new_queue_id();
        self.queues.insert(id, queue);
        self.vhost_mut(&vhost).queues.insert(name, id);
        if declare.exclusive
            && let Some(connection) = self.connections.get_mut(&caller.at.connection)
        {
            connection.exclusive.insert(id);
        }
        Ok(id)
    }

    /// Checks that the declaration uses no deprecated feature that is denied.
    fn check_features(&self, declare: &queue::Declare) -> Done {
        let is_transient = !declare.durable && !declare.exclusive;
        if is_transient && self.denied.contains(&DeprecatedFeature::TransientNonexclQueues) {
            return Err(Refusal::deprecated("transient_nonexcl_queues"));
        }
        if declare.arguments.contains_key("x-queue-master-locator") {
            return Err(Refusal::deprecated("queue_master_locator"));
        }
        Ok(())
    }

    fn check_equivalent(&self, caller: &Caller, id: QueueId, declare: &queue::Declare) -> Done {
        let Some(queue) = self.queues.get(&id) else { return Ok(()) };
        let of = named("queue", &queue.name, &queue.vhost);
        if queue.owner != declare.exclusive.then_some(caller.at.connection) {
            return Err(Refusal::locked(&queue.name, &queue.vhost));
        }
        for (name, received, current) in
            [("durable", declare.durable, queue.durable), ("auto_delete", declare.auto_delete, queue.auto_delete)]
        {
            if received != current {
                return Err(Refusal::inequivalent(name, &of, format!("'{received}'"), format!("'{current}'")));
            }
        }
        arguments::COMPARED
            .iter()
            .try_for_each(|name| arguments::equivalent(name, &of, &declare.arguments, &queue.arguments))
    }

    fn bind_queue(&mut self, caller: &Caller, bind: queue::Bind) -> Done {
        let (queue, key) = self.queue_and_key(caller, &bind.queue, bind.routing_key.as_str())?;
        let exchange = strip(bind.exchange.as_str());
        check_not_default(&exchange)?;
        self.allow(caller, Access::Write, "queue", &queue)?;
        self.allow(caller, Access::Read, "exchange", &exchange)?;
        self.exchange(caller, &exchange)?;
        let id = self.find_queue(caller, &queue)?;
        self.bind(caller, &exchange, Binding::new(Destination::Queue(id), &key, bind.arguments))?;
        if !bind.nowait {
            self.reply(caller, Method::BindOk(queue::BindOk {}));
        }
        Ok(())
    }

    fn unbind_queue(&mut self, caller: &Caller, unbind: queue::Unbind) -> Done {
        let (queue, key) = self.queue_and_key(caller, &unbind.queue, unbind.routing_key.as_str())?;
        let exchange = strip(unbind.exchange.as_str());
        check_not_default(&exchange)?;
        self.allow(caller, Access::Write, "queue", &queue)?;
        self.allow(caller, Access::Read, "exchange", &exchange)?;
        // Unbinding from a missing queue or exchange succeeds in RabbitMQ.
        let id = self.vhosts.get(&caller.vhost).and_then(|vhost| vhost.queues.get(&queue)).copied();
        if let Some(id) = id {
            let binding = Binding::new(Destination::Queue(id), &key, unbind.arguments);
            self.unbind(&caller.vhost.clone(), &exchange, &binding);
        }
        self.reply(caller, Method::UnbindOk(queue::UnbindOk {}));
        Ok(())
    }

    fn purge_queue(&mut self, caller: &Caller, purge: &queue::Purge) -> Done {
        let name = self.queue_name(caller, &purge.queue)?;
        self.allow(caller, Access::Read, "queue", &name)?;
        let id = self.find_queue(caller, &name)?;
        let count = self.queues.get_mut(&id).map_or(0, Queue::purge);
        self.set_alarm(id);
        if !purge.nowait {
            let message_count = u32::try_from(count).unwrap_or(u32::MAX);
            self.reply(caller, Method::PurgeOk(queue::PurgeOk { message_count }));
        }
        Ok(())
    }

    fn delete_queue(&mut self, caller: &Caller, delete: &queue::Delete) -> Done {
        let name = self.queue_name(caller, &delete.queue)?;
        self.allow(caller, Access::Configure, "queue", &name)?;
        let found = match self.find_queue(caller, &name) {
            Ok(id) => Some(id),
            // Deleting a missing queue succeeds.
            Err(refusal) if refusal.code == crate::state::refusal::Code::NotFound => None,
            Err(refusal) => return Err(refusal),
        };
        let mut count = 0;
        if let Some(queue) = found.and_then(|id| self.queues.get(&id)) {
            let of = named("queue", &name, &caller.vhost);
            for (flag, is_set) in [("if-unused", delete.if_unused), ("if-empty", delete.if_empty)] {
                if queue.settings.quorum && is_set {
                    return Err(Refusal::not_implemented(format!(
                        "cannot delete {of}. queue.delete operations with {flag} flag set are not supported by quorum queues"
                    )));
                }
            }
            if delete.if_empty && !queue.is_empty() {
                return Err(Refusal::precondition_failed(format!("{of} not empty")));
            }
            if delete.if_unused && !queue.consumers.is_empty() {
                return Err(Refusal::precondition_failed(format!("{of} in use")));
            }
            count = queue.len();
        }
        // The answer is sent first: consumers that lose their queue are notified after the client that deleted it.
        if !delete.nowait {
            let message_count = u32::try_from(count).unwrap_or(u32::MAX);
            self.reply(caller, Method::DeleteOk(queue::DeleteOk { message_count }));
        }
        if let Some(id) = found {
            self.remove_queue(id);
        }
        Ok(())
    }

    /// Returns the queue name that a method means: an empty name is the last queue that this channel declared.
    pub(crate) fn queue_name(&self, caller: &Caller, name: &ShortString) -> Done<String> {
        if !name.as_str().is_empty() {
            return Ok(strip(name.as_str()));
        }
        match self.channel(caller.at).map(|channel| channel.last_queue.as_str()) {
            None | Some("") => Err(Refusal::not_found("no previously declared queue")),
            Some(last) => Ok(last.to_owned()),
        }
    }

    /// Returns the name like [`Broker::queue_name`], and the routing key: if both are empty, the key is the queue's name.
    fn queue_and_key(&self, caller: &Caller, name: &ShortString, key: &str) -> Done<(String, String)> {
        let queue = self.queue_name(caller, name)?;
        let key = if name.as_str().is_empty() && key.is_empty() { queue.clone() } else { key.to_owned() };
        Ok((queue, key))
    }

    /// Returns the queue of this name in the caller's vhost, unless another connection uses it exclusively.
    pub(crate) fn find_queue(&self, caller: &Caller, name: &str) -> Done<QueueId> {
        let id = self.vhosts.get(&caller.vhost).and_then(|vhost| vhost.queues.get(name)).copied();
        let id = id.ok_or_else(|| Refusal::no_such("queue", name, &caller.vhost))?;
        let owner = self.queues.get(&id).and_then(|queue| queue.owner);
        match owner {
            Some(owner) if owner != caller.at.connection => Err(Refusal::locked(name, &caller.vhost)),
            _ => Ok(id),
        }
    }

    /// Removes a queue with its messages, bindings and consumers.
    pub(crate) fn remove_queue(&mut self, id: QueueId) {
        let Some(queue) = self.queues.remove(&id) else { return };
        let vhost: Arc<str> = queue.vhost.clone();
        if let Some(vhost) = self.vhosts.get_mut(&vhost) {
            vhost.queues.remove(queue.name.as_str());
        }
        if let Some(at) = queue.alarm {
            self.timers.remove(&(at, Due::Messages(id)));
        }
        if let Some(expires) = queue.settings.expires {
            self.timers.remove(&(queue.used.saturating_add(expires), Due::Queue(id)));
        }
        if let Some(connection) = queue.owner.and_then(|owner| self.connections.get_mut(&owner)) {
            connection.exclusive.remove(&id);
        }
        self.forget_definition(&queue.arguments);
        for exchange in self.remove_bindings_to(&vhost, &Destination::Queue(id), &queue.bound_to) {
            self.remove_exchange(&vhost, &exchange);
        }
        for consumer in queue.consumers {
            let tells = self.connections.get(&consumer.at.connection).is_some_and(|c| c.client.consumer_cancel_notify);
            let Some(channel) = self.channel_mut(consumer.at) else { continue };
            channel.consumers.remove(&consumer.tag);
            if tells {
                let consumer_tag = ShortString::try_new(&*consumer.tag).unwrap_or_default();
                self.send(consumer.at, basic::AMQPMethod::Cancel(basic::Cancel { consumer_tag, nowait: true }));
            }
        }
    }

    /// Restarts the time of `x-expires`, because the queue is being used.
    pub(crate) fn touch(&mut self, id: QueueId) {
        let now = self.now;
        let Some(queue) = self.queues.get_mut(&id) else { return };
        let Some(expires) = queue.settings.expires else { return };
        self.timers.remove(&(queue.used.saturating_add(expires), Due::Queue(id)));
        queue.used = now;
        if queue.consumers.is_empty() {
            self.timers.insert((now.saturating_add(expires), Due::Queue(id)));
        }
    }
}

/// Checks that a queue of this kind may have these properties.
fn check_kind(settings: &Settings, declare: &queue::Declare, of: &str) -> Done {
    let is_stream = arguments::kind_of(&declare.arguments) == "stream";
    if !settings.quorum && !is_stream {
        return Ok(());
    }
    let refuse = |property| Err(Refusal::precondition_failed(format!("invalid property '{property}' for {of}")));
    if !declare.durable {
        return refuse("non-durable");
    }
    if declare.exclusive {
        return refuse("exclusive-owner");
    }
    if declare.auto_delete {
        return refuse("auto-delete");
    }
    if is_stream {
        return Err(Refusal::not_implemented(format!("{of}: streams are {NOT_A_PART}")));
    }
    Ok(())
}
