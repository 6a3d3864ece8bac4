//! The time that a program waited for a processor. On a busy machine that is no fault of the program, so a deadline moves by it.
//!
//! Linux counts it for each thread, in `/proc/PID/task/TID/schedstat`. Elsewhere it is not known, and deadlines stay where they are.

use std::time::Duration;

use tokio::time::Instant;

/// A program waits for the tap, the broker and the checker, which wait for a processor as long as it does.
const AND_THE_OTHERS: u32 = 2;

/// The longest time that a deadline moves, as a multiple of the time that it was set for: a program with many busy threads makes
/// itself wait.
const AT_MOST: u32 = 4;

/// The number of processes of a program that are looked at, because it may start more and more.
#[cfg(target_os = "linux")]
const PROCESSES: usize = 64;

/// A deadline for a program.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    set_for: Duration,
    /// The time that the program had waited for a processor when the deadline was set.
    before: Duration,
}

impl Deadline {
    /// Sets a deadline this long from now, for a program that has waited for a processor for `starved` until now.
    #[must_use]
    pub fn after(set_for: Duration, starved: Duration) -> Deadline {
        Deadline { at: Instant::now() + set_for, set_for, before: starved }
    }

    /// Returns the time of the deadline, for a program that has waited for a processor for `starved` until now.
    #[must_use]
    pub fn moved(&self, starved: Duration) -> Instant {
        let longer = starved.saturating_sub(self.before) * AND_THE_OTHERS;
        self.at + longer.min(self.set_for * AT_MOST)
    }
}

/// Returns the time that a process and its child processes have waited for a processor until now, summed over their threads.
/// Processes that have ended don't count.
#[cfg(target_os = "linux")]
#[must_use]
pub fn starved(pid: i32) -> Duration {
    let mut processes = vec![pid];
    let mut waited = Duration::ZERO;
    let mut at = 0;
    while let Some(pid) = processes.get(at).copied() {
        at += 1;
        let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for thread in threads.filter_map(Result::ok) {
            let read = |name: &str| std::fs::read_to_string(thread.path().join(name)).unwrap_or_default();
            waited += read("schedstat")
                .split(' ')
                .nth(1)
                .and_then(|number| number.parse().ok())
                .map_or(Duration::ZERO, Duration::from_nanos);
            processes.extend(read("children").split_whitespace().filter_map(|child| child.parse::<i32>().ok()));
        }
        processes.truncate(PROCESSES);
    }
    waited
}

/// Returns zero: only Linux counts the time that a process waits for a processor.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn starved(_: i32) -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_moves_by_the_time_without_a_processor_within_a_limit() {
        let second = Duration::from_secs(1);
        let deadline = Deadline::after(3 * second, second);
        let moved_by = |starved: Duration| deadline.moved(starved) - deadline.moved(second);
        // A child process that has ended does not count any more.
        assert_eq!(moved_by(Duration::ZERO), Duration::ZERO);
        assert_eq!(moved_by(2 * second), 2 * second);
        assert_eq!(moved_by(100 * second), 12 * second);
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_program_waits_for_a_processor_when_there_are_more_programs_than_processors() {
        use std::{os::unix::process::CommandExt, process::Command, time::Instant};

        let processors = std::thread::available_parallelism().unwrap().get();
        let busy = "for processor in $(seq \"$1\"); do (while :; do :; done) & done; wait";
        let mut shell = Command::new("sh")
            .args(["-c", busy, "sh", &(processors * 2).to_string()])
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = i32::try_from(shell.id()).unwrap();
        let started = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        // Twice as many as processors: each waits half of the time.
        while starved(pid) < Duration::from_millis(200) && started.elapsed() < Duration::from_secs(10) {
            tick.tick().await;
        }
        let waited = starved(pid);
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&shell),
            rustix::process::Signal::KILL,
        );
        shell.wait().unwrap();
        assert!(waited >= Duration::from_millis(200), "{waited:?}");
        assert_eq!(starved(pid), Duration::ZERO, "it has ended");
    }
}
