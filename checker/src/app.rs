//! The program around the library: flags in, exit code out, and nothing left behind.

mod doctor;
mod judge;
mod learner;
mod wire;

use harness::kit;
use std::{
    ffi::OsString,
    io,
    path::Path,
    process::{ExitCode, Stdio},
};

use clap::Parser;
use cli::{
    BrokerCommand, CheckArgs, CheckOptions, Cli, Command, DoctorFormat, Exit, Format, ProgramArgs, WatchArgs, WireShow,
};

use crate::{
    brokers::{self, Broker},
    check::check,
    cleanup::{self, Run},
    guide,
    lessons::{self, Lesson},
    remember,
    report::{self, say, spinner::watched},
    verdict::{NotChecked, Report, Verdict},
    watch::{self, Task},
};

/// Runs the checker with these arguments; the first is the program's own name.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    report::spinner::listen();
    let arguments = cli::typed(arguments);
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Passed }.into();
        }
    };
    if let Err(no_kit) = cli::kit() {
        tell("error", &no_kit.to_string());
        tell("hint", cli::NoKit::HINT);
        return Exit::NotChecked.into();
    }
    let order = match cli.command {
        Command::Next => return learner::next(),
        Command::List => return learner::list(),
        Command::Start(start) => return learner::start(start),
        Command::Hint(hint) => return learner::hint(&hint),
        Command::Diff(diff) => return learner::diff(&diff),
        Command::Reset(reset) => return learner::reset(&reset),
        Command::Judge(args) => return judge::judge(&args),
        Command::Explain(args) => return judge::explain(&args),
        Command::Check(check) => match order(check) {
            Ok(order) => order,
            Err(code) => return code,
        },
        Command::Watch(watch) => match watch_order(watch) {
            Ok(order) => order,
            Err(code) => return code,
        },
        Command::Wire(wire) => match known().and_then(|lessons| find(&lessons, &wire.lesson)) {
            Ok(lesson) => Order::Wire(Box::new(lesson), wire.show),
            Err(code) => return code,
        },
        Command::Broker(broker) => Order::Broker(broker.what),
        Command::Doctor(doctor) => Order::Doctor(doctor.format),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell("error", &format!("the checker can't start: {error}"));
            return Exit::NotChecked.into();
        }
    };
    runtime.block_on(async {
        if !cfg!(feature = "docker") && needs_docker(&order).await {
            let handed_on = brokers::docker::handed_on().await;
            return with_docker_client(&arguments[1..], &handed_on);
        }
        match order {
            Order::Check { lessons, program, options } => {
                in_a_run(async |run| judge_all(&lessons, &program, &options, run).await).await
            }
            Order::Watch { lessons, task, options } => {
                in_a_run(async |run| watch_program(&lessons, *task, &options, run).await).await
            }
            Order::Broker(what) => warm_broker(&what).await,
            Order::Wire(lesson, show) => wire::wire(&lesson, show).await,
            Order::Doctor(format) => doctor::doctor(format).await,
        }
    })
}

/// A command with its names resolved.
enum Order {
    Check { lessons: Vec<Lesson>, program: ProgramArgs, options: CheckOptions },
    Watch { lessons: Vec<Lesson>, task: Box<Task>, options: CheckOptions },
    Broker(BrokerCommand),
    Wire(Box<Lesson>, WireShow),
    Doctor(DoctorFormat),
}

/// Looks up what a command names, before anything is built or started.
fn order(CheckArgs { lesson, program, options, .. }: CheckArgs) -> Result<Order, ExitCode> {
    let lessons = known()?;
    Ok(match lesson {
        Some(lesson) => Order::Check { lessons: vec![find(&lessons, &lesson)?], program, options },
        None => Order::Check { lessons, program: ProgramArgs { reference: true, ..ProgramArgs::default() }, options },
    })
}

/// Looks up what a watch names; its program is always the learner's.
fn watch_order(WatchArgs { lesson, program, broker, timeout }: WatchArgs) -> Result<Order, ExitCode> {
    let lessons = known()?;
    let lesson = find(&lessons, &lesson)?;
    let task = Task::of(&lesson, program.to_check()).ok_or_else(|| learner::has_none(&lesson))?;
    Ok(Order::Watch { lessons, task: Box::new(task), options: CheckOptions::at_each_save(broker, timeout) })
}

/// Returns all lessons.
fn known() -> Result<Vec<Lesson>, ExitCode> {
    lessons::all().map_err(|error| {
        give_up(&NotChecked { message: format!("The lessons can't be read: {error}."), hints: vec![] })
    })
}

async fn needs_docker(order: &Order) -> bool {
    match order {
        // These use no container, and clean nothing up, so they need not wait for a compiler.
        Order::Wire(..) | Order::Doctor(_) => false,
        Order::Check { options, .. } | Order::Watch { options, .. } => {
            cleanup::left_a_container() || brokers::need_docker(&options.broker).await
        }
        Order::Broker(what) => cleanup::left_a_container() || brokers::persistent::needs_docker(what).await,
    }
}

/// Continues as the checker that has the Docker client.
fn with_docker_client(arguments: &[OsString], handed_on: &[(&str, String)]) -> ExitCode {
    let cargo = |subcommand: &str| {
        let mut cargo = std::process::Command::new(kit::cargo());
        cargo.arg(subcommand).arg("--manifest-path").arg(kit::root().join("Cargo.toml"));
        cargo.args(["--package", "checker", "--bin", "checker", "--features", "docker"]);
        cargo
    };
    let mut run = cargo("run");
    if docker_client_was_compiled() {
        // The client may have to be compiled again, and nothing shows that once cargo has taken the place of this process.
        let _busy = watched("building the checker with the Docker client");
        let _ = cargo("build").arg("--quiet").stderr(Stdio::null()).status();
        run.arg("--quiet");
    } else {
        // cargo shows its own progress.
        say("compiling the Docker client for the first time; about a minute …");
    }
    run.arg("--").args(arguments).envs(handed_on.iter().map(|(name, value)| (name, value)));
    let failed = |error: io::Error| {
        tell("error", &format!("cargo could not be started: {error}"));
        Exit::NotChecked.into()
    };
    #[cfg(unix)]
    {
        failed(std::os::unix::process::CommandExt::exec(&mut run))
    }
    #[cfg(not(unix))]
    match run.status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(3)),
        Err(error) => failed(error),
    }
}

/// Returns whether cargo has compiled the Docker client, in the target folder of the running program.
fn docker_client_was_compiled() -> bool {
    let program = std::env::current_exe().unwrap_or_default();
    let dependencies = program.parent().unwrap_or(Path::new(".")).join("deps");
    let Ok(entries) = std::fs::read_dir(dependencies) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libtestcontainers-"))
}

/// Does this work in a run of its own, which ends when the work is done or interrupted.
async fn in_a_run(work: impl AsyncFnOnce(&Run) -> Exit) -> ExitCode {
    let run = match Run::begin() {
        Ok(run) => run,
        Err(error) => {
            let hints =
                vec!["Name another folder for temporary files in TMPDIR: the checker works in that folder".to_owned()];
            return give_up(&NotChecked {
                message: format!("The checker's own folder can't be created: {error}."),
                hints,
            });
        }
    };
    let left = {
        let _busy = watched("cleaning up after an earlier command");
        cleanup::reap().await
    };
    warn(&left);
    let code = tokio::select! {
        code = work(&run) => code,
        () = interrupted() => {
            say("interrupted; cleaning up");
            Exit::Interrupted
        }
    };
    let left = {
        let _busy = watched("cleaning up");
        run.end().await
    };
    warn(&left);
    code.into()
}

async fn judge_all(lessons: &[Lesson], program: &ProgramArgs, options: &CheckOptions, run: &Run) -> Exit {
    // The search is started once. It continues when the first program does not compile, which ends that check.
    let mut finding = Box::pin(Broker::find(&options.broker, run));
    let mut broker = None;
    let mut code = Exit::Passed;
    for lesson in lessons {
        let own = guide::own_program(lesson);
        let names_one = !program.names_none();
        let goes_on = own.is_some() && !names_one;
        let is_learners = goes_on || program.as_mine || names_own(program, own.as_deref());
        let find = async {
            match &broker {
                Some(found) => Result::clone(found),
                None => broker.insert((&mut finding).await).clone(),
            }
        };
        let report = check(lesson, program, own, options, run, find).await;
        if is_learners {
            remember::remember_or_warn(&report);
        }
        if let Some(file) = &options.record
            && let Err(error) = record(&report, file, lessons.len() > 1)
        {
            tell("error", &format!("the recording could not be written to {}: {error}", file.display()));
            tell("hint", "name a file in an existing folder that you may write to");
            return Exit::NotChecked;
        }
        if let Err(error) = print(&report, options) {
            return unwritten(&error);
        }
        if options.format == Format::Text {
            if goes_on {
                say(&guide::after(&report));
            } else if !is_learners && !program.reference && names_one && report.verdict != Verdict::NotChecked {
                say(guide::NOT_YOURS);
            }
        }
        code = worst(code, report.verdict.exit());
    }
    code
}

/// Combines the exit codes of several checks. Failed outweighs not checked, because it is a verdict.
fn worst(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
        (before, Exit::Passed) => before,
        (_, after) => after,
    }
}

/// Writes the recording of a check. `file` is a folder when there are several lessons, and each gets a file of its own in it.
fn record(report: &Report, file: &Path, several: bool) -> io::Result<()> {
    let path = if several {
        std::fs::create_dir_all(file)?;
        file.join(format!("{}.json", report.recording.lesson))
    } else {
        file.to_owned()
    };
    let mut text = Vec::new();
    report.recording.write(&mut text)?;
    std::fs::write(path, text)
}

/// Returns whether `--path` names the learner's own program.
fn names_own(program: &ProgramArgs, own: Option<&Path>) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let (Some(path), Some(own)) = (&program.path, own) else { return false };
    real(path).is_some_and(|path| Some(path) == real(own))
}

async fn watch_program(lessons: &[Lesson], task: Task, options: &CheckOptions, run: &Run) -> Exit {
    watch::watch(lessons, task, options, run).await.unwrap_or_else(|trouble| {
        tell("error", &trouble.to_string());
        tell("hint", trouble.hint());
        Exit::NotChecked
    })
}

fn unwritten(error: &io::Error) -> Exit {
    tell("error", &format!("the report could not be written to stdout: {error}"));
    Exit::NotChecked
}

fn print(result: &Report, options: &CheckOptions) -> io::Result<()> {
    report::print(&match options.format {
        Format::Json => report::json_text::line(&report::json::report(result)),
        Format::Text => {
            report::text::report(result, report::text::Layout { width: report::width(), wire: options.wire })
        }
    })
}

async fn warm_broker(what: &BrokerCommand) -> ExitCode {
    warn(&cleanup::reap().await);
    let done = tokio::select! {
        done = brokers::persistent::run(what) => done,
        () = interrupted() => {
            if matches!(what, BrokerCommand::Up { .. }) {
                say("interrupted; cleaning up");
                brokers::persistent::clear_away().await;
            }
            return Exit::Interrupted.into();
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => give_up(&reason),
    }
}

fn find(lessons: &[Lesson], name: &str) -> Result<Lesson, ExitCode> {
    let fits = |lesson: &&Lesson| cli::is_lesson(name, &lesson.number, &lesson.about.id);
    lessons.iter().find(fits).cloned().ok_or_else(|| {
        let known: Vec<String> =
            lessons.iter().map(|lesson| format!("{} {}", lesson.number, lesson.about.id)).collect();
        tell("error", &format!("there is no lesson {name:?}"));
        tell("hint", &format!("choose one of these lessons: {}", known.join(" · ")));
        Exit::Usage.into()
    })
}

fn give_up(reason: &NotChecked) -> ExitCode {
    tell("error", &reason.message);
    for hint in &reason.hints {
        tell("hint", hint);
    }
    Exit::NotChecked.into()
}

fn warn(problems: &[String]) {
    for problem in problems {
        tell("warning", problem);
    }
}

fn tell(what: &str, text: &str) {
    say(&format!("{what}: {text}"));
}

/// Waits for Ctrl-C, `kill`, or a closed terminal.
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
