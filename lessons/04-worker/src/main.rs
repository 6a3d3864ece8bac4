// ANCHOR: program
//! Lesson 04: take tasks from the queue `task_queue`, and do one after the other.
//!
//! ```console
//! $ cargo run -p worker           # in two terminals, or more; Ctrl-C ends it
//! $ cargo run -p new-task -- Takes three seconds...
//! ```
use std::{env, error::Error, process::ExitCode, time::Duration};

use futures_lite::StreamExt;
use lapin::options::QueueDeclareOptions;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::{Connection, ConnectionProperties, types::FieldTable};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match work().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}"); // one line: what went wrong, and what to do
            ExitCode::FAILURE
        }
    }
}

async fn work() -> Result<(), Box<dyn Error>> {
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
    let none = FieldTable::default();
    channel.queue_declare("task_queue".into(), flags, none).await.map_err(|error| {
        format!("{error}: if `task_queue` has other properties, delete it first")
    })?;
    // ANCHOR_END: declare

    // ANCHOR: prefetch
    // By default, the broker hands out all tasks at once, to each worker in turn, busy or
    // not. With a limit of 1, it waits until we acknowledge the task that we have.
    channel.basic_qos(1, BasicQosOptions::default()).await?;
    // ANCHOR_END: prefetch

    // ANCHOR: consume
    // Without no_ack, the broker keeps a task until we acknowledge it.
    let (flags, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let asked = channel.basic_consume("task_queue".into(), "".into(), flags, none);
    let mut tasks = asked.await?;
    // ANCHOR_END: consume

    // ANCHOR: wait
    println!(" [*] Waiting for messages. To exit press CTRL+C");
    // ANCHOR_END: wait

    // ANCHOR: receive
    while let Some(task) = tasks.next().await {
        let task = task?;
        let text = String::from_utf8_lossy(&task.data);
        println!(" [x] Received '{text}'");

        // ANCHOR: work
        // This sleep keeps the connection alive. `std::thread::sleep` stops its
        // heartbeats, and without them the broker takes us for dead.
        let seconds = text.matches('.').count();
        tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
        println!(" [x] Done");
        // ANCHOR_END: work

        // ANCHOR: ack
        // Once, and on the channel that delivered the task. Now the broker forgets it.
        task.ack(BasicAckOptions::default()).await?;
        // ANCHOR_END: ack

        // ANCHOR: share
        // Only now do we get the next task. Idle workers got theirs in the meantime.
        // ANCHOR_END: share

        // ANCHOR: survive
        // If a worker dies before this point, its task goes to another worker.
        // ANCHOR_END: survive
    }
    Err::<(), _>("the broker ended the subscription: was `task_queue` deleted?")?;
    // ANCHOR_END: receive
    Ok(())
}
// ANCHOR_END: program
