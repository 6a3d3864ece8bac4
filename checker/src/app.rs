//! The program around the library: flags in, exit code out, and nothing left behind.

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    path::Path,
    process::ExitCode,
};

use clap::Parser;
use cli::{CheckOptions, CheckWhat, Cli, Command, Format, ProgramArgs, WarmWhat};

use crate::{
    brokers,
    check::check,
    lessons::{self, Lesson},
    owner::{self, Run},
    report::{self, progress, say},
    verdict::{Reason, Report, Verdict},
    workspace,
};

/// Exit code for what was typed wrongly.
const USAGE: u8 = 2;

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Runs the checker with these arguments; the first is the program's own name.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell("error", &format!("the checker can't start: {error}"));
            return ExitCode::from(Verdict::NotChecked.exit_code());
        }
    };
    let command = match order(cli.command) {
        Ok(command) => command,
        Err(code) => return code,
    };
    runtime.block_on(async {
        if !cfg!(feature = "docker") && needs_docker(&command).await {
            return with_docker_client(&arguments[1..]);
        }
        match command {
            Order::Check { lessons, program, options } => checks(&lessons, &program, &options).await,
            Order::Broker(what) => warm_broker(&what).await,
        }
    })
}

/// A command whose words make sense.
enum Order {
    Check { lessons: Vec<Lesson>, program: ProgramArgs, options: CheckOptions },
    Broker(WarmWhat),
}

/// Looks up what a command names, before anything is built or started.
fn order(command: Command) -> Result<Order, ExitCode> {
    let what = match command {
        Command::Check(check) => check.what,
        Command::Broker(warm) => return Ok(Order::Broker(warm.what)),
    };
    let lessons = lessons::all()
        .map_err(|error| give_up(&Reason { message: format!("The lessons can't be read: {error}."), hints: vec![] }))?;
    match what {
        CheckWhat::Lesson { lesson, program, options } => match find(&lessons, &lesson) {
            Some(found) => Ok(Order::Check { lessons: vec![found], program, options }),
            None => Err(unknown(&lesson, &lessons)),
        },
        CheckWhat::All { options } => Ok(Order::Check { lessons, program: ProgramArgs::default(), options }),
    }
}

async fn needs_docker(order: &Order) -> bool {
    owner::left_a_container()
        || match order {
            Order::Check { options, .. } => brokers::need_docker(&options.broker).await,
            Order::Broker(what) => brokers::warm::needs_docker(what).await,
        }
}

/// Goes on as the checker that was built with the Docker client.
fn with_docker_client(arguments: &[OsString]) -> ExitCode {
    let mut cargo = std::process::Command::new(workspace::cargo());
    cargo.arg("run").arg("--manifest-path").arg(workspace::root().join("Cargo.toml"));
    cargo.args(["--package", "checker", "--bin", "checker", "--features", "docker"]);
    if docker_client_was_compiled() {
        cargo.arg("--quiet");
    } else {
        progress("compiling the Docker client, this once; a minute or so");
    }
    cargo.arg("--").args(arguments);
    let failed = |error: io::Error| {
        tell("error", &format!("cargo could not be started: {error}"));
        ExitCode::from(Verdict::NotChecked.exit_code())
    };
    #[cfg(unix)]
    {
        failed(std::os::unix::process::CommandExt::exec(&mut cargo))
    }
    #[cfg(not(unix))]
    match cargo.status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(3)),
        Err(error) => failed(error),
    }
}

/// Whether cargo has the Docker client compiled, beside the program that runs now.
fn docker_client_was_compiled() -> bool {
    let program = std::env::current_exe().unwrap_or_default();
    let dependencies = program.parent().unwrap_or(Path::new(".")).join("deps");
    let Ok(entries) = std::fs::read_dir(dependencies) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libtestcontainers-"))
}

async fn checks(lessons: &[Lesson], program: &ProgramArgs, options: &CheckOptions) -> ExitCode {
    let run = match Run::begin() {
        Ok(run) => run,
        Err(error) => {
            let hints =
                vec!["The folder is in the system's folder for temporary files; TMPDIR names another".to_owned()];
            return give_up(&Reason { message: format!("The checker's own folder can't be made: {error}."), hints });
        }
    };
    let left = owner::reap().await;
    warn(&left);
    let code = tokio::select! {
        code = judge_all(lessons, program, options, &run) => code,
        () = interrupted() => {
            say("interrupted; cleaning up");
            INTERRUPTED
        }
    };
    warn(&run.end().await);
    ExitCode::from(code)
}

async fn judge_all(lessons: &[Lesson], program: &ProgramArgs, options: &CheckOptions, run: &Run) -> u8 {
    let mut broker = None;
    let mut code = 0;
    for lesson in lessons {
        let report = check(lesson, program, options, run, &mut broker).await;
        if let Err(error) = print(&report, options) {
            tell("error", &format!("the report could not be written to stdout: {error}"));
            return Verdict::NotChecked.exit_code();
        }
        // Failed weighs more than not checked: it says something.
        code = match (code, report.verdict) {
            (1, _) | (_, Verdict::Failed) => 1,
            (before, verdict) => before.max(verdict.exit_code()),
        };
    }
    code
}

fn print(result: &Report, options: &CheckOptions) -> io::Result<()> {
    report::print(&match options.format {
        Format::Json => report::json::report(result).to_string() + "\n",
        Format::Text => {
            let width = if io::stdout().is_terminal() { textwrap::termwidth() } else { 80 };
            report::text::report(result, report::text::Layout { width, wire: options.wire })
        }
    })
}

async fn warm_broker(what: &WarmWhat) -> ExitCode {
    warn(&owner::reap().await);
    let done = tokio::select! {
        done = brokers::warm::run(what) => done,
        () = interrupted() => {
            if matches!(what, WarmWhat::Up { .. }) {
                say("interrupted; cleaning up");
                let _ = brokers::warm::down().await;
            }
            return ExitCode::from(INTERRUPTED);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => give_up(&reason),
    }
}

fn find(lessons: &[Lesson], name: &str) -> Option<Lesson> {
    let number = name.parse::<u32>().ok();
    let fits =
        |lesson: &&Lesson| lesson.about.id == name || number.is_some_and(|number| lesson.number.parse() == Ok(number));
    lessons.iter().find(fits).cloned()
}

fn unknown(name: &str, lessons: &[Lesson]) -> ExitCode {
    let known: Vec<String> = lessons.iter().map(|lesson| format!("{} {}", lesson.number, lesson.about.id)).collect();
    tell("error", &format!("there is no lesson {name:?}"));
    tell("hint", &format!("the lessons are: {}", known.join(" · ")));
    ExitCode::from(USAGE)
}

fn give_up(reason: &Reason) -> ExitCode {
    tell("error", &reason.message);
    for hint in &reason.hints {
        tell("hint", hint);
    }
    ExitCode::from(Verdict::NotChecked.exit_code())
}

fn warn(problems: &[String]) {
    for problem in problems {
        tell("warning", problem);
    }
}

fn tell(what: &str, text: &str) {
    say(&format!("{what}: {text}"));
}

/// Waits until somebody asks us to end: Ctrl-C, `kill`, a closed terminal.
async fn interrupted() {
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
