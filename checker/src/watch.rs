//! `watch lesson 01`: a check now, and again at each save.
//!
//! One run owns everything, and each check has a child of it, which is removed after the check. A save ends the check in progress
//! at once, and its report is never printed.

mod broker_cache;
mod changes;
mod clear;
mod keys;
mod network_fs;
mod task;
#[cfg(unix)]
mod terminal;
mod ui;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};

use cli::{CheckOptions, Exit};
use tokio::time::{Instant, sleep_until};

use crate::{
    check::check,
    cleanup::Run,
    lessons::Lesson,
    report::say,
    verdict::{Report, Verdict},
    watch::{
        broker_cache::BrokerCache,
        changes::Changes,
        keys::{Key, Keys},
        ui::{Action, WatchUi},
    },
};

pub use task::Task;

/// The pause after which a saved file is taken to be complete: an editor saves in several steps. A check begins earlier, and
/// begins again when more steps come.
const QUIET: Duration = Duration::from_millis(100);

/// The pause that is enough for most editors, whose steps follow each other faster.
const SETTLED: Duration = Duration::from_millis(10);

/// The reason why a watch ends early.
#[derive(Debug)]
pub enum Trouble {
    /// The program's folder can't be watched.
    Unwatched(io::Error),
    /// The report can't be printed.
    Unwritten(io::Error),
    /// A check has no folder of its own.
    NoChild(io::Error),
}

impl std::error::Error for Trouble {}

impl fmt::Display for Trouble {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Unwatched(error) => write!(to, "the program's files can't be watched: {error}"),
            Trouble::Unwritten(error) => write!(to, "the report could not be written to stdout: {error}"),
            Trouble::NoChild(error) => write!(to, "a folder for the check can't be created: {error}"),
        }
    }
}

impl Trouble {
    /// Returns the hint for it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Trouble::Unwatched(_) => "check by hand, after each change: cargo xtask check lesson NUMBER",
            Trouble::Unwritten(_) => "free some space on the disk that stdout goes to, if it is full",
            Trouble::NoChild(_) => "free some disk space, or name another folder for temporary files in TMPDIR",
        }
    }
}

/// The reason for a check.
enum Why {
    Begun,
    Saved(PathBuf),
    Asked,
    BrokerGone,
}

/// The end of a check, or of the wait for the next.
enum Event {
    Done(Box<Report>),
    Saved(PathBuf),
    Action(Action),
}

/// Watches until the user quits or stdout is closed. Returns the exit code of the last finished check.
///
/// # Errors
///
/// When the program's folder can't be watched, or the report can't be printed.
pub async fn watch(lessons: &[Lesson], task: Task, options: &CheckOptions, run: &Run) -> Result<Exit, Trouble> {
    let mut keys = Keys::open();
    let mut broker_cache = BrokerCache::new(&options.broker, run);
    let mut ui = WatchUi::new(lessons, &task.lesson, keys.is_some());
    let mut next = Some(task);
    while let Some(task) = next {
        ui.begin(&task.lesson);
        next = match follow(&task, &mut ui, &mut broker_cache, &mut keys, options, run).await {
            Err(Trouble::Unwritten(error)) if error.kind() == io::ErrorKind::BrokenPipe => None,
            followed => followed?,
        };
    }
    Ok(ui.exit())
}

/// Watches one program. Returns the next one to watch, if the user wants one.
async fn follow(
    task: &Task,
    ui: &mut WatchUi<'_>,
    broker_cache: &mut BrokerCache<'_>,
    keys: &mut Option<Keys>,
    options: &CheckOptions,
    run: &Run,
) -> Result<Option<Task>, Trouble> {
    let mut changes = Changes::of(task.folder(), task.kind()).map_err(Trouble::Unwatched)?;
    let mut why = Why::Begun;
    loop {
        changes.look().map_err(Trouble::Unwatched)?;
        let child = run.child().map_err(Trouble::NoChild)?;
        let mut is_announced = false;
        let event = {
            let quiet = Instant::now() + if let Why::Saved(_) = why { QUIET } else { Duration::ZERO };
            let check = check(&task.lesson, &task.program, task.own(), options, &child, broker_cache.broker());
            // A result that comes within the pause after a save is held back until its end.
            let mut check = pin!(async { tokio::join!(check, sleep_until(quiet)).0 });
            loop {
                // Saves come first: a result that is ready at the same time is stale.
                tokio::select! {
                    biased;
                    file = changes.next() => if !is_cargos(&file) { break Event::Saved(file) },
                    key = pressed(keys) => if let Some(action) = ui.pressed(key)? { break Event::Action(action) },
                    () = sleep_until(quiet), if !is_announced => {
                        announce(&why, task, keys.is_some());
                        is_announced = true;
                    }
                    report = &mut check => break Event::Done(Box::new(report)),
                }
            }
        };
        let event = match event {
            Event::Done(report) if report.verdict == Verdict::NotChecked && broker_cache.is_gone().await => {
                warn(&child.end().await);
                why = Why::BrokerGone;
                continue;
            }
            Event::Done(report) => {
                ui.finished(*report)?;
                warn(&child.end().await);
                tokio::select! {
                    biased;
                    file = changes.next() => {
                        changes.quiet(SETTLED).await;
                        Event::Saved(file)
                    }
                    action = action(keys, ui) => Event::Action(action?),
                }
            }
            Event::Saved(file) => {
                // A save within `QUIET` of the last one is part of a slow save, so the pause is longer.
                let quiet = if is_announced { SETTLED } else { QUIET };
                let (left, ()) = tokio::join!(child.end(), changes.quiet(quiet));
                warn(&left);
                Event::Saved(file)
            }
            Event::Action(action) => {
                warn(&child.end().await);
                Event::Action(action)
            }
        };
        why = match event {
            Event::Saved(file) => Why::Saved(file),
            Event::Action(Action::Check) | Event::Done(_) => Why::Asked,
            Event::Action(Action::Next(next)) => return Ok(Some(*next)),
            Event::Action(Action::End) => return Ok(None),
        };
    }
}

/// Returns whether this is Cargo.lock. A build writes a missing one, so it does not restart the check in progress.
fn is_cargos(file: &Path) -> bool {
    file.ends_with("Cargo.lock")
}

fn announce(why: &Why, task: &Task, has_keys: bool) {
    let what = match why {
        Why::Begun if has_keys => format!("watching {}", task.display_name()),
        Why::Begun => format!("watching {} until Ctrl-C", task.display_name()),
        Why::Saved(file) if file.as_os_str().is_empty() => format!("{} changed", task.display_name()),
        Why::Saved(file) => format!("{} changed", file.display()),
        Why::Asked => "once more".to_owned(),
        Why::BrokerGone => "the broker is gone, so another one is needed".to_owned(),
    };
    if !matches!(why, Why::Begun) {
        clear::clear();
    }
    say(&format!("\n{what}; checking …\n"));
}

async fn pressed(keys: &mut Option<Keys>) -> Key {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

async fn action(keys: &mut Option<Keys>, ui: &mut WatchUi<'_>) -> Result<Action, Trouble> {
    loop {
        if let Some(action) = ui.pressed(pressed(keys).await)? {
            return Ok(action);
        }
    }
}

fn warn(problems: &[String]) {
    for problem in problems {
        say(&format!("warning: {problem}"));
    }
}
