//! Waits until a broker is ready: until it answers the AMQP header with `connection.start`.
//!
//! An open TCP port is not enough: Docker's port proxy accepts connections seconds before the broker does.

use std::{io, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, interval, timeout_at},
};
use wire::{Codec, Frame, Listener, Method, Unit, protocol::connection, words};

/// The product and the version that a broker announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// `RabbitMQ`.
    pub product: String,
    /// `4.3.6`.
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
