// ANCHOR: program
//! Lesson 12: ask a server for a Fibonacci number, and wait for the answer.
//!
//! ```console
//! $ cargo run -p rpc-client           # asks for fib(30)
//! $ cargo run -p rpc-client -- 6
//! ```
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, error::Error, process, process::ExitCode};

use futures_lite::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Connection, ConnectionProperties};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match call().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}"); // one line: what went wrong, and what to do
            ExitCode::FAILURE
        }
    }
}

async fn call() -> Result<(), Box<dyn Error>> {
    // ANCHOR: connect
    let url = env::var("AMQP_URL").unwrap_or("amqp://localhost:5672".into());
    let connecting = Connection::connect(&url, ConnectionProperties::default());
    let connection = connecting.await.map_err(|error| {
        format!("{error}: is a broker there, and is the address in AMQP_URL right?")
    })?;
    let channel = connection.create_channel().await?;
    // ANCHOR_END: connect

    // ANCHOR: queue
    // The answers come to a queue of our own, which goes away with this connection.
    let flags = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), flags, FieldTable::default()).await?;
    let name = queue.name().clone();
    // ANCHOR_END: queue

    // ANCHOR: consume
    let (flags, none) = (
        BasicConsumeOptions { no_ack: true, ..Default::default() },
        FieldTable::default(),
    );
    let mut answers =
        channel.basic_consume(name.clone(), "".into(), flags, none).await?;
    // ANCHOR_END: consume

    // ANCHOR: request
    let number = env::args().nth(1).unwrap_or("30".into());

    // No other request has this id: it is made of our process and the time.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let id = ShortString::from(format!("{}-{now}", process::id()));
    println!(" [x] Requesting fib({number})");
    let properties =
        BasicProperties::default().with_reply_to(name).with_correlation_id(id.clone());
    let (flags, body) = (BasicPublishOptions::default(), number.as_bytes());
    channel
        .basic_publish("".into(), "rpc_queue".into(), flags, body, properties)
        .await?;
    // ANCHOR_END: request

    // ANCHOR: answer
    // Anyone can send to our queue, and anything: only our own id counts.
    let answered = async {
        while let Some(answer) = answers.next().await {
            let answer = answer?;
            if answer.properties.correlation_id().as_ref() == Some(&id) {
                println!(" [.] Got {}", String::from_utf8_lossy(&answer.data));
                return Ok(());
            }
        }
        Err::<(), Box<dyn Error>>("the broker ended the subscription".into())
    };
    // ANCHOR_END: answer

    // ANCHOR: give-up
    let late = |_| "no answer within 3 s: is a server running?";
    tokio::time::timeout(Duration::from_secs(3), answered).await.map_err(late)??;
    // ANCHOR_END: give-up

    // ANCHOR: close
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: close
    Ok(())
}
// ANCHOR_END: program
