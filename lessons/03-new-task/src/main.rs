// ANCHOR: program
//! Lesson 03: send a task, the words of the command line, to the queue `task_queue`.
//!
//! ```console
//! $ cargo run -p new-task -- Takes three seconds...
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
    let url = env::var("AMQP_URL").unwrap_or("amqp://localhost:5672".into());
    let connecting = Connection::connect(&url, ConnectionProperties::default());
    let connection = connecting.await.map_err(|error| {
        format!("{error}: is a broker there, and is the address in AMQP_URL right?")
    })?;
    let channel = connection.create_channel().await?;
    // ANCHOR_END: connect

    // ANCHOR: declare
    // A durable queue survives a restart of the broker. A queue keeps the properties it
    // was created with, so every program has to declare it with the same ones.
    let flags = QueueDeclareOptions { durable: true, ..Default::default() };
    let none = FieldTable::default();
    channel.queue_declare("task_queue".into(), flags, none).await.map_err(|error| {
        format!("{error}: if `task_queue` has other properties, delete it first")
    })?;
    // ANCHOR_END: declare

    // ANCHOR: message
    // To the broker, a task is a string of bytes, like any message. Only we and the
    // worker know that each dot in it stands for a second of work.
    let words: Vec<String> = env::args().skip(1).collect();
    let task = if words.is_empty() { "Hello World!".into() } else { words.join(" ") };
    // ANCHOR_END: message

    // ANCHOR: publish
    // In a durable queue, only persistent messages survive a restart: those with
    // delivery mode 2.
    let kept = BasicProperties::default().with_delivery_mode(2);
    let (flags, body) = (BasicPublishOptions::default(), task.as_bytes());
    channel.basic_publish("".into(), "task_queue".into(), flags, body, kept).await?;
    // ANCHOR_END: publish

    // ANCHOR: print
    println!(" [x] Sent '{task}'");
    // ANCHOR_END: print

    // ANCHOR: close
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: close
    Ok(())
}
// ANCHOR_END: program
