//! Commands and flags that `cargo xtask` shares with the checker and with the book's builder.
//!
//! `xtask` parses them first, so that `--help` and usage errors need no compiler, and passes them on unchanged. The checker and
//! the builder parse them again, and act.

mod book;
mod doctor;
mod exit;
mod grade;
mod judge;
mod kit;
mod learn;
pub mod line;
mod start;
mod watch;
mod wire;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use book::{BookArgs, BookCli, BookWhat};
pub use doctor::{DoctorArgs, DoctorFormat};
pub use exit::Exit;
pub use grade::{GradeArgs, GradeCli, GradeWhat, LayoutChoice, PackageArgs, Platform, SandboxChoice};
pub use judge::{ExplainArgs, JudgeArgs};
pub use kit::{NoKit, kit};
pub use learn::{DiffArgs, HintArgs, ResetArgs};
pub use start::StartArgs;
pub use watch::{POLL, WatchArgs, WatchedArgs};
pub use wire::{WireArgs, WireFormat, WireShow};

/// Commands for the lessons, and for a broker that is kept running.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands that the checker carries out.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show where you are and what to type next (the same as `cargo xtask` alone)
    Next,
    /// List the lessons, with their duration and your progress
    List,
    /// Write the start of your own program for a lesson into work/, with a comment for each step
    Start(StartArgs),
    /// Check a program for a lesson by its conversation with the broker
    Check(CheckArgs),
    /// Check your own program for a lesson now, and again at each save
    Watch(WatchArgs),
    /// Show the next hint for the step that failed at your last check
    Hint(HintArgs),
    /// Compare your program with the lesson's own, once yours has passed
    Diff(DiffArgs),
    /// Show the conversation of your last check; if it failed, beside that of the lesson's own program
    Wire(WireArgs),
    /// Judge recordings of checks again, without running a program
    Judge(JudgeArgs),
    /// Explain a fault by its code in a report
    Explain(ExplainArgs),
    /// Start a lesson again; your old program is kept beside the new one, and your progress is forgotten
    Reset(ResetArgs),
    /// Keep a broker running between checks, and inspect it
    Broker(PersistentArgs),
    /// Show what is installed and reachable, and how to fix problems
    Doctor(DoctorArgs),
}

/// `check 01`, `check --all`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct CheckArgs {
    /// The lesson: its number or its id, such as 01 or hello-send
    #[arg(value_name = "LESSON", required_unless_present = "all")]
    pub lesson: Option<String>,
    /// Check every lesson's own program, on one broker
    #[arg(long, conflicts_with_all = ["lesson", "path", "bin", "program", "reference", "port", "as_mine"])]
    pub all: bool,
    /// The program.
    #[command(flatten)]
    pub program: ProgramArgs,
    /// The broker, the time limit and the report.
    #[command(flatten)]
    pub options: CheckOptions,
}

/// Returns the arguments as [`Cli`] expects them, with the program's name first. In `check lesson 01`, the word `lesson` may be
/// left out, and `check all` is another form of `check --all`.
pub fn typed(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut typed: Vec<OsString> = arguments.into_iter().collect();
    let is = |at: usize, word: &str| typed.get(at).is_some_and(|other| other == word);
    if OF_A_LESSON.iter().any(|command| is(1, command)) && is(2, "lesson") {
        typed.remove(2);
    } else if is(1, "check") && is(2, "all") {
        typed[2] = "--all".into();
    }
    typed
}

/// Returns whether this name stands for the lesson: its number (`01`, `1`), its id (`hello-send`, `hello_send`), or its folder
/// (`01-hello-send`, `lessons/01-hello-send/`).
#[must_use]
pub fn is_lesson(name: &str, number: &str, id: &str) -> bool {
    let name = name.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.to_ascii_lowercase().replace('_', "-");
    let is_number = |text: &str| text.parse::<u32>().is_ok_and(|text| number.parse() == Ok(text));
    let by_both = name.split_once('-').is_some_and(|(number, rest)| is_number(number) && rest == id);
    name == id || is_number(&name) || by_both
}

/// The commands that take a lesson.
const OF_A_LESSON: [&str; 7] = ["start", "check", "watch", "hint", "diff", "wire", "reset"];

/// The file beside the checker with the features that xtask builds it with, if they are not those that its command needs.
pub const CHECKER_FEATURES: &str = "checker-features";

/// The environment variable in which xtask names the lesson's own program that it has built along with the checker.
pub const BUILT: &str = "HELLO_RABBIT_BUILT";

/// The environment variable that names the folder of learners' programs, when it is not `work/`.
pub const WORK: &str = "HELLO_RABBIT_WORK";

/// Returns the folder of learners' programs and of their progress: the one that [`WORK`] names, or `work/` in the kit.
#[must_use]
pub fn work(kit: &Path) -> PathBuf {
    std::env::var_os(WORK).filter(|folder| !folder.is_empty()).map_or_else(|| kit.join("work"), PathBuf::from)
}

/// Exit codes, for `--help`; [`Exit`] is the table.
pub const EXIT_CODES: &str = "Exit codes: 0 passed · 1 failed · 2 usage · 3 not checked · 130 interrupted";

/// The program to judge.
#[derive(Debug, Args, Default)]
pub struct ProgramArgs {
    /// Check the Rust package in this folder, or the one with this file [default: yours in work/, or else the lesson's]
    #[arg(long, value_name = "PATH", conflicts_with_all = ["program", "reference"])]
    pub path: Option<PathBuf>,
    /// Check this program, if the package has several
    #[arg(long, value_name = "NAME", conflicts_with_all = ["program", "reference"])]
    pub bin: Option<String>,
    /// Check the program that this command starts, in any language: --program 'python3 send.py'
    #[arg(long, value_name = "COMMAND", conflicts_with = "reference", value_parser = command_line)]
    pub program: Option<CommandLine>,
    /// Check the lesson's own program, even if you have written yours
    #[arg(long)]
    pub reference: bool,
    /// Listen on this port, for a program with a fixed address such as localhost:5672
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Treat this program as yours, for your progress, `hint` and `wire`
    #[arg(long, conflicts_with = "reference")]
    pub as_mine: bool,
}

impl ProgramArgs {
    /// Returns whether the flags name no program.
    #[must_use]
    pub fn names_none(&self) -> bool {
        self.path.is_none() && self.program.is_none() && !self.reference
    }
}

/// A command line, and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The line as it was typed.
    pub typed: String,
    /// The program and its arguments, split as a shell would; never empty.
    pub words: Vec<String>,
}

/// The broker, the time limit and the report of a check.
#[derive(Debug, Args)]
pub struct CheckOptions {
    /// The source of the broker.
    #[command(flatten)]
    pub broker: BrokerArgs,
    /// Time limit for the program in seconds, without the build
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// Also print the conversation between program and broker
    #[arg(long)]
    pub wire: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Use the same message bodies as the check with this seed
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Record the check to this file, for `cargo xtask judge FILE`; with --all, a folder for one file per lesson
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// The source of a broker.
#[derive(Args, Clone, Debug)]
pub struct BrokerArgs {
    /// auto, embedded, docker, local, or the address of a running broker (amqp://user:password@host:port/vhost)
    #[arg(long, value_name = "BROKER", default_value = "auto", value_parser = broker)]
    pub broker: BrokerChoice,
    /// The image for --broker docker
    // Help is the same on every machine, so it leaves out the variable's value.
    #[arg(long, value_name = "IMAGE", env = "HELLO_RABBIT_IMAGE", hide_env_values = true)]
    pub image: Option<String>,
}

/// `--broker`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerChoice {
    /// The best broker that needs no download.
    Auto,
    /// The kit's own broker, in memory: nothing to install.
    Embedded,
    /// RabbitMQ in a container.
    Docker,
    /// A private node of the RabbitMQ that is installed here.
    Local,
    /// A running broker, by its address.
    Url(String),
}

/// The accounts, the vhosts and the refused features of the embedded broker.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddedArgs {
    /// Add an account to the embedded broker, in place of guest. CONFIGURE, WRITE and READ are patterns for its permissions;
    /// without them, it has none. Can be repeated
    #[arg(long = "user", value_name = "NAME:PASSWORD[:CONFIGURE:WRITE:READ]", value_parser = user)]
    pub users: Vec<User>,
    /// Add a vhost to the embedded broker, which always has /. Can be repeated
    #[arg(long = "vhost", value_name = "NAME", value_parser = vhost)]
    pub vhosts: Vec<String>,
    /// Refuse a deprecated feature in the embedded broker, as RabbitMQ 4.3 does: transient_nonexcl_queues
    #[arg(long = "deny", value_name = "FEATURE", value_enum, hide_possible_values = true)]
    pub denied: Vec<DeprecatedFeature>,
}

/// A deprecated feature, by its name in RabbitMQ's configuration (`deprecated_features.permit.NAME`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeprecatedFeature {
    /// Queues that are neither durable nor exclusive
    #[value(name = "transient_nonexcl_queues")]
    TransientNonexclQueues,
}

/// An account of the embedded broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name for the login.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Patterns for configure, write and read, in every vhost; None for no permissions.
    pub permissions: Option<[String; 3]>,
}

/// The form of the report on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: one JSON object (--all: one per line)
    Json,
}

/// The columns of a queue, named as in `rabbitmqctl list_queues`.
const QUEUE_COLUMNS: [&str; 6] =
    ["name", "messages", "messages_ready", "messages_unacknowledged", "consumers", "durable"];

/// `broker up|down|status|queues|…`.
#[derive(Debug, Args)]
pub struct PersistentArgs {
    /// The command.
    #[command(subcommand)]
    pub what: BrokerCommand,
}

/// Commands for the broker that is kept running.
#[derive(Debug, Subcommand)]
pub enum BrokerCommand {
    /// Start a broker that stays up; checks use it from then on
    Up {
        /// The source of the broker.
        #[command(flatten)]
        broker: BrokerArgs,
        /// The AMQP port on 127.0.0.1; the management page gets this port plus 10000 [default: 5672]
        #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=55535))]
        port: Option<u16>,
        /// The accounts and vhosts.
        #[command(flatten)]
        embedded: EmbeddedArgs,
    },
    /// Stop it, and remove everything that it left
    Down,
    /// Show whether it is up, with its kind, its address and its alarms
    Status,
    /// List its queues, as `rabbitmqctl list_queues` does
    Queues {
        /// Columns to print
        #[arg(value_name = "COLUMN", default_values = ["name", "messages"], value_parser = QUEUE_COLUMNS)]
        columns: Vec<String>,
    },
    /// Restart it; only durable queues and the persistent messages in them survive
    Restart,
    /// List its bindings: exchange, routing key, queue
    Bindings,
    /// List its connections
    Connections,
    /// Print its log
    Logs,
    /// Publish a message
    Publish {
        /// The routing key; for the default exchange, the queue's name.
        key: String,
        /// The message's body.
        body: String,
        /// The exchange, if not the default exchange
        #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
        exchange: String,
        /// The vhost.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Show the first messages of a queue without removing them
    Peek {
        /// The queue.
        queue: String,
        /// Number of messages
        #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
        count: u32,
        /// The vhost.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Remove the messages from a queue
    Purge {
        /// The queue.
        queue: String,
        /// The vhost.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Delete a queue and its messages
    Delete {
        /// The queue.
        queue: String,
        /// The vhost.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Close a connection, as an operator does
    Close {
        /// Its name, from `broker connections`; or `all`.
        connection: String,
        /// The reason that the program receives
        #[arg(long, value_name = "TEXT", default_value = "closed by a teacher")]
        reason: String,
    },
    /// Cut a connection without closing it, as a failing network does (embedded broker)
    Cut {
        /// Its name, from `broker connections`; or `all`.
        connection: String,
    },
    /// Raise or clear a resource alarm; publishers are blocked while it is raised (embedded broker)
    Alarm {
        /// The action.
        #[arg(value_enum)]
        what: AlarmWhat,
        /// The alarm [default: memory for `raise`, all for `clear`].
        #[arg(value_enum)]
        kind: Option<AlarmKind>,
    },
    /// Refuse the next logins of any user (embedded broker)
    RefuseLogins {
        /// Number of logins; 0 accepts logins again.
        #[arg(default_value_t = 1)]
        count: u32,
    },
    /// Refuse the next published messages with `basic.nack`, as a full queue does (embedded broker)
    NackNext {
        /// Number of messages; 0 refuses none any more.
        #[arg(default_value_t = 1)]
        count: u64,
        /// The messages.
        #[command(flatten)]
        which: PublishesArgs,
    },
    /// Find no queue for the next published messages, and return the mandatory ones (embedded broker)
    ReturnNext {
        /// Number of messages; 0 returns none any more.
        #[arg(default_value_t = 1)]
        count: u64,
        /// The messages.
        #[command(flatten)]
        which: PublishesArgs,
    },
    /// Delay the confirms of published messages; those that are due together go out as one (embedded broker)
    ConfirmDelay {
        /// Milliseconds; 0 ends the delay.
        #[arg(value_name = "MS", value_parser = clap::value_parser!(u32).range(0..=600_000))]
        ms: u32,
        /// The messages.
        #[command(flatten)]
        which: PublishesArgs,
    },
    /// Cut the connection of a publisher with the message after this many others (embedded broker)
    CutAfter {
        /// Number of messages before it.
        count: u64,
        /// The vhost.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Close the channel of a publisher with the message after this many others (embedded broker)
    CloseChannelAfter {
        /// Number of messages before it.
        count: u64,
        /// The vhost.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Delay everything that the broker sends, as a slow network does (embedded broker)
    Delay {
        /// Milliseconds; 0 ends the delay.
        #[arg(value_name = "MS", value_parser = clap::value_parser!(u32).range(0..=600_000))]
        ms: u32,
    },
}

/// The published messages of a command.
#[derive(Args, Clone, Debug)]
pub struct PublishesArgs {
    /// Number of messages before the first one
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub after: u64,
    /// The vhost.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// The vhost of a command.
#[derive(Args, Clone, Debug)]
pub struct PlaceArgs {
    /// The vhost
    #[arg(long, value_name = "NAME", default_value = "/")]
    pub vhost: String,
}

/// An action on an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AlarmWhat {
    /// Raise the alarm
    Raise,
    /// Clear the alarm
    Clear,
}

/// A resource alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AlarmKind {
    /// Messages use too much memory
    Memory,
    /// The disk is nearly full
    Disk,
}

fn broker(text: &str) -> Result<BrokerChoice, String> {
    match text {
        "auto" => Ok(BrokerChoice::Auto),
        "embedded" => Ok(BrokerChoice::Embedded),
        "docker" => Ok(BrokerChoice::Docker),
        "local" => Ok(BrokerChoice::Local),
        url if url.starts_with("amqp://") => Ok(BrokerChoice::Url(url.to_owned())),
        url if url.starts_with("amqps://") => {
            Err("amqps:// is not supported, because the checker reads the traffic".to_owned())
        }
        _ => Err("expected auto, embedded, docker, local or an amqp:// address".to_owned()),
    }
}

fn user(text: &str) -> Result<User, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (name, password, permissions) = match parts[..] {
        [name, password] => (name, password, None),
        [name, password, configure, write, read] => (name, password, Some([configure, write, read].map(str::to_owned))),
        _ => return Err("expected name:password or name:password:configure:write:read".to_owned()),
    };
    if name.is_empty() {
        return Err("the name is empty".to_owned());
    }
    Ok(User { name: name.to_owned(), password: password.to_owned(), permissions })
}

fn vhost(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("the name is empty".to_owned()),
        1..=255 => Ok(text.to_owned()),
        _ => Err("the name is longer than 255 bytes".to_owned()),
    }
}

fn command_line(text: &str) -> Result<CommandLine, String> {
    const SHELL: [&str; 9] = ["|", "||", "&", "&&", ";", "<", ">", ">>", "2>&1"];
    let words = words(text, cfg!(windows))?;
    let first = words.first().filter(|first| !first.is_empty()).ok_or("it names no program")?;
    if first.contains('=') || first.starts_with("~/") || words.iter().any(|word| SHELL.contains(&word.as_str())) {
        return Err("it is run without a shell; for shell syntax, write --program \"sh -c '…'\"".to_owned());
    }
    Ok(CommandLine { typed: text.to_owned(), words })
}

/// Splits a command into words. On Windows a backslash separates folders and escapes nothing.
fn words(text: &str, windows: bool) -> Result<Vec<String>, String> {
    let escaped = if windows { text.replace('\\', r"\\") } else { text.to_owned() };
    shell_words::split(&escaped).map_err(|error| error.to_string())
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|seconds| (0.1..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected a number of seconds from 0.1 to 3600".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
        BookCli::command().debug_assert();
        GradeCli::command().debug_assert();
    }

    #[test]
    fn a_broker_is_named_by_kind_or_address() {
        assert_eq!(broker("docker"), Ok(BrokerChoice::Docker));
        assert_eq!(broker("amqp://localhost"), Ok(BrokerChoice::Url("amqp://localhost".into())));
        assert!(broker("rabbitmq").is_err());
        assert!(broker("amqps://localhost").is_err());
    }

    #[test]
    fn a_command_line_is_split_as_a_shell_would_and_is_no_shell() {
        assert_eq!(
            command_line("python3 'my send.py' \"a b\"").map(|line| line.words),
            Ok(["python3", "my send.py", "a b"].map(str::to_owned).to_vec())
        );
        assert_eq!(
            words(r"python 'C:\my programs\send.py' C:\a", true),
            words(r"python 'C:\\my programs\\send.py' C:\\a", false)
        );
        assert_eq!(words(r"C:\a\send.exe", true), Ok(vec![r"C:\a\send.exe".to_owned()]));
        assert!(command_line("sh -c 'a | b > c'").is_ok());
        for wrong in ["", "  ", "''", "python3 'send.py", "a | b", "URL=x a", "~/a", "a > b"] {
            assert!(command_line(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn an_account_has_no_permissions_or_three_patterns() {
        let patterns = |user: Result<User, String>| user.map(|user| user.permissions);
        assert_eq!(patterns(user("ann:secret")), Ok(None));
        assert_eq!(patterns(user("ann:secret:.*::^q")), Ok(Some([".*", "", "^q"].map(str::to_owned))));
        for wrong in ["ann", "ann:secret:.*", "ann:secret:.*:.*", ":secret", "a:b:c:d:e:f"] {
            assert!(user(wrong).is_err(), "{wrong:?} was taken");
        }
        assert!(vhost("").is_err() && vhost(&"v".repeat(256)).is_err() && vhost("/a b").is_ok());
    }

    #[test]
    fn the_word_lesson_may_be_left_out() {
        let words = |line: &str| typed(line.split(' ').map(OsString::from)).join(std::ffi::OsStr::new(" "));
        for command in OF_A_LESSON {
            assert_eq!(words(&format!("x {command} lesson 01 --flag 2")), *format!("x {command} 01 --flag 2"));
        }
        assert_eq!(words("x check all --wire"), *"x check --all --wire");
        for same in
            ["x check 01", "x check --all", "x broker lesson", "x new lesson 05-a", "x hint all", "x", "x check"]
        {
            assert_eq!(words(same), *same);
        }
    }

    #[test]
    fn a_lesson_is_named_in_three_ways() {
        let check = |line: &str| match Cli::try_parse_from(typed(line.split(' ').map(OsString::from))).unwrap().command
        {
            Command::Check(check) => check,
            other => panic!("{other:?}"),
        };
        for line in ["x check lesson 01 --wire", "x check 01 --wire", "x check --wire 01"] {
            let check = check(line);
            assert_eq!((check.lesson.as_deref(), check.all, check.options.wire), (Some("01"), false, true), "{line}");
        }
        for line in ["x check all", "x check --all"] {
            let check = check(line);
            assert_eq!((check.lesson.as_deref(), check.all), (None, true), "{line}");
        }
        for wrong in ["x check", "x check lesson", "x check --all 01", "x check --all --path a", "x check 01 02"] {
            assert!(Cli::try_parse_from(typed(wrong.split(' ').map(OsString::from))).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_lesson_is_known_by_its_number_its_id_and_its_folder() {
        for name in [
            "01",
            "1",
            "hello-send",
            "hello_send",
            "Hello-Send",
            "01-hello-send",
            "1_hello_send",
            "lessons/01-hello-send/",
        ] {
            assert!(is_lesson(name, "01", "hello-send"), "{name}");
        }
        for name in ["", "/", "02", "hello", "send", "02-hello-send", "01-hello-receive", "-1", "01-"] {
            assert!(!is_lesson(name, "01", "hello-send"), "{name}");
        }
    }

    #[test]
    fn a_time_limit_is_positive_and_finite() {
        assert_eq!(seconds("2.5"), Ok(Duration::from_millis(2500)));
        for wrong in ["0", "-1", "NaN", "inf", "ten", ""] {
            assert!(seconds(wrong).is_err(), "{wrong} was taken");
        }
    }
}
