//! The tap between a client and a broker that are both ours, down to the byte.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};
use wire::{
    Event, Method, Peer, What,
    frame::{PROTOCOL_HEADER, content, method},
    protocol::{
        basic::{self, AMQPProperties},
        channel, connection,
    },
};

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);

/// A tap, a client connected to it, and the broker's end of that connection.
struct Bench {
    tap: Tap,
    seen: LiveRun,
    client: TcpStream,
    broker: TcpStream,
}

async fn bench(vhost: &str) -> Bench {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::loopback(listener.local_addr().unwrap().port()).in_vhost(vhost);
    let seen = LiveRun::default();
    let tap = Tap::open(&address, None, seen.clone(), Instant::now(), None, Bounds::default()).await.unwrap();
    let client = TcpStream::connect(("127.0.0.1", tap.port())).await.unwrap();
    let (broker, _) = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap();
    Bench { tap, seen, client, broker }
}

async fn read(socket: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    timeout(DEADLINE, socket.read_exact(&mut bytes)).await.expect("in time").expect("all of it");
    bytes
}

async fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = timeout(DEADLINE, socket.read_to_end(&mut bytes)).await.expect("in time");
    bytes
}

async fn events(bench: Bench) -> Vec<Event> {
    drop((bench.client, bench.broker));
    bench.tap.close().await;
    bench.seen.look(|seen| seen.events.clone())
}

fn publish(body: &[u8]) -> Vec<u8> {
    let publish = basic::Publish { routing_key: "hello".into(), ..basic::Publish::default() };
    let publish = Method::Basic(basic::AMQPMethod::Publish(publish));
    [method(1, publish), content(1, AMQPProperties::default(), body, 4096)].concat()
}

#[tokio::test]
async fn bytes_pass_unchanged_both_ways_and_are_understood() {
    let mut bench = bench("/").await;
    let sent = [&PROTOCOL_HEADER[..], &publish(&vec![b'x'; 100_000])].concat();
    let expected = sent.clone();
    let (mut reader, mut writer) = bench.client.split();
    let write = async {
        for piece in sent.chunks(777) {
            writer.write_all(piece).await.unwrap();
        }
    };
    let ((), got) = tokio::join!(write, read(&mut bench.broker, expected.len()));
    assert!(got == expected, "the bytes were changed on the way");
    let answer = method(1, Method::Channel(channel::AMQPMethod::OpenOk(channel::OpenOk {})));
    bench.broker.write_all(&answer).await.unwrap();
    let mut back = vec![0; answer.len()];
    timeout(DEADLINE, reader.read_exact(&mut back)).await.unwrap().unwrap();
    assert_eq!(back, answer);
    let events = events(bench).await;
    let published = events.iter().find_map(|event| match &event.what {
        What::Method { content: Some(content), .. } => {
            Some((event.from, content.size, content.body.len(), content.complete))
        }
        _ => None,
    });
    assert_eq!(published, Some((Peer::Program, 100_000, 100_000, true)));
}

#[tokio::test]
async fn what_comes_in_one_piece_is_in_order() {
    let mut bench = bench("/").await;
    let sent = [&PROTOCOL_HEADER[..], &publish(b"one"), &publish(b"two")].concat();
    bench.client.write_all(&sent).await.unwrap();
    read(&mut bench.broker, sent.len()).await;
    let events = events(bench).await;
    assert!(events.is_sorted_by(|one, other| one.order < other.order), "two have one place: {events:?}");
    assert_eq!(events.iter().filter(|event| matches!(event.what, What::Method { .. })).count(), 2);
}

#[tokio::test]
async fn the_room_is_shown_as_the_vhost_that_was_asked_for() {
    let mut bench = bench("the-vhost").await;
    let open = |vhost: &str| {
        method(0, Method::Connection(connection::AMQPMethod::Open(connection::Open { virtual_host: vhost.into() })))
    };
    let ask = [&PROTOCOL_HEADER[..], &open("/")].concat();
    bench.client.write_all(&ask).await.unwrap();
    let expected = [&PROTOCOL_HEADER[..], &open("the-vhost")].concat();
    assert_eq!(read(&mut bench.broker, expected.len()).await, expected);
    let close = channel::Close {
        reply_code: 404,
        reply_text: "NOT_FOUND - no queue 'q' in vhost 'the-vhost'".into(),
        ..channel::Close::default()
    };
    bench.broker.write_all(&method(1, Method::Channel(channel::AMQPMethod::Close(close)))).await.unwrap();
    bench.broker.shutdown().await.unwrap();
    rest(&mut bench.client).await;
    let said: Vec<String> = events(bench).await.iter().map(|event| wire::words::line(&event.what)).collect();
    let said = said.join("\n");
    assert!(said.contains("connection.open  virtual-host \"/\""), "{said}");
    assert!(said.contains("no queue 'q' in vhost '/'") && !said.contains("the-vhost"), "{said}");
}

#[tokio::test]
async fn garbage_passes_and_is_noted() {
    let mut bench = bench("the-vhost").await;
    let garbage = b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n";
    bench.client.write_all(garbage).await.unwrap();
    assert_eq!(read(&mut bench.broker, garbage.len()).await, garbage);
    let answer = b"AMQP\0\0\x09\x01";
    bench.broker.write_all(answer).await.unwrap();
    bench.broker.shutdown().await.unwrap();
    assert_eq!(rest(&mut bench.client).await, answer);
    let events = events(bench).await;
    assert!(
        events.iter().any(|event| event.from == Peer::Program && matches!(event.what, What::Garbage(_))),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_side_that_is_done_sending_still_hears_the_other() {
    let mut bench = bench("/").await;
    bench.client.write_all(&PROTOCOL_HEADER).await.unwrap();
    bench.client.shutdown().await.unwrap();
    assert_eq!(rest(&mut bench.broker).await, PROTOCOL_HEADER);
    bench.broker.write_all(b"a late answer").await.unwrap();
    bench.broker.shutdown().await.unwrap();
    assert_eq!(rest(&mut bench.client).await, b"a late answer");
    bench.tap.close().await;
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_noted_and_ends_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::loopback(listener.local_addr().unwrap().port());
    drop(listener);
    let seen = LiveRun::default();
    let tap = Tap::open(&address, None, seen.clone(), Instant::now(), None, Bounds::default()).await.unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", tap.port())).await.unwrap();
    assert_eq!(rest(&mut client).await, b"");
    tap.close().await;
    assert!(seen.look(|seen| seen.events.iter().any(|event| matches!(event.what, What::Unreachable(_)))));
}

#[tokio::test]
async fn a_broker_that_goes_away_ends_the_programs_connection() {
    let mut bench = bench("/").await;
    bench.client.write_all(&PROTOCOL_HEADER).await.unwrap();
    read(&mut bench.broker, 8).await;
    bench.broker.set_zero_linger().unwrap();
    drop(bench.broker);
    rest(&mut bench.client).await;
    drop(bench.client);
    bench.tap.close().await;
    let ended = |event: &Event| event.from == Peer::Broker && matches!(event.what, What::Ended { .. });
    assert!(bench.seen.look(|seen| seen.events.iter().any(ended)));
}

#[tokio::test]
async fn many_connections_are_kept_apart_and_in_order() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::loopback(listener.local_addr().unwrap().port());
    let seen = LiveRun::default();
    let tap = Tap::open(&address, None, seen.clone(), Instant::now(), None, Bounds::default()).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = socket.split();
                let _ = tokio::io::copy(&mut from, &mut to).await; // an echo
            });
        }
    });
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let port = tap.port();
        clients.spawn(async move {
            let mut client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            for number in 0..10 {
                let message = publish(format!("{number}").as_bytes());
                client.write_all(&message).await.unwrap();
                assert_eq!(read(&mut client, message.len()).await, message);
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    tap.close().await;
    let events = seen.look(|seen| seen.events.clone());
    assert!(events.is_sorted_by_key(|event| event.order));
    for number in 1..=20 {
        let said: Vec<(Peer, String)> = events
            .iter()
            .filter(|event| event.connection == number)
            .filter_map(|event| match &event.what {
                What::Method { content: Some(content), .. } => {
                    Some((event.from, String::from_utf8_lossy(&content.body).into_owned()))
                }
                _ => None,
            })
            .collect();
        let expected: Vec<(Peer, String)> =
            (0..10).flat_map(|n| [(Peer::Program, n.to_string()), (Peer::Broker, n.to_string())]).collect();
        assert_eq!(said, expected, "connection {number}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_a_reason_and_not_a_panic() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let reason =
        Tap::open(&Address::loopback(1), Some(port), LiveRun::default(), Instant::now(), None, Bounds::default())
            .await
            .err()
            .unwrap();
    assert!(reason.message.contains(&port.to_string()), "{reason:?}");
}

#[tokio::test]
async fn a_closed_door_frees_the_port_and_who_is_in_stays_in() {
    let mut first = bench("/").await;
    let port = first.tap.port();
    first.tap.door().close().await;
    // The next program on the stage gets the same port, and must not affect the program that is connected.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::loopback(listener.local_addr().unwrap().port());
    let second =
        Tap::open(&address, Some(port), LiveRun::default(), Instant::now(), None, Bounds::default()).await.unwrap();
    let _client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let _broker = timeout(DEADLINE, listener.accept()).await.expect("in time").unwrap();
    first.client.write_all(&PROTOCOL_HEADER).await.unwrap();
    assert_eq!(read(&mut first.broker, 8).await, PROTOCOL_HEADER);
    let said = events(first).await;
    assert!(said.iter().any(|event| event.what == What::ProtocolHeader(PROTOCOL_HEADER)), "{said:?}");
    drop(_client);
    second.close().await;
}

#[tokio::test]
async fn a_program_that_says_more_than_is_kept_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::loopback(listener.local_addr().unwrap().port());
    let seen = LiveRun::default();
    let bounds = Bounds { events: 100, ..Bounds::default() };
    let tap = Tap::open(&address, None, seen.clone(), Instant::now(), None, bounds).await.unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", tap.port())).await.unwrap();
    let (mut broker, _) = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap();
    client.write_all(&PROTOCOL_HEADER).await.unwrap();
    let flood = async { while client.write_all(&publish(b"again").repeat(1000)).await.is_ok() {} };
    let (all, ()) = tokio::join!(rest(&mut broker), async { timeout(DEADLINE, flood).await.expect("it is cut off") });
    assert!(all.len() < 64 * 1024 * 1024, "{} bytes went through", all.len());
    tap.close().await;
    assert!(seen.look(|seen| seen.events_cut && seen.events.len() == 100));
}
