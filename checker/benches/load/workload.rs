//! The work that the brokers have to do, by lapin.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_lite::StreamExt;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, Error,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
        ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
    },
    types::{FieldTable, ShortString},
};
use tokio::{sync::Mutex, task::JoinSet};

use crate::raw::Raw;

/// The reason why a broker could not do the work.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The limit of all message bodies in all queues together, in bytes. It keeps either broker far from its memory alarm.
const BACKLOG: usize = 32 * 1024 * 1024;

/// The limit of the number of messages in all queues together.
const BACKLOG_MESSAGES: usize = 50_000;

const PREFETCH: u16 = 100;
const REPLIES: &str = "amq.rabbitmq.reply-to";
const REQUESTS: &str = "load-requests";

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    /// Publish, and wait at the end until all have come to the queue.
    Publish,
    /// Publish with confirms, with this many of them outstanding at a time.
    Confirm { outstanding: usize },
    /// Consume from a full queue.
    Consume { no_ack: bool },
    /// Send requests and wait for the replies, which come by direct reply-to.
    Rpc,
    /// The same as [`WorkloadKind::Publish`], by a client that costs nothing.
    RawPublish,
    /// The same as [`WorkloadKind::Consume`], by a client that costs nothing.
    RawConsume,
}

/// A kind of work, with the size of its bodies in bytes, and the number of connections, each of which has its own queue.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    pub kind: WorkloadKind,
    pub size: usize,
    pub connections: usize,
}

impl Workload {
    /// Returns all workloads for this many connections.
    pub fn all(connections: usize) -> impl Iterator<Item = Workload> {
        let kinds = [
            WorkloadKind::Publish,
            WorkloadKind::Confirm { outstanding: 200 },
            WorkloadKind::Confirm { outstanding: 1 },
            WorkloadKind::Consume { no_ack: true },
            WorkloadKind::Consume { no_ack: false },
            WorkloadKind::Rpc,
        ];
        let alone: &[WorkloadKind] =
            if connections == 1 { &[WorkloadKind::RawPublish, WorkloadKind::RawConsume] } else { &[] };
        let sizes = [16, 16 * 1024];
        kinds
            .into_iter()
            .chain(alone.iter().copied())
            .flat_map(move |kind| sizes.map(|size| Workload { kind, size, connections }))
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkloadKind::Publish => f.write_str("publish"),
            WorkloadKind::Confirm { outstanding: 1 } => f.write_str("publish, each confirmed before the next"),
            WorkloadKind::Confirm { outstanding } => write!(f, "publish, {outstanding} unconfirmed"),
            WorkloadKind::Consume { no_ack: true } => f.write_str("consume, no acknowledgements"),
            WorkloadKind::Consume { no_ack: false } => write!(f, "consume, prefetch {PREFETCH}, each acknowledged"),
            WorkloadKind::Rpc => f.write_str("RPC round trip"),
            WorkloadKind::RawPublish => f.write_str("publish, without lapin"),
            WorkloadKind::RawConsume => f.write_str("consume, no acknowledgements, without lapin"),
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}, {} B, {} connections", self.kind, self.size, self.connections))
    }
}

/// Connections to one broker.
pub struct Clients {
    connections: Vec<Arc<Connection>>,
    /// The connection that answers requests.
    server: Connection,
    raw: Arc<Mutex<Raw>>,
}

impl Clients {
    pub async fn open(url: &str, count: usize) -> Result<Clients, Failure> {
        let connect = || Connection::connect(url, ConnectionProperties::default());
        let mut connections = Vec::new();
        for _ in 0..count {
            connections.push(Arc::new(connect().await?));
        }
        Ok(Clients { connections, server: connect().await?, raw: Arc::new(Mutex::new(Raw::open(url).await?)) })
    }

    pub async fn close(self) -> Result<(), Failure> {
        for connection in self.connections.iter().map(|connection| &**connection).chain([&self.server]) {
            connection.close(200, "OK".into()).await?;
        }
        if let Some(raw) = Arc::into_inner(self.raw) {
            raw.into_inner().close().await?;
        }
        Ok(())
    }

    /// Prepares everything for this workload.
    pub async fn crew(&self, workload: Workload) -> Result<Crew, Failure> {
        let server = match workload.kind {
            WorkloadKind::Rpc => Some(serve(&self.server).await?),
            _ => None,
        };
        let workers = each(self.connections.iter().cloned().enumerate(), |(index, connection)| {
            let raw = self.raw.clone();
            async move { Worker::new(&connection, index, workload, raw).await.map(Arc::new) }
        });
        Ok(Crew { workload, workers: workers.await?, server })
    }
}

/// The workers of one workload on one broker.
pub struct Crew {
    workload: Workload,
    workers: Vec<Arc<Worker>>,
    /// The channel that answers requests.
    server: Option<Channel>,
}

impl Crew {
    /// Does the work with this many messages in all. Returns the time it took, without preparing and tidying up. `meter`
    /// returns the CPU time so far: the broker's and the client's.
    pub async fn run(&self, messages: usize, meter: impl Fn() -> [Duration; 2]) -> Result<Took, Failure> {
        let most = match self.workload.kind {
            WorkloadKind::Rpc => messages,
            _ => (BACKLOG / self.workload.size).min(BACKLOG_MESSAGES),
        };
        let workers = || self.workers.iter().cloned();
        let (mut took, mut left) = (Took::default(), messages);
        while left > 0 {
            let batch = left.min(most);
            let share = batch.div_ceil(self.workers.len());
            each(workers(), |worker| async move { worker.prepare(share).await }).await?;
            let (before, begin) = (meter(), Instant::now());
            each(workers(), |worker| async move { worker.work(share).await }).await?;
            took.wall += begin.elapsed();
            let after = meter();
            took.broker += after[0].saturating_sub(before[0]);
            took.client += after[1].saturating_sub(before[1]);
            each(workers(), |worker| async move { worker.tidy().await }).await?;
            left -= batch;
        }
        Ok(took)
    }

    pub async fn end(self) -> Result<(), Failure> {
        each(self.workers.into_iter(), |worker| async move { worker.end().await }).await?;
        if let Some(server) = self.server {
            server.close(200, "OK".into()).await?;
        }
        Ok(())
    }
}

/// The time that some work took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Took {
    pub wall: Duration,
    /// The broker's CPU time.
    pub broker: Duration,
    /// The client's CPU time.
    pub client: Duration,
}

/// Calls `act` for all items at the same time, and waits for the last.
async fn each<T, R, F>(all: impl Iterator<Item = T>, act: impl Fn(T) -> F) -> Result<Vec<R>, Failure>
where
    R: Send + 'static,
    F: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    all.for_each(|one| {
        tasks.spawn(act(one));
    });
    tasks.join_all().await.into_iter().collect()
}

/// The work on one connection.
struct Worker {
    channel: Channel,
    queue: ShortString,
    kind: WorkloadKind,
    body: Vec<u8>,
    /// The consumer of the replies.
    replies: Option<Consumer>,
    raw: Arc<Mutex<Raw>>,
}

impl Worker {
    async fn new(
        connection: &Connection,
        index: usize,
        workload: Workload,
        raw: Arc<Mutex<Raw>>,
    ) -> Result<Worker, Failure> {
        let channel = connection.create_channel().await?;
        let queue: ShortString = format!("load-{index}").into();
        let mut replies = None;
        match workload.kind {
            WorkloadKind::Confirm { .. } => channel.confirm_select(ConfirmSelectOptions::default()).await?,
            WorkloadKind::Consume { .. } => channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?,
            WorkloadKind::Publish | WorkloadKind::RawPublish | WorkloadKind::RawConsume => {}
            WorkloadKind::Rpc => replies = Some(consume(&channel, REPLIES.into(), true).await?),
        }
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue.clone(), options, FieldTable::default()).await?;
        Ok(Worker { channel, queue, kind: workload.kind, body: vec![b'x'; workload.size], replies, raw })
    }

    async fn end(&self) -> Result<(), Failure> {
        self.channel.queue_delete(self.queue.clone(), QueueDeleteOptions::default()).await?;
        Ok(self.channel.close(200, "OK".into()).await?)
    }

    async fn prepare(&self, share: usize) -> Result<(), Failure> {
        match self.kind {
            WorkloadKind::Consume { .. } => self.publish(share).await?,
            WorkloadKind::RawConsume => self.raw.lock().await.publish(share, self.body.len()).await?,
            _ => {}
        }
        Ok(())
    }

    async fn work(&self, share: usize) -> Result<(), Failure> {
        match self.kind {
            WorkloadKind::Publish => self.publish(share).await?,
            WorkloadKind::Confirm { outstanding } => self.confirm(share, outstanding).await?,
            WorkloadKind::Consume { no_ack } => self.consume(share, no_ack).await?,
            WorkloadKind::Rpc => self.ask(share).await?,
            WorkloadKind::RawPublish => self.raw.lock().await.publish(share, self.body.len()).await?,
            WorkloadKind::RawConsume => self.raw.lock().await.consume(share).await?,
        }
        Ok(())
    }

    async fn tidy(&self) -> Result<(), Failure> {
        match self.kind {
            WorkloadKind::RawPublish => self.raw.lock().await.purge().await?,
            _ => {
                self.channel.queue_purge(self.queue.clone(), QueuePurgeOptions::default()).await?;
            }
        }
        Ok(())
    }

    async fn publish(&self, share: usize) -> Result<(), Error> {
        for _ in 0..share {
            self.say(self.queue.clone(), BasicProperties::default()).await?;
        }
        self.catch_up().await
    }

    /// Waits until the broker has handled everything on this channel. It handles a channel's methods in order, so the answer to
    /// this one comes last.
    async fn catch_up(&self) -> Result<(), Error> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(self.queue.clone(), options, FieldTable::default()).await?;
        Ok(())
    }

    async fn confirm(&self, share: usize, outstanding: usize) -> Result<(), Error> {
        let mut waiting = VecDeque::new();
        for _ in 0..share {
            waiting.push_back(self.say(self.queue.clone(), BasicProperties::default()).await?);
            if waiting.len() >= outstanding
                && let Some(oldest) = waiting.pop_front()
            {
                oldest.await?;
            }
        }
        for confirm in waiting {
            confirm.await?;
        }
        Ok(())
    }

    async fn consume(&self, share: usize, no_ack: bool) -> Result<(), Error> {
        let mut consumer = consume(&self.channel, self.queue.clone(), no_ack).await?;
        for _ in 0..share {
            let Some(delivery) = consumer.try_next().await? else { break };
            if !no_ack {
                delivery.acker.ack(BasicAckOptions::default()).await?;
            }
        }
        self.catch_up().await?;
        self.channel.basic_cancel(consumer.tag(), BasicCancelOptions::default()).await
    }

    async fn ask(&self, share: usize) -> Result<(), Error> {
        let Some(mut replies) = self.replies.clone() else { return Ok(()) };
        for _ in 0..share {
            self.say(REQUESTS.into(), BasicProperties::default().with_reply_to(REPLIES.into())).await?;
            replies.try_next().await?;
        }
        Ok(())
    }

    async fn say(&self, key: ShortString, properties: BasicProperties) -> Result<lapin::PublisherConfirm, Error> {
        self.channel.basic_publish("".into(), key, BasicPublishOptions::default(), &self.body, properties).await
    }
}

async fn consume(channel: &Channel, queue: ShortString, no_ack: bool) -> Result<Consumer, Error> {
    let options = BasicConsumeOptions { no_ack, ..BasicConsumeOptions::default() };
    channel.basic_consume(queue, "".into(), options, FieldTable::default()).await
}

/// Answers requests with their own bodies, until the channel is closed.
async fn serve(connection: &Connection) -> Result<Channel, Error> {
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(REQUESTS.into(), options, FieldTable::default()).await?;
    let mut requests = consume(&channel, REQUESTS.into(), true).await?;
    let answers = channel.clone();
    tokio::spawn(async move {
        while let Ok(Some(request)) = requests.try_next().await {
            let to = request.properties.reply_to().clone().unwrap_or_default();
            let options = BasicPublishOptions::default();
            let answered = answers.basic_publish("".into(), to, options, &request.data, BasicProperties::default());
            if answered.await.is_err() {
                break;
            }
        }
    });
    Ok(channel)
}
