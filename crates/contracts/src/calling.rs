//! Requirements on programs that send a request and wait for its answer: remote procedure calls. The checker is the server,
//! and not an honest one: it sends answers to no request, sends an answer twice, and answers in another order.

mod answer;
mod give_up;
mod plan;
mod queue;
mod request;

use recording::{ProgramRun, Recording};
use wire::{Content, protocol::basic};

use crate::{
    catalogue,
    clients::Client,
    ending,
    fault::faults::call as faults,
    sending,
    serving::{QUEUE, addressed},
    steps,
    transcript::{MethodEvent, Transcript},
    verdict::{Note, StepResult},
};

pub use answer::answered;
pub use give_up::gives_up;
pub use plan::Plan;
pub use queue::{consume, for_answers, queue};
pub use request::request;

/// The name that stands for a direct answer, without a queue.
pub const DIRECT: &str = "amq.rabbitmq.reply-to";

/// The role of the client that asks before there is a server.
pub const NO_SERVER: &str = "without a server";

/// The role of the client that is started without a number.
pub const NO_NUMBER: &str = "without a number";

/// The roles of the clients that are started with a number.
pub const ROLES: [&str; 4] = [NO_SERVER, "client 1", "client 2", "client 3"];

/// The number that a client asks for if it is started without one.
pub const DEFAULT: &str = "30";

/// The start of the line for an answer.
pub const GOT: &str = " [.] Got";

/// The evidence of the lesson.
pub struct Evidence<'a> {
    /// The client that asked before there was a server.
    pub alone: Option<&'a ProgramRun>,
    /// The clients whose requests were answered, in the order of their starts.
    pub clients: Vec<Caller<'a>>,
    /// The first client's queue that was still there after it had ended.
    pub left_behind: Option<&'a str>,
}

/// A client whose requests were answered.
pub struct Caller<'a> {
    /// Its run.
    pub run: &'a ProgramRun,
    /// Its requests, in order.
    pub requests: Vec<Asked<'a>>,
}

/// A request that a client published to the queue of the requests.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The method.
    pub said: MethodEvent<'a>,
    /// Its content.
    pub content: &'a Content,
}

impl<'a> Asked<'a> {
    /// Returns its correlation id; None if it has none, or an empty one.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        addressed(self.content).0.filter(|id| !id.is_empty())
    }

    /// Returns the queue for its answer; None if it names none.
    #[must_use]
    pub fn reply_to(&self) -> Option<&'a str> {
        addressed(self.content).1.filter(|name| !name.is_empty())
    }

    /// Returns its body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content.body).into_owned()
    }
}

impl<'a> Evidence<'a> {
    /// Returns the view of a recording; None if no program was started.
    #[must_use]
    pub fn of(recording: &'a Recording) -> Option<Evidence<'a>> {
        let runs = ROLES.iter().skip(1).chain([&NO_NUMBER]).filter_map(|role| recording.run(role));
        // Some programs want a number, and say so.
        let clients = runs.filter(|run| !wants_a_number(run));
        let clients: Vec<_> = clients.map(|run| Caller { run, requests: requests(run) }).collect();
        let alone = recording.run(NO_SERVER);
        let left = recording.queues.iter().find(|(_, bodies)| bodies.is_some());
        let left_behind = left.map(|(name, _)| name.as_str());
        (alone.is_some() || !clients.is_empty()).then_some(Evidence { alone, clients, left_behind })
    }

    /// Checks a requirement on every client that was answered. The evidence is that of the first.
    ///
    /// # Errors
    ///
    /// The first fault.
    pub fn each(&self, requirement: impl Fn(&Caller<'a>) -> StepResult) -> StepResult {
        let mut shown = None;
        for client in &self.clients {
            let line = requirement(client).map_err(|fault| fault.of_run(client.run))?;
            shown.get_or_insert(line);
        }
        match (shown, self.alone) {
            (Some(shown), _) => Ok(shown),
            // The scene went no further than the first client.
            (None, Some(run)) => {
                requirement(&Caller { run, requests: requests(run) }).map_err(|fault| fault.of_run(run))
            }
            (None, None) => Ok(String::new()),
        }
    }
}

/// Returns the requests of a program.
#[must_use]
pub fn requests(run: &ProgramRun) -> Vec<Asked<'_>> {
    let to_the_queue =
        |publish: &basic::Publish| publish.exchange.as_str().is_empty() && publish.routing_key.as_str() == QUEUE;
    let all = Transcript::of(run).publishes().filter(|(_, publish, _)| to_the_queue(publish));
    all.map(|(said, _, content)| Asked { said, content }).collect()
}

/// Returns whether a program that was started without a number asked for one, and ended.
fn wants_a_number(run: &ProgramRun) -> bool {
    let lines = run.stderr.lines().into_iter().chain(run.stdout.lines());
    let fails = run.exit.is_some_and(|exit| !exit.overdue && exit.code != Some(0));
    run.arguments.is_empty() && fails && { lines }.any(|line| line.to_lowercase().contains("usage"))
}

/// Checks that the clients connect.
///
/// # Errors
///
/// The fault.
pub fn connect(seen: &Evidence<'_>) -> StepResult {
    if let Some(run) = seen.alone {
        steps::connect(run).map_err(|fault| fault.of_run(run))?;
    }
    seen.each(|client| steps::connect(client.run))
}

/// Checks that each client ends when it has its answer: with `connection.close`, and exit code 0.
///
/// # Errors
///
/// The fault.
pub fn close(seen: &Evidence<'_>) -> StepResult {
    seen.each(|client| {
        let run = client.run;
        let stays = run.exit.is_none_or(|exit| exit.overdue) && ending::waits_for_a_key(run).is_none();
        if stays { Err(faults::stays().seen(ending::last_words(run))) } else { sending::close(run, true) }
    })
}

/// Returns the notes on a program that passed.
#[must_use]
pub fn notes(seen: &Evidence<'_>) -> Vec<Note> {
    let ignores = |client: &&Caller<'_>| {
        let typed = client.run.arguments.first();
        typed.is_some_and(|typed| client.requests.iter().all(|asked| asked.text() != *typed))
    };
    let ignored = seen.clients.iter().find(ignores).map(|client| ("request", faults::ignores_number(), client.run));
    let all: Vec<(&Caller<'_>, &Asked<'_>)> =
        seen.clients.iter().flat_map(|client| client.requests.iter().map(move |asked| (client, asked))).collect();
    // A client may ask again, with the same id.
    let is_other = |one: &(&Caller<'_>, &Asked<'_>), other: &(&Caller<'_>, &Asked<'_>)| {
        one.1.id() == other.1.id() && (!std::ptr::eq(one.0.run, other.0.run) || one.1.text() != other.1.text())
    };
    let again = all.iter().enumerate().find(|(at, one)| all[..*at].iter().any(|other| is_other(one, other)));
    let again = again.map(|(_, (client, _))| ("request", faults::same_id(), client.run));
    let no_time = seen.alone.filter(|run| !give_up::says_a_time(run)).map(|run| ("give-up", faults::no_time(), run));
    let stays = seen.left_behind.and(seen.clients.first()).map(|client| ("queue", faults::queue_stays(), client.run));
    let all = stays.into_iter().chain(ignored).chain(again).chain(no_time);
    all.map(|(step, fault, run)| catalogue::note(step, fault, Client::of(run))).collect()
}
