//! The things that a check owns, and their cleanup: after success, failure, Ctrl-C, and at the next run after `kill -9`.
//!
//! A [`Run`] has a folder with a lock file, which the operating system frees when the process ends in any way. A vhost, a queue
//! or a container is recorded in the folder *before* it is made, and processes have the run's id in their environment. Cleaning
//! up reads that record. It is the same when a run ends in order, and when a later run finds the folder without a lock.

mod child;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    activity::{say, watched},
    brokers::{Needs, address::Address, client, engine, management::Management},
};

pub use child::Guard;

/// The environment variable that marks the processes of a run.
pub const MARK: &str = "HELLO_RABBIT_RUN";

/// The time limit for cleaning up one thing.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(10);

/// A thing outside this process that must be removed with the run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// A vhost, on the broker with this management API.
    Vhost {
        /// The broker's management API.
        management: Management,
        /// The vhost's name.
        name: String,
    },
    /// A user, on the broker with this management API.
    User {
        /// The broker's management API.
        management: Management,
        /// The user's name.
        name: String,
    },
    /// A queue in a vhost that the run does not own.
    Queue {
        /// The broker, and the vhost.
        address: Address,
        /// The queue's name.
        name: String,
    },
    /// An exchange in a vhost that the run does not own.
    Exchange {
        /// The broker, and the vhost.
        address: Address,
        /// The exchange's name.
        name: String,
    },
    /// A Docker container, by its name.
    Container {
        /// The name, chosen before it was made.
        name: String,
    },
}

/// A run of the checker, and everything that it owns.
#[derive(Debug)]
pub struct Run {
    id: String,
    folder: PathBuf,
    // Only held: the operating system frees it with the process.
    lock: Arc<File>,
    children: AtomicU32,
    inside: child::Inside,
}

impl Run {
    /// Begins a run.
    ///
    /// # Errors
    ///
    /// When the folder for it can't be made; the error names it.
    pub fn begin() -> io::Result<Run> {
        let _gate = gate()?;
        let id: String = std::iter::repeat_with(fastrand::alphanumeric).take(10).collect::<String>().to_lowercase();
        let folder = runs().join(&id);
        fs::create_dir(&folder).map_err(|error| at(&folder, &error))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(|error| at(&path, &error))?;
        lock.lock().map_err(|error| at(&path, &error))?;
        Ok(Run::in_folder(id, folder, Arc::new(lock)))
    }

    fn in_folder(id: String, folder: PathBuf, lock: Arc<File>) -> Run {
        Run { id, folder, lock, children: AtomicU32::new(0), inside: child::Inside::new() }
    }

    /// Returns the run's id: 10 letters and digits, and for a child also a dot and a number.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the id of the whole run, of which this may be a child.
    #[must_use]
    pub fn whole(&self) -> &str {
        self.id.split('.').next().unwrap_or(&self.id)
    }

    /// Returns a folder that is removed with the run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Records that the run is about to own this.
    ///
    /// # Errors
    ///
    /// When it can't be recorded; then it must not be made.
    pub fn owns(&self, owned: &Resource) -> io::Result<()> {
        let path = self
            .folder
            .join(format!("owned-{}", std::iter::repeat_with(fastrand::alphanumeric).take(8).collect::<String>()));
        fs::write(&path, serde_json::to_vec(owned)?).map_err(|error| at(&path, &error))
    }

    /// Ends the run, and removes everything that it owns. The next run tries again to remove the rest, which it returns.
    pub async fn end(self) -> Vec<String> {
        let mut left = clean(&self.id, &self.folder).await;
        // Windows removes no folder with an open file in it.
        drop(self.lock);
        left.extend(remove_folder(&self.folder, &left));
        self.inside.end(REMOVE_TIMEOUT).await;
        left
    }
}

/// Does this work in a run of its own, which ends when the work is done or interrupted. Returns what the work gave, or None if it
/// was interrupted. `warn` gets a sentence for each thing that could not be removed: of earlier runs before the work, and of this
/// one after it.
///
/// # Errors
///
/// When the folder for the run can't be made; the error names it.
pub async fn in_a_run<T>(warn: impl Fn(&[String]), work: impl AsyncFnOnce(&Run) -> T) -> io::Result<Option<T>> {
    let run = Run::begin()?;
    let left = {
        let _busy = watched("cleaning up after an earlier command");
        reap().await
    };
    warn(&left);
    let done = tokio::select! {
        done = work(&run) => Some(done),
        () = interrupted() => {
            say("interrupted; cleaning up");
            None
        }
    };
    let left = {
        let _busy = watched("cleaning up");
        run.end().await
    };
    warn(&left);
    Ok(done)
}

/// Waits for Ctrl-C, `kill`, or a closed terminal.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminate), Ok(mut hang_up)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
        else {
            let _ = tokio::signal::ctrl_c().await;
            return;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
}

/// Cleans up after earlier runs that did not. Returns a sentence for each thing that could not be removed.
pub async fn reap() -> Vec<String> {
    let mut left = Vec::new();
    for folder in dead_runs() {
        let id = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let of_run = clean(&id, &folder).await;
        left.extend(remove_folder(&folder, &of_run));
        left.extend(of_run);
    }
    left
}

/// Returns the parts that cleaning up after earlier runs needs.
#[must_use]
pub fn needs() -> Needs {
    let left = dead_runs();
    let records = left.iter().flat_map(|folder| whole_record(folder));
    let needs = records.map(|(_, owned)| match owned {
        Resource::Container { .. } => Needs::Docker,
        Resource::Vhost { .. } | Resource::User { .. } => Needs::Management,
        Resource::Queue { .. } | Resource::Exchange { .. } => Needs::Nothing,
    });
    needs.max().unwrap_or(Needs::Nothing)
}

/// Returns the folder for all runs of this user on this machine.
///
/// # Errors
///
/// When it can't be made, or belongs to another user.
pub fn base() -> io::Result<PathBuf> {
    // On Windows the folder for temporary files is each user's own.
    #[cfg(unix)]
    let name = format!("hello-rabbit-{}", rustix::process::geteuid().as_raw());
    #[cfg(not(unix))]
    let name = "hello-rabbit";
    let base = std::env::temp_dir().join(name);
    private_folder(&base)?;
    Ok(base)
}

fn runs() -> PathBuf {
    base().unwrap_or_else(|_| std::env::temp_dir()).join("runs")
}

/// Makes a folder that only its owner can read, and refuses one that another user has made.
fn private_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt};
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(at(folder, &error)),
            _ => {}
        }
        let found = fs::symlink_metadata(folder).map_err(|error| at(folder, &error))?;
        if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o077 != 0 {
            let message = format!("{} belongs to another user or is open to others: remove it", folder.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        Ok(())
    }
    #[cfg(not(unix))]
    fs::create_dir_all(folder).map_err(|error| at(folder, &error))
}

/// Returns the lock for beginning a run and for finding dead ones, so that a run at its beginning does not look dead.
fn gate() -> io::Result<File> {
    let runs = base()?.join("runs");
    fs::create_dir_all(&runs).map_err(|error| at(&runs, &error))?;
    let path = runs.join("gate");
    let gate = File::create(&path).map_err(|error| at(&path, &error))?;
    gate.lock().map_err(|error| at(&path, &error))?;
    Ok(gate)
}

fn dead_runs() -> Vec<PathBuf> {
    let Ok(_gate) = gate() else { return Vec::new() };
    let Ok(entries) = fs::read_dir(runs()) else { return Vec::new() };
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
    folders
        .filter(|folder| match File::open(folder.join("lock")) {
            Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
            Err(_) => true,
        })
        .collect()
}

fn record(folder: &Path) -> Vec<(PathBuf, Resource)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("owned-")))
        .filter_map(|path| Some((path.clone(), serde_json::from_slice(&fs::read(&path).ok()?).ok()?)))
        .collect()
}

/// Returns the record of a run and of its parts.
fn whole_record(folder: &Path) -> Vec<(PathBuf, Resource)> {
    let parts = child::children("", folder).into_iter().flat_map(|(_, part)| whole_record(&part));
    record(folder).into_iter().chain(parts).collect()
}

async fn clean(id: &str, folder: &Path) -> Vec<String> {
    let mut left = Vec::new();
    let mut record = whole_record(folder);
    // A vhost or a queue needs its broker, so a container is removed last, and so are processes if one may be the broker.
    record.sort_by_key(|(_, owned)| matches!(owned, Resource::Container { .. }));
    let own_container = record.iter().any(|(_, owned)| matches!(owned, Resource::Container { .. }));
    let is_broker = |id: &str| !processes(&broker_mark(id)).is_empty();
    let own_broker = own_container || is_broker(id) || child::children(id, folder).iter().any(|(id, _)| is_broker(id));
    if !own_broker {
        end_processes(id).await;
    }
    for (path, owned) in record {
        match remove(&owned, own_broker).await {
            Ok(()) => {
                let _ = fs::remove_file(path);
            }
            Err(problem) => left.push(problem),
        }
    }
    end_processes(id).await;
    left
}

/// Removes the folder of a run, unless the record in it is still needed. Returns a sentence if it can't be removed.
fn remove_folder(folder: &Path, left: &[String]) -> Option<String> {
    if !left.is_empty() {
        return None;
    }
    match fs::remove_dir_all(folder) {
        // Another check may have removed it meanwhile.
        Err(error) if error.kind() != io::ErrorKind::NotFound => Some(at(folder, &error).to_string()),
        _ => None,
    }
}

/// Returns the mark of a broker that this run started.
#[must_use]
pub fn broker_mark(run: &str) -> String {
    format!("{run}.broker")
}

async fn remove(owned: &Resource, own_broker: bool) -> Result<(), String> {
    let removed = tokio::time::timeout(REMOVE_TIMEOUT, async {
        match owned {
            // The vhost ends with the broker.
            Resource::Vhost { .. } | Resource::User { .. } | Resource::Queue { .. } | Resource::Exchange { .. }
                if own_broker =>
            {
                Ok(())
            }
            Resource::Vhost { management, name } => {
                management.delete_vhost(name).await.map_err(|error| error.to_string())
            }
            Resource::User { management, name } => {
                management.delete_user(name).await.map_err(|error| error.to_string())
            }
            Resource::Queue { address, name } => {
                client::delete_queue(address, name).await.map_err(|error| error.to_string())
            }
            Resource::Exchange { address, name } => {
                client::delete_exchange(address, name).await.map_err(|error| error.to_string())
            }
            Resource::Container { name } => engine::remove(name).await,
        }
    });
    match removed.await {
        Ok(result) => result,
        Err(_) => Err(format!("removing {owned:?} took longer than {} s", REMOVE_TIMEOUT.as_secs())),
    }
}

/// Returns the running processes with this mark, or with one that starts with it and a dot: `RUN.program` belongs to `RUN`.
#[must_use]
#[cfg(target_os = "linux")]
pub fn processes(mark: &str) -> Vec<i32> {
    let exact = format!("{MARK}={mark}");
    let below = format!("{exact}.");
    let carries = |variable: &[u8]| variable == exact.as_bytes() || variable.starts_with(below.as_bytes());
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    // A process in another namespace, such as a sandbox's, ends with the one that made it. Its environment is not read: that
    // waits while the process forks, so that one that forks for ever would hold up every check.
    let namespace = |of: &str| fs::read_link(format!("/proc/{of}/ns/pid")).ok();
    let own = namespace("self");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| namespace(&pid.to_string()) == own)
        .filter(|pid| {
            // The environment of a process that has ended, and was not waited for yet, is empty.
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(carries))
        })
        .collect()
}

/// Returns the running processes with this mark, or with one that starts with it and a dot: `RUN.program` belongs to `RUN`.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn processes(mark: &str) -> Vec<i32> {
    // On macOS and the BSDs, `ps -E` or `e` shows the environment after the command. Windows has no such command; there,
    // a program is ended by its handle.
    let arguments = if cfg!(target_os = "macos") { ["-axww", "-E"] } else { ["-axww", "-e"] };
    let listed = std::process::Command::new("ps").args(arguments).args(["-o", "pid=,command="]).output();
    let Ok(listed) = listed else { return Vec::new() };
    let (exact, below) = (format!("{MARK}={mark}"), format!("{MARK}={mark}."));
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter(|line| line.split_whitespace().any(|word| word == exact || word.starts_with(&below)))
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect()
}

/// Asks all processes with this mark to end.
pub fn ask_to_end(mark: &str) {
    #[cfg(unix)]
    for pid in processes(mark).into_iter().filter_map(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    #[cfg(not(unix))]
    let _ = mark;
}

/// Ends them as [`end_processes`] does, after they had this long to end by themselves.
pub async fn end_processes_in(mark: &str, time_limit: Duration) {
    let gone = async {
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        while !processes(mark).is_empty() {
            tick.tick().await;
        }
    };
    let _ = tokio::time::timeout(time_limit, gone).await;
    end_processes(mark).await;
}

/// Kills all processes with this mark, and waits until they are gone.
pub async fn end_processes(mark: &str) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        let deadline = tokio::time::Instant::now() + REMOVE_TIMEOUT;
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        loop {
            let living = processes(mark);
            if living.is_empty() || tokio::time::Instant::now() > deadline {
                return;
            }
            for pid in living.into_iter().filter_map(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
            tick.tick().await;
        }
    }
    #[cfg(not(unix))]
    let _ = mark;
}

/// Returns an I/O error with the path.
pub fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_run_leaves_no_folder() {
        let run = Run::begin().unwrap();
        let folder = run.folder().to_owned();
        assert!(folder.join("lock").exists());
        assert_eq!(run.end().await, Vec::<String>::new());
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn a_folder_that_another_check_took_away_is_no_trouble() {
        let folder = std::env::temp_dir().join(format!("hello-rabbit-gone-{}", std::process::id()));
        assert_eq!(clean("no-such-run", &folder).await, Vec::<String>::new());
    }

    #[test]
    fn a_living_run_is_not_taken_for_dead_and_a_dropped_one_is() {
        let run = Run::begin().unwrap();
        let folder = run.folder().to_owned();
        assert!(!dead_runs().contains(&folder));
        drop(run);
        assert!(dead_runs().contains(&folder));
        fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn processes_that_left_their_parent_end_with_the_run() {
        let run = Run::begin().unwrap();
        // A grandchild in its own session, like a daemon.
        let script = "setsid sh -c 'exec sleep 600' & wait";
        let mut shell = tokio::process::Command::new("sh");
        let mut child = shell.args(["-c", script]).env(MARK, run.id()).kill_on_drop(true).spawn().unwrap();
        let id = run.id().to_owned();
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        let both_run = async {
            while processes(&id).len() < 2 {
                tick.tick().await;
            }
        };
        tokio::time::timeout(REMOVE_TIMEOUT, both_run).await.expect("both processes start");
        run.end().await;
        tokio::time::timeout(REMOVE_TIMEOUT, child.wait()).await.expect("the shell is ended").unwrap();
        assert_eq!(processes(&id), Vec::<i32>::new());
    }
}
