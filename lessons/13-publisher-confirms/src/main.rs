// ANCHOR: program
//! Lesson 13: publish messages, and know of each whether the broker has it.
//!
//! ```console
//! $ cargo run -p publisher-confirms                      # 250 messages in each way
//! $ cargo run --release -p publisher-confirms -- 50000
//! ```
use std::{env, error::Error, process::ExitCode, time::Instant};

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties};
use tokio::task::JoinSet;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match publish_all().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}"); // one line: what went wrong, and what to do
            ExitCode::FAILURE
        }
    }
}

async fn publish_all() -> Result<(), Box<dyn Error>> {
    // ANCHOR: connect
    let url = env::var("AMQP_URL").unwrap_or("amqp://localhost:5672".into());
    let connecting = Connection::connect(&url, ConnectionProperties::default());
    let connection = connecting.await.map_err(|error| {
        format!("{error}: is a broker there, and is the address in AMQP_URL right?")
    })?;
    let channel = connection.create_channel().await?;
    // ANCHOR_END: connect

    // ANCHOR: confirm
    // From here on, the broker answers each message on this channel.
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    // ANCHOR_END: confirm

    // ANCHOR: queue
    let flags = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), flags, FieldTable::default()).await?;
    let queue = queue.name().as_str();
    // ANCHOR_END: queue

    // ANCHOR: individually
    /// Reports a message that the broker does not have. Returns how many it has: 1 or 0.
    fn settle(number: usize, confirmation: Confirmation) -> usize {
        match confirmation {
            Confirmation::Ack(None) => return 1,
            Confirmation::Ack(Some(returned)) => {
                // It may come with another message's confirm, so read its body.
                let number = String::from_utf8_lossy(&returned.delivery.data);
                eprintln!(" [!] message {number} came back: {}", returned.reply_text);
            }
            Confirmation::Nack(_) => eprintln!(" [!] nack: message {number} refused"),
            Confirmation::NotRequested => eprintln!(" [!] confirms are off"),
        }
        0
    }

    // Publishes a number, and returns a future that completes when its confirm comes.
    let publish = async |number: usize| {
        let flags = BasicPublishOptions { mandatory: true, ..Default::default() };
        let (body, none) =
            (number.to_string().into_bytes(), BasicProperties::default());
        channel.basic_publish("".into(), queue.into(), flags, &body, none).await
    };

    let count = env::args().nth(1).map_or(Ok(250), |count| count.parse());
    let count: usize = count.map_err(|_| "usage: publisher-confirms [NUMBER]")?;
    let (begin, mut got) = (Instant::now(), 0);
    for number in 0..count {
        let confirm = publish(number).await?;
        got += settle(number, confirm.await?);
    }
    let ms = begin.elapsed().as_millis();
    println!("Published {got} messages individually in {ms} ms");
    // ANCHOR_END: individually

    // ANCHOR: batch
    let (begin, mut got, mut batch) = (Instant::now(), 0, Vec::new());
    for number in 0..count {
        batch.push((number, publish(number).await?));
        // The last batch may not be full.
        if batch.len() == 100 || number + 1 == count {
            for (number, confirm) in batch.drain(..) {
                got += settle(number, confirm.await?);
            }
        }
    }
    let ms = begin.elapsed().as_millis();
    println!("Published {got} messages in batch in {ms} ms");
    // ANCHOR_END: batch

    // ANCHOR: asynchronously
    let (begin, mut got, mut tasks) = (Instant::now(), 0, JoinSet::new());
    for number in 0..count {
        let confirm = publish(number).await?;
        // A task of its own waits for this confirm, while the loop goes on publishing.
        tasks.spawn(async move { (number, confirm.await) });
    }
    while let Some(done) = tasks.join_next().await {
        let (number, confirmation) = done?;
        got += settle(number, confirmation?);
    }
    let ms = begin.elapsed().as_millis();
    println!("Published {got} messages and handled confirms asynchronously in {ms} ms");
    // ANCHOR_END: asynchronously

    // ANCHOR: close
    connection.close(200, "Goodbye".into()).await?;
    // ANCHOR_END: close

    // ANCHOR: refused
    // Each message got its own answer. We counted only those that the broker accepted.
    // ANCHOR_END: refused

    // ANCHOR: returned
    // A message that came back was confirmed as well, but we did not count it.
    // ANCHOR_END: returned

    // ANCHOR: lost
    // If the channel or the connection ended early, a `?` above returned the error.
    // ANCHOR_END: lost
    Ok(())
}
// ANCHOR_END: program
