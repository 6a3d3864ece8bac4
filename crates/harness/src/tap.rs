//! The tap: a proxy between program and broker that records the conversation.
//!
//! The tap forwards first and records second. Bytes pass unchanged, except for the vhost in `connection.open`: a program that
//! opens `/` gets the check's own vhost. Where a check has an account of its own, the login changes, too. Bytes get their place in the order when they are read, and a separate task parses
//! them. So recording costs the program no time, and bytes that make no sense are forwarded, too.

mod login;
mod pipe;
mod recorder;
#[cfg(test)]
mod tests;

use recording::NotChecked;
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use wire::{Peer, What};

pub use recorder::Bounds;

use crate::{
    brokers::{address::Address, confined::Account},
    cleanup::Guard,
    live::LiveRun,
    tap::recorder::Recorder,
    task::boxed,
};

/// The vhost that programs open.
const ASKED_VHOST: &str = "/";

/// The time limit for the connections to end after the program.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// An open tap.
pub struct Tap {
    port: u16,
    login: Address,
    stop: CancellationToken,
    door: Door,
    doors: JoinSet<()>,
    recorder: tokio::task::JoinHandle<()>,
}

/// The way into a tap. It can be closed while existing connections stay open.
#[derive(Clone)]
pub struct Door {
    close: CancellationToken,
    /// The channel that is closed once no listener is left.
    closed: watch::Receiver<()>,
}

impl Door {
    /// Accepts no more connections. Its port is free after this.
    pub async fn close(mut self) {
        self.close.cancel();
        // Each listener has a sender. When all senders are gone, the port has no listener.
        while self.closed.changed().await.is_ok() {}
    }
}

/// The things that every connection through the tap needs.
struct Route {
    broker: String,
    vhost: String,
    account: Option<Account>,
    notes: Recorder,
    stop: CancellationToken,
}

impl Tap {
    /// Opens a tap in front of the broker at `address`, on this port of loopback, or any. Programs that open `/` get the vhost of
    /// `address`. When a tap is dropped, its port is free once `guard` is dropped. Connections of a program that sends more than
    /// `bounds` are cut.
    ///
    /// # Errors
    ///
    /// When the port is taken.
    pub async fn open(
        address: &Address,
        port: Option<u16>,
        seen: LiveRun,
        zero: Instant,
        guard: Option<Guard>,
        bounds: Bounds,
    ) -> Result<Tap, NotChecked> {
        Tap::open_for(address, None, port, seen, zero, guard, bounds).await
    }

    /// Opens a tap as [`Tap::open`] does, for programs with this account: they log in as `guest`, and no other login is accepted.
    ///
    /// # Errors
    ///
    /// When the port is taken.
    pub async fn open_for(
        address: &Address,
        account: Option<&Account>,
        port: Option<u16>,
        seen: LiveRun,
        zero: Instant,
        guard: Option<Guard>,
        bounds: Bounds,
    ) -> Result<Tap, NotChecked> {
        let listeners = listen(port).await.map_err(|error| NotChecked {
            message: format!("The checker can't listen on port {} of 127.0.0.1: {error}.", port.unwrap_or(0)),
            hints: vec![
                "Stop your own broker on that port for the check, or let the program read AMQP_URL and leave out --port".to_owned(),
                "Move the broker that is kept running, if it has the port: cargo xtask broker down, then cargo xtask broker up --port 5673".to_owned(),
            ],
        })?;
        let port = listeners.first().and_then(|door| door.local_addr().ok()).map_or(0, |address| address.port());
        let (notes, pages) = mpsc::unbounded_channel();
        let notes = Recorder::new(notes, zero, bounds);
        let own = (address.vhost.clone(), ASKED_VHOST.to_owned());
        let names = account.map(|account| (account.user.clone(), Account::guest().user)).into_iter().chain([own]);
        let names = names.filter(|(own, shown)| own != shown).collect();
        let recorder = tokio::spawn(boxed(recorder::record(pages, seen, names, bounds, notes.full().clone())));
        let stop = CancellationToken::new();
        let route = Arc::new(Route {
            broker: address.host_and_port(),
            vhost: address.vhost.clone(),
            account: account.cloned(),
            notes,
            stop: stop.clone(),
        });
        let mut doors = JoinSet::new();
        let (open, closed) = watch::channel(());
        let open = Arc::new(open);
        let door = Door { close: stop.child_token(), closed };
        for listener in listeners {
            doors.spawn(boxed(attend(listener, route.clone(), door.close.clone(), open.clone(), guard.clone())));
        }
        drop(open);
        let Account { user, password } = match account {
            Some(_) => Account::guest(),
            None => Account { user: address.user.clone(), password: address.password.clone() },
        };
        let login = Address { user, password, ..Address::loopback(port).in_vhost(ASKED_VHOST) };
        Ok(Tap { port, login, stop, door, doors, recorder })
    }

    /// Returns the port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the address for a program.
    #[must_use]
    pub fn url(&self) -> String {
        self.login.url()
    }

    /// Returns the way in.
    #[must_use]
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// Lets the connections end and closes the tap. The recording is complete after this.
    pub async fn close(mut self) {
        self.stop.cancel();
        let ended = timeout(CLOSE_TIMEOUT, async { while self.doors.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            self.doors.shutdown().await;
        }
        // The last sender of notes ends with the last connection, and then the recorder ends.
        let _ = timeout(CLOSE_TIMEOUT, self.recorder).await;
    }
}

/// Listens on both loopback addresses if the port is given, because `localhost` may be either.
async fn listen(port: Option<u16>) -> io::Result<Vec<TcpListener>> {
    let mut listeners = vec![TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).await?];
    if let Some(port) = port {
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(listener) => listeners.push(listener),
            // If it is taken, a program may reach the other listener. If there is no IPv6, no program can use it.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(_) => {}
        }
    }
    Ok(listeners)
}

/// Accepts connections until the door closes, then waits for the open ones.
async fn attend(
    listener: TcpListener,
    route: Arc<Route>,
    close: CancellationToken,
    open: Arc<watch::Sender<()>>,
    _guard: Option<Guard>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((program, _)) => {
                    connections.spawn(boxed(connect(program, route.clone())));
                }
                Err(_) => break,
            },
            () = close.cancelled() => break,
        }
    }
    drop((listener, open));
    while connections.join_next().await.is_some() {}
}

async fn connect(program: TcpStream, route: Arc<Route>) {
    let number = route.notes.number();
    route.notes.say(number, Peer::Program, What::Connected);
    let broker = match TcpStream::connect(&route.broker).await {
        Ok(broker) => broker,
        Err(error) => return route.notes.say(number, Peer::Broker, What::Unreachable(error.to_string())),
    };
    // Small frames must not wait for more to come.
    let _ = (program.set_nodelay(true), broker.set_nodelay(true));
    let (from_program, to_program) = program.into_split();
    let (from_broker, to_broker) = broker.into_split();
    let rewrite = pipe::Rewrite::new(ASKED_VHOST, &route.vhost, route.account.as_ref());
    let there = pipe::forward(from_program, to_broker, Peer::Program, number, &route.notes, Some(rewrite));
    let back = pipe::forward(from_broker, to_program, Peer::Broker, number, &route.notes, None);
    let mut both = pin!(async { tokio::join!(there, back) });
    tokio::select! {
        _ = &mut both => {}
        // Nothing more is recorded, so the rest would only use the broker's memory.
        () = route.notes.full().cancelled() => {}
        // The program is gone, so the broker's last frames matter only for a moment.
        () = route.stop.cancelled() => drop(timeout(CLOSE_TIMEOUT / 2, both).await),
    }
}
