//! One AMQP connection: the handshake, its channels, and its end.
//!
//! A task reads the socket and gives each method to its channel, and another task writes. A method that opens, declares or closes
//! something waits for the broker's reply, at most for [`REPLY_TIMEOUT`]. The connection uses no heartbeats: that time limit finds
//! a broker that hangs.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt, io,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};
use wire::{
    Content, Listener, Method, What, frame,
    protocol::{basic, channel, confirm, connection},
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::{brokers::address::Address, task::boxed};

/// The time limit for the broker's reply. RabbitMQ is slow on a busy machine, so only a broker that hangs takes this long.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);

/// The largest frame if the broker sets no limit, in bytes.
const FRAME_MAX: u32 = 131_072;

/// The reason why a request of the checker failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// No connection could be made, for this reason.
    Unreachable(String),
    /// The connection broke, for this reason.
    Lost(String),
    /// The broker refused: it closed the channel or the connection.
    Refused {
        /// The reply code, such as 404.
        code: u16,
        /// The reply text, such as `NOT_FOUND - no queue 'hello' in vhost '/'`.
        text: String,
    },
    /// The broker did not reply in time.
    Timeout,
    /// The broker sent something that does not belong there.
    Unexpected(String),
}

impl Error {
    /// The reply code for a queue or an exchange that does not exist.
    pub const NOT_FOUND: u16 = 404;
    /// The reply code for a missing permission.
    pub const ACCESS_REFUSED: u16 = 403;
    /// The reply code for a queue that is exclusive to another connection.
    pub const RESOURCE_LOCKED: u16 = 405;

    fn refused(code: u16, text: &ShortString) -> Error {
        Error::Refused { code, text: text.to_string() }
    }

    /// Returns the reply code, if the broker refused.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Error::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unreachable(why) | Error::Lost(why) => f.write_str(why),
            Error::Refused { code, text } => write!(f, "{code} {}", wire::words::harmless(text)),
            Error::Timeout => f.write_str("it did not reply in time"),
            Error::Unexpected(what) => write!(f, "it sent {}", wire::words::harmless(what)),
        }
    }
}

impl std::error::Error for Error {}

/// A method from the broker, with its content if it carries one; or the reason why there are no more.
type Incoming = Result<(Method, Option<Box<Content>>), Error>;

/// An open connection. Dropped, it is cut.
pub struct Connection {
    shared: Arc<Shared>,
    channel_max: u16,
    /// The tasks that read and write. They end with the connection.
    _tasks: JoinSet<()>,
}

/// The state that a connection shares with its tasks and channels.
struct Shared {
    /// The time limit for a reply.
    reply_timeout: Duration,
    /// The largest frame, in bytes.
    frame_max: u32,
    out: mpsc::UnboundedSender<Bytes>,
    /// The open channels. Whoever sends on one holds this lock, so nothing is sent after a `channel.close-ok`.
    channels: Mutex<Channels>,
    /// The reason why the broker blocks the connection, if it does.
    blocked: watch::Sender<Option<String>>,
    /// The reason why the connection ended, once it has.
    end: watch::Sender<Option<Error>>,
}

/// The channels that are open, by number.
#[derive(Default)]
struct Channels {
    /// The receiver of each channel's methods, and the count of channels that were opened before it.
    open: BTreeMap<u16, (u64, mpsc::UnboundedSender<Incoming>)>,
    /// The number of channels that were opened.
    count: u64,
    /// The number that was given last. The next channel gets a higher one, so a late reply to a closed channel reaches no other.
    last: u16,
}

impl Channels {
    /// Adds a channel. Returns its number and the count of channels before it; None if all numbers are in use.
    fn add(&mut self, most: u16, sender: mpsc::UnboundedSender<Incoming>) -> Option<(u16, u64)> {
        let (above, below) = (self.last.saturating_add(1)..=most, 1..=self.last.min(most));
        let id = above.chain(below).find(|id| !self.open.contains_key(id))?;
        let before = self.count;
        self.open.insert(id, (before, sender));
        (self.last, self.count) = (id, before + 1);
        Some((id, before))
    }
}

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    ///
    /// When the broker can't be reached, or refuses the login or the vhost.
    pub async fn open(address: &Address) -> Result<Connection, Error> {
        Connection::open_within(address, REPLY_TIMEOUT).await
    }

    /// Connects as [`Connection::open`] does, with this time limit for the handshake and for each reply.
    pub(super) async fn open_within(address: &Address, reply_timeout: Duration) -> Result<Connection, Error> {
        within(reply_timeout, Connection::shake_hands(address, reply_timeout)).await
    }

    async fn shake_hands(address: &Address, reply_timeout: Duration) -> Result<Connection, Error> {
        let unreachable = |error: io::Error| Error::Unreachable(error.to_string());
        let socket = TcpStream::connect(address.host_and_port()).await.map_err(unreachable)?;
        socket.set_nodelay(true).map_err(unreachable)?;
        let (from, mut to) = socket.into_split();
        let mut from = Reader { socket: from, listener: Listener::new(usize::MAX), heard: VecDeque::new() };
        to.write_all(&frame::PROTOCOL_HEADER).await.map_err(unreachable)?;
        let mut say = async |method| to.write_all(&frame::method(0, Method::Connection(method))).await.map_err(lost);
        use connection::AMQPMethod::{Open, OpenOk, Start, StartOk, Tune, TuneOk};
        let Start(_) = from.handshake().await? else { return Err(out_of_order("instead of connection.start")) };
        say(StartOk(connection::StartOk {
            client_properties: client_properties(),
            mechanism: "PLAIN".into(),
            response: format!("\0{}\0{}", address.user, address.password).into(),
            locale: "en_US".into(),
        }))
        .await?;
        let Tune(tune) = from.handshake().await? else { return Err(out_of_order("instead of connection.tune")) };
        let frame_max = if tune.frame_max == 0 { FRAME_MAX } else { tune.frame_max };
        let channel_max = if tune.channel_max == 0 { u16::MAX } else { tune.channel_max };
        say(TuneOk(connection::TuneOk { channel_max, frame_max, heartbeat: 0 })).await?;
        say(Open(connection::Open { virtual_host: address.vhost.as_str().into() })).await?;
        let OpenOk(_) = from.handshake().await? else { return Err(out_of_order("instead of connection.open-ok")) };
        let (out, outgoing) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            reply_timeout,
            frame_max,
            out,
            channels: Mutex::default(),
            blocked: watch::Sender::new(None),
            end: watch::Sender::new(None),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(boxed(write(to, outgoing)));
        tasks.spawn(boxed(read(from, shared.clone())));
        Ok(Connection { shared, channel_max, _tasks: tasks })
    }

    /// Opens a channel.
    ///
    /// # Errors
    ///
    /// When the connection is gone, or has no free channel.
    pub async fn channel(&self) -> Result<Channel, Error> {
        let (sender, incoming) = mpsc::unbounded_channel();
        let (id, before) = {
            let mut channels = self.shared.channels();
            if let Some(error) = self.shared.end.borrow().clone() {
                return Err(error);
            }
            let added = channels.add(self.channel_max, sender);
            added.ok_or_else(|| Error::Lost("all channels of the checker's connection are in use".to_owned()))?
        };
        let mut channel = Channel {
            id,
            before,
            shared: self.shared.clone(),
            incoming,
            deliveries: VecDeque::new(),
            published: 0,
            unconfirmed: BTreeSet::new(),
            closes: false,
        };
        match channel.call(Method::Channel(channel::AMQPMethod::Open(channel::Open {}))).await? {
            Method::Channel(channel::AMQPMethod::OpenOk(_)) => Ok(channel),
            _ => Err(out_of_order("instead of channel.open-ok")),
        }
    }

    /// Returns the reason why the broker blocks this connection, if it does, and each change of it.
    #[must_use]
    pub fn blocked(&self) -> watch::Receiver<Option<String>> {
        self.shared.blocked.subscribe()
    }

    /// Returns whether the connection is still open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.shared.end.borrow().is_none()
    }

    /// Closes the connection, and waits until the broker has closed it.
    ///
    /// # Errors
    ///
    /// When it was gone already, or when the broker does not reply in time.
    pub async fn close(self) -> Result<(), Error> {
        if let Some(error) = self.shared.end.borrow().clone() {
            return Err(error);
        }
        let mut end = self.shared.end.subscribe();
        let close = connection::Close { reply_code: 200, reply_text: "OK".into(), ..connection::Close::default() };
        self.shared.send(frame::method(0, Method::Connection(connection::AMQPMethod::Close(close))));
        within(self.shared.reply_timeout, async {
            // The connection itself keeps the sender.
            let _ = end.wait_for(Option::is_some).await;
            Ok(())
        })
        .await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.end(Error::Lost("the checker closed the connection".to_owned()));
    }
}

impl Shared {
    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands bytes to the task that writes. If the connection is gone, no reply comes, and [`Shared::end`] has the reason.
    fn send(&self, bytes: Bytes) {
        let _ = self.out.send(bytes);
    }

    /// Gives a method to its channel. Breaks with the reason when the connection ends.
    fn take(&self, id: u16, method: Method, content: Option<Box<Content>>) -> ControlFlow<Error> {
        use connection::AMQPMethod as OfConnection;
        match method {
            Method::Connection(OfConnection::Close(close)) => {
                let ok = OfConnection::CloseOk(connection::CloseOk {});
                self.send(frame::method(0, Method::Connection(ok)));
                return ControlFlow::Break(Error::refused(close.reply_code, &close.reply_text));
            }
            Method::Connection(OfConnection::CloseOk(_)) => {
                return ControlFlow::Break(Error::Lost("the checker closed the connection".to_owned()));
            }
            Method::Connection(OfConnection::Blocked(blocked)) => {
                self.blocked.send_replace(Some(blocked.reason.to_string()));
            }
            Method::Connection(OfConnection::Unblocked(_)) => {
                self.blocked.send_replace(None);
            }
            method => {
                use channel::AMQPMethod::{Close, CloseOk};
                let mut channels = self.channels();
                let closes = matches!(method, Method::Channel(Close(_) | CloseOk(_)));
                let incoming = match method {
                    Method::Channel(Close(close)) => {
                        self.send(frame::method(id, Method::Channel(CloseOk(channel::CloseOk {}))));
                        Err(Error::refused(close.reply_code, &close.reply_text))
                    }
                    method => Ok((method, content)),
                };
                let to = if closes { channels.open.remove(&id) } else { channels.open.get(&id).cloned() };
                // A channel that was dropped waits for nothing.
                if let Some((_, to)) = to {
                    let _ = to.send(incoming);
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Ends the connection, if it has not ended yet: its channels get the reason.
    fn end(&self, why: Error) {
        self.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert(why);
            first
        });
        self.channels().open.clear();
    }
}

/// A channel. Dropped, it is closed.
pub struct Channel {
    id: u16,
    /// The count of channels that were opened before it.
    before: u64,
    shared: Arc<Shared>,
    incoming: mpsc::UnboundedReceiver<Incoming>,
    /// The deliveries that came before a reply.
    deliveries: VecDeque<Option<Delivery>>,
    /// The number of messages published in confirm mode.
    published: u64,
    /// The messages without a confirm.
    unconfirmed: BTreeSet<u64>,
    /// Set when this side closes the channel.
    closes: bool,
}

/// A delivered message.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The delivery tag.
    pub tag: u64,
    /// Properties and body.
    pub content: Content,
}

impl Channel {
    /// Sends a method, and waits for the reply.
    ///
    /// # Errors
    ///
    /// When the broker refuses, or does not reply in time.
    pub async fn call(&mut self, method: Method) -> Result<Method, Error> {
        self.send(method);
        within(self.shared.reply_timeout, async {
            loop {
                let (method, content) = self.next().await?;
                if let Some(reply) = self.keep(method, content) {
                    return Ok(reply);
                }
            }
        })
        .await
    }

    /// Sends a method that has no reply.
    pub fn send(&self, method: Method) {
        self.send_bytes(frame::method(self.id, method));
    }

    /// Sends frames, unless the broker has closed the channel: the reason is among the incoming methods then.
    fn send_bytes(&self, bytes: Bytes) {
        let channels = self.shared.channels();
        if channels.open.get(&self.id).is_some_and(|(before, _)| *before == self.before) {
            self.shared.send(bytes);
        }
    }

    /// Puts the channel into confirm mode.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub async fn confirm(&mut self) -> Result<(), Error> {
        self.call(Method::Confirm(confirm::AMQPMethod::Select(confirm::Select::default()))).await.map(drop)
    }

    /// Publishes a message in confirm mode.
    pub fn publish(&mut self, exchange: &str, key: &str, properties: basic::AMQPProperties, body: &[u8]) {
        let publish =
            basic::Publish { exchange: exchange.into(), routing_key: key.into(), ..basic::Publish::default() };
        let mut bytes = BytesMut::from(frame::method(self.id, Method::Basic(basic::AMQPMethod::Publish(publish))));
        bytes.extend_from_slice(&frame::content(self.id, properties, body, self.shared.frame_max));
        self.published += 1;
        self.unconfirmed.insert(self.published);
        self.send_bytes(bytes.freeze());
    }

    /// Waits until the broker has confirmed or refused each published message.
    ///
    /// # Errors
    ///
    /// When the broker closes the channel, or does not reply in time.
    pub async fn confirmed(&mut self) -> Result<(), Error> {
        within(self.shared.reply_timeout, async {
            while !self.unconfirmed.is_empty() {
                let (method, content) = self.next().await?;
                self.keep(method, content);
            }
            Ok(())
        })
        .await
    }

    /// Waits for the next delivery; None if the broker cancelled the consumer. Nothing is lost if the wait is dropped.
    ///
    /// # Errors
    ///
    /// When the channel or the connection is gone.
    pub async fn delivery(&mut self) -> Result<Option<Delivery>, Error> {
        loop {
            if let Some(delivery) = self.deliveries.pop_front() {
                return Ok(delivery);
            }
            let (method, content) = self.next().await?;
            self.keep(method, content);
        }
    }

    /// Closes the channel.
    ///
    /// # Errors
    ///
    /// When it was closed already, or the connection is gone.
    pub async fn close(mut self) -> Result<(), Error> {
        self.closes = true;
        self.call(close()).await.map(drop)
    }

    /// Waits for the next method.
    async fn next(&mut self) -> Incoming {
        self.incoming.recv().await.unwrap_or_else(|| {
            let end = self.shared.end.borrow().clone();
            Err(end.unwrap_or_else(|| Error::Lost("the channel is closed".to_owned())))
        })
    }

    /// Keeps a delivery or a confirm. Returns any other method, which is a reply.
    fn keep(&mut self, method: Method, content: Option<Box<Content>>) -> Option<Method> {
        use basic::AMQPMethod::{Ack, Cancel, Deliver, Nack, Return};
        match method {
            Method::Basic(Deliver(deliver)) => {
                let content = content.map(|content| *content).unwrap_or_default();
                self.deliveries.push_back(Some(Delivery { tag: deliver.delivery_tag, content }));
            }
            Method::Basic(Cancel(_)) => self.deliveries.push_back(None),
            Method::Basic(Ack(basic::Ack { delivery_tag: tag, multiple }))
            | Method::Basic(Nack(basic::Nack { delivery_tag: tag, multiple, .. })) => {
                self.unconfirmed.retain(|waiting| *waiting != tag && !(multiple && *waiting < tag));
            }
            // It is confirmed, too.
            Method::Basic(Return(_)) => {}
            reply => return Some(reply),
        }
        None
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if !self.closes {
            self.send(close());
        }
    }
}

fn close() -> Method {
    let close = channel::Close { reply_code: 200, reply_text: "OK".into(), ..channel::Close::default() };
    Method::Channel(channel::AMQPMethod::Close(close))
}

/// Writes until the connection is dropped. If the broker is gone, the task that reads finds out why.
async fn write(mut to: OwnedWriteHalf, mut outgoing: mpsc::UnboundedReceiver<Bytes>) {
    while let Some(bytes) = outgoing.recv().await {
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Reads until the connection ends.
async fn read(mut from: Reader, shared: Arc<Shared>) {
    let why = loop {
        match from.next().await {
            Ok((channel, method, content)) => {
                if let ControlFlow::Break(why) = shared.take(channel, method, content) {
                    break why;
                }
            }
            Err(why) => break why,
        }
    };
    shared.end(why);
}

/// The broker's side of the conversation.
struct Reader {
    socket: OwnedReadHalf,
    listener: Listener,
    heard: VecDeque<What>,
}

impl Reader {
    /// Waits for the next method of the handshake.
    async fn handshake(&mut self) -> Result<connection::AMQPMethod, Error> {
        match self.next().await? {
            (_, Method::Connection(connection::AMQPMethod::Close(close)), _) => {
                Err(Error::refused(close.reply_code, &close.reply_text))
            }
            (_, Method::Connection(method), _) => Ok(method),
            (_, method, _) => Err(Error::Unexpected(wire::words::method_line(&method, None))),
        }
    }

    /// Waits for the next method on any channel.
    async fn next(&mut self) -> Result<(u16, Method, Option<Box<Content>>), Error> {
        loop {
            match self.heard.pop_front() {
                Some(What::Method { channel, method, content }) => return Ok((channel, method, content)),
                Some(What::Heartbeat) => {}
                Some(what) => return Err(Error::Unexpected(wire::words::line(&what))),
                None => {
                    let mut bytes = BytesMut::with_capacity(16 * 1024);
                    if self.socket.read_buf(&mut bytes).await.map_err(lost)? == 0 {
                        return Err(Error::Lost("it closed the connection without a reason".to_owned()));
                    }
                    self.listener.hear(&bytes, |what| self.heard.push_back(what));
                }
            }
        }
    }
}

/// Waits for something, at most for this time.
async fn within<T>(limit: Duration, reply: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(limit, reply).await.unwrap_or(Err(Error::Timeout))
}

fn lost(error: io::Error) -> Error {
    Error::Lost(error.to_string())
}

fn out_of_order(instead: &str) -> Error {
    Error::Unexpected(format!("another method {instead}"))
}

/// Returns the properties that a broker shows about this connection. Without these capabilities, RabbitMQ cuts the connection
/// after a wrong login, and reports neither alarms nor cancelled consumers.
fn client_properties() -> FieldTable {
    let mut capabilities = FieldTable::default();
    for name in ["authentication_failure_close", "basic.nack", "connection.blocked", "consumer_cancel_notify"] {
        capabilities.insert(name.into(), AMQPValue::Boolean(true));
    }
    let mut properties = FieldTable::default();
    properties.insert("product".into(), AMQPValue::LongString("hello-rabbit checker".into()));
    properties.insert("version".into(), AMQPValue::LongString(env!("CARGO_PKG_VERSION").into()));
    properties.insert("capabilities".into(), AMQPValue::FieldTable(capabilities));
    properties
}
