//! `wire lesson 01`: the conversation of the last check.

use std::{
    io::{self, IsTerminal},
    path::Path,
    process::{ExitCode, Stdio},
    time::Duration,
};

use cli::{BrokerArgs, BrokerChoice, CheckOptions, Exit, Format, ProgramArgs, WireFormat, WireShow};
use recording::ProgramRun;
use serde_json::{Value, json};
use tokio::{process::Command, time::timeout};
use wire::{Event, sequence, why};

use super::{give_up, learner, tell, warn};
use crate::{
    brokers::Broker,
    check::check,
    cleanup::{self, Run},
    conversation::{self, Conversation, text},
    guide,
    lessons::Lesson,
    progress,
    report::{self, say},
    verdict::{NotChecked, Report, Verdict},
};

/// The time limit of the lesson's own program.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(10);

/// A program that runs for this long is taken for a browser that has started.
const A_MOMENT: Duration = Duration::from_secs(3);

/// Shows the conversation of the last check.
pub(super) async fn wire(lesson: &Lesson, show: WireShow) -> ExitCode {
    learner::done(print(lesson, show).await)
}

async fn print(lesson: &Lesson, show: WireShow) -> Result<(), ExitCode> {
    let form = form(show)?;
    let conversation = last(lesson)?;
    if form != WireFormat::Text && conversation.is_stale() {
        let age = conversation.age();
        tell("warning", &format!("the check was {age}, and your program has changed since then"));
        tell("hint", &format!("check it again: {}", conversation.again));
    }
    match form {
        WireFormat::Json => {
            learner::answer(&report::json_text::line(&Value::from(events(&conversation, show.explain))))
        }
        WireFormat::Svg if show.open => open(lesson, &picture(lesson, &conversation)).await,
        WireFormat::Svg => learner::answer(&picture(lesson, &conversation)),
        WireFormat::Text => {
            let expected = expected(lesson, &conversation).await?;
            let layout = text::Layout { width: width(), explain: show.explain };
            learner::answer(&text::text(lesson, &conversation, expected.as_deref(), layout))
        }
    }
}

/// Returns the form in the flags. Flags that don't go together are a usage error.
fn form(show: WireShow) -> Result<WireFormat, ExitCode> {
    let form = show.format.unwrap_or(if show.open { WireFormat::Svg } else { WireFormat::Text });
    let wrong = if show.open && form != WireFormat::Svg {
        Some(("--open works only with the picture", "leave --format out, or use --format svg"))
    } else if show.explain && form == WireFormat::Svg {
        Some(("--explain does not work with the picture", "use text: cargo xtask wire lesson 01 --explain"))
    } else {
        None
    };
    match wrong {
        Some((what, hint)) => {
            tell("error", what);
            tell("hint", hint);
            Err(Exit::Usage.into())
        }
        None => Ok(form),
    }
}

/// Returns the conversation of the last check.
fn last(lesson: &Lesson) -> Result<Conversation, ExitCode> {
    let number = &lesson.number;
    match conversation::last(&lesson.about.id) {
        Ok(Some(conversation)) => Ok(conversation),
        Ok(None) => {
            tell("error", &format!("there is no recorded check of your program for lesson {number}"));
            if guide::own_program(lesson).is_none() {
                tell("hint", &format!("begin a program: cargo xtask start lesson {number}"));
            }
            tell("hint", &format!("check your program: cargo xtask check lesson {number}"));
            tell(
                "hint",
                &format!(
                    "see the conversation of the lesson's own program: cargo xtask check lesson {number} --reference --wire"
                ),
            );
            Err(Exit::Usage.into())
        }
        Err(error) => Err(give_up(&NotChecked {
            message: format!("The conversation of the last check can't be read: {error}."),
            hints: vec![format!("Check again: cargo xtask check lesson {number}")],
        })),
    }
}

/// Returns the conversation of the lesson's own program, when the learner's program compiled and failed. It is made now, on the
/// embedded broker, with the seed of the check, so it need not be kept. When that fails, the learner's conversation is shown
/// alone.
async fn expected(lesson: &Lesson, conversation: &Conversation) -> Result<Option<Vec<Event>>, ExitCode> {
    if conversation.failed.as_ref().is_none_or(|failed| failed.step == "build") {
        return Ok(None);
    }
    let alone = |why: &str| {
        tell("warning", &format!("the conversation of the lesson's own program can't be shown beside it: {why}"));
        Ok(None)
    };
    let run = match Run::begin() {
        Ok(run) => run,
        Err(error) => return alone(&error.to_string()),
    };
    let played = tokio::select! {
        report = play(lesson, conversation.seed, &run) => Some(report),
        () = cleanup::interrupted() => None,
    };
    warn(&run.end().await);
    match played {
        None => {
            say("interrupted; cleaning up");
            Err(Exit::Interrupted.into())
        }
        Some(report) if report.verdict == Verdict::Passed => {
            let same = |run: &ProgramRun| run.role == conversation.role;
            let mut runs = report.recording.runs;
            let run = runs.iter().position(same).unwrap_or(0);
            Ok((run < runs.len()).then(|| runs.swap_remove(run).events))
        }
        Some(report) => {
            alone(&report.reason.map_or_else(|| "that program does not pass".to_owned(), |reason| reason.message))
        }
    }
}

async fn play(lesson: &Lesson, seed: Option<u64>, run: &Run) -> Report {
    let program = ProgramArgs { reference: true, ..ProgramArgs::default() };
    let options = CheckOptions {
        broker: BrokerArgs { broker: BrokerChoice::Embedded, image: None },
        timeout: PROGRAM_TIMEOUT,
        wire: false,
        format: Format::Text,
        seed,
        record: None,
    };
    check(lesson, &program, None, &options, run, Broker::find(&options.broker, run)).await
}

/// Returns the events as the report has them under `wire`; with `explain`, each has its reason.
fn events(conversation: &Conversation, explain: bool) -> Vec<Value> {
    let mut values = report::json::wire(&conversation.events);
    if explain {
        for (value, event) in values.iter_mut().zip(&conversation.events) {
            value["why"] = json!(why::of(event));
        }
    }
    values
}

fn picture(lesson: &Lesson, conversation: &Conversation) -> String {
    let title = format!(
        "Lesson {}, {}: the conversation between your program and the broker.",
        lesson.number, lesson.about.title
    );
    let part = sequence::Part { program: &conversation.whose(), events: &conversation.events };
    sequence::alone(&lesson.about.id, &title, &[part])
}

/// Writes the picture, prints its path, and opens it in a browser.
async fn open(lesson: &Lesson, picture: &str) -> Result<(), ExitCode> {
    let file = conversation::picture(&lesson.about.id);
    progress::replace(&file, picture).map_err(|error| {
        give_up(&NotChecked {
            message: format!("The picture can't be written: {error}."),
            hints: vec!["Print it to stdout instead: --format svg, without --open".to_owned()],
        })
    })?;
    learner::answer(&format!("{}\n", file.display()))?;
    if let Err(why) = browse(&file).await {
        tell("warning", &format!("no browser could be started: {why}"));
        tell("hint", "open that file in a browser by hand");
    }
    Ok(())
}

/// Opens the file with the first of the system's openers that does not fail at once.
async fn browse(file: &Path) -> io::Result<()> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "this system has no program that opens it");
    for opener in open::commands(file) {
        let name = opener.get_program().to_string_lossy().into_owned();
        let mut opener = Command::from(opener);
        opener.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C in this terminal is meant for the checker, not for the browser.
        #[cfg(unix)]
        opener.process_group(0);
        // The error of an opener that failed says more than that of one that is not installed.
        let Ok(mut child) = opener.spawn() else { continue };
        match timeout(A_MOMENT, child.wait()).await {
            // An opener that keeps running is the browser itself.
            Err(_) => return Ok(()),
            Ok(Ok(status)) if status.success() => return Ok(()),
            Ok(Ok(status)) => last = io::Error::other(format!("{name}: {status}")),
            Ok(Err(error)) => last = error,
        }
    }
    Err(last)
}

/// Returns the width of the terminal. Without a terminal, it is the number in `COLUMNS`, or 80.
fn width() -> usize {
    if io::stdout().is_terminal() {
        return textwrap::termwidth();
    }
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    asked.filter(|columns| (20..=1000).contains(columns)).unwrap_or(80)
}
