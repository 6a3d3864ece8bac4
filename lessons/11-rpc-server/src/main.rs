// ANCHOR: program
//! Lesson 11: answer the requests in the queue `rpc_queue`.
//!
//! ```console
//! $ cargo run -p rpc-server           # in one terminal or several; Ctrl-C ends it
//! $ cargo run -p rpc-client -- 6      # in another one
//! ```
use std::{env, error::Error, process::ExitCode};

use futures_lite::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Connection, ConnectionProperties};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}"); // one line: what went wrong, and what to do
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    // ANCHOR: connect
    let url = env::var("AMQP_URL").unwrap_or("amqp://localhost:5672".into());
    let connecting = Connection::connect(&url, ConnectionProperties::default());
    let connection = connecting.await.map_err(|error| {
        format!("{error}: is a broker there, and is the address in AMQP_URL right?")
    })?;
    let channel = connection.create_channel().await?;
    // ANCHOR_END: connect

    // ANCHOR: declare
    let flags = QueueDeclareOptions { durable: true, ..Default::default() };
    let mut kind = FieldTable::default();
    kind.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    channel.queue_declare("rpc_queue".into(), flags, kind).await.map_err(|error| {
        format!("{error}: if `rpc_queue` has other properties, delete it first")
    })?;
    // ANCHOR_END: declare

    // ANCHOR: prefetch
    channel.basic_qos(1, BasicQosOptions::default()).await?;
    // ANCHOR_END: prefetch

    // ANCHOR: consume
    let (flags, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let asked = channel.basic_consume("rpc_queue".into(), "".into(), flags, none);
    let mut requests = asked.await?;
    // ANCHOR_END: consume

    // ANCHOR: wait
    println!(" [x] Awaiting RPC requests");
    // ANCHOR_END: wait

    // ANCHOR: receive
    while let Some(request) = requests.next().await {
        let request = request?;
        let text = String::from_utf8_lossy(&request.data);
        println!(" [.] fib({text})");

        // ANCHOR: answer
        /// Returns the nth Fibonacci number, the sum of the two before it.
        fn fib(n: u64) -> u64 {
            (0..n).fold((0, 1), |(this, next), _| (next, this + next)).0
        }
        let answer = match text.parse() {
            Ok(n @ 0..=90) => fib(n).to_string(), // fib(94) does not fit into a u64
            _ => format!("error: {text:?} is not a number from 0 to 90"),
        };
        // The request says where the answer goes, and by which id the client knows it.
        if let Some(queue) = request.properties.reply_to().clone() {
            let id = request.properties.correlation_id().clone().unwrap_or_default();
            let properties = BasicProperties::default().with_correlation_id(id);
            let (flags, body) = (BasicPublishOptions::default(), answer.as_bytes());
            channel.basic_publish("".into(), queue, flags, body, properties).await?;
        }
        // ANCHOR_END: answer

        // ANCHOR: ack
        // If we die before this line, the next server answers the request.
        request.ack(BasicAckOptions::default()).await?;
        // ANCHOR_END: ack

        // ANCHOR: go-on
        // Anyone can send anything. Whatever came, the next request gets its answer.
        // ANCHOR_END: go-on

        // ANCHOR: share
        // While we were busy, the other servers got the other requests.
        // ANCHOR_END: share

        // ANCHOR: survive
        // Without an acknowledgement, a request goes to another server.
        // ANCHOR_END: survive
    }
    Err::<(), _>("the broker ended the subscription: was `rpc_queue` deleted?")?;
    // ANCHOR_END: receive
    Ok(())
}
// ANCHOR_END: program
