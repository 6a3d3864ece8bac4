//! The speed of the embedded broker beside RabbitMQ's: throughput, memory and start-up, under the same load at the same time.
//!
//! Run `cargo xtask bench`, or this one alone: `cargo bench -p checker --features docker --bench load`. With `-- --quick` it
//! takes a minute or two instead of three or four. A workload's number of messages is chosen so that the slower broker takes
//! [`Pace::run`]. Then both brokers take turns at the same work, and the median counts.

mod raw;
mod report;
mod side;
mod workload;

use std::{
    env, fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use checker::{
    cleanup::{self, Run},
    verdict::NotChecked,
};
use tokio::runtime::Runtime;

use crate::{
    report::{Measured, Report},
    side::{Side, own_cpu},
    workload::{Clients, Crew, Failure, Workload},
};

/// The length of the benchmark.
struct Pace {
    /// The time that the slower broker works in one round.
    run: Duration,
    rounds: usize,
    starts: usize,
}

const FULL: Pace = Pace { run: Duration::from_millis(250), rounds: 5, starts: 15 };
const QUICK: Pace = Pace { run: Duration::from_millis(50), rounds: 3, starts: 5 };

fn main() -> ExitCode {
    let asked = |flag: &str| env::args().any(|argument| argument == flag);
    // `cargo test --benches` runs this, too, and then there is nothing to measure.
    if !asked("--bench") {
        return ExitCode::SUCCESS;
    }
    let pace = if asked("--quick") { QUICK } else { FULL };
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
        let measured = measure(&run, &pace).await;
        run.end().await;
        measured
    });
    match measured.and_then(|report| publish(&report)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {}", reason.message);
            reason.hints.iter().for_each(|hint| eprintln!("hint: {hint}"));
            ExitCode::from(3)
        }
    }
}

/// Prints the report, and writes it to a file.
fn publish(report: &Report) -> Result<(), NotChecked> {
    println!("{report}");
    let folder = cli::kit().unwrap_or(Path::new(".")).join("target/hello-rabbit/bench");
    let path = folder.join("load.md");
    fs::create_dir_all(&folder).and_then(|()| fs::write(&path, report.to_string())).map_err(|error| NotChecked {
        message: format!("The report could not be written to {}: {error}.", path.display()),
        hints: vec![],
    })
}

async fn measure(run: &Run, pace: &Pace) -> Result<Report, NotChecked> {
    let embedded = Side::embedded(run).await?;
    let rabbitmq = Side::rabbitmq(run).await?;
    let in_process = median(side::starts_in_process(pace.starts).await?);
    let as_program = median(side::starts_as_program(pace.starts, run).await?);
    let sides = [embedded, rabbitmq];
    let idle = [sides[0].resident(), sides[1].resident()];
    let mut loads = Vec::new();
    let begun = Instant::now();
    for connections in [1, 10, 100] {
        let lost = |error: Failure| NotChecked { message: format!("A broker under load: {error}."), hints: vec![] };
        let clients = [
            Clients::open(&sides[0].url, connections).await.map_err(lost)?,
            Clients::open(&sides[1].url, connections).await.map_err(lost)?,
        ];
        for workload in Workload::all(connections) {
            eprint!("\r{:>4} s  {workload:<60}", begun.elapsed().as_secs());
            loads.push(compare(&sides, &clients, workload, pace).await.map_err(lost)?);
        }
        for clients in clients {
            clients.close().await.map_err(lost)?;
        }
    }
    eprintln!("\r{:>4} s  {:<60}", begun.elapsed().as_secs(), "");
    let peak = [sides[0].peak(), sides[1].peak()];
    let starts = [Some(in_process), Some(as_program), Some(sides[1].started)];
    Ok(Report { names: sides.map(|side| side.name), starts, idle, peak, loads })
}

async fn compare(
    sides: &[Side; 2],
    clients: &[Clients; 2],
    workload: Workload,
    pace: &Pace,
) -> Result<Measured, Failure> {
    let crews = [clients[0].crew(workload).await?, clients[1].crew(workload).await?];
    let messages = calibrate(&crews, workload.connections, pace.run).await?;
    let mut wall = [Vec::new(), Vec::new()];
    let mut cpu = [Duration::ZERO; 2];
    let mut client_cpu = Duration::ZERO;
    for _ in 0..pace.rounds {
        for (index, (side, crew)) in sides.iter().zip(&crews).enumerate() {
            let took = crew.run(messages, || [side.cpu(), own_cpu()]).await?;
            wall[index].push(took.wall);
            cpu[index] += took.broker;
            client_cpu += took.client;
        }
    }
    for crew in crews {
        crew.end().await?;
    }
    let all = u32::try_from(messages * pace.rounds).unwrap_or(u32::MAX);
    let cpu = cpu.map(|cpu| cpu / all);
    Ok(Measured { workload, messages, took: wall.map(median), cpu, client_cpu: client_cpu / (2 * all) })
}

/// Returns the number of messages that keep the slower broker busy for about `long`.
async fn calibrate(crews: &[Crew; 2], connections: usize, long: Duration) -> Result<usize, Failure> {
    let mut messages = 100.max(2 * connections);
    loop {
        let mut slower = Duration::ZERO;
        for crew in crews {
            slower = slower.max(crew.run(messages, || [Duration::ZERO; 2]).await?.wall);
        }
        let factor = long.as_secs_f64() / slower.as_secs_f64();
        if factor < 4.0 {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let enough = (messages as f64 * factor) as usize;
            return Ok(enough.next_multiple_of(connections));
        }
        messages *= 4;
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
