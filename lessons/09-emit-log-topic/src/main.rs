// ANCHOR: program
//! Lesson 09: send a log message with a topic to the exchange `topic_logs`.
//!
//! ```console
//! $ cargo run -p emit-log-topic -- kern.critical A critical kernel error
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
    // An exchange of the type topic compares a routing key, word by word, with patterns.
    // The words of a key are separated by dots.
    let (kind, flags) = (ExchangeKind::Topic, ExchangeDeclareOptions::default());
    let none = FieldTable::default();
    channel.exchange_declare("topic_logs".into(), kind, flags, none).await.map_err(
        |error| {
            format!(
                "{error}: if `topic_logs` exists with another type, delete it first"
            )
        },
    )?;
    // ANCHOR_END: declare

    // ANCHOR: message
    let mut words = env::args().skip(1);
    let key = words.next().unwrap_or("anonymous.info".into());
    let words: Vec<String> = words.collect();
    let text = if words.is_empty() { "Hello World!".into() } else { words.join(" ") };
    // ANCHOR_END: message

    // ANCHOR: publish
    // The key says what the message is about, from the general to the particular: which
    // part of the system it comes from, and how severe it is.
    let (flags, properties) =
        (BasicPublishOptions::default(), BasicProperties::default());
    let (exchange, routing_key) = ("topic_logs".into(), key.as_str().into());
    channel
        .basic_publish(exchange, routing_key, flags, text.as_bytes(), properties)
        .await?;
    // ANCHOR_END: publish

    // ANCHOR: print
    println!(" [x] Sent {key}:{text}");
    // ANCHOR_END: print

    // ANCHOR: close
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: close
    Ok(())
}
// ANCHOR_END: program
