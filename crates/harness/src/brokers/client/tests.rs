use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wire::{frame, protocol::connection as amqp};

use super::*;
use crate::brokers::{Broker, embedded};

/// The time limit for what comes soon.
const SOON: Duration = Duration::from_secs(20);

async fn broker() -> Broker {
    embedded::start().await.unwrap()
}

/// Returns the address of a server that lets one client connect, and then does this with the socket.
async fn server<F: Future<Output = ()> + Send + 'static>(
    then: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::loopback(listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut header = [0; 8];
        socket.read_exact(&mut header).await.unwrap();
        then(socket).await;
    });
    address
}

async fn refusal(address: &Address) -> Error {
    Client::reach(address).await.err().expect("the client connected")
}

#[tokio::test]
async fn messages_come_out_as_they_went_in() {
    let broker = broker().await;
    let client = Client::reach(&broker.address).await.unwrap();
    client.declare(durable("hello")).await.unwrap();
    // More than one frame.
    let large = vec![b'x'; 300_000];
    client.publish("hello", b"").await.unwrap();
    client.publish("hello", &large).await.unwrap();
    assert!(client.holds("hello", 2, SOON).await.unwrap());
    assert!(!client.holds("hello", 3, Duration::ZERO).await.unwrap());
    let drained = client.drain("hello", 2, SOON).await.unwrap().unwrap();
    assert!(drained == [Vec::new(), large], "{} messages", drained.len());
    assert_eq!(client.drain("hello", 0, SOON).await.unwrap(), Some(vec![]));
    client.close().await;
}

#[tokio::test]
async fn a_missing_queue_or_exchange_is_no_failure() {
    let broker = broker().await;
    let client = Client::reach(&broker.address).await.unwrap();
    assert!(!client.has("hello").await.unwrap());
    assert!(client.vanishes("hello", SOON).await.unwrap());
    assert_eq!(client.drain("hello", 1, SOON).await.unwrap(), None);
    assert!(!client.holds("hello", 1, SOON).await.unwrap());
    assert!(client.has_exchange("amq.fanout").await.unwrap());
    assert!(!client.has_exchange("logs").await.unwrap());
    assert!(!client.publish_to("logs", &[("", b"lost"), ("", b"too")]).await.unwrap());
    assert!(client.publish_to("amq.fanout", &[("", b"unrouted")]).await.unwrap());
    client.delete("hello").await.unwrap();
    delete_exchange(&broker.address, "logs").await.unwrap();
    assert!(client.is_connected());
}

#[tokio::test]
async fn a_queue_of_another_connection_exists() {
    let broker = broker().await;
    let (owner, client) =
        (Client::reach(&broker.address).await.unwrap(), Client::reach(&broker.address).await.unwrap());
    let exclusive = Declare { exclusive: true, ..durable("mine") };
    owner.declare(exclusive.clone()).await.unwrap();
    assert!(client.has("mine").await.unwrap());
    assert!(!is_accepted(&broker.address, exclusive).await.unwrap());
    owner.close().await;
    assert!(client.vanishes("mine", SOON).await.unwrap());
    assert!(is_accepted(&broker.address, durable("ours")).await.unwrap());
}

#[tokio::test]
async fn requests_come_with_their_properties_and_end_with_their_queue() {
    let broker = broker().await;
    let client = Client::reach(&broker.address).await.unwrap();
    client.declare(durable("requests")).await.unwrap();
    let mut requests = client.requests("requests").await.unwrap();
    // A wait that is dropped loses nothing.
    assert!(tokio::time::timeout(Duration::from_millis(10), requests.next()).await.is_err());
    let properties = AMQPProperties::default().with_correlation_id("1".into()).with_reply_to("answers".into());
    client.publish_with("requests", b"30", properties).await.unwrap();
    let (id, reply_to) = (Some("1".to_owned()), Some("answers".to_owned()));
    assert_eq!(requests.next().await.unwrap(), Some(Request { body: b"30".to_vec(), id, reply_to }));
    client.delete("requests").await.unwrap();
    assert_eq!(requests.next().await.unwrap(), None);
    requests.close().await.unwrap();
    client.close().await;
}

#[tokio::test]
async fn a_channel_is_free_again_once_it_is_closed() {
    let broker = broker().await;
    let connection = Connection::open(&broker.address).await.unwrap();
    // RabbitMQ allows 2047 at a time.
    for _ in 0..3000 {
        drop(connection.channel().await.unwrap());
    }
    connection.close().await.unwrap();
}

/// The broker closes the channel in the middle of the messages. What is sent after the reply to that would end the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refusal_in_the_middle_leaves_the_connection_open() {
    let broker = broker().await;
    let client = Client::reach(&broker.address).await.unwrap();
    let messages = vec![("", &b"lost"[..]); 500];
    for _ in 0..100 {
        assert!(!client.publish_to("logs", &messages).await.unwrap());
        // The channel is dropped before its refusal was read.
        let mut channel = client.connection.channel().await.unwrap();
        channel.publish("logs", "", AMQPProperties::default(), b"lost");
        tokio::task::yield_now().await;
        drop(channel);
    }
    assert!(!client.has("hello").await.unwrap());
    client.close().await;
}

#[tokio::test]
async fn the_broker_gives_its_reason() {
    let broker = broker().await;
    let error = refusal(&broker.address.in_vhost("elsewhere")).await;
    assert_eq!(error.code(), Some(530), "{error}");
    assert_eq!(error.to_string(), "530 NOT_ALLOWED - vhost elsewhere not found");
    let error = refusal(&Address { password: "wrong".to_owned(), ..broker.address.clone() }).await;
    assert_eq!(error.code(), Some(Error::ACCESS_REFUSED), "{error}");
}

#[tokio::test]
async fn a_broker_that_goes_away_ends_every_wait() {
    let broker = broker().await;
    let client = Client::reach(&broker.address).await.unwrap();
    client.declare(durable("requests")).await.unwrap();
    let mut requests = client.requests("requests").await.unwrap();
    let restart = async {
        tokio::task::yield_now().await;
        broker.server.as_ref().unwrap().with(broker::Broker::restart);
    };
    let (ended, ()) = tokio::join!(requests.next(), restart);
    let error = ended.expect_err("the connection survived a restart");
    assert_eq!(error.code(), Some(320), "{error}");
    assert!(!client.is_connected());
    assert_eq!(client.has("requests").await, Err(error.clone()));
    assert_eq!(client.publish("requests", b"30").await, Err(error));
}

#[tokio::test]
async fn what_is_no_broker_is_found_out() {
    let silent = server(|socket| async {
        std::future::pending::<()>().await;
        drop(socket);
    });
    let error = Connection::open_within(&silent.await, Duration::from_millis(50)).await.err();
    assert_eq!(error, Some(Error::Timeout));

    let http = server(|mut socket| async move {
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending().await
    });
    let error = refusal(&http.await).await;
    assert!(matches!(error, Error::Unexpected(_)), "{error}");

    let ends = server(|socket| async { drop(socket) });
    assert_eq!(refusal(&ends.await).await.to_string(), "it closed the connection without a reason");

    let older = server(|mut socket| async move {
        socket.write_all(b"AMQP\x00\x00\x09\x00").await.unwrap();
        std::future::pending().await
    });
    let error = refusal(&older.await).await;
    assert!(matches!(error, Error::Unexpected(_)), "{error}");

    let early = server(|mut socket| async move {
        let tune = amqp::AMQPMethod::Tune(amqp::Tune::default());
        socket.write_all(&frame::method(0, Method::Connection(tune))).await.unwrap();
        std::future::pending().await
    });
    assert_eq!(refusal(&early.await).await.to_string(), "it sent another method instead of connection.start");

    let nothing_there = Address::loopback(crate::brokers::ports::free().unwrap());
    assert!(matches!(refusal(&nothing_there).await, Error::Unreachable(_)));
    delete_queue(&nothing_there, "hello").await.unwrap();
}
