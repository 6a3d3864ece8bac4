// ANCHOR: program
//! Lesson 07: send a log message with a severity to the exchange `direct_logs`.
//!
//! ```console
//! $ cargo run -p emit-log-direct -- error The disk is full
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
    // An exchange of the type direct passes a message to the queues whose binding key
    // is the message's routing key.
    let (kind, flags) = (ExchangeKind::Direct, ExchangeDeclareOptions::default());
    let none = FieldTable::default();
    channel.exchange_declare("direct_logs".into(), kind, flags, none).await.map_err(
        |error| {
            format!(
                "{error}: if `direct_logs` exists with another type, delete it first"
            )
        },
    )?;
    // ANCHOR_END: declare

    // ANCHOR: message
    let mut words = env::args().skip(1);
    let severity = words.next().unwrap_or("info".into());
    let words: Vec<String> = words.collect();
    let text = if words.is_empty() { "Hello World!".into() } else { words.join(" ") };
    // ANCHOR_END: message

    // ANCHOR: publish
    // The severity is the routing key: the exchange compares it, and never reads the body.
    let (flags, properties) =
        (BasicPublishOptions::default(), BasicProperties::default());
    let (exchange, key) = ("direct_logs".into(), severity.as_str().into());
    channel.basic_publish(exchange, key, flags, text.as_bytes(), properties).await?;
    // ANCHOR_END: publish

    // ANCHOR: print
    println!(" [x] Sent {severity}:{text}");
    // ANCHOR_END: print

    // ANCHOR: close
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: close
    Ok(())
}
// ANCHOR_END: program
