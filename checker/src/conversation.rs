//! The conversation of the last check of a learner's program, kept so that it can be shown again: `cargo xtask wire`.
//!
//! It lies beside the learner's progress, in a file for each lesson, with a version. What is kept is bounded, and holds no
//! password: what a login said is left out before it is written.

pub mod compare;
mod kept;
pub mod text;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use wire::Event;

use crate::{
    owner::at,
    program::sources::Sources,
    progress::{self, Failed},
    report,
    verdict::Report,
};

/// The version of the file's format.
const FORMAT: &str = "hello-rabbit/wire/v1";

/// At most so many events are kept: a program that asks again and again says the same, too.
const MOST_EVENTS: usize = 2000;

/// At most so much is kept of all that was said, in bytes.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What was said at one check, and what the check came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// Which program was judged.
    pub program: String,
    /// What judged it, in words.
    pub judged_by: String,
    /// The ids of the steps that passed.
    pub passed: Vec<String>,
    /// What it failed at; None when it passed.
    pub failed: Option<Failed>,
    /// What the scene's random choices were made from.
    pub seed: Option<u64>,
    /// What was said.
    pub events: Vec<Event>,
    /// More was said than was kept.
    pub cut: bool,
    /// When the check was over, in seconds since 1970; None where an older kit kept it.
    pub at: Option<u64>,
    /// The program's sources, as they were when the check began.
    pub sources: Option<Sources>,
    /// The command that makes the same check again.
    pub again: String,
    /// Which of several programs it is of: `worker 1`. Empty where there is one program.
    pub role: String,
    /// How many programs there were.
    pub programs: usize,
}

impl Conversation {
    /// How long ago the check was, in words.
    #[must_use]
    pub fn age(&self) -> Option<String> {
        self.at.map(|at| ago(progress::now().saturating_sub(at)))
    }

    /// Which program it is of, in words.
    #[must_use]
    pub fn whose(&self) -> String {
        if self.programs > 1 { format!("your program, {}", self.role) } else { "your program".to_owned() }
    }

    /// Whether the program is not as it was any more.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.sources.as_ref().is_some_and(Sources::have_changed)
    }
}

/// This many seconds ago, in words.
fn ago(seconds: u64) -> String {
    let of = |count: u64, unit: &str| format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" });
    match seconds {
        0..60 => "less than a minute ago".to_owned(),
        60..3600 => of(seconds / 60, "minute"),
        3600..86_400 => of(seconds / 3600, "hour"),
        _ => of(seconds / 86_400, "day"),
    }
}

/// The file. What an older kit did not keep may be missing.
#[derive(Deserialize, Serialize)]
struct File {
    format: String,
    program: String,
    judged_by: String,
    passed: Vec<String>,
    failed: Option<Failed>,
    seed: Option<u64>,
    events: Vec<kept::Event>,
    cut: bool,
    #[serde(default)]
    at: Option<u64>,
    #[serde(default)]
    sources: Option<Sources>,
    #[serde(default)]
    again: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    programs: usize,
}

fn file(lesson: &str) -> PathBuf {
    progress::folder().join(format!("{lesson}.wire.json"))
}

/// The picture's file.
#[must_use]
pub fn picture(lesson: &str) -> PathBuf {
    progress::folder().join(format!("{lesson}.svg"))
}

/// Keeps what was said at this check, in the place of what was kept before.
///
/// # Errors
///
/// When it can't be written; the error names the file. What was there stays then.
pub fn keep(report: &Report) -> io::Result<()> {
    let (events, cut) = bounded(&report.performance.events);
    let file = File {
        format: FORMAT.to_owned(),
        program: report.program.clone(),
        judged_by: report.broker.as_ref().map(report::text::judge).unwrap_or_default(),
        passed: report.passed().map(|step| step.id.clone()).collect(),
        failed: report.failed().map(|(step, mistake)| Failed::at(step, mistake)),
        seed: report.seed,
        events,
        cut: cut || report.performance.events_cut,
        at: Some(progress::now()),
        sources: report.sources.clone(),
        again: report.again.clone(),
        role: report.role.clone(),
        programs: report.programs().count(),
    };
    let text = serde_json::to_string(&file).map_err(io::Error::from)?;
    progress::replace(&self::file(&report.lesson), &(text + "\n"))
}

/// As much of the start as is kept, and whether something is left out.
fn bounded(events: &[Event]) -> (Vec<kept::Event>, bool) {
    let (mut kept, mut bytes) = (Vec::new(), 0);
    for event in events.iter().take(MOST_EVENTS) {
        let event = kept::Event::from(event);
        bytes += event.size();
        if bytes > MOST_BYTES {
            break;
        }
        kept.push(event);
    }
    let cut = kept.len() < events.len();
    (kept, cut)
}

/// What was said at the last check of a program for the lesson with this id; None when there was none.
///
/// # Errors
///
/// When the file can't be read, or is none of ours; the error names it, and says what to do.
pub fn last(lesson: &str) -> io::Result<Option<Conversation>> {
    let file = file(lesson);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(&file, &error)),
    };
    read(&text).map(Some).map_err(|why| unreadable(&file, &why))
}

fn read(text: &str) -> Result<Conversation, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if file.format != FORMAT {
        return Err(format!("its format is {}", file.format));
    }
    let events = (0..).zip(&file.events).map(|(order, event)| event.event(order));
    Ok(Conversation {
        program: file.program,
        judged_by: file.judged_by,
        passed: file.passed,
        failed: file.failed,
        seed: file.seed,
        events: events.collect::<Result<Vec<Event>, String>>()?,
        cut: file.cut,
        at: file.at,
        sources: file.sources,
        again: file.again,
        role: file.role,
        programs: file.programs,
    })
}

fn unreadable(file: &Path, why: &str) -> io::Error {
    let what = format!("{why}; the next check writes it anew");
    at(file, &io::Error::new(io::ErrorKind::InvalidData, what))
}

/// Forgets what was said.
///
/// # Errors
///
/// When the file is there and can't be removed; the error names it.
pub fn forget(lesson: &str) -> io::Result<()> {
    for file in [file(lesson), picture(lesson)] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&file, &error)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::{
        Content, Method, Peer, What,
        protocol::basic::{self, AMQPMethod::Publish},
    };

    use super::*;

    fn said(what: What) -> Event {
        Event { at: Duration::ZERO, order: 0, connection: 1, from: Peer::Program, what }
    }

    #[test]
    fn the_age_of_a_check_is_told_in_the_largest_unit() {
        let told = [0, 59, 60, 179, 3599, 3600, 86_399, 86_400, 172_800].map(ago);
        let minute = "less than a minute ago";
        assert_eq!(
            told,
            [
                minute,
                minute,
                "1 minute ago",
                "2 minutes ago",
                "59 minutes ago",
                "1 hour ago",
                "23 hours ago",
                "1 day ago",
                "2 days ago"
            ]
        );
    }

    #[test]
    fn what_an_older_kit_kept_can_be_read() {
        let kept = r#"{"format":"hello-rabbit/wire/v1","program":"p","judged_by":"b","passed":[],"failed":null,"seed":null,"events":[],"cut":false}"#;
        let conversation = read(kept).unwrap();
        assert_eq!((conversation.age(), conversation.is_stale()), (None, false));
    }

    #[test]
    fn a_flood_is_kept_to_a_bound() {
        let (kept, cut) = bounded(&vec![said(What::Heartbeat); MOST_EVENTS + 1]);
        assert_eq!((kept.len(), cut), (MOST_EVENTS, true));
        assert!(!bounded(&[said(What::Heartbeat)]).1);

        let body = vec![0; 1024 * 1024];
        let content = Content { size: body.len() as u64, body: body.into(), complete: true, ..Content::default() };
        let method = Method::Basic(Publish(basic::Publish::default()));
        let message = said(What::Method { channel: 1, method, content: Some(Box::new(content)) });
        let (kept, cut) = bounded(&vec![message; 200]);
        let bytes: usize = kept.iter().map(kept::Event::size).sum();
        assert!(cut && !kept.is_empty() && bytes <= MOST_BYTES, "{} events, {bytes} bytes", kept.len());
    }
}
