//! Tests of the cleanup: nothing of a check is left after the next one, however it ended.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use libtest_mimic::Failed;

use crate::{
    brokers::{Check as _, Place, TestBroker},
    gallery,
};

/// The deadline for something to be seen.
const SEEN_TIMEOUT: Duration = Duration::from_secs(120);

/// The arguments of a check that is busy until it is ended: its program never leaves.
const ENDLESS: [&str; 6] = ["lesson", "01", "--timeout", "600", "--program", "sh -c 'echo started >&2; sleep 601'"];

/// A check that was killed with `kill -9` is cleaned up by the next one.
pub fn killed(broker: &TestBroker) -> Result<(), Failed> {
    let mut check = busy(broker)?;
    check.kill()?;
    check.wait()?;
    assert!(!left(broker).is_empty(), "a killed check can't clean up, so this test sees nothing");
    let next = broker.check(&["lesson", "01"]).output()?;
    assert_eq!(next.status.code(), Some(0), "{}", String::from_utf8_lossy(&next.stdout));
    nothing_left(broker)
}

/// A check that gets Ctrl-C cleans up itself.
pub fn interrupted(broker: &TestBroker) -> Result<(), Failed> {
    let mut check = busy(broker)?;
    let pid = rustix::process::Pid::from_child(&check);
    rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
    assert_eq!(check.wait()?.code(), Some(130));
    nothing_left(broker)
}

/// A process that a program leaves running ends with the check.
pub fn daemon(broker: &TestBroker) -> Result<(), Failed> {
    let marker = format!("60{}", fastrand::u32(10_000..99_999));
    let program = format!("sh -c 'setsid sleep {marker} >/dev/null 2>&1 </dev/null &'");
    broker.check(&["lesson", "01", "--program", &program]).output()?;
    let listed = Command::new("ps").args(["-axww", "-o", "command="]).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(!listed.lines().any(|line| line == format!("sleep {marker}")), "it is still running:\n{listed}");
    Ok(())
}

/// Starts a check, and waits until it is in the middle of its scene: its vhost exists.
fn busy(broker: &TestBroker) -> Result<Child, Failed> {
    let check = broker.check(&ENDLESS).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mark = format!("hello-rabbit-{}", run_of(&check)?);
    until("its vhost to be there", || broker.vhosts().iter().any(|name| name.starts_with(&mark)))?;
    Ok(check)
}

/// Returns the id of a check's run: its folder contains the lock that the check's process has open.
fn run_of(check: &Child) -> Result<String, Failed> {
    let links = format!("/proc/{}/fd", check.id());
    let mut found = None;
    until("the check to begin its run", || {
        let open =
            fs::read_dir(&links).into_iter().flatten().flatten().filter_map(|link| fs::read_link(link.path()).ok());
        found = open
            .filter(|path| path.ends_with("lock"))
            .find_map(|path| Some(path.parent()?.file_name()?.to_string_lossy().into_owned()));
        found.is_some()
    })?;
    found.ok_or_else(|| "no run".into())
}

/// The most memory that a check may use, in KiB, whatever its program does.
const MOST_MEMORY: u64 = 100 * 1024;

/// The most time that the check may take.
const MOST_TIME: Duration = Duration::from_secs(30);

/// A program that publishes without end is judged in bounded memory and time.
pub fn flood(broker: &TestBroker) -> Result<(), Failed> {
    let program = gallery::program("hello-send", "publishes-without-end")?;
    let program = shell_words::quote(&program.to_string_lossy()).into_owned();
    let arguments = ["lesson", "01", "--program", &program];
    let mut check = match broker.place {
        // The broker then is in the check's own process, whose memory includes the broker's messages.
        Place::Embedded => broker.check_on("embedded", &arguments),
        _ => broker.check(&arguments),
    };
    let begin = Instant::now();
    let mut check = Ended(check.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    let mut peak = 0;
    until("the check to end", || {
        peak = peak.max(peak_memory(check.0.id()));
        matches!(check.0.try_wait(), Ok(Some(_)))
    })?;
    assert!(peak < MOST_MEMORY, "it took {peak} KiB");
    assert!(begin.elapsed() < MOST_TIME, "it took {:?}", begin.elapsed());
    Ok(())
}

/// Returns the peak memory of a process so far, in KiB; 0 where it is unknown.
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak.and_then(|peak| peak.trim().parse().ok()).unwrap_or(0)
}

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until this condition holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) -> Result<(), Failed> {
    let deadline = Instant::now() + SEEN_TIMEOUT;
    while !holds() {
        if Instant::now() > deadline {
            return Err(format!("waited {} s for {what}", SEEN_TIMEOUT.as_secs()).into());
        }
        std::thread::yield_now();
    }
    Ok(())
}

/// Returns what dead runs left: the vhosts on this broker whose run's lock is not held.
fn left(broker: &TestBroker) -> Vec<String> {
    let runs = checker::cleanup::base().expect("there is a base folder").join("runs");
    let mut vhosts = broker.vhosts();
    vhosts.retain(|name| {
        let run = name.split('-').nth(2).unwrap_or_default();
        fs::File::open(runs.join(run).join("lock")).map_or(true, |lock| lock.try_lock().is_ok())
    });
    vhosts
}

fn nothing_left(broker: &TestBroker) -> Result<(), Failed> {
    until("everything to be gone", || left(broker).is_empty())
}
