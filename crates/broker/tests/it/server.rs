//! Tests of the server, with sockets and a real clock.

use std::time::Duration;

use broker::{Alarm, Config, Server, StartError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use wire::{
    Codec, Frame, Method, Unit,
    frame::{self, PROTOCOL_HEADER},
    protocol::{basic, channel, connection, queue},
};

/// The time limit for every wait.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A socket that is read frame by frame.
struct Client {
    socket: TcpStream,
    codec: Codec,
    bytes: bytes::BytesMut,
}

impl Client {
    async fn connect(server: &Server) -> Client {
        let mut socket = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
        socket.write_all(&PROTOCOL_HEADER).await.unwrap();
        Client { socket, codec: Codec::new(131_072), bytes: bytes::BytesMut::new() }
    }

    /// Returns the next frame; None when the server ends the socket.
    async fn next(&mut self) -> Option<Unit> {
        loop {
            if let Some(unit) = self.codec.next(&mut self.bytes).unwrap() {
                return Some(unit);
            }
            let read = timeout(ANSWER_TIMEOUT, self.socket.read_buf(&mut self.bytes))
                .await
                .expect("the server says something");
            if read.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    async fn method(&mut self) -> Method {
        match self.next().await {
            Some(Unit::Frame(frame)) => match frame.parse() {
                Ok(Frame::Method(method)) => method,
                other => panic!("no method: {other:?}"),
            },
            other => panic!("no frame: {other:?}"),
        }
    }

    /// Opens channel 1.
    async fn open_channel(&mut self) {
        let open = Method::Channel(channel::AMQPMethod::Open(channel::Open {}));
        self.socket.write_all(&frame::method(1, open)).await.unwrap();
        self.method().await;
    }

    async fn say(&mut self, method: connection::AMQPMethod) {
        self.socket.write_all(&frame::method(0, Method::Connection(method))).await.unwrap();
    }

    /// Goes through the handshake, with this heartbeat in seconds.
    async fn open(server: &Server, heartbeat: u16) -> Client {
        let mut client = Client::connect(server).await;
        client.method().await;
        let start_ok = connection::StartOk {
            mechanism: "PLAIN".into(),
            response: "\0guest\0guest".into(),
            ..connection::StartOk::default()
        };
        client.say(connection::AMQPMethod::StartOk(start_ok)).await;
        client.method().await;
        let tune_ok = connection::TuneOk { channel_max: 10, frame_max: 8192, heartbeat };
        client.say(connection::AMQPMethod::TuneOk(tune_ok)).await;
        client.say(connection::AMQPMethod::Open(connection::Open { virtual_host: "/".into() })).await;
        let opened = client.method().await;
        assert!(matches!(opened, Method::Connection(connection::AMQPMethod::OpenOk(_))), "{opened:?}");
        client
    }
}

async fn server() -> Server {
    Server::start(Config::default(), None).await.unwrap()
}

#[tokio::test]
async fn it_starts_in_no_time_and_says_hello() {
    let begin = Instant::now();
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let start = client.method().await;
    assert!(matches!(start, Method::Connection(connection::AMQPMethod::Start(_))));
    assert!(begin.elapsed() < Duration::from_secs(1), "it took {:?}", begin.elapsed());
}

#[tokio::test]
async fn a_port_that_is_in_use_is_reported() {
    let server = server().await;
    let error = Server::start(Config::default(), Some(server.port())).await.unwrap_err();
    assert!(matches!(error, StartError::Port { port, .. } if port == server.port()));
    assert!(error.to_string().contains(&server.port().to_string()), "{error}");
}

#[tokio::test]
async fn it_ends_when_it_is_dropped() {
    let server = server().await;
    let port = server.port();
    let mut client = Client::open(&server, 0).await;
    drop(server);
    assert!(client.next().await.is_none());
    // The port is free again as soon as the task that listened has ended.
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    while Server::start(Config::default(), Some(port)).await.is_err() {
        assert!(Instant::now() < deadline, "the port is never free again");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn it_shows_signs_of_life_and_hangs_up_on_who_does_not() {
    let server = server().await;
    let begin = Instant::now();
    let mut client = Client::open(&server, 1).await;
    let mut heartbeats = 0;
    while let Some(unit) = client.next().await {
        let Unit::Frame(frame) = unit else { panic!("no frame: {unit:?}") };
        assert_eq!(frame.parse(), Ok(Frame::Heartbeat));
        heartbeats += 1;
    }
    let lived = begin.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&lived), "it took {lived:?}");
    assert!((3..=6).contains(&heartbeats), "{heartbeats} heartbeats");
}

#[tokio::test]
async fn after_bytes_that_are_no_frame_the_last_word_arrives() {
    let server = server().await;
    let mut client = Client::open(&server, 0).await;
    client.socket.write_all(b"\x09\0\0\0\0\0\x03abc\xceand more").await.unwrap();
    let close = client.method().await;
    let Method::Connection(connection::AMQPMethod::Close(close)) = close else { panic!("{close:?}") };
    assert_eq!(close.reply_text.as_str(), "FRAME_ERROR - type 9, all octets = <<\"abc\">>: unknown_frame");
}

#[tokio::test]
async fn delay_holds_back_what_goes_out() {
    let server = server().await;
    server.delay(Duration::from_millis(200));
    let begin = Instant::now();
    let mut client = Client::connect(&server).await;
    client.method().await;
    assert!(begin.elapsed() >= Duration::from_millis(200));
    server.delay(Duration::ZERO);
    let begin = Instant::now();
    let mut client = Client::connect(&server).await;
    client.method().await;
    assert!(begin.elapsed() < Duration::from_millis(200));
}

/// The broker stops listening to a client that publishes and never reads its returns, and does not grow.
#[tokio::test]
async fn a_client_that_does_not_read_is_not_listened_to() {
    let server = server().await;
    let mut client = Client::open(&server, 0).await;
    client.open_channel().await;
    let publish = basic::Publish { routing_key: "nowhere".into(), mandatory: true, ..basic::Publish::default() };
    let mut message = bytes::BytesMut::new();
    frame::put_method(&mut message, 1, &Method::Basic(basic::AMQPMethod::Publish(publish)));
    frame::put_content(&mut message, 1, &[0, 0], &[b'x'; 8000], 8192);
    let mut sent = 0_usize;
    // The sockets' own buffers take a few megabytes; then writing blocks.
    while timeout(Duration::from_millis(500), client.socket.write_all(&message)).await.is_ok_and(|sent| sent.is_ok()) {
        sent += message.len();
        assert!(sent < 200_000_000, "the broker took {sent} bytes from a client that reads nothing");
    }
    assert!(server.with(|broker| broker.memory()) < 16_000_000);
    let mut another = Client::open(&server, 0).await;
    another.say(connection::AMQPMethod::Close(connection::Close::default())).await;
    let answer = another.method().await;
    assert!(matches!(answer, Method::Connection(connection::AMQPMethod::CloseOk(_))), "{answer:?}");
}

/// A message that was sent before an alarm arrives after the alarm, even if its sender left long before.
#[tokio::test]
async fn a_held_message_outlives_its_sender() {
    let server = server().await;
    let mut client = Client::open(&server, 0).await;
    client.open_channel().await;
    let declare = queue::Declare { queue: "q".into(), ..queue::Declare::default() };
    client.socket.write_all(&frame::method(1, Method::Queue(queue::AMQPMethod::Declare(declare)))).await.unwrap();
    client.method().await;
    server.with(|broker| broker.raise(Alarm::Disk));
    let publish = basic::Publish { routing_key: "q".into(), ..basic::Publish::default() };
    let mut message = bytes::BytesMut::new();
    frame::put_method(&mut message, 1, &Method::Basic(basic::AMQPMethod::Publish(publish)));
    frame::put_content(&mut message, 1, &[0, 0], b"held", 8192);
    client.socket.write_all(&message).await.unwrap();
    let held = until(|| server.with(|broker| broker.connections()[0].state == "blocked"));
    timeout(ANSWER_TIMEOUT, held).await.expect("an alarm holds who publishes");
    drop(client);
    let gone = until(|| server.with(|broker| broker.connections().is_empty()));
    assert!(timeout(Duration::from_millis(1500), gone).await.is_err(), "the broker gave up on what it had not read");
    assert_eq!(server.with(|broker| broker.queues()[0].ready), 0);
    server.with(|broker| broker.clear(Alarm::Disk));
    let arrived = until(|| server.with(|broker| broker.queues()[0].ready == 1 && broker.connections().is_empty()));
    timeout(ANSWER_TIMEOUT, arrived).await.expect("the message arrives, and then its sender is gone");
}

/// Waits until this condition holds.
async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}
