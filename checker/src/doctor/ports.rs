//! The ports that programs and brokers expect, and their owners.

use std::{io, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::Diagnosis;
use crate::brokers::{ports::MANAGEMENT, ready};

/// RabbitMQ's own port for AMQP.
pub const AMQP: u16 = 5672;

/// The time limit of an answer on a port.
const PORT_TIMEOUT: Duration = Duration::from_secs(1);

/// The owner of a port of 127.0.0.1.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tenant {
    /// The port is free.
    Free,
    /// A broker: product and version.
    Broker(String),
    /// A web server.
    Web,
    /// Something that takes connections, and is neither.
    Other,
    /// The port is free, but can't be used, for this reason.
    Forbidden(String),
}

/// Examines the ports of RabbitMQ and of its management page.
pub(super) async fn both() -> Vec<Diagnosis> {
    let (amqp, management) = tokio::join!(amqp(AMQP), management(AMQP + MANAGEMENT));
    vec![amqp, management]
}

/// Finds the owner of the AMQP port.
pub async fn amqp(port: u16) -> Diagnosis {
    match tenant(port).await {
        Tenant::Free => Diagnosis::ok("port", format!("port {port} (AMQP) is free")),
        Tenant::Broker(broker) => Diagnosis::ok("port", format!("port {port} (AMQP): {broker} answers")),
        other => taken(port, "AMQP", &other)
            .fix(format!("Start a broker on another port: cargo xtask broker up --port {}", port.saturating_add(1))),
    }
}

/// Finds the owner of the port of the management page.
pub async fn management(port: u16) -> Diagnosis {
    match tenant(port).await {
        Tenant::Free => Diagnosis::ok("port", format!("port {port} (management) is free")),
        Tenant::Web => Diagnosis::ok("port", format!("port {port} (management): a web server answers")),
        other => taken(port, "management", &other).fix(format!(
            "Start a broker on other ports: cargo xtask broker up --port {}",
            port.saturating_sub(MANAGEMENT).saturating_add(1)
        )),
    }
}

fn taken(port: u16, purpose: &str, tenant: &Tenant) -> Diagnosis {
    let who = match tenant {
        Tenant::Free => "is free".to_owned(),
        Tenant::Broker(broker) => format!("is taken by an AMQP broker, {broker}"),
        Tenant::Web => "is taken by a web server, which is not a broker".to_owned(),
        Tenant::Other => "is taken by a program that is not a broker, or by a broker that is still starting".to_owned(),
        Tenant::Forbidden(why) => format!("can't be used: {why}"),
    };
    let who_is_it = if cfg!(target_os = "linux") {
        format!("Find the program: sudo ss -ltnp 'sport = :{port}'")
    } else if cfg!(windows) {
        format!("Find the program: netstat -ano | findstr :{port}")
    } else {
        format!("Find the program: sudo lsof -nP -iTCP:{port} -sTCP:LISTEN")
    };
    Diagnosis::warning("port", format!("port {port} ({purpose}) {who}")).fix(who_is_it)
}

/// Finds the owner of this port. Binding the port is not enough: systems differ in when two programs can share one.
async fn tenant(port: u16) -> Tenant {
    let place = format!("{}:{port}", Ipv4Addr::LOCALHOST);
    match timeout(PORT_TIMEOUT, TcpStream::connect(&place)).await {
        Ok(Ok(_)) => {}
        _ => {
            return match TcpListener::bind(&place).await {
                Ok(_) => Tenant::Free,
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => Tenant::Other,
                Err(error) => Tenant::Forbidden(error.to_string()),
            };
        }
    }
    let (broker, web) =
        tokio::join!(timeout(PORT_TIMEOUT, ready::knock(&place)), timeout(PORT_TIMEOUT, speaks_http(&place)));
    match (broker, web) {
        (Ok(Ok(greeting)), _) => Tenant::Broker(format!("{} {}", greeting.product, greeting.version)),
        (_, Ok(Ok(true))) => Tenant::Web,
        _ => Tenant::Other,
    }
}

async fn speaks_http(place: &str) -> io::Result<bool> {
    let mut socket = TcpStream::connect(place).await?;
    socket.write_all(b"HEAD / HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
    let mut start = [0; 5];
    socket.read_exact(&mut start).await?;
    Ok(&start == b"HTTP/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{brokers::embedded, doctor::State};

    /// Starts a server that accepts connections, and sends `reply` on each. Returns its port.
    async fn server(reply: &'static [u8]) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut heard = [0; 8];
                let _ = socket.read(&mut heard).await;
                let _ = socket.write_all(reply).await;
            }
        });
        port
    }

    #[tokio::test]
    async fn the_owner_of_a_port_is_named() {
        let broker = embedded::start().await.unwrap();
        let finding = amqp(broker.address.port).await;
        assert_eq!((finding.state, finding.what.contains("RabbitMQ")), (State::Ok, true), "{finding:?}");
        assert_eq!(management(broker.address.port).await.state, State::Warning);

        let web = server(b"HTTP/1.0 200 OK\r\n\r\n").await;
        assert_eq!(management(web).await.state, State::Ok);
        let finding = amqp(web).await;
        assert!(finding.what.ends_with("is taken by a web server, which is not a broker"), "{finding:?}");

        let other = server(b"SSH-2.0-x\r\n").await;
        for finding in [amqp(other).await, management(other).await] {
            assert_eq!(finding.state, State::Warning);
            assert!(
                finding.what.contains("is taken by a program that is not a broker") && finding.fix.len() == 2,
                "{finding:?}"
            );
        }
        let silent = server(b"").await;
        assert_eq!(amqp(silent).await.state, State::Warning);
    }

    #[tokio::test]
    async fn a_free_port_is_free() {
        let mut reports = Vec::new();
        // Other tests take ports, too, so one that was free may be taken a moment later.
        for _ in 0..10 {
            let port = crate::brokers::ports::free().unwrap();
            reports.push((amqp(port).await.what, format!("port {port} (AMQP) is free")));
        }
        assert!(reports.iter().any(|(report, expected)| report == expected), "{reports:?}");
    }
}
