//! The program around the library: flags in, exit code out, and nothing left behind.

#[cfg(feature = "tools")]
mod doctor;
mod features;
mod judge;
mod learner;
#[cfg(feature = "tools")]
mod tools;
#[cfg(feature = "tools")]
mod wire;

use std::{ffi::OsString, io, path::Path, process::ExitCode};

use clap::Parser;
use cli::{BrokerChoice, CheckArgs, CheckOptions, Cli, Command, Exit, Format, ProgramArgs};

use features::Features;

use crate::{
    brokers::{self, Broker, Needs},
    check::check,
    cleanup::{self, Run},
    guide,
    lessons::{self, Lesson},
    remember,
    report::{self, say},
    verdict::{NotChecked, Report, Verdict},
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
        Command::Reset(reset) => return learner::reset(&reset),
        Command::Explain(args) => return judge::explain(&args),
        Command::Check(check) => order(check),
        #[cfg(feature = "tools")]
        Command::Broker(broker) => Ok(Order::Broker(broker.what)),
        #[cfg(feature = "tools")]
        Command::Diff(diff) => return learner::diff(&diff),
        #[cfg(feature = "tools")]
        Command::Watch(watch) => tools::watch(watch).map(Order::Tool),
        #[cfg(feature = "tools")]
        Command::Wire(wire) => tools::wire(&wire).map(Order::Tool),
        #[cfg(feature = "tools")]
        Command::Doctor(doctor) => Ok(Order::Tool(tools::Tool::Doctor(doctor.format))),
        Command::Judge(args) => {
            return match Features::missing_for_all() {
                Some(missing) => missing.take_over(&arguments[1..], &[]),
                None => judge::judge(&args),
            };
        }
        #[cfg(not(feature = "tools"))]
        Command::Broker(_) | Command::Diff(_) | Command::Watch(_) | Command::Wire(_) | Command::Doctor(_) => {
            return features::Features::Tools.take_over(&arguments[1..], &[]);
        }
    };
    let order = match order {
        Ok(order) => order,
        Err(code) => return code,
    };
    if let Order::Check { lessons, .. } = &order
        && let Some(missing) = Features::missing_for(lessons)
    {
        return missing.take_over(&arguments[1..], &[]);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell("error", &format!("the checker can't start: {error}"));
            return Exit::NotChecked.into();
        }
    };
    runtime.block_on(async {
        let mut order = order;
        let needs = needs(&order).await;
        let missing = Features::missing(needs);
        let afterwards = missing.filter(|missing| first_on_the_embedded_broker(&mut order, *missing));
        match missing {
            Some(_) if afterwards.is_some() => {}
            Some(Features::Docker) => {
                let handed_on = brokers::docker::handed_on().await;
                return Features::Docker.take_over(&arguments[1..], &handed_on);
            }
            #[cfg(not(feature = "later-lessons"))]
            Some(missing @ Features::LaterLessons) => return missing.take_over(&arguments[1..], &[]),
            #[cfg(not(feature = "tools"))]
            Some(Features::Tools) => return Features::Tools.take_over(&arguments[1..], &[]),
            None => features::remember(needs),
        }
        if cfg!(feature = "docker")
            && needs == Needs::Docker
            && let Some(host) = brokers::docker::engine_of_context().await
        {
            return features::again(&arguments[1..], ("DOCKER_HOST", host));
        }
        let code = match order {
            Order::Check { lessons, program, options } => {
                in_a_run(async |run| judge_all(&lessons, &program, &options, run).await).await
            }
            #[cfg(feature = "tools")]
            Order::Broker(what) => persistent_broker(&what).await,
            #[cfg(feature = "tools")]
            Order::Tool(tool) => tool.run().await,
        };
        if let Some(missing) = afterwards {
            missing.compile();
        }
        code
    })
}

/// A command with its names resolved.
enum Order {
    Check {
        lessons: Vec<Lesson>,
        program: ProgramArgs,
        options: CheckOptions,
    },
    #[cfg(feature = "tools")]
    Broker(cli::BrokerCommand),
    #[cfg(feature = "tools")]
    Tool(tools::Tool),
}

/// Looks up what a command names, before anything is built or started.
fn order(CheckArgs { lesson, program, options, .. }: CheckArgs) -> Result<Order, ExitCode> {
    let lessons = known()?;
    Ok(match lesson {
        Some(lesson) => Order::Check { lessons: vec![find(&lessons, &lesson)?], program, options },
        None => Order::Check { lessons, program: ProgramArgs { reference: true, ..ProgramArgs::default() }, options },
    })
}

/// Returns all lessons.
fn known() -> Result<Vec<Lesson>, ExitCode> {
    lessons::all().map_err(|error| {
        give_up(&NotChecked { message: format!("The lessons can't be read: {error}."), hints: vec![] })
    })
}

async fn needs(order: &Order) -> Needs {
    match order {
        Order::Check { options, .. } => cleanup::needs().max(brokers::needs(&options.broker).await),
        #[cfg(feature = "tools")]
        Order::Broker(what) => cleanup::needs().max(brokers::persistent::needs(what).await),
        #[cfg(feature = "tools")]
        Order::Tool(tool) => tool.needs().await,
    }
}

/// Lets a check whose broker was not chosen be judged by the embedded broker, if the client for RabbitMQ was never compiled: the
/// learner has a verdict earlier, with Docker by a minute. Returns whether it did.
fn first_on_the_embedded_broker(order: &mut Order, missing: Features) -> bool {
    let options = match order {
        Order::Check { options, .. } => options,
        #[cfg(feature = "tools")]
        _ => return false,
    };
    if brokers::is_chosen(&options.broker) || cleanup::needs() != Needs::Nothing || missing.was_compiled() {
        return false;
    }
    let client = missing.part();
    say(&format!(
        "this check uses the embedded broker, because {client} is not compiled yet; the next one uses RabbitMQ"
    ));
    options.broker.broker = BrokerChoice::Embedded;
    true
}

/// Does this work in a run of its own, which ends when the work is done or interrupted.
async fn in_a_run(work: impl AsyncFnOnce(&Run) -> Exit) -> ExitCode {
    match cleanup::in_a_run(warn, work).await {
        Ok(code) => code.unwrap_or(Exit::Interrupted).into(),
        Err(error) => {
            let hints =
                vec!["Name another folder for temporary files in TMPDIR: the checker works in that folder".to_owned()];
            give_up(&NotChecked { message: format!("The checker's own folder can't be created: {error}."), hints })
        }
    }
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

#[cfg(feature = "tools")]
async fn persistent_broker(what: &cli::BrokerCommand) -> ExitCode {
    warn(&cleanup::reap().await);
    let done = tokio::select! {
        done = brokers::persistent::run(what) => done,
        () = cleanup::interrupted() => {
            if matches!(what, cli::BrokerCommand::Up { .. }) {
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
