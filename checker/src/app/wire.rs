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

use super::{give_up, interrupted, learner, tell, warn};
use crate::{
    brokers::Broker,
    check::check,
    conversation::{self, Conversation, text},
    guide,
    lessons::Lesson,
    owner::Run,
    progress,
    report::{self, say},
    verdict::{NotChecked, Report, Verdict},
};

/// How long the lesson's own program may run.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long we wait to see whether a browser fails to start.
const A_MOMENT: Duration = Duration::from_secs(3);

/// Shows it.
pub(super) async fn wire(lesson: &Lesson, show: WireShow) -> ExitCode {
    learner::done(shown(lesson, show).await)
}

async fn shown(lesson: &Lesson, show: WireShow) -> Result<(), ExitCode> {
    let form = form(show)?;
    let conversation = last(lesson)?;
    if form != WireFormat::Text && conversation.is_stale() {
        let age = conversation.age().unwrap_or_default();
        tell("warning", &format!("the check was {age}, and your program changed since then"));
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

/// What was asked for; flags that don't go together are a typing mistake.
fn form(show: WireShow) -> Result<WireFormat, ExitCode> {
    let form = show.format.unwrap_or(if show.open { WireFormat::Svg } else { WireFormat::Text });
    let wrong = if show.open && form != WireFormat::Svg {
        Some(("--open shows the picture", "leave --format out, or ask for --format svg"))
    } else if show.explain && form == WireFormat::Svg {
        Some(("a picture has no room for --explain", "ask for text: cargo xtask wire lesson 01 --explain"))
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

/// What is kept of the last check.
fn last(lesson: &Lesson) -> Result<Conversation, ExitCode> {
    let number = &lesson.number;
    match conversation::last(&lesson.about.id) {
        Ok(Some(conversation)) => Ok(conversation),
        Ok(None) => {
            tell("error", &format!("no check of a program of yours for lesson {number} is on record"));
            if guide::own_program(lesson).is_none() {
                tell("hint", &format!("begin a program: cargo xtask start lesson {number}"));
            }
            tell("hint", &format!("check your program: cargo xtask check lesson {number}"));
            tell(
                "hint",
                &format!("what the lesson's own program says: cargo xtask check lesson {number} --reference --wire"),
            );
            Err(Exit::Usage.into())
        }
        Err(error) => Err(give_up(&NotChecked {
            message: format!("What was said at the last check can't be read: {error}."),
            hints: vec![format!("Check again: cargo xtask check lesson {number}")],
        })),
    }
}

/// What the lesson's own program says, where the learner's failed at something else than compiling. It is played now, on the
/// embedded broker, with the same choices as at the check: so it is what the lesson's program says today, and nobody has to keep
/// it. Where that can't be done, the learner's conversation is shown alone.
async fn expected(lesson: &Lesson, conversation: &Conversation) -> Result<Option<Vec<Event>>, ExitCode> {
    if conversation.failed.as_ref().is_none_or(|failed| failed.step == "build") {
        return Ok(None);
    }
    let alone = |why: &str| {
        tell("warning", &format!("what the lesson's own program says can't be shown beside it: {why}"));
        Ok(None)
    };
    let run = match Run::begin() {
        Ok(run) => run,
        Err(error) => return alone(&error.to_string()),
    };
    let played = tokio::select! {
        report = play(lesson, conversation.seed, &run) => Some(report),
        () = interrupted() => None,
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
        Some(report) => alone(&report.reason.map_or_else(|| "it does not pass".to_owned(), |reason| reason.message)),
    }
}

async fn play(lesson: &Lesson, seed: Option<u64>, run: &Run) -> Report {
    let program = ProgramArgs { reference: true, ..ProgramArgs::default() };
    let options = CheckOptions {
        broker: BrokerArgs { broker: BrokerChoice::Embedded, image: None },
        timeout: PATIENCE,
        wire: false,
        format: Format::Text,
        seed,
        record: None,
    };
    check(lesson, &program, None, &options, run, Broker::find(&options.broker, run)).await
}

/// What the report has under `wire`, and the reasons, where they are asked for.
fn events(conversation: &Conversation, explain: bool) -> Vec<Value> {
    let mut told = report::json::wire(&conversation.events);
    if explain {
        for (value, event) in told.iter_mut().zip(&conversation.events) {
            value["why"] = json!(why::of(event));
        }
    }
    told
}

fn picture(lesson: &Lesson, conversation: &Conversation) -> String {
    let title = format!("Lesson {}, {}: what your program and the broker said.", lesson.number, lesson.about.title);
    let part = sequence::Part { program: &conversation.whose(), events: &conversation.events };
    sequence::alone(&lesson.about.id, &title, &[part])
}

/// Writes the picture and shows it. Where there is no browser, its path is the answer all the same.
async fn open(lesson: &Lesson, picture: &str) -> Result<(), ExitCode> {
    let file = conversation::picture(&lesson.about.id);
    progress::replace(&file, picture).map_err(|error| {
        give_up(&NotChecked {
            message: format!("The picture can't be written: {error}."),
            hints: vec!["Or take it from stdout: --format svg, without --open".to_owned()],
        })
    })?;
    learner::answer(&format!("{}\n", file.display()))?;
    if let Err(why) = browse(&file).await {
        tell("warning", &format!("no browser could be started: {why}"));
        tell("hint", "open that file in a browser by hand");
    }
    Ok(())
}

/// Starts what this system opens files with: the first that does not fail at once.
async fn browse(file: &Path) -> io::Result<()> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "this system has no program for that");
    for opener in open::commands(file) {
        let name = opener.get_program().to_string_lossy().into_owned();
        let mut opener = Command::from(opener);
        opener.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C in our terminal is for us.
        #[cfg(unix)]
        opener.process_group(0);
        // One that is not installed says less than one that failed.
        let Ok(mut child) = opener.spawn() else { continue };
        match timeout(A_MOMENT, child.wait()).await {
            // One that goes on is the browser itself.
            Err(_) => return Ok(()),
            Ok(Ok(status)) if status.success() => return Ok(()),
            Ok(Ok(status)) => last = io::Error::other(format!("{name}: {status}")),
            Ok(Err(error)) => last = error,
        }
    }
    Err(last)
}

/// The terminal's width. Where there is none, `COLUMNS` may say how wide it should be.
fn width() -> usize {
    if io::stdout().is_terminal() {
        return textwrap::termwidth();
    }
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    asked.filter(|columns| (20..=1000).contains(columns)).unwrap_or(80)
}
