// ANCHOR: program
//! Lesson 06: receive all log messages of the exchange `logs`, in a queue of its own.
//!
//! ```console
//! $ cargo run -p receive-logs     # in two terminals; Ctrl-C ends it
//! $ cargo run -p emit-log         # in a third, as often as you like
//! ```
use std::{env, error::Error, process::ExitCode};

use futures_lite::StreamExt;
use lapin::options::{
    BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::{Connection, ConnectionProperties, ExchangeKind, types::FieldTable};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match receive().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}"); // one line: what went wrong, and what to do
            ExitCode::FAILURE
        }
    }
}

async fn receive() -> Result<(), Box<dyn Error>> {
    // ANCHOR: connect
    let url = env::var("AMQP_URL").unwrap_or("amqp://localhost:5672".into());
    let connecting = Connection::connect(&url, ConnectionProperties::default());
    let connection = connecting.await.map_err(|error| {
        format!("{error}: is a broker there, and is the address in AMQP_URL right?")
    })?;
    let channel = connection.create_channel().await?;
    // ANCHOR_END: connect

    // ANCHOR: declare
    // The sender declares this exchange, too, in the same way. The program that starts
    // first creates it.
    let (kind, flags) = (ExchangeKind::Fanout, ExchangeDeclareOptions::default());
    let none = FieldTable::default();
    channel.exchange_declare("logs".into(), kind, flags, none).await.map_err(
        |error| format!("{error}: if `logs` exists with another type, delete it first"),
    )?;
    // ANCHOR_END: declare

    // ANCHOR: queue
    // Each receiver needs a queue of its own, so the broker generates a name. An
    // exclusive queue is for this connection only, and is deleted with it.
    let flags = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), flags, FieldTable::default()).await?;
    let name = queue.name().clone();
    // ANCHOR_END: queue

    // ANCHOR: bind
    // From here on, the exchange copies each message into our queue. A binding has a
    // key, which a fanout exchange ignores.
    let flags = QueueBindOptions::default();
    let none = FieldTable::default();
    channel.queue_bind(name.clone(), "logs".into(), "".into(), flags, none).await?;
    // ANCHOR_END: bind

    // ANCHOR: consume
    let flags = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let mut consumer =
        channel.basic_consume(name, "".into(), flags, FieldTable::default()).await?;
    // ANCHOR_END: consume

    // ANCHOR: wait
    println!(" [*] Waiting for logs. To exit press CTRL+C");
    // ANCHOR_END: wait

    // ANCHOR: receive
    let deliveries = async {
        while let Some(delivery) = consumer.next().await {
            println!(" [x] {}", String::from_utf8_lossy(&delivery?.data));
        }
        Ok::<_, lapin::Error>(())
    };
    tokio::select! {
        biased; // first of all, listen for Ctrl-C
        pressed = tokio::signal::ctrl_c() => pressed?,
        ended = deliveries => {
            ended?;
            return Err("the broker ended the subscription: was the queue deleted?".into());
        }
    }
    // ANCHOR_END: receive

    // ANCHOR: stop
    // The queue goes away with the connection, and the exchange stays.
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: stop
    Ok(())
}
// ANCHOR_END: program
