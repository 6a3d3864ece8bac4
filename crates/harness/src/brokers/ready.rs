//! Waits until a broker is ready: until it answers the AMQP header with `connection.start`.
//!
//! An open TCP port is not enough: Docker's port proxy accepts connections seconds before the broker does.

use std::{io, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, interval, timeout, timeout_at},
};
use wire::{Codec, Frame, Listener, Method, Unit, protocol::connection, words};

use crate::task::boxed;

/// The time limit for a better address to answer once another has answered.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// The product and the version that a broker announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The product, such as `RabbitMQ`.
    pub product: String,
    /// The version, such as `4.3.6`.
    pub version: String,
}

/// Connects to `host:port` until the broker answers with `connection.start`, or until `deadline`.
///
/// # Errors
///
/// The reason why the last attempt got no answer.
pub async fn wait(host_and_port: &str, deadline: Instant) -> io::Result<Greeting> {
    let mut again = interval(Duration::from_millis(25));
    let mut last = io::Error::new(io::ErrorKind::TimedOut, "no answer");
    loop {
        match timeout_at(deadline, knock(host_and_port)).await {
            Ok(Ok(greeting)) => return Ok(greeting),
            Ok(Err(error)) => last = error,
            Err(_) => return Err(last),
        }
        if timeout_at(deadline, again.tick()).await.is_err() {
            return Err(last);
        }
    }
}

/// Connects to all of these `host:port` at once, until a broker answers at one of them, or until `deadline`. Returns the position
/// of the first in the list that answers, and its greeting.
///
/// # Errors
///
/// The reason why the last attempt at the first address got no answer.
pub async fn wait_first(places: &[String], deadline: Instant) -> io::Result<(usize, Greeting)> {
    let mut waits = JoinSet::new();
    for (at, place) in places.iter().cloned().enumerate() {
        waits.spawn(boxed(async move { (at, wait(&place, deadline).await) }));
    }
    let mut reason = io::Error::new(io::ErrorKind::TimedOut, "no answer");
    while let Some(ended) = waits.join_next().await {
        match ended {
            // A better address may also be ready, and have been slower.
            Ok((at, Ok(greeting))) => {
                for (better, place) in places[..at].iter().enumerate() {
                    if let Ok(Ok(greeting)) = timeout(SECOND_LOOK, knock(place)).await {
                        return Ok((better, greeting));
                    }
                }
                return Ok((at, greeting));
            }
            Ok((0, Err(error))) => reason = error,
            Ok(_) | Err(_) => {}
        }
    }
    Err(reason)
}

/// Connects once.
pub async fn knock(host_and_port: &str) -> io::Result<Greeting> {
    let mut socket = TcpStream::connect(host_and_port).await?;
    socket.write_all(&wire::frame::PROTOCOL_HEADER).await?;
    let mut codec = Codec::new(Listener::LARGEST_FRAME);
    let mut bytes = BytesMut::new();
    loop {
        match codec.next(&mut bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
            Some(Unit::ProtocolHeader(_)) => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the server speaks another version of AMQP"));
            }
            Some(Unit::Frame(frame)) => {
                if let Ok(Frame::Method(Method::Connection(connection::AMQPMethod::Start(start)))) = frame.parse() {
                    let (product, version) = words::product(&start.server_properties);
                    return Ok(Greeting { product, version });
                }
            }
            None => {
                if socket.read_buf(&mut bytes).await? == 0 {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the server closed the connection without an answer",
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    /// Returns an address of loopback that refuses connections.
    fn refuses() -> String {
        format!("127.0.0.1:{}", crate::brokers::ports::free().expect("a port is free"))
    }

    #[tokio::test]
    async fn the_address_that_answers_is_used_wherever_it_stands_in_the_list() {
        let server = broker::Server::start(broker::Config::default(), None).await.expect("the embedded broker starts");
        let answers = format!("127.0.0.1:{}", server.port());
        for (places, expected) in [
            (vec![refuses(), answers.clone(), refuses()], 1),
            (vec![refuses(), refuses(), answers.clone()], 2),
            (vec![answers.clone(), refuses()], 0),
            // The best address is used, not the quickest.
            (vec![answers.clone(), answers.clone(), answers.clone()], 0),
        ] {
            let (at, greeting) = wait_first(&places, soon()).await.expect("one of them answers");
            assert_eq!(at, expected, "{places:?}");
            assert_eq!(greeting.product, "RabbitMQ");
        }
    }

    #[tokio::test]
    async fn where_nothing_answers_the_reason_is_that_of_the_first_address() {
        let deadline = Instant::now() + Duration::from_millis(100);
        let error = wait_first(&[refuses(), "127.0.0.1:no-port".to_owned()], deadline).await.expect_err("none answers");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
    }
}
