//! The sandbox in which a submission is compiled and run.
//!
//! A sandbox is a command line in front of the program's own: `grader enter SPEC.json --`. That process stays outside. It makes the
//! control group, starts bubblewrap or a container, and forwards the connections of the program to the tap: inside there is no network but a
//! UNIX socket, and `grader inside` listens on the ports in front of it.
//!
//! | module | content |
//! |---|---|
//! | [`bwrap`] | the command line of bubblewrap |
//! | [`container`] | the command line of Docker |
//! | [`calls`] | the system calls that are refused |
//! | [`limits`] | the limits, and the sentences about them |
//! | [`control_group`] | bounded memory and processes |
//! | [`enter`] | the process outside |
//! | [`inside`] | the process inside bubblewrap |
//! | [`contained`] | the process inside a container |
//! | [`watchdog`] | the same bounds, where there are no control groups |
//! | [`probe`] | the choice of an isolation, and a test of it |

pub mod bwrap;
pub mod calls;
pub mod contained;
pub mod container;
pub mod control_group;
pub mod enter;
pub mod inside;
pub mod limits;
pub mod probe;
pub mod watchdog;

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use serde::{Deserialize, Serialize};

pub use limits::Limits;

/// The names of hosts in a sandbox.
const HOSTS: &str = "127.0.0.1 localhost sandbox\n::1 localhost\n";

/// The kinds of sandbox, by how well they hold.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// A container of Docker.
    Docker,
    /// Bubblewrap, as a user who is not root.
    Bwrap,
    /// None: submissions run as the user who grades.
    None,
}

impl Isolation {
    /// Returns its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Isolation::Docker => "docker",
            Isolation::Bwrap => "bwrap",
            Isolation::None => "none",
        }
    }
}

/// A sandbox for one program.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Spec {
    /// The kind.
    pub isolation: Isolation,
    /// The user id of the program, if root grades; otherwise it runs as the user who grades. Sandboxes at the same time have
    /// different ones.
    pub user: Option<u32>,
    /// The folders and files that can be read, under the same path as outside.
    pub read_only: Vec<PathBuf>,
    /// The folders that can be written.
    pub writable: Vec<PathBuf>,
    /// The working folder.
    pub folder: PathBuf,
    /// Variables of the environment. It has no others but a few of the sandbox's own.
    pub environment: BTreeMap<String, String>,
    /// The limits.
    pub limits: Limits,
    /// This program, as [`pinned`] made it.
    pub own: PathBuf,
    /// The start of the names of its control groups.
    pub group: String,
    /// The folder, outside, for the socket of the tap and for [`report`](Spec::report).
    pub scratch: PathBuf,
}

/// Returns a copy of this program in a folder: the processes of all checks are the same program, also when a new one is built
/// meanwhile.
///
/// # Errors
///
/// When it can't be copied.
pub fn pinned(folder: &Path) -> io::Result<PathBuf> {
    let own = folder.join("grader");
    if !own.exists() {
        fs::copy(std::env::current_exe()?, &own)?;
    }
    Ok(own)
}

/// The number that a shell adds to a signal's number.
const BY_SIGNAL: i32 = 128;

/// Returns the exit code of a command: 128 and the number of the signal, if one ended it.
fn exit_code(status: ExitStatus) -> i32 {
    status.signal().map_or_else(|| status.code().unwrap_or(1), |signal| BY_SIGNAL + signal)
}

impl Spec {
    /// Writes it to a file, and returns the words in front of a command that run the command in this sandbox.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn wrapper(&self, name: &str) -> io::Result<Vec<String>> {
        let file = self.scratch.join(format!("{name}.json"));
        fs::write(&file, serde_json::to_vec(self)?)?;
        fs::write(self.hosts(), HOSTS)?;
        if let Some(filter) = calls::filter()? {
            fs::write(self.filter(), filter)?;
        }
        // The program that started `grade` may ignore the signals of limits.
        let mut words = vec!["env".to_owned(), "--default-signal=PIPE,XCPU,XFSZ".to_owned()];
        words.extend(
            [self.own.as_path(), Path::new("enter"), &file, Path::new("--")]
                .map(|word| word.to_string_lossy().into_owned()),
        );
        Ok(words)
    }

    /// Returns the file with the names of hosts.
    fn hosts(&self) -> PathBuf {
        self.scratch.join("hosts")
    }

    /// Returns the file with the filter of system calls. There is none on a processor that the filter does not know.
    fn filter(&self) -> PathBuf {
        self.scratch.join("calls.bpf")
    }

    /// Returns the file with the reason why the sandbox or the command did not start. The program can't write it.
    #[must_use]
    pub fn not_started(&self) -> PathBuf {
        self.scratch.join("not-started.txt")
    }

    /// Returns the file with the limits that the process outside has seen, a sentence a line.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.scratch.join("limits.txt")
    }

    /// Returns the limits that were hit since the last call, one sentence each. The sandbox has ended.
    #[must_use]
    pub fn take_limits(&self) -> Vec<String> {
        let text = fs::read_to_string(self.report()).unwrap_or_default();
        let _ = fs::remove_file(self.report());
        let mut all = control_group::take(&self.group, self.limits);
        if self.isolation == Isolation::Docker && container::remove_all(&self.scratch) {
            all.push(self.limits.over_memory());
        }
        all.extend(text.lines().map(str::to_owned));
        all.sort();
        all.dedup();
        all
    }
}
