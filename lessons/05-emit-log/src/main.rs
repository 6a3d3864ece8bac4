// ANCHOR: program
//! Lesson 05: send a log message to the exchange `logs`.
//!
//! ```console
//! $ cargo run -p emit-log -- warning: the disk is almost full
//! ```
use std::{env, error::Error, process::ExitCode};

use lapin::options::{BasicPublishOptions, ExchangeDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties, ExchangeKind};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match emit().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}"); // one line: what went wrong, and what to do
            ExitCode::FAILURE
        }
    }
}

async fn emit() -> Result<(), Box<dyn Error>> {
    // ANCHOR: connect
    let url = env::var("AMQP_URL").unwrap_or("amqp://localhost:5672".into());
    let connecting = Connection::connect(&url, ConnectionProperties::default());
    let connection = connecting.await.map_err(|error| {
        format!("{error}: is a broker there, and is the address in AMQP_URL right?")
    })?;
    let channel = connection.create_channel().await?;
    // ANCHOR_END: connect

    // ANCHOR: declare
    // A sender publishes to an exchange, and knows no queue. An exchange of the type
    // fanout copies each message to every queue that is bound to it.
    let (kind, flags) = (ExchangeKind::Fanout, ExchangeDeclareOptions::default());
    let none = FieldTable::default();
    channel.exchange_declare("logs".into(), kind, flags, none).await.map_err(
        |error| format!("{error}: if `logs` exists with another type, delete it first"),
    )?;
    // ANCHOR_END: declare

    // ANCHOR: message
    let words: Vec<String> = env::args().skip(1).collect();
    let text =
        if words.is_empty() { "info: Hello World!".into() } else { words.join(" ") };
    // ANCHOR_END: message

    // ANCHOR: publish
    // The routing key is empty, because a fanout exchange ignores it. If no queue is
    // bound, the broker drops the message: there is no listener, which is no error.
    let (flags, properties) =
        (BasicPublishOptions::default(), BasicProperties::default());
    channel
        .basic_publish("logs".into(), "".into(), flags, text.as_bytes(), properties)
        .await?;
    // ANCHOR_END: publish

    // ANCHOR: print
    println!(" [x] Sent {text}");
    // ANCHOR_END: print

    // ANCHOR: close
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: close
    Ok(())
}
// ANCHOR_END: program
