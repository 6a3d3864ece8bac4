//! Requirements on programs that publish log messages, the words of their command line, to an exchange.

mod message;
mod print;
mod publish;

use recording::{ProgramRun, Recording};

use crate::{
    catalogue,
    clients::Client,
    ending,
    exchanges::{self, Exchange, Kind},
    fault::faults::emit as faults,
    sending::{
        self,
        typed::{self, Typed},
    },
    steps,
    transcript::Transcript,
    verdict::{Note, StepResult},
};

pub use message::message;
pub use print::print;
pub use publish::publish;

/// The queue of the checker's own that is bound to the exchange, from the second run on.
pub const LISTENER: &str = "hello-rabbit.logs";

/// The severities of the tutorial. A program may refuse others.
pub const SEVERITIES: [&str; 3] = ["info", "warning", "error"];

/// A program that publishes one log message each time it is run.
#[derive(Clone, Copy, Debug)]
pub struct Emitter {
    /// The exchange.
    pub exchange: Exchange,
    /// The routing key if none was typed; None if the program takes no key from the command line.
    pub default_key: Option<&'static str>,
    /// The text if none was typed, and other texts that count as right: those of the public tutorials.
    pub default_texts: &'static [&'static str],
}

/// The evidence of an emitter's lesson.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The program that the lesson asks for.
    pub emitter: &'static Emitter,
    /// The runs of the program, without those in which it refused its key. In the first, no queue is bound to the exchange.
    pub runs: Vec<Typed<'a>>,
    /// The key that the program refused, if it refused one.
    pub refused: Option<&'a str>,
    /// The bodies in the checker's queue afterwards; None if the scene made no such queue.
    pub arrived: Option<Vec<&'a [u8]>>,
}

impl Emitter {
    /// Returns the view of a recording; None if no program was started.
    #[must_use]
    pub fn evidence<'a>(&'static self, recording: &'a Recording) -> Option<Evidence<'a>> {
        let in_front = usize::from(self.default_key.is_some());
        let typed = |run: &'a ProgramRun| {
            let in_front = if is_one_for_the_text(self, run) { 0 } else { in_front };
            Typed::new(run, self.default_texts, "text").behind(in_front)
        };
        let (refused, runs): (Vec<_>, Vec<_>) =
            recording.runs.iter().partition(|run| self.exchange.kind == Kind::Direct && refuses(run));
        let runs: Vec<_> = runs.into_iter().map(typed).collect();
        let refused = refused.first().and_then(|run| run.arguments.first()).map(String::as_str);
        (!runs.is_empty()).then(|| Evidence { emitter: self, runs, refused, arrived: recording.bodies(LISTENER) })
    }

    /// Returns the routing keys that are right in this run; None if any is.
    #[must_use]
    pub fn keys<'a>(&self, run: &'a ProgramRun) -> Option<Vec<&'a str>> {
        let default = self.default_key?;
        Some(match run.arguments.as_slice() {
            [] => vec![default],
            // The Python tutorial's program takes a single argument for nothing, and all others take it for the key.
            [key] if is_one_for_the_text(self, run) => vec![default, key],
            [key] => vec![key, default],
            [key, ..] => vec![key],
        })
    }
}

/// Returns whether the program took its only argument for the text, as the tutorial's program in Elixir does.
fn is_one_for_the_text(emitter: &Emitter, run: &ProgramRun) -> bool {
    let ([only], Some(default)) = (run.arguments.as_slice(), emitter.default_key) else { return false };
    let is_it = |key: &str, body: &[u8]| key == default && body == only.as_bytes();
    Transcript::of(run).publishes().any(|(_, publish, content)| is_it(publish.routing_key.as_str(), &content.body))
}

/// Returns whether the program publishes nothing because it does not know its severity. A crash is no refusal.
fn refuses(run: &ProgramRun) -> bool {
    let is_unknown = run.arguments.first().is_some_and(|key| !SEVERITIES.contains(&key.as_str()));
    let has_failed = run.exit.is_some_and(|exit| !exit.overdue && exit.code.is_some_and(|code| code != 0));
    is_unknown && has_failed && Transcript::of(run).publishes().next().is_none() && ending::crashed(run).is_none()
}

/// Checks that the program connects.
///
/// # Errors
///
/// The fault.
pub fn connect(seen: &Evidence<'_>) -> StepResult {
    typed::first(&seen.runs, steps::connect)
}

/// Checks that the program declares the exchange, and no queue.
///
/// # Errors
///
/// The fault.
pub fn declare(seen: &Evidence<'_>) -> StepResult {
    typed::first(&seen.runs, |run| {
        let declared = exchanges::declare(run, seen.emitter.exchange)?;
        let queue = Transcript::of(run).declares().find(|(_, declare)| !declare.passive);
        queue.map_or(Ok(declared), |(said, _)| Err(faults::declares_queue(seen.emitter.exchange.name).at(&said)))
    })
}

/// Checks that the program sends `connection.close` and exits with code 0, each time.
///
/// # Errors
///
/// The first fault.
pub fn close(seen: &Evidence<'_>) -> StepResult {
    typed::each(&seen.runs, |run| {
        let kept = seen.arrived.as_ref().is_some_and(|bodies| bodies.iter().any(|body| run.is_right(body)));
        sending::close(run.run, kept)
    })
}

/// Returns the notes on a program that passed.
#[must_use]
pub fn notes(seen: &Evidence<'_>) -> Vec<Note> {
    let differs = seen.runs.first().and_then(|run| exchanges::differs(run.run, seen.emitter.exchange));
    let refuses = |key| {
        let client = seen.runs.first().map(|run| Client::of(run.run)).unwrap_or_default();
        catalogue::note("message", faults::refuses_key(key), client)
    };
    differs.into_iter().chain(seen.refused.map(refuses)).chain(print::without_key(seen)).collect()
}

/// Returns the keys that bind the checker's queue to the exchange, so that it gets every message of these runs.
#[must_use]
pub fn listens_for(emitter: &Emitter, typed: &[Vec<String>]) -> Vec<String> {
    match emitter.exchange.kind {
        Kind::Fanout => vec![String::new()],
        Kind::Topic => vec!["#".to_owned()],
        Kind::Direct => {
            let first = typed.iter().filter_map(|words| words.first().cloned());
            let mut keys: Vec<String> = first.chain(emitter.default_key.map(str::to_owned)).collect();
            keys.sort();
            keys.dedup();
            keys
        }
    }
}
