//! The cost of the checker: that of the tap, for a program that publishes 100,000 messages, and that of a whole check, when
//! everything is built.
//!
//! Run `cargo xtask bench`. It needs a broker, and uses the one that `check` would use. Every figure is a median of rounds in
//! which the two sides take turns, so that a busy machine is busy for both.

use std::{
    env,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use checker::{
    brokers::{Broker, Names, address::Address},
    cleanup::{self, Run},
    live::LiveRun,
    tap::{Bounds, Tap},
    verdict::NotChecked,
};
use cli::{BrokerArgs, BrokerChoice};
use lapin::{
    BasicProperties, Connection, ConnectionProperties, Error,
    options::{BasicPublishOptions, QueueDeclareOptions},
    types::FieldTable,
};
use tokio::runtime::Runtime;

const MESSAGES: usize = 100_000;
const ROUNDS: usize = 7;
const CHECKS: usize = 15;

fn main() -> ExitCode {
    // `cargo test --benches` runs this, too, and then there is nothing to measure.
    if !env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let runtime = Runtime::new().expect("tokio starts");
    let run = match Run::begin() {
        Ok(run) => run,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let measured = runtime.block_on(async {
        cleanup::reap().await;
        let measured = measure(&run).await;
        run.end().await;
        measured
    });
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {}", reason.message);
            reason.hints.iter().for_each(|hint| eprintln!("hint: {hint}"));
            ExitCode::from(3)
        }
    }
}

async fn measure(run: &Run) -> Result<(), NotChecked> {
    let broker = Broker::find(&BrokerArgs { broker: BrokerChoice::Auto, image: None }, run).await?;
    println!("on {} {} ({})", broker.identity.product, broker.identity.version, broker.identity.detail);
    let address = broker.make_vhost(run, Names { queues: &["hello"], ..Names::default() }).await?;
    tap(&address).await?;
    check(&broker);
    Ok(())
}

async fn tap(address: &Address) -> Result<(), NotChecked> {
    let lost = |error: Error| NotChecked { message: format!("the broker: {error}"), hints: vec![] };
    let (mut direct, mut tapped) = (Vec::new(), Vec::new());
    publish(&address.url(), MESSAGES / 10).await.map_err(lost)?;
    for _ in 0..ROUNDS {
        direct.push(publish(&address.url(), MESSAGES).await.map_err(lost)?);
        let unbounded = Bounds { bytes: u64::MAX, events: usize::MAX, ..Bounds::default() };
        let tap = Tap::open(address, None, LiveRun::default(), tokio::time::Instant::now(), None, unbounded).await?;
        tapped.push(publish(&tap.url(), MESSAGES).await.map_err(lost)?);
        tap.close().await;
    }
    let (direct, tapped) = (median(direct), median(tapped));
    let more = (tapped.as_secs_f64() / direct.as_secs_f64() - 1.0) * 100.0;
    println!(
        "publish {MESSAGES} messages of 12 bytes   direct {direct:>8.1?}   through the tap {tapped:>8.1?}   {more:+.1} %"
    );
    Ok(())
}

/// Connects, publishes, and closes gently, so that all of it has reached the broker.
async fn publish(url: &str, count: usize) -> Result<Duration, Error> {
    let begin = Instant::now();
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("hello".into(), durable, FieldTable::default()).await?;
    for _ in 0..count {
        let options = BasicPublishOptions::default();
        channel.basic_publish("".into(), "hello".into(), options, b"Hello World!", BasicProperties::default()).await?;
    }
    connection.close(200, "OK".into()).await?;
    let took = begin.elapsed();
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.queue_purge("hello".into(), lapin::options::QueuePurgeOptions::default()).await?;
    connection.close(200, "OK".into()).await?;
    Ok(took)
}

/// Measures the whole command, as a learner types it, against the program alone.
fn check(broker: &Broker) {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let root = cli::kit().unwrap_or(Path::new("."));
    let url = broker.address.url();
    let quiet = |command: &mut Command| {
        let begin = Instant::now();
        let status =
            command.current_dir(root).env("AMQP_URL", &url).stdout(Stdio::null()).stderr(Stdio::null()).status();
        (begin.elapsed(), status.is_ok_and(|status| status.success()))
    };
    for (lesson, program) in [("01", Some("target/debug/hello-send")), ("02", None)] {
        let (mut checked, mut alone) = (Vec::new(), Vec::new());
        quiet(Command::new(&cargo).args(["xtask", "check", "lesson", lesson])); // compiles what is not compiled yet
        for _ in 0..CHECKS {
            let (took, passed) = quiet(Command::new(&cargo).args(["xtask", "check", "lesson", lesson]));
            assert!(passed, "lesson {lesson} must pass to be measured");
            checked.push(took);
            if let Some(program) = program {
                alone.push(quiet(&mut Command::new(program)).0);
            }
        }
        let checked = median(checked);
        match alone.is_empty() {
            true => println!("cargo xtask check lesson {lesson}   {checked:>8.1?}"),
            false => {
                let alone = median(alone);
                let more = checked.saturating_sub(alone);
                println!(
                    "cargo xtask check lesson {lesson}   {checked:>8.1?}   the program alone {alone:>8.1?}   {more:.1?} beyond"
                );
            }
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
