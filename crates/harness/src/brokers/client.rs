//! The checker's own AMQP client, which connects to the broker directly and not through the tap.

mod connection;

use std::time::Duration;

use tokio::{
    sync::Mutex,
    time::{Instant, interval, timeout_at},
};
use wire::{
    Method,
    protocol::{
        basic::{self, AMQPProperties},
        exchange,
        queue::{self, Declare},
    },
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::brokers::{address::Address, alarm::Alarms};
use connection::Channel;
pub use connection::{Connection, Error};

/// The most messages that are taken out of a queue, because a program may publish without end.
pub const MOST_DRAINED: usize = 1000;

/// The prefetch limit for draining a queue.
const PREFETCH: u16 = 100;

/// A connection of the checker's own.
pub struct Client {
    connection: Connection,
    /// The channel for messages to a queue, in confirm mode.
    publisher: Mutex<Channel>,
}

impl Client {
    /// Connects to the broker at this address.
    ///
    /// # Errors
    ///
    /// When the broker can't be reached or refuses.
    pub async fn reach(address: &Address) -> Result<Client, Error> {
        let connection = Connection::open(address).await?;
        let mut channel = connection.channel().await?;
        channel.confirm().await?;
        Ok(Client { connection, publisher: Mutex::new(channel) })
    }

    /// Sends one method on a channel of its own, because a refusal closes the channel. Returns the reply.
    async fn call(&self, method: Method) -> Result<Method, Error> {
        let mut channel = self.connection.channel().await?;
        let reply = channel.call(method).await?;
        channel.close().await?;
        Ok(reply)
    }

    /// Declares a queue.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn declare(&self, declare: Declare) -> Result<(), Error> {
        self.call(Method::Queue(queue::AMQPMethod::Declare(declare))).await.map(drop)
    }

    /// Binds a queue to an exchange with this key.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn bind(&self, queue: &str, exchange: &str, key: &str) -> Result<(), Error> {
        let bind = queue::Bind {
            queue: queue.into(),
            exchange: exchange.into(),
            routing_key: key.into(),
            ..queue::Bind::default()
        };
        self.call(Method::Queue(queue::AMQPMethod::Bind(bind))).await.map(drop)
    }

    /// Returns whether the exchange exists.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason than a missing exchange.
    pub async fn has_exchange(&self, exchange: &str) -> Result<bool, Error> {
        let passive = exchange::Declare {
            exchange: exchange.into(),
            kind: "direct".into(),
            passive: true,
            ..exchange::Declare::default()
        };
        match self.call(Method::Exchange(exchange::AMQPMethod::Declare(passive))).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some(Error::NOT_FOUND) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Publishes these messages, each with its routing key, to an exchange in one go, and waits until the broker has them. Returns
    /// false if the exchange does not exist, or accepts no messages from programs.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason.
    pub async fn publish_to(&self, exchange: &str, messages: &[(&str, &[u8])]) -> Result<bool, Error> {
        // A refusal closes the channel, so this one is separate.
        let mut channel = self.connection.channel().await?;
        channel.confirm().await?;
        for (key, body) in messages {
            channel.publish(exchange, key, AMQPProperties::default(), body);
        }
        match channel.confirmed().await {
            Ok(()) => channel.close().await.map(|()| true),
            Err(error) if matches!(error.code(), Some(Error::NOT_FOUND | Error::ACCESS_REFUSED)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits until a queue does not exist any more, at most for `timeout`. Returns whether it is gone.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason than a missing queue.
    pub async fn vanishes(&self, queue: &str, timeout: Duration) -> Result<bool, Error> {
        let deadline = Instant::now() + timeout;
        let mut again = interval(Duration::from_millis(25));
        while self.has(queue).await? {
            if timeout_at(deadline, again.tick()).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deletes a queue. One that does not exist counts as deleted.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn delete(&self, queue: &str) -> Result<(), Error> {
        let delete = queue::Delete { queue: queue.into(), ..queue::Delete::default() };
        self.call(Method::Queue(queue::AMQPMethod::Delete(delete))).await.map(drop)
    }

    /// Publishes to a queue, through the default exchange, and waits until the broker has the message.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn publish(&self, queue: &str, body: &[u8]) -> Result<(), Error> {
        self.publish_with(queue, body, AMQPProperties::default()).await
    }

    /// Publishes as [`Client::publish`] does, with these properties.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn publish_with(&self, queue: &str, body: &[u8], properties: AMQPProperties) -> Result<(), Error> {
        let mut publisher = self.publisher.lock().await;
        publisher.publish("", queue, properties, body);
        publisher.confirmed().await
    }

    /// Waits until this many messages are ready in a queue, at most for `timeout`: a quorum queue shows a message a little after
    /// the end of the publisher's connection. Returns whether they are ready; none are in a queue that does not exist.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason than a missing queue.
    pub async fn holds(&self, queue: &str, messages: u32, timeout: Duration) -> Result<bool, Error> {
        let deadline = Instant::now() + timeout;
        let mut again = interval(Duration::from_millis(25));
        let mut channel = self.connection.channel().await?;
        loop {
            let Some(found) = ready(&mut channel, queue).await? else { return Ok(false) };
            let are_ready = found >= messages;
            if are_ready || timeout_at(deadline, again.tick()).await.is_err() {
                return channel.close().await.map(|()| are_ready);
            }
        }
    }

    /// Takes the messages out of a queue: the number `expected`, and any others, up to [`MOST_DRAINED`] messages.
    ///
    /// None when the queue does not exist. It waits for the expected messages, at most for `timeout`: a quorum queue shows a
    /// message a little after the end of the publisher's connection.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason than a missing queue.
    pub async fn drain(&self, queue: &str, expected: usize, timeout: Duration) -> Result<Option<Vec<Vec<u8>>>, Error> {
        self.drain_with(queue, expected, timeout, FieldTable::default()).await
    }

    /// Reads the messages of a stream from its beginning, as [`Client::drain`] takes those of a queue.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason than a missing queue.
    pub async fn read_stream(
        &self,
        queue: &str,
        expected: usize,
        timeout: Duration,
    ) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let mut from = FieldTable::default();
        from.insert("x-stream-offset".into(), AMQPValue::LongString("first".into()));
        self.drain_with(queue, expected, timeout, from).await
    }

    async fn drain_with(
        &self,
        queue: &str,
        expected: usize,
        timeout: Duration,
        arguments: FieldTable,
    ) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let deadline = Instant::now() + timeout;
        // A refusal closes the channel, so this one is separate.
        let mut channel = self.connection.channel().await?;
        let Some(found) = ready(&mut channel, queue).await? else { return Ok(None) };
        let want = expected.max(found as usize).min(MOST_DRAINED);
        let mut bodies = Vec::new();
        // A stream can be read only with a prefetch limit and with acknowledgements.
        let prefetch = basic::Qos { prefetch_count: PREFETCH, ..basic::Qos::default() };
        channel.call(Method::Basic(basic::AMQPMethod::Qos(prefetch))).await?;
        let consume = basic::Consume { queue: queue.into(), arguments, ..basic::Consume::default() };
        channel.call(Method::Basic(basic::AMQPMethod::Consume(consume))).await?;
        while bodies.len() < want {
            match timeout_at(deadline, channel.delivery()).await {
                Ok(Ok(Some(delivery))) => {
                    let ack = basic::Ack { delivery_tag: delivery.tag, multiple: false };
                    channel.send(Method::Basic(basic::AMQPMethod::Ack(ack)));
                    bodies.push(delivery.content.body.to_vec());
                }
                Ok(Err(error)) => return Err(error),
                Ok(Ok(None)) | Err(_) => break,
            }
        }
        channel.close().await?;
        Ok(Some(bodies))
    }

    /// Takes the messages of a queue from now on, as requests.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn requests(&self, queue: &str) -> Result<Requests, Error> {
        // A refusal closes the channel, so this one is separate.
        let mut channel = self.connection.channel().await?;
        let consume = basic::Consume { queue: queue.into(), no_ack: true, ..basic::Consume::default() };
        channel.call(Method::Basic(basic::AMQPMethod::Consume(consume))).await?;
        Ok(Requests { channel })
    }

    /// Returns whether the queue exists.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason than a missing queue.
    pub async fn has(&self, queue: &str) -> Result<bool, Error> {
        match self.declare(passive(queue)).await {
            Ok(()) => Ok(true),
            Err(error) if error.code() == Some(Error::NOT_FOUND) => Ok(false),
            // It exists, and is exclusive to another connection.
            Err(error) if error.code() == Some(Error::RESOURCE_LOCKED) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Returns the alarms that the broker announces on this connection.
    #[must_use]
    pub fn alarms(&self) -> Alarms {
        Alarms::of(&self.connection)
    }

    /// Returns whether the connection is still open.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connection.is_open()
    }

    /// Closes the connection.
    pub async fn close(self) {
        // A failure here comes again when the vhost is deleted, and is reported then.
        let _ = self.connection.close().await;
    }
}

/// Returns the declaration of a durable queue.
#[must_use]
pub fn durable(queue: &str) -> Declare {
    Declare { queue: queue.into(), durable: true, ..Declare::default() }
}

/// Returns the declaration that only asks whether a queue exists.
fn passive(queue: &str) -> Declare {
    Declare { queue: queue.into(), passive: true, ..Declare::default() }
}

/// Returns the number of messages that are ready in a queue. None when it does not exist; the channel is closed then.
async fn ready(channel: &mut Channel, queue: &str) -> Result<Option<u32>, Error> {
    match channel.call(Method::Queue(queue::AMQPMethod::Declare(passive(queue)))).await {
        Ok(Method::Queue(queue::AMQPMethod::DeclareOk(found))) => Ok(Some(found.message_count)),
        Ok(other) => Err(Error::Unexpected(wire::words::method_line(&other, None))),
        Err(error) if error.code() == Some(Error::NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The requests in a queue, as they come.
pub struct Requests {
    channel: Channel,
}

/// A request: what a server needs to send the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The body.
    pub body: Vec<u8>,
    /// The property `correlation_id`.
    pub id: Option<String>,
    /// The property `reply_to`.
    pub reply_to: Option<String>,
}

impl Requests {
    /// Waits for the next request; None if the broker ended the subscription. Nothing is lost if the wait is dropped.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn next(&mut self) -> Result<Option<Request>, Error> {
        let Some(delivery) = self.channel.delivery().await? else { return Ok(None) };
        let text = |property: &Option<ShortString>| property.as_ref().map(|text| text.as_str().to_owned());
        let properties = &delivery.content.properties;
        let (id, reply_to) = (text(properties.correlation_id()), text(properties.reply_to()));
        Ok(Some(Request { body: delivery.content.body.to_vec(), id, reply_to }))
    }

    /// Takes no more requests.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn close(self) -> Result<(), Error> {
        self.channel.close().await
    }
}

/// Declares a queue as a program did, on a connection made for it, because some refusals close the whole connection. Returns
/// whether the broker accepted the declaration.
///
/// # Errors
///
/// When the broker can't be reached, or fails otherwise.
pub async fn is_accepted(address: &Address, declare: Declare) -> Result<bool, Error> {
    let client = Client::reach(address).await?;
    match client.declare(declare).await {
        Ok(()) => {
            client.close().await;
            Ok(true)
        }
        Err(Error::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes a queue, on a connection made for it.
///
/// # Errors
///
/// When the broker refuses. A broker that is gone is not an error.
pub async fn delete_queue(address: &Address, queue: &str) -> Result<(), Error> {
    let Some(client) = reach_again(address).await? else { return Ok(()) };
    client.delete(queue).await?;
    client.close().await;
    Ok(())
}

/// Deletes an exchange, if it exists.
///
/// # Errors
///
/// When the broker refuses. A broker that is gone is not an error.
pub async fn delete_exchange(address: &Address, exchange: &str) -> Result<(), Error> {
    let Some(client) = reach_again(address).await? else { return Ok(()) };
    let delete = exchange::Delete { exchange: exchange.into(), ..exchange::Delete::default() };
    match client.call(Method::Exchange(exchange::AMQPMethod::Delete(delete))).await {
        Ok(_) => {}
        Err(error) if error.code() == Some(Error::NOT_FOUND) => {}
        Err(error) => return Err(error),
    }
    client.close().await;
    Ok(())
}

/// Connects to a broker; None if it is gone.
async fn reach_again(address: &Address) -> Result<Option<Client>, Error> {
    match Client::reach(address).await {
        Err(Error::Unreachable(_) | Error::Lost(_)) => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests;
