//! Publishing: from `basic.publish` to the queues (AMQP 0-9-1, sections 1.8.3.7 and 3.1.4 of the reference).

use std::sync::Arc;

use bytes::Bytes;
use wire::{
    frame::{RawHeader, write_properties},
    protocol::{
        basic::{self, AMQPMethod as Basic, AMQPProperties},
        confirm,
    },
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::state::{
    Broker, Millis,
    accounts::Access,
    arguments::{LONGEST, Overflow},
    binding,
    channel::{At, Caller, Confirms, Mode},
    dead_letter::Reason,
    erlang,
    message::{Message, Weight, as_text, without},
    queue::QueueId,
    refusal::{Done, Refusal, named},
    reply_to,
};

/// A message on its way from an exchange to queues.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    pub(crate) message: Arc<Message>,
    pub(crate) to: Vec<QueueId>,
    /// The direct reply-to address, if the routing key is one.
    pub(crate) reply: Option<String>,
    /// True if the message is returned when it reaches no queue.
    pub(crate) mandatory: bool,
    /// The time that it may wait in a queue, in ms.
    pub(crate) expiration: Option<Millis>,
    pub(crate) priority: Option<u8>,
}

/// The result of distributing a message.
pub(crate) struct Taken {
    /// True if none of its queues was full and refused it.
    pub(crate) by_all: bool,
}

/// The bits of the property flags that require the properties to be read: headers, priority, reply-to, expiration, user-id.
const FLAGS_OF_INTEREST: u8 = 0x20 | 0x08 | 0x02 | 0x01;
const FLAG_USER_ID: u8 = 0x10;

impl Broker {
    /// Handles a complete message from a publisher.
    pub(crate) fn publish(
        &mut self,
        caller: &Caller,
        publish: basic::Publish,
        header: &RawHeader,
        body: Bytes,
    ) -> Done {
        if header.size > self.limits.message as u64 {
            return Err(Refusal::precondition_failed(format!(
                "message size {} is larger than configured max size {}",
                header.size, self.limits.message
            )));
        }
        if publish.immediate {
            return Err(Refusal::not_implemented("immediate=true"));
        }
        let exchange = publish.exchange.as_str();
        self.allow(caller, Access::Write, "exchange", exchange)?;
        let found = self.exchange(caller, exchange)?;
        if found.internal {
            return Err(Refusal::access_refused(format!(
                "cannot publish to internal {}",
                named("exchange", exchange, &caller.vhost)
            )));
        }
        let exchange = found.name.clone();
        let mandatory = publish.mandatory;
        let mut publication = self.prepare(caller, exchange, publish.routing_key, header, body, mandatory)?;
        let faults = self.next_faults(&caller.vhost);
        if faults.cuts {
            self.hang_up(caller.at.connection);
            return Ok(());
        }
        if faults.closes {
            return Err(Refusal::precondition_failed("the channel is closed on demand"));
        }
        if faults.unroutable {
            (publication.to, publication.reply) = (Vec::new(), None);
        }
        let confirmed = match self.channel_mut(caller.at).map(|channel| &mut channel.mode) {
            Some(Mode::Transaction(transaction)) => {
                let weight = Weight::new(&publication.message.gauge, 8 * publication.to.len());
                transaction.publications.push_back((publication, weight));
                return Ok(());
            }
            Some(Mode::Confirm(confirms)) => {
                confirms.published += 1;
                Some(confirms.published)
            }
            _ => None,
        };
        let taken = if faults.nack { Taken { by_all: false } } else { self.distribute(caller.at, publication) };
        if let Some(number) = confirmed
            && !self.holds_confirm(caller.at, number, taken.by_all, faults.delay)
        {
            self.confirm(caller.at, number, &taken);
        }
        Ok(())
    }

    /// Reads the properties that the broker needs, and finds the message's queues.
    fn prepare(
        &mut self,
        caller: &Caller,
        exchange: Arc<str>,
        key: ShortString,
        header: &RawHeader,
        body: Bytes,
        mandatory: bool,
    ) -> Done<Publication> {
        let flags = header.properties.first_chunk::<2>().copied().unwrap_or_default();
        let is_plain = flags[0] & FLAGS_OF_INTEREST == 0 && flags[1] & FLAG_USER_ID == 0;
        let mut bytes = header.properties.clone();
        let mut properties = AMQPProperties::default();
        let mut keys = vec![];
        let mut expiration = None;
        if !is_plain {
            properties = header
                .properties()
                .map_err(|_| Refusal::frame_error(format!("cannot decode {}", erlang::binary(&header.properties))))?;
            check_user(&properties, &caller.user)?;
            keys = copies(&properties)?;
            expiration = read_expiration(&properties)?;
            if let Some(changed) = self.rewritten(caller, &properties, expiration)? {
                bytes = write_properties(&changed);
                properties = changed;
            }
        }
        let empty = FieldTable::default();
        let headers = properties.headers().as_ref().unwrap_or(&empty);
        let mut all: Vec<&str> = vec![key.as_str()];
        all.extend(keys.iter().map(String::as_str));
        let Some(vhost) = self.vhosts.get(&caller.vhost) else {
            return Err(Refusal::no_such("exchange", &exchange, &caller.vhost));
        };
        let to = vhost.exchanges.get(&*exchange).map_or(vec![], |found| binding::route(vhost, found, &all, headers));
        let reply = (exchange.is_empty() && key.as_str().starts_with(reply_to::PREFIX)).then(|| key.to_string());
        // The bytes are copied: a slice of the read buffer would keep the whole buffer alive.
        let bytes = match bytes[..] {
            [0, 0] => Bytes::from_static(&[0, 0]),
            _ => Bytes::copy_from_slice(&bytes),
        };
        let message = Message::new(exchange, key.into(), bytes, body, &self.gauge);
        let priority = *properties.priority();
        Ok(Publication { message, to, reply, mandatory, expiration, priority })
    }

    /// Returns the properties that the broker changes, if any: `BCC` is removed, `amq.rabbitmq.reply-to` becomes an
    /// address, and the expiration is written without a sign and leading zeros.
    fn rewritten(
        &self,
        caller: &Caller,
        properties: &AMQPProperties,
        expiration: Option<Millis>,
    ) -> Done<Option<AMQPProperties>> {
        let mut changed = None;
        if let Some(headers) = properties.headers()
            && headers.contains_key("BCC")
        {
            changed = Some(properties.clone().with_headers(without(headers, &["BCC"])));
        }
        if properties.reply_to().as_ref().is_some_and(|to| to.as_str() == reply_to::PSEUDO_QUEUE) {
            let name = self.channel(caller.at).and_then(|channel| channel.reply_to.as_ref()).map(|reply| &reply.name);
            let name = name.ok_or_else(|| Refusal::precondition_failed("fast reply consumer does not exist"))?;
            let name = ShortString::try_new(name.as_str()).unwrap_or_default();
            changed = Some(changed.unwrap_or_else(|| properties.clone()).with_reply_to(name));
        }
        let digits = expiration.map(|ms| ms.to_string());
        if let (Some(digits), Some(written)) = (digits, properties.expiration())
            && digits != written.as_str()
        {
            changed = Some(changed.unwrap_or_else(|| properties.clone()).with_expiration(digits.into()));
        }
        Ok(changed)
    }

    /// Puts a message into its queues, or returns it to a publisher that set `mandatory`.
    pub(crate) fn distribute(&mut self, publisher: At, publication: Publication) -> Taken {
        let Publication { message, to, reply, mandatory, expiration, priority } = publication;
        let replied = reply.is_some_and(|name| self.deliver_reply(&name, &message));
        if mandatory && to.is_empty() && !replied {
            let returned = basic::Return {
                reply_code: 312,
                reply_text: "NO_ROUTE".into(),
                exchange: ShortString::try_new(&*message.exchange).unwrap_or_default(),
                routing_key: ShortString::try_new(message.routing_key.as_str()).unwrap_or_default(),
            };
            self.send_content(publisher, Basic::Return(returned), message);
            return Taken { by_all: true };
        }
        let mut taken = Taken { by_all: true };
        for queue in to {
            taken.by_all &= self.enqueue(queue, message.clone(), priority, expiration, false);
        }
        taken
    }

    /// Puts a message into one queue, and delivers it if a consumer is waiting. Returns false when the queue is full and
    /// refuses it.
    pub(crate) fn enqueue(
        &mut self,
        id: QueueId,
        message: Arc<Message>,
        priority: Option<u8>,
        expiration: Option<Millis>,
        failed: bool,
    ) -> bool {
        let now = self.now;
        let Some(queue) = self.queues.get_mut(&id) else { return true };
        let refuses = queue.settings.overflow != Overflow::DropHead;
        // A quorum queue notices that it is full only when it is over the limit.
        let more = if queue.settings.quorum { (0, 0) } else { (1, message.body.len()) };
        if refuses && queue.overflows(more.0, more.1) {
            self.refuse_overflow(id, message, failed);
            return false;
        }
        let Some(queue) = self.queues.get_mut(&id) else { return true };
        let ttl = match (queue.settings.message_ttl, expiration) {
            (Some(of_queue), Some(of_message)) => Some(of_queue.min(of_message)),
            (one, other) => one.or(other),
        };
        queue.push(message, priority, ttl.map(|ttl| now.saturating_add(ttl)), failed);
        self.deliver(id);
        if failed && let Some(queue) = self.queues.get_mut(&id) {
            queue.show_failure();
        }
        self.drop_surplus(id);
        true
    }

    fn refuse_overflow(&mut self, id: QueueId, message: Arc<Message>, failed: bool) {
        let Some(queue) = self.queues.get(&id) else { return };
        if queue.settings.overflow == Overflow::RejectPublishDlx {
            self.dead_letter(id, message, Reason::MaxLength, failed);
        }
    }

    /// Drops the oldest messages of a queue that holds more than its limit, and then expired ones behind them.
    pub(crate) fn drop_surplus(&mut self, id: QueueId) {
        while let Some(queue) = self.queues.get_mut(&id)
            && queue.settings.overflow == Overflow::DropHead
            && queue.overflows(0, 0)
            && let Some(entry) = queue.pop()
        {
            self.dead_letter(id, entry.message, Reason::MaxLength, entry.failed);
        }
        self.expire(id);
    }

    /// Handles `confirm.select` (RabbitMQ's
    /// [publisher confirms](https://www.rabbitmq.com/docs/confirms#publisher-confirms)).
    pub(crate) fn confirm_method(&mut self, caller: &Caller, method: &confirm::AMQPMethod) -> Done {
        let confirm::AMQPMethod::Select(select) = method else { return Err(caller.unexpected()) };
        if let Some(channel) = self.channel_mut(caller.at) {
            match channel.mode {
                Mode::Plain => channel.mode = Mode::Confirm(Confirms::default()),
                Mode::Confirm(_) => {}
                Mode::Transaction(_) => {
                    return Err(Refusal::precondition_failed("cannot switch from tx to confirm mode"));
                }
            }
        }
        if !select.nowait {
            self.reply(caller, confirm::AMQPMethod::SelectOk(confirm::SelectOk {}));
        }
        Ok(())
    }

    fn confirm(&mut self, at: At, number: u64, taken: &Taken) {
        let Some(Mode::Confirm(confirms)) = self.channel_mut(at).map(|channel| &mut channel.mode) else { return };
        if confirms.taken.is_empty() && confirms.refused.is_empty() {
            self.unconfirmed.push(at);
        }
        let Some(Mode::Confirm(confirms)) = self.channel_mut(at).map(|channel| &mut channel.mode) else { return };
        if taken.by_all { confirms.taken.push(number) } else { confirms.refused.push(number) }
    }

    /// Sends the pending confirms of a channel. Several become one `basic.ack` with `multiple`, if no refused one is among
    /// them; RabbitMQ does the same.
    pub(crate) fn flush_confirms(&mut self, at: At) {
        let Some(Mode::Confirm(confirms)) = self.channel_mut(at).map(|channel| &mut channel.mode) else { return };
        let (taken, refused) = (std::mem::take(&mut confirms.taken), std::mem::take(&mut confirms.refused));
        let published = confirms.published;
        for (number, multiple) in coalesced(&refused, taken.first().copied().unwrap_or(published + 1)) {
            self.send_confirm(at, number, multiple, false);
        }
        if let ([number], []) = (&taken[..], &refused[..]) {
            return self.send_confirm(at, *number, false, true);
        }
        for (number, multiple) in coalesced(&taken, refused.first().copied().unwrap_or(published + 1)) {
            self.send_confirm(at, number, multiple, true);
        }
    }

    /// Confirms a message, or with `multiple` all up to it: with `basic.ack` if it was taken, or else with `basic.nack`.
    pub(crate) fn send_confirm(&mut self, at: At, delivery_tag: u64, multiple: bool, taken: bool) {
        let confirm = match taken {
            true => Basic::Ack(basic::Ack { delivery_tag, multiple }),
            false => Basic::Nack(basic::Nack { delivery_tag, multiple, requeue: true }),
        };
        self.send(at, confirm);
    }
}

/// Combines the numbers below `limit` into one with `multiple`; the others stay single.
fn coalesced(numbers: &[u64], limit: u64) -> Vec<(u64, bool)> {
    let below = numbers.partition_point(|number| *number < limit);
    let together = numbers[..below].last().map(|last| (*last, true));
    together.into_iter().chain(numbers[below..].iter().map(|number| (*number, false))).collect()
}

fn check_user(properties: &AMQPProperties, user: &str) -> Done {
    match properties.user_id() {
        Some(claimed) if claimed.as_str() != user => Err(Refusal::precondition_failed(format!(
            "user_id property set to '{claimed}' but authenticated user was '{user}'"
        ))),
        _ => Ok(()),
    }
}

/// Returns the additional routing keys in the headers `CC` and `BCC`
/// ([sender-selected distribution](https://www.rabbitmq.com/docs/sender-selected)).
fn copies(properties: &AMQPProperties) -> Done<Vec<String>> {
    let mut keys = Vec::new();
    let Some(headers) = properties.headers() else { return Ok(keys) };
    for name in ["CC", "BCC"] {
        match headers.inner().get(name) {
            None => {}
            Some(AMQPValue::FieldArray(values)) => {
                for value in values.as_slice() {
                    let Some(key) = as_text(value) else { continue };
                    keys.push(key.to_owned());
                }
            }
            Some(other) => {
                return Err(Refusal::precondition_failed(format!(
                    "invalid message: {{unacceptable_type_in_header,\"{name}\",{}}}",
                    erlang::type_name(other)
                )));
            }
        }
    }
    Ok(keys)
}

/// Returns the time that the message may wait, in ms: a number written in digits.
fn read_expiration(properties: &AMQPProperties) -> Done<Option<Millis>> {
    let Some(text) = properties.expiration() else { return Ok(None) };
    let text = text.as_str();
    let refuse = |why: String| Err(Refusal::precondition_failed(format!("invalid expiration '{text}': {why}")));
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    let start = text.len() - digits.len();
    if end == 0 {
        return refuse("no_integer".to_owned());
    }
    if end < digits.len() {
        return refuse(format!("{{leftover_string,{:?}}}", &digits[end..]));
    }
    match text.parse::<i128>() {
        Ok(number) if number < 0 => refuse(format!("{{value_negative,{number}}}")),
        Ok(number) if number > LONGEST.into() => refuse(format!("{{value_too_large,{number}}}")),
        Ok(number) => Ok(u64::try_from(number).ok()),
        Err(_) => refuse(format!("{{value_too_large,{}}}", &text[start..])),
    }
}
