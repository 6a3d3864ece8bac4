//! The checker's own AMQP client, which connects to the broker directly and not through the tap.

use std::time::Duration;

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, Error, ErrorKind, ExchangeKind,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
        ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
    },
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable, ShortString},
};
use tokio::time::{Instant, interval, timeout_at};
use tokio_stream::StreamExt;

use crate::brokers::{address::Address, alarm::Alarms};

/// The most messages that are taken out of a queue, because a program may publish without end.
pub const MOST_DRAINED: usize = 1000;

/// The prefetch limit for draining a queue.
const PREFETCH: u16 = 100;

/// A connection of the checker's own.
pub struct Client {
    connection: Connection,
    channel: Channel,
}

impl Client {
    /// Connects to the broker at this address.
    ///
    /// # Errors
    ///
    /// When the broker can't be reached or refuses.
    pub async fn reach(address: &Address) -> Result<Client, Error> {
        let connection = Connection::connect(&address.url(), ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Client { connection, channel })
    }

    /// Declares a queue.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn declare(&self, queue: &str, options: QueueDeclareOptions, arguments: FieldTable) -> Result<(), Error> {
        // A refusal closes the channel, so this one is separate.
        let channel = self.connection.create_channel().await?;
        channel.queue_declare(queue.into(), options, arguments).await?;
        channel.close(200, "OK".into()).await
    }

    /// Binds a queue to an exchange with this key.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn bind(&self, queue: &str, exchange: &str, key: &str) -> Result<(), Error> {
        let channel = self.connection.create_channel().await?;
        let options = QueueBindOptions::default();
        channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await?;
        channel.close(200, "OK".into()).await
    }

    /// Returns whether the exchange exists.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason than a missing exchange.
    pub async fn has_exchange(&self, exchange: &str) -> Result<bool, Error> {
        let channel = self.connection.create_channel().await?;
        let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        let kind = ExchangeKind::Direct;
        match channel.exchange_declare(exchange.into(), kind, passive, FieldTable::default()).await {
            Ok(()) => channel.close(200, "OK".into()).await.map(|()| true),
            Err(error) if is_not_found(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Publishes these messages, each with its routing key, to an exchange in one go, and waits until the broker has them. Returns false if the exchange does not exist, or
    /// accepts no messages from programs.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason.
    pub async fn publish_to(&self, exchange: &str, messages: &[(&str, &[u8])]) -> Result<bool, Error> {
        // A refusal closes the channel, so this one is separate.
        let channel = self.connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let publish = async {
            let (mut confirms, mut failed) = (Vec::new(), None);
            for (key, body) in messages {
                let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
                match channel.basic_publish(exchange.into(), (*key).into(), options, body, properties).await {
                    Ok(confirm) => confirms.push(confirm),
                    // The channel may be closed by now; the first message's confirm says why.
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
            for confirm in confirms {
                confirm.await?;
            }
            failed.map_or(Ok(()), Err)
        };
        let refused = [AMQPSoftError::NOTFOUND, AMQPSoftError::ACCESSREFUSED].map(AMQPErrorKind::Soft);
        match publish.await {
            Ok(()) => channel.close(200, "OK".into()).await.map(|()| true),
            Err(error) if amqp_error(&error).is_some_and(|error| refused.contains(&error)) => Ok(false),
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
        self.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.map(drop)
    }

    /// Publishes to a queue, through the default exchange, and waits until the broker has the message.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn publish(&self, queue: &str, body: &[u8]) -> Result<(), Error> {
        self.publish_with(queue, body, BasicProperties::default()).await
    }

    /// Publishes as [`Client::publish`] does, with these properties.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn publish_with(&self, queue: &str, body: &[u8], properties: BasicProperties) -> Result<(), Error> {
        let options = BasicPublishOptions::default();
        self.channel.basic_publish("".into(), queue.into(), options, body, properties).await?.await?;
        Ok(())
    }

    /// Waits until this many messages are ready in a queue, at most for `timeout`: a quorum queue shows a message a little after
    /// the end of the publisher's connection. Returns whether they are ready.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason than a missing queue.
    pub async fn holds(&self, queue: &str, messages: u32, timeout: Duration) -> Result<bool, Error> {
        let deadline = Instant::now() + timeout;
        let mut again = interval(Duration::from_millis(25));
        let channel = self.connection.create_channel().await?;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        loop {
            match channel.queue_declare(queue.into(), passive, FieldTable::default()).await {
                Ok(found) if found.message_count() >= messages => break,
                Ok(_) => {}
                Err(error) if is_not_found(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
            if timeout_at(deadline, again.tick()).await.is_err() {
                channel.close(200, "OK".into()).await?;
                return Ok(false);
            }
        }
        channel.close(200, "OK".into()).await?;
        Ok(true)
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
        let channel = self.connection.create_channel().await?;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let found = match channel.queue_declare(queue.into(), passive, FieldTable::default()).await {
            Err(error) if is_not_found(&error) => return Ok(None),
            other => other?,
        };
        let want = expected.max(found.message_count() as usize).min(MOST_DRAINED);
        let mut bodies = Vec::new();
        // A stream can be read only with a prefetch limit and with acknowledgements.
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let mut consumer = channel.basic_consume(queue.into(), "".into(), options, arguments).await?;
        while bodies.len() < want {
            match timeout_at(deadline, consumer.next()).await {
                Ok(Some(delivery)) => {
                    let delivery = delivery?;
                    delivery.ack(BasicAckOptions::default()).await?;
                    bodies.push(delivery.data);
                }
                Ok(None) | Err(_) => break,
            }
        }
        channel.close(200, "OK".into()).await?;
        Ok(Some(bodies))
    }

    /// Takes the messages of a queue from now on, as requests.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn requests(&self, queue: &str) -> Result<Requests, Error> {
        // A refusal closes the channel, so this one is separate.
        let channel = self.connection.create_channel().await?;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        Ok(Requests { channel, consumer })
    }

    /// Returns whether the queue exists.
    ///
    /// # Errors
    ///
    /// When the broker refuses for another reason than a missing queue.
    pub async fn has(&self, queue: &str) -> Result<bool, Error> {
        let channel = self.connection.create_channel().await?;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        match channel.queue_declare(queue.into(), passive, FieldTable::default()).await {
            Ok(_) => channel.close(200, "OK".into()).await.map(|()| true),
            Err(error) if is_not_found(&error) => Ok(false),
            // It exists, and is exclusive to another connection.
            Err(error) if amqp_error(&error) == Some(AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED)) => Ok(true),
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
    pub fn holds_on(&self) -> bool {
        self.connection.status().connected()
    }

    /// Closes the connection.
    pub async fn close(self) {
        // A failure here comes again when the vhost is deleted, and is reported then.
        let _ = self.connection.close(200, "OK".into()).await;
    }
}

/// The requests in a queue, as they come.
pub struct Requests {
    channel: Channel,
    consumer: Consumer,
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
        let Some(delivery) = self.consumer.next().await.transpose()? else { return Ok(None) };
        let text = |property: &Option<ShortString>| property.as_ref().map(|text| text.as_str().to_owned());
        let properties = &delivery.properties;
        let (id, reply_to) = (text(properties.correlation_id()), text(properties.reply_to()));
        Ok(Some(Request { body: delivery.data, id, reply_to }))
    }

    /// Takes no more requests. Without it, the close of a channel that is dropped may meet that of its connection, and lapin then
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn close(self) -> Result<(), Error> {
        // A dropped consumer is cancelled in the background. If that comes after the close, the broker may end the connection
        // with 504.
        let Requests { channel, consumer } = self;
        let closed = channel.close(200, "OK".into()).await;
        drop(consumer);
        closed
    }
}

/// Declares a queue as a program did, on a connection made for it, because some refusals close the whole connection. Returns
/// whether the broker accepted the declaration.
///
/// # Errors
///
/// When the broker can't be reached, or fails otherwise.
pub async fn is_accepted(
    address: &Address,
    queue: &str,
    options: QueueDeclareOptions,
    arguments: FieldTable,
) -> Result<bool, Error> {
    let client = Client::reach(address).await?;
    match client.declare(queue, options, arguments).await {
        Ok(()) => {
            client.close().await;
            Ok(true)
        }
        Err(error) if amqp_error(&error).is_some() => Ok(false),
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
    let channel = client.connection.create_channel().await?;
    let deleted = channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await;
    if let Err(error) = deleted
        && !is_not_found(&error)
    {
        return Err(error);
    }
    client.close().await;
    Ok(())
}

/// Connects to a broker; None if it is gone.
async fn reach_again(address: &Address) -> Result<Option<Client>, Error> {
    match Client::reach(address).await {
        Err(error) if matches!(error.kind(), ErrorKind::IOError(_)) => Ok(None),
        other => other.map(Some),
    }
}

fn is_not_found(error: &Error) -> bool {
    amqp_error(error) == Some(AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND))
}

fn amqp_error(error: &Error) -> Option<AMQPErrorKind> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => Some(error.kind().clone()),
        _ => None,
    }
}
