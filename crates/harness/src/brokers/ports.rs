//! Ports for a broker that a check starts.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
};

/// The distance from the AMQP port to the management API's port, as with RabbitMQ's own 5672 and 15672. It is always the same, so
/// the broker's address is enough to find the API.
pub const MANAGEMENT: u16 = 10_000;

/// The number of attempts to find a port, or a pair.
const TRIES: usize = 1000;

/// Ports that no system gives to outgoing connections (Linux begins at 32768), and that are free on most machines. The same holds
/// for the ports [`MANAGEMENT`] above them.
const QUIET: Range<u16> = 16_000..22_000;

/// Returns a port of 127.0.0.1 that is free now. It is not reserved: a broker that finds it taken reports that, and ends. A port
/// that the system chooses might belong to an outgoing connection of another program a moment later.
///
/// # Errors
///
/// When the operating system has none.
pub fn free() -> io::Result<u16> {
    let quiet = std::iter::repeat_with(|| fastrand::u16(QUIET)).take(TRIES).find(|port| is_free(*port));
    match quiet {
        Some(port) => Ok(port),
        None => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port()),
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Returns whether this port for AMQP is free now, and also the one for the management API above it.
#[must_use]
pub fn are_free(port: u16) -> bool {
    port.checked_add(MANAGEMENT).is_some_and(|above| is_free(port) && is_free(above))
}

/// Returns a port for AMQP that is free now, as is the one for the management API above it.
///
/// # Errors
///
/// When there is no such pair.
pub fn free_pair() -> io::Result<u16> {
    for _ in 0..TRIES {
        let port = free()?;
        let above = port.checked_add(MANAGEMENT);
        if above.is_some_and(is_free) {
            return Ok(port);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "no two free ports are 10,000 apart"))
}
