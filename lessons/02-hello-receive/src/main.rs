// ANCHOR: program
//! Lesson 02: receive the messages of the queue `hello`, and print them.
//!
//! ```console
//! $ cargo run -p hello-receive    # in one terminal; Ctrl-C ends it
//! $ cargo run -p hello-send       # in another, as often as you like
//! ```
use std::{env, error::Error, process::ExitCode};

use futures_lite::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::{Connection, ConnectionProperties, types::FieldTable};

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
    // The sender declares this queue, too, with the same flags. The program that
    // starts first creates it, so neither has to wait for the other.
    let flags = QueueDeclareOptions { durable: true, ..Default::default() };
    let none = FieldTable::default();
    channel.queue_declare("hello".into(), flags, none).await.map_err(|error| {
        format!("{error}: if `hello` exists with other properties, delete it first")
    })?;
    // ANCHOR_END: declare

    // ANCHOR: consume
    // We ask once, and from now on the broker pushes messages to us. With no_ack, a
    // message is done when it is sent. If it is lost later, it can't be sent again.
    // Acknowledgements, in a later lesson, prevent that.
    let flags = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let mut consumer = channel
        .basic_consume("hello".into(), "".into(), flags, FieldTable::default())
        .await?;
    // ANCHOR_END: consume

    // ANCHOR: wait
    println!(" [*] Waiting for messages. To exit press CTRL+C");
    // ANCHOR_END: wait

    // ANCHOR: receive
    // A body is bytes. Sender and receiver have agreed that these bytes are text.
    let deliveries = async {
        while let Some(delivery) = consumer.next().await {
            println!(" [x] Received '{}'", String::from_utf8_lossy(&delivery?.data));
        }
        Ok::<_, lapin::Error>(())
    };
    // ANCHOR_END: receive

    // ANCHOR: stay
    // The next message can come at any time, so receive until Ctrl-C.
    tokio::select! {
        biased; // first of all, listen for Ctrl-C
        pressed = tokio::signal::ctrl_c() => pressed?,
        ended = deliveries => {
            ended?;
            return Err("the broker ended the subscription: was `hello` deleted?".into());
        }
    }
    // ANCHOR_END: stay

    // ANCHOR: stop
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: stop
    Ok(())
}
// ANCHOR_END: program
