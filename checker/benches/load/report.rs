//! The report: Markdown, to be read in a terminal or pasted into the docs.

use std::{fmt, time::Duration};

use crate::workload::Workload;

/// The target: at least this many times RabbitMQ's throughput.
const FASTER: f64 = 2.0;

/// The target: at most this fraction of RabbitMQ's memory.
const SMALLER: f64 = 0.1;

/// The target: ready in less than this.
const START: Duration = Duration::from_millis(10);

/// The measurements of one workload; the embedded broker's figures come first.
pub struct Measured {
    pub workload: Workload,
    pub messages: usize,
    pub took: [Duration; 2],
    /// The broker's CPU time per message.
    pub cpu: [Duration; 2],
    /// The client's CPU time per message.
    pub client_cpu: Duration,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.took[1].as_secs_f64() / self.took[0].as_secs_f64()
    }

    #[allow(clippy::cast_precision_loss)]
    fn rate(&self, side: usize) -> f64 {
        self.messages as f64 / self.took[side].as_secs_f64()
    }
}

/// All figures; the embedded broker's come first. Memory is in KiB.
pub struct Report {
    pub names: [String; 2],
    /// The start-up times of the embedded broker in this process, of the embedded broker as a program, and of RabbitMQ.
    pub starts: [Option<Duration>; 3],
    pub idle: [Option<u64>; 2],
    pub peak: [Option<u64>; 2],
    pub loads: Vec<Measured>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        writeln!(f, "{} and {}, side by side on {cores} processors\n", self.names[0], self.names[1])?;
        writeln!(
            f,
            "| throughput, messages/s | body | connections | embedded | RabbitMQ | ratio | target ≥ {FASTER} | CPU µs/message: embedded | RabbitMQ | client |"
        )?;
        writeln!(f, "|---|--:|--:|--:|--:|--:|---|--:|--:|--:|")?;
        for load in &self.loads {
            let Workload { kind, size, connections } = load.workload;
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            writeln!(
                f,
                "| {kind} | {} | {connections} | {:.0} | {:.0} | {:.1} | {} | {:.1} | {:.1} | {:.1} |",
                if size < 1024 { format!("{size} B") } else { format!("{} KiB", size / 1024) },
                load.rate(0),
                load.rate(1),
                load.ratio(),
                met(load.ratio() >= FASTER),
                micros(load.cpu[0]),
                micros(load.cpu[1]),
                micros(load.client_cpu),
            )?;
        }
        let fast = self.loads.iter().filter(|load| load.ratio() >= FASTER).count();
        writeln!(f, "\nTarget met in {fast} of {} workloads.\n", self.loads.len())?;
        writeln!(f, "| memory, MiB | embedded | RabbitMQ | part | target ≤ {SMALLER} |\n|---|--:|--:|--:|---|")?;
        for (what, [embedded, rabbitmq]) in [("idle", self.idle), ("peak, after all of the above", self.peak)] {
            let (Some(embedded), Some(rabbitmq)) = (embedded, rabbitmq) else {
                writeln!(f, "| {what} | not seen | not seen | | |")?;
                continue;
            };
            #[allow(clippy::cast_precision_loss)]
            let (embedded, rabbitmq) = (embedded as f64 / 1024.0, rabbitmq as f64 / 1024.0);
            let part = embedded / rabbitmq;
            writeln!(f, "| {what} | {embedded:.1} | {rabbitmq:.1} | {part:.3} | {} |", met(part <= SMALLER))?;
        }
        writeln!(f, "\n| start, to `connection.start` | took | target < {START:?} |\n|---|--:|---|")?;
        let names = ["embedded, in this process", "embedded, as a program", "RabbitMQ"];
        for (name, took) in names.iter().zip(self.starts) {
            let Some(took) = took else { continue };
            let verdict = if *name == "RabbitMQ" { "" } else { met(took < START) };
            writeln!(f, "| {name} | {took:.1?} | {verdict} |")?;
        }
        Ok(())
    }
}

fn met(met: bool) -> &'static str {
    if met { "met" } else { "not met" }
}
