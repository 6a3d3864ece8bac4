//! The server: it listens, and gives each connection its turns at the broker.

use std::{
    collections::HashMap,
    fmt, io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    shell::{link::Link, spawn},
    state::{Broker, Config, ConnectionId, Millis, accounts::BadPattern},
};

/// A reason why a server can't start.
#[derive(Debug)]
pub enum StartError {
    /// The port is in use, or listening on it is forbidden.
    Port {
        /// The requested port; 0 for any.
        port: u16,
        /// The error of the operating system.
        why: io::Error,
    },
    /// A pattern of an account is not a regular expression.
    Pattern(BadPattern),
}

impl std::error::Error for StartError {}

impl fmt::Display for StartError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Port { port, why } => write!(to, "port {port} on 127.0.0.1 can't be listened on: {why}"),
            StartError::Pattern(bad) => bad.fmt(to),
        }
    }
}

impl From<BadPattern> for StartError {
    fn from(bad: BadPattern) -> StartError {
        StartError::Pattern(bad)
    }
}

/// A broker that listens. It ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    port: u16,
    tasks: [JoinHandle<()>; 2],
}

/// The state that all tasks of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    table: Mutex<Table>,
    zero: Instant,
    /// The time of the clock task's next wake-up, in ms.
    alarm: AtomicU64,
    wake_clock: Notify,
    /// The delay of all output.
    delay: watch::Sender<Duration>,
    /// The function that writes the log.
    log: OnceLock<fn(&str)>,
}

/// The broker, and the sockets of its connections.
#[derive(Debug)]
struct Table {
    broker: Broker,
    links: HashMap<ConnectionId, Arc<Link>>,
}

impl Server {
    /// Starts a broker on 127.0.0.1, on this port or on any free one.
    ///
    /// # Errors
    ///
    /// An error when the port can't be used, or when a pattern of an account is not a regular expression.
    pub async fn start(config: Config, port: Option<u16>) -> Result<Server, StartError> {
        let asked = port.unwrap_or(0);
        let busy = |why| StartError::Port { port: asked, why };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, asked)).await.map_err(busy)?;
        let port = listener.local_addr().map_err(busy)?.port();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began = since_1970.as_secs();
        // The seed must only differ from that of the last start.
        let seed = u64::try_from(since_1970.as_nanos() & u128::from(u64::MAX)).unwrap_or(1) ^ u64::from(port) << 48;
        let sockets = config.limits.connections + config.limits.connections / 8 + 8;
        let broker = Broker::new(Config { began, seed, ..config })?;
        let shared = Arc::new(Shared {
            table: Mutex::new(Table { broker, links: HashMap::new() }),
            zero: Instant::now(),
            alarm: AtomicU64::new(u64::MAX),
            wake_clock: Notify::new(),
            delay: watch::Sender::new(Duration::ZERO),
            log: OnceLock::new(),
        });
        let tasks = [spawn(attend(listener, shared.clone(), sockets)), spawn(watch_clock(shared.clone()))];
        Ok(Server { shared, port, tasks })
    }

    /// Returns the port of the broker.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Reads or changes the broker. The resulting output is sent immediately.
    pub fn with<T>(&self, act: impl FnOnce(&mut Broker) -> T) -> T {
        self.shared.turn(|broker, now| {
            broker.tick(now);
            act(broker)
        })
    }

    /// Passes the log to this function, line by line: connections that open and close, and refusals with their reasons.
    /// Only the first function is used.
    pub fn log_to(&self, write: fn(&str)) {
        let _ = self.shared.log.set(write);
        self.with(Broker::start_log);
    }

    /// Delays all output, as a slow network does. Zero ends the delay.
    pub fn delay(&self, delay: Duration) {
        self.shared.delay.send_replace(delay);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.shared.hang_up_all();
    }
}

impl Shared {
    /// Takes one turn at the broker: calls `act`, and hands out the effects before any other turn.
    pub(super) fn turn<T>(&self, act: impl FnOnce(&mut Broker, Millis) -> T) -> T {
        self.turn_and_tell(act).0
    }

    /// Takes a turn like [`Shared::turn`], and also returns whether it had an effect for any connection.
    pub(super) fn turn_and_tell<T>(&self, act: impl FnOnce(&mut Broker, Millis) -> T) -> (T, bool) {
        let now = u64::try_from(self.zero.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Table { broker, links } = &mut *table;
        let done = act(broker, now);
        let mut touched: Vec<Arc<Link>> = Vec::new();
        let mut current: Option<(ConnectionId, &Arc<Link>)> = None;
        for (id, effect) in broker.effects() {
            let link = match current {
                Some((last, link)) if last == id => link,
                _ => {
                    let Some(link) = links.get(&id) else { continue };
                    current = Some((id, link));
                    touched.push(link.clone());
                    link
                }
            };
            link.take(effect);
        }
        // This is compared under the lock, because the clock task sets the alarm under the lock.
        let due_sooner = broker.next_due().unwrap_or(u64::MAX) < self.alarm.load(Ordering::Relaxed);
        let log = broker.take_log();
        drop(table);
        if let Some(write) = self.log.get() {
            log.iter().for_each(|line| write(line));
        }
        touched.iter().for_each(|link| link.wake());
        if due_sooner {
            self.wake_clock.notify_one();
        }
        (done, !touched.is_empty())
    }

    pub(super) fn connect(&self, name: String) -> (ConnectionId, Arc<Link>) {
        let link = Arc::new(Link::default());
        let id = self.turn(|broker, now| broker.connected(now, name));
        self.table.lock().unwrap_or_else(PoisonError::into_inner).links.insert(id, link.clone());
        (id, link)
    }

    pub(super) fn disconnect(&self, id: ConnectionId) {
        self.turn(|broker, now| broker.lost(now, id));
        self.table.lock().unwrap_or_else(PoisonError::into_inner).links.remove(&id);
    }

    /// Waits while output is delayed. A shorter delay, or the end of the connection, ends the wait immediately.
    pub(super) async fn hold_back(&self, link: &Link) {
        if self.delay.borrow().is_zero() {
            return;
        }
        let mut changes = self.delay.subscribe();
        let begin = Instant::now();
        while !link.is_over() {
            let until = begin + *changes.borrow_and_update();
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                () = sleep_until(until) => return,
                changed = changes.changed() => if changed.is_err() {
                    return;
                },
                () = link.woken() => {}
            }
        }
    }

    fn sockets(&self) -> usize {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).links.len()
    }

    fn hang_up_all(&self) {
        let links = std::mem::take(&mut self.table.lock().unwrap_or_else(PoisonError::into_inner).links);
        links.values().for_each(|link| link.cut());
    }
}

/// Accepts connections, up to a number of sockets, and drops further ones immediately.
async fn attend(listener: TcpListener, shared: Arc<Shared>, sockets: usize) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) if shared.sockets() < sockets => {
                spawn(super::link::serve(socket, peer, shared.clone()));
            }
            Ok(_) => {}
            // Most likely there are no free file descriptors; some will be free again.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Calls the broker whenever something is due.
async fn watch_clock(shared: Arc<Shared>) {
    loop {
        let due = shared.turn(|broker, now| {
            broker.tick(now);
            let due = broker.next_due();
            shared.alarm.store(due.unwrap_or(u64::MAX), Ordering::Relaxed);
            due
        });
        match due {
            None => shared.wake_clock.notified().await,
            Some(due) => {
                // One ms later, so that it is due for certain when the task wakes up.
                let at = shared.zero + Duration::from_millis(due) + Duration::from_millis(1);
                tokio::select! {
                    () = sleep_until(at) => {}
                    () = shared.wake_clock.notified() => {}
                }
            }
        }
    }
}
