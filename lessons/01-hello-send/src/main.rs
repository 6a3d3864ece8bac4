// ANCHOR: program
//! Lesson 01: send one message, `Hello World!`, to the queue `hello`.
//!
//! ```console
//! $ cargo xtask broker up     # a RabbitMQ on localhost:5672, if you have none yet
//! $ cargo run -p hello-send
//! ```
use std::{env, error::Error, process::ExitCode};

use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties, types::FieldTable};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match send().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}"); // one line: what went wrong, and what to do
            ExitCode::FAILURE
        }
    }
}

async fn send() -> Result<(), Box<dyn Error>> {
    // ANCHOR: connect
    // One connection is one TCP socket and one login. The work is done on channels,
    // light-weight lanes inside it.
    let url = env::var("AMQP_URL").unwrap_or("amqp://localhost:5672".into());
    let connecting = Connection::connect(&url, ConnectionProperties::default());
    let connection = connecting.await.map_err(|error| {
        format!(
            "{error}: is a broker there (`cargo xtask broker up`), \
             and are login and vhost in AMQP_URL right?"
        )
    })?;
    let channel = connection.create_channel().await?;
    // ANCHOR_END: connect

    // ANCHOR: declare
    // The queue must exist before we send to it, because the broker drops a message for
    // a queue that does not exist. Declaring creates the queue, or finds it. A durable
    // queue survives a restart of the broker, and RabbitMQ 4.3 refuses shared queues
    // that are not durable.
    let flags = QueueDeclareOptions { durable: true, ..Default::default() };
    let none = FieldTable::default();
    channel.queue_declare("hello".into(), flags, none).await.map_err(|error| {
        format!("{error}: if `hello` exists with other properties, delete it first")
    })?;
    // ANCHOR_END: declare

    // ANCHOR: publish
    // Messages always go to an exchange. The default exchange, named "", uses the
    // routing key as the name of a queue.
    let body = b"Hello World!";
    let flags = BasicPublishOptions::default();
    let properties = BasicProperties::default();
    channel.basic_publish("".into(), "hello".into(), flags, body, properties).await?;
    // ANCHOR_END: publish

    // ANCHOR: print
    println!(" [x] Sent 'Hello World!'");
    // ANCHOR_END: print

    // ANCHOR: close
    // Publishing gets no answer, but closing does. That answer comes after all that we
    // sent: once it is here, the broker has read everything.
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: close
    Ok(())
}
// ANCHOR_END: program
