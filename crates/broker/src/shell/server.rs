//! Listening, and taking turns at the broker.

use std::{
    collections::HashMap,
    io,
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
    shell::link::Link,
    state::{Broker, Config, ConnectionId, Millis, accounts::BadPattern},
};

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or may not be listened on.
    #[error("port {port} on 127.0.0.1 can't be listened on: {why}")]
    Port {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// What the operating system says.
        why: io::Error,
    },
    /// An account's pattern is none.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
}

/// A broker that listens. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    port: u16,
    tasks: [JoinHandle<()>; 2],
}

/// What all tasks of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    table: Mutex<Table>,
    zero: Instant,
    /// When the clock's task wakes up next, in ms.
    alarm: AtomicU64,
    wake_clock: Notify,
    /// How long everything that goes out is held back.
    delay: watch::Sender<Duration>,
    /// Who writes the log.
    log: OnceLock<fn(&str)>,
}

/// The broker, and the sockets of its connections.
#[derive(Debug)]
struct Table {
    broker: Broker,
    links: HashMap<ConnectionId, Arc<Link>>,
}

impl Server {
    /// Starts a broker on 127.0.0.1, on this port or any.
    ///
    /// # Errors
    ///
    /// When the port can't be had, or an account's pattern is none.
    pub async fn start(config: Config, port: Option<u16>) -> Result<Server, StartError> {
        let asked = port.unwrap_or(0);
        let busy = |why| StartError::Port { port: asked, why };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, asked)).await.map_err(busy)?;
        let port = listener.local_addr().map_err(busy)?.port();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began = since_1970.as_secs();
        // Names need only differ from those of the last start.
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
        let tasks =
            [tokio::spawn(attend(listener, shared.clone(), sockets)), tokio::spawn(watch_clock(shared.clone()))];
        Ok(Server { shared, port, tasks })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Does something with the broker: looks into it, or changes it. The results are sent immediately.
    pub fn with<T>(&self, act: impl FnOnce(&mut Broker) -> T) -> T {
        self.shared.turn(|broker, now| {
            broker.tick(now);
            act(broker)
        })
    }

    /// Hands what happens to this function, a line at a time: who comes and goes, what is refused and why. The first that is
    /// given stays.
    pub fn log_to(&self, write: fn(&str)) {
        let _ = self.shared.log.set(write);
        self.with(Broker::start_log);
    }

    /// Holds back everything that goes out, as a slow network does. Zero ends it.
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
    /// One turn at the broker: it is told something, and what it wants done is handed out before anybody else has a turn.
    pub(super) fn turn<T>(&self, act: impl FnOnce(&mut Broker, Millis) -> T) -> T {
        self.turn_and_tell(act).0
    }

    /// As [`Shared::turn`]; also tells whether anything came of it for anybody.
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
        // Compared under the lock: the clock's own task sets the alarm under it, too.
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

    /// Waits as long as what goes out is held back. A shorter time, or the end of the connection, ends that at once.
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

/// Accepts connections, up to a number of sockets; further ones are ended at once.
async fn attend(listener: TcpListener, shared: Arc<Shared>, sockets: usize) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) if shared.sockets() < sockets => {
                tokio::spawn(super::link::serve(socket, peer, shared.clone()));
            }
            Ok(_) => {}
            // No more file descriptors, most likely; some will be free again.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Tells the broker when something is due.
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
                // A ms later, so that it is due when we are there.
                let at = shared.zero + Duration::from_millis(due) + Duration::from_millis(1);
                tokio::select! {
                    () = sleep_until(at) => {}
                    () = shared.wake_clock.notified() => {}
                }
            }
        }
    }
}
