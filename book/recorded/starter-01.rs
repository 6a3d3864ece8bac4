//! Lesson 01: send one message, `Hello World!`, to the queue `hello`.
//!
//! Each step below has a task. Write its code under it, one step after the other,
//! and check the program as often as you like:
//!
//! ```console
//! $ cargo xtask check lesson 01
//! ```

// The imports are those of the finished program. Delete the next line when all steps
// are done.
#![allow(unused_imports)]

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
    // Step 1 of 5, connect: connect and open a channel.
    // Use `Connection::connect` to connect to the address in the environment
    // variable AMQP_URL, or to amqp://localhost:5672 if AMQP_URL is not set. Then
    // open a channel on the connection with `create_channel`. Both calls return a
    // future, which does nothing until you `.await` it.

    // Step 2 of 5, declare: declare the queue `hello`.
    // Make sure that the queue is there before you send to it. Call `queue_declare`
    // on the channel, with the option `durable` and no arguments.

    // Step 3 of 5, publish: publish `Hello World!`.
    // Send the bytes of the text with `basic_publish`. Use the default exchange,
    // whose name is empty: it uses the routing key as the name of a queue.

    // Step 4 of 5, print: print what was sent.
    // After the message is sent, print exactly this line to stdout:
    // ` [x] Sent 'Hello World!'`.

    // Step 5 of 5, close: close the connection and exit.
    // Call `close` on the connection, with the reply code 200 and a text of your
    // own. Then wait for the broker's reply: until that reply comes, your message
    // may still be on its way.

    Ok(())
}
