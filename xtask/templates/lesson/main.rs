// ANCHOR: program
//! Lesson 05: declare the queue `emit_log`.
//!
//! ```console
//! $ cargo run -p emit-log
//! ```
use std::{env, error::Error, process::ExitCode};

use lapin::options::QueueDeclareOptions;
use lapin::{Connection, ConnectionProperties, types::FieldTable};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}"); // one line: what went wrong, and what to do
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    // ANCHOR: connect
    let url = env::var("AMQP_URL").unwrap_or("amqp://localhost:5672".into());
    let connecting = Connection::connect(&url, ConnectionProperties::default());
    let connection = connecting.await.map_err(|error| {
        format!("{error}: is a broker there, and is the address in AMQP_URL right?")
    })?;
    let channel = connection.create_channel().await?;
    // ANCHOR_END: connect

    // ANCHOR: declare
    // A comment gives the reason why the protocol needs this step.
    let flags = QueueDeclareOptions { durable: true, ..Default::default() };
    let none = FieldTable::default();
    channel.queue_declare("emit_log".into(), flags, none).await.map_err(|error| {
        format!("{error}: if `emit_log` has other properties, delete it first")
    })?;
    // ANCHOR_END: declare

    // ANCHOR: close
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: close
    Ok(())
}
// ANCHOR_END: program
