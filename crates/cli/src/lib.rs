//! What can be typed: the commands and flags that `cargo xtask` shares with the checker and with the book's builder.
//!
//! `xtask` parses them so that `--help` and a typing mistake are answered before anything is compiled, and hands them on
//! as they were typed; the checker and the builder parse them again and act.

mod book;
mod doctor;
mod exit;
mod judge;
mod kit;
mod learn;
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
pub use judge::{ExplainArgs, JudgeArgs};
pub use kit::{NoKit, kit};
pub use learn::{DiffArgs, DiffWhat, HintArgs, HintWhat, ResetArgs, ResetWhat};
pub use start::{StartArgs, StartWhat};
pub use watch::{POLL, WatchArgs, WatchWhat, WatchedArgs};
pub use wire::{WireArgs, WireFormat, WireShow, WireWhat};

/// What can be done with a lesson, and with the broker that is kept warm.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands that the checker carries out.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say where you are, and what to type next (what `cargo xtask` alone does)
    Next,
    /// List the lessons, with their minutes and your progress
    List,
    /// Begin a program of your own, with a comment for each step
    Start(StartArgs),
    /// Judge a program by what it says to the broker
    Check(CheckArgs),
    /// Judge your program now, and again at each save
    Watch(WatchArgs),
    /// Give one more hint
    Hint(HintArgs),
    /// Show your program beside the lesson's own
    Diff(DiffArgs),
    /// Show what your program and the broker said to each other at the last check
    Wire(WireArgs),
    /// Judge recordings of checks again, without running a program
    Judge(JudgeArgs),
    /// Explain a fault that a report names by its code
    Explain(ExplainArgs),
    /// Begin a lesson again
    Reset(ResetArgs),
    /// Keep a broker running between checks, and look into it
    Broker(WarmArgs),
    /// Say what is installed and reachable, and how to mend it
    Doctor(DoctorArgs),
}

/// `check lesson 01`, `check all`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct CheckArgs {
    /// Which lessons.
    #[command(subcommand)]
    pub what: CheckWhat,
}

/// What was typed, the program's name first, as [`Cli`] takes it: a lesson's number may follow a command at once, so that
/// `check 01` is `check lesson 01`.
pub fn typed(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut typed: Vec<OsString> = arguments.into_iter().collect();
    // `01`, and `01-hello-send`, as its folder is called.
    let is_number = |word: &OsString| {
        let number = word.to_str().and_then(|word| word.split(['-', '_', '/', '\\']).next());
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if typed.get(1).is_some_and(|command| OF_A_LESSON.iter().any(|name| command == name))
        && typed.get(2).is_some_and(is_number)
    {
        typed.insert(2, "lesson".into());
    }
    typed
}

/// Whether a lesson is meant by this name: by its number (`01`, `1`), its id (`hello-send`, `hello_send`), or its folder
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

/// The environment variable by which xtask tells the checker that this lesson's own program was built a moment ago, beside
/// the checker.
pub const BUILT: &str = "HELLO_RABBIT_BUILT";

/// The environment variable that names the folder of learners' programs, when it is not `work/`.
pub const WORK: &str = "HELLO_RABBIT_WORK";

/// Where learners' programs are, and what is remembered of them: the folder that [`WORK`] names, or `work/` in the kit.
#[must_use]
pub fn work(kit: &Path) -> PathBuf {
    std::env::var_os(WORK).filter(|folder| !folder.is_empty()).map_or_else(|| kit.join("work"), PathBuf::from)
}

/// Exit codes, for `--help`; [`Exit`] is the table.
pub const EXIT_CODES: &str = "Exit codes: 0 passed · 1 failed · 2 usage · 3 not checked · 130 interrupted";

/// One lesson or all of them.
#[derive(Debug, Subcommand)]
pub enum CheckWhat {
    /// One lesson, by its number or its id: `check lesson 01`, `check lesson hello-send`
    #[command(after_help = EXIT_CODES)]
    Lesson {
        /// The lesson's number or id.
        lesson: String,
        /// Which program, and how.
        #[command(flatten)]
        program: ProgramArgs,
        /// On which broker, and how it is reported.
        #[command(flatten)]
        options: CheckOptions,
    },
    /// Every lesson's own program, on one broker
    #[command(after_help = EXIT_CODES)]
    All {
        /// On which broker, and how it is reported.
        #[command(flatten)]
        options: CheckOptions,
    },
}

/// The program to judge.
#[derive(Debug, Args, Default)]
pub struct ProgramArgs {
    /// Judge the Rust package in this folder, or of this file; without it, your own in work/, or else the lesson's
    #[arg(long, value_name = "PATH", conflicts_with_all = ["program", "reference"])]
    pub path: Option<PathBuf>,
    /// Judge this program of the package, where it has several
    #[arg(long, value_name = "NAME", conflicts_with_all = ["program", "reference"])]
    pub bin: Option<String>,
    /// Judge what this command line runs, in any language: --program 'python3 send.py'
    #[arg(long, value_name = "COMMAND", conflicts_with = "reference", value_parser = command_line)]
    pub program: Option<CommandLine>,
    /// Judge the lesson's own program, also where you have one of your own
    #[arg(long)]
    pub reference: bool,
    /// Listen on this port, for a program that has localhost:5672 written into it
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Count this program as yours: your progress, hints and wire are about it
    #[arg(long, conflicts_with = "reference")]
    pub as_mine: bool,
}

impl ProgramArgs {
    /// Whether the flags leave it open which program is judged.
    #[must_use]
    pub fn names_none(&self) -> bool {
        self.path.is_none() && self.program.is_none() && !self.reference
    }
}

/// A command line, and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// As it was typed.
    pub typed: String,
    /// The program and its arguments, split as a shell would; never empty.
    pub words: Vec<String>,
}

/// How to judge and to report.
#[derive(Debug, Args)]
pub struct CheckOptions {
    /// Where the broker comes from.
    #[command(flatten)]
    pub broker: BrokerArgs,
    /// Seconds that the program may run after it was built
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// Also print the conversation between program and broker
    #[arg(long)]
    pub wire: bool,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Choose the same message bodies as an earlier check did
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Write a recording of the check to this file, which `cargo xtask judge FILE` judges again; of all lessons, one each into this folder
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Where a broker comes from.
#[derive(Args, Clone, Debug)]
pub struct BrokerArgs {
    /// auto, embedded, docker, local, or the address of a running broker (amqp://user:password@host:port/vhost)
    #[arg(long, value_name = "BROKER", default_value = "auto", value_parser = broker)]
    pub broker: BrokerChoice,
    /// The image for --broker docker
    // Help says the same on every machine, so it leaves the variable's value out.
    #[arg(long, value_name = "IMAGE", env = "HELLO_RABBIT_IMAGE", hide_env_values = true)]
    pub image: Option<String>,
}

/// `--broker`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerChoice {
    /// The best that is at hand without waiting for a download.
    Auto,
    /// The kit's own broker, in memory: nothing to install.
    Embedded,
    /// RabbitMQ in a container.
    Docker,
    /// A private node of the RabbitMQ that is installed here.
    Local,
    /// A broker that somebody runs, by its address.
    Url(String),
}

/// Who may log in to the embedded broker, and where.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddedArgs {
    /// An account of the embedded broker instead of guest: name:password, and what it may do, as patterns:
    /// name:password:configure:write:read (without them, nothing); may be given several times
    #[arg(long = "user", value_name = "NAME:PASSWORD[:CONFIGURE:WRITE:READ]", value_parser = user)]
    pub users: Vec<User>,
    /// A vhost of the embedded broker, beside /; may be given several times
    #[arg(long = "vhost", value_name = "NAME", value_parser = vhost)]
    pub vhosts: Vec<String>,
    /// A deprecated feature that the embedded broker refuses, as RabbitMQ 4.3 does: transient_nonexcl_queues
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
    /// What it logs in with.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Patterns of what it may configure, write and read, in every vhost; None for nothing at all.
    pub permissions: Option<[String; 3]>,
}

/// The form of the report on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person
    Text,
    /// For a program: one JSON object (`check all`: one a line)
    Json,
}

/// What can be said of a queue, as `rabbitmqctl list_queues` calls it.
const QUEUE_COLUMNS: [&str; 6] =
    ["name", "messages", "messages_ready", "messages_unacknowledged", "consumers", "durable"];

/// `broker up|down|status|queues|…`.
#[derive(Debug, Args)]
pub struct WarmArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub what: WarmWhat,
}

/// What can be done with the broker that is kept warm.
#[derive(Debug, Subcommand)]
pub enum WarmWhat {
    /// Start a broker that stays; checks use it from then on
    Up {
        /// Where it comes from.
        #[command(flatten)]
        broker: BrokerArgs,
        /// The port for AMQP on 127.0.0.1; the management page gets the port 10000 above [default: 5672]
        #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=55535))]
        port: Option<u16>,
        /// Who may log in.
        #[command(flatten)]
        embedded: EmbeddedArgs,
    },
    /// Stop it and remove all it left
    Down,
    /// Say whether it runs, what it is, where, and which alarms are on
    Status,
    /// List its queues, as `rabbitmqctl list_queues` does
    Queues {
        /// What to say of each queue
        #[arg(value_name = "COLUMN", default_values = ["name", "messages"], value_parser = QUEUE_COLUMNS)]
        columns: Vec<String>,
    },
    /// Restart it: durable queues with their persistent messages stay, the rest goes
    Restart,
    /// List its bindings: which exchange takes what to which queue
    Bindings,
    /// List its connections
    Connections,
    /// Print its log
    Logs,
    /// Publish a message
    Publish {
        /// The routing key: on the default exchange, the queue's name.
        key: String,
        /// The message.
        body: String,
        /// The exchange; without it the default exchange
        #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
        exchange: String,
        /// Where.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Look at the first messages of a queue, and leave them there
    Peek {
        /// The queue.
        queue: String,
        /// How many messages
        #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
        count: u32,
        /// Where.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Throw the messages of a queue away
    Purge {
        /// The queue.
        queue: String,
        /// Where.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Delete a queue, with the messages in it
    Delete {
        /// The queue.
        queue: String,
        /// Where.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Close a connection, as an operator does
    Close {
        /// Its name, as `broker connections` lists it; `all` for every one.
        connection: String,
        /// What the program is told
        #[arg(long, value_name = "TEXT", default_value = "closed by a teacher")]
        reason: String,
    },
    /// Cut a connection without a word, as a failing network does (embedded broker)
    Cut {
        /// Its name, as `broker connections` lists it; `all` for every one.
        connection: String,
    },
    /// Raise or clear a resource alarm; publishers are blocked while it is raised (embedded broker)
    Alarm {
        /// What to do.
        #[arg(value_enum)]
        what: AlarmWhat,
        /// Which alarm; without it, `raise` means memory, and `clear` all.
        #[arg(value_enum)]
        kind: Option<AlarmKind>,
    },
    /// Refuse the next logins, whoever it is (embedded broker)
    RefuseLogins {
        /// How many; 0 ends it.
        #[arg(default_value_t = 1)]
        count: u32,
    },
    /// Hold back all that the broker sends, as a slow network does (embedded broker)
    Delay {
        /// So many milliseconds; 0 ends it.
        #[arg(value_name = "MS", value_parser = clap::value_parser!(u32).range(0..=600_000))]
        ms: u32,
    },
}

/// In which vhost.
#[derive(Args, Clone, Debug)]
pub struct PlaceArgs {
    /// The vhost
    #[arg(long, value_name = "NAME", default_value = "/")]
    pub vhost: String,
}

/// What is done about an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AlarmWhat {
    /// From now on
    Raise,
    /// No more
    Clear,
}

/// Which alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AlarmKind {
    /// Messages take too much memory
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
            Err("amqps:// is not supported: the checker has to read along".to_owned())
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
        0 => Err("a vhost has a name".to_owned()),
        1..=255 => Ok(text.to_owned()),
        _ => Err("a name has room for 255 bytes".to_owned()),
    }
}

fn command_line(text: &str) -> Result<CommandLine, String> {
    const SHELL: [&str; 9] = ["|", "||", "&", "&&", ";", "<", ">", ">>", "2>&1"];
    let words = shell_words::split(text).map_err(|error| error.to_string())?;
    let first = words.first().filter(|first| !first.is_empty()).ok_or("it names no program")?;
    if first.contains('=') || first.starts_with("~/") || words.iter().any(|word| SHELL.contains(&word.as_str())) {
        return Err("no shell reads it; for a shell's syntax write --program \"sh -c '…'\"".to_owned());
    }
    Ok(CommandLine { typed: text.to_owned(), words })
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|seconds| (0.1..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected seconds, from 0.1 to 3600".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
        BookCli::command().debug_assert();
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
    fn a_lessons_number_may_follow_the_command() {
        let words = |line: &str| typed(line.split(' ').map(OsString::from)).join(std::ffi::OsStr::new(" "));
        for command in OF_A_LESSON {
            assert_eq!(words(&format!("x {command} 01 --flag 2")), *format!("x {command} lesson 01 --flag 2"));
        }
        assert_eq!(words("x check 01-hello-send"), *"x check lesson 01-hello-send");
        for same in ["x check lesson 01", "x check all", "x broker 01", "x check --path 01", "x", "x check"] {
            assert_eq!(words(same), *same);
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
