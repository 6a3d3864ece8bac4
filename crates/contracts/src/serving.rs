//! Requirements on programs that answer requests from a queue: remote procedure calls. A request is a number in decimal
//! digits, and the answer is the Fibonacci number with that index. The answer goes to the queue in the request's `reply_to`,
//! with the request's `correlation_id`.

mod acknowledge;
mod answer;
mod flaws;
mod plan;
mod together;

use recording::{ProgramRun, Recording};
use wire::{Content, Method, protocol::basic::AMQPMethod as Basic, types::ShortString};

use crate::{
    fault::faults::serve as faults,
    receiving::{self, Delivered, ledger},
    steps,
    transcript::Transcript,
    verdict::StepResult,
    working,
};

pub use acknowledge::acknowledged;
pub use answer::{answered, received};
pub use flaws::goes_on;
pub use plan::{Flaw, Plan, Request, fibonacci};
pub use together::{shared, survives};

/// The queue of the requests.
pub const QUEUE: &str = "rpc_queue";

/// The line that a server prints once it is subscribed.
pub const AWAITING: &str = " [x] Awaiting RPC requests";

/// The roles of the servers, in the order of their starts.
pub const ROLES: [&str; 2] = ["server 1", "server 2"];

/// The mark of a server that subscribed and printed its waiting line while the scene waited for that.
pub const WAITS: &str = "waits";

/// The evidence of the lesson.
pub struct Evidence<'a> {
    /// The requests that were sent.
    pub plan: Plan,
    /// The servers, in the order of their starts.
    pub servers: Vec<Server<'a>>,
}

/// One server of the scene.
pub struct Server<'a> {
    /// Its run.
    pub run: &'a ProgramRun,
    /// Its requests, in order.
    pub ledger: Vec<Delivered<'a>>,
    /// True if it subscribed and printed its waiting line while the scene waited for that.
    pub waits: bool,
}

impl<'a> Evidence<'a> {
    /// Returns the view of a recording; None if no program was started.
    #[must_use]
    pub fn of(recording: &'a Recording) -> Option<Evidence<'a>> {
        let server = |role: &&str| {
            let run = recording.run(role)?;
            Some(Server { run, ledger: ledger(run), waits: recording.has(WAITS, role) })
        };
        let servers: Vec<_> = ROLES.iter().filter_map(server).collect();
        (!servers.is_empty()).then(|| Evidence { plan: Plan::chosen(recording.seed.unwrap_or_default()), servers })
    }

    /// Checks a requirement on every server. The evidence is that of the first.
    ///
    /// # Errors
    ///
    /// The first fault.
    pub fn each(&self, requirement: impl Fn(&Server<'a>) -> StepResult) -> StepResult {
        let mut shown = None;
        for server in &self.servers {
            let line = requirement(server).map_err(|fault| fault.of_run(server.run))?;
            shown.get_or_insert(line);
        }
        Ok(shown.unwrap_or_default())
    }
}

impl<'a> Server<'a> {
    /// Returns the deliveries of this request, in order.
    pub fn deliveries<'s>(&'s self, request: &'s Request) -> impl Iterator<Item = &'s Delivered<'a>> {
        self.ledger.iter().filter(|delivered| is_it(delivered, request))
    }
}

/// Returns whether a delivery is this request.
fn is_it(delivered: &Delivered<'_>, request: &Request) -> bool {
    let Some(content) = delivered.said.content else { return false };
    let (id, reply_to) = addressed(content);
    delivered.body == request.body.as_bytes() && id == request.id.as_deref() && reply_to == request.reply_to.as_deref()
}

/// Returns the correlation id of a message, and the queue for its answer.
#[must_use]
pub fn addressed(content: &Content) -> (Option<&str>, Option<&str>) {
    (text(content.properties.correlation_id()), text(content.properties.reply_to()))
}

/// Returns a property as text.
pub(crate) fn text(property: &Option<ShortString>) -> Option<&str> {
    property.as_ref().map(ShortString::as_str)
}

/// Checks that each server connects.
///
/// # Errors
///
/// The fault.
pub fn connect(seen: &Evidence<'_>) -> StepResult {
    seen.each(|server| steps::connect(server.run))
}

/// Checks that each server declares the queue of the requests, so that others can use it, too.
///
/// # Errors
///
/// The fault.
pub fn declare(seen: &Evidence<'_>) -> StepResult {
    seen.each(|server| {
        let is_a_clients = |name: &str| seen.plan.queues.iter().any(|queue| queue == name);
        let mut declares = Transcript::of(server.run).declares();
        if let Some((said, _)) = declares.find(|(_, declare)| is_a_clients(declare.queue.as_str()) && !declare.passive)
        {
            return Err(faults::declares_answers().at(&said));
        }
        let declared = steps::declare(server.run, QUEUE)?;
        receiving::declared_in_time(server.run, QUEUE)?;
        let transcript = Transcript::of(server.run);
        let empties = |method: &Method| match method {
            Method::Queue(wire::protocol::queue::AMQPMethod::Purge(purge)) => purge.queue.as_str() == QUEUE,
            Method::Queue(wire::protocol::queue::AMQPMethod::Delete(delete)) => delete.queue.as_str() == QUEUE,
            _ => false,
        };
        let emptied = transcript.said(empties).next();
        emptied.map_or(Ok(declared), |said| Err(faults::empties().at(&said)))
    })
}

/// Checks the prefetch limit of each server: one request at a time.
///
/// # Errors
///
/// The fault.
pub fn prefetch(seen: &Evidence<'_>) -> StepResult {
    seen.each(|server| working::prefetch(server.run, QUEUE))
}

/// Checks that each server subscribes to the queue of the requests, with acknowledgements.
///
/// # Errors
///
/// The fault.
pub fn consume(seen: &Evidence<'_>) -> StepResult {
    seen.each(|server| {
        let (said, consume) = receiving::subscription(server.run, QUEUE)?;
        if consume.no_ack { Err(faults::no_ack().at(&said)) } else { Ok(said.line()) }
    })
}

/// Checks that each server prints its waiting line.
///
/// # Errors
///
/// The fault.
pub fn wait(seen: &Evidence<'_>) -> StepResult {
    seen.each(|server| receiving::wait_line(server.run, AWAITING, is_waiting_line, server.waits))
}

/// Returns whether a line is the waiting line, in the form of any public tutorial.
#[must_use]
pub fn is_waiting_line(line: &str) -> bool {
    let rest = line.strip_prefix(" [x] ").or(line.strip_prefix(" [*] "));
    rest.is_some_and(|rest| ["Awaiting RPC request", "Waiting for "].iter().any(|start| rest.starts_with(start)))
}

/// Returns whether the program printed its waiting line.
#[must_use]
pub fn waits(run: &ProgramRun) -> bool {
    run.stdout.lines().iter().any(|line| is_waiting_line(line))
}

/// Returns whether the program is done with a request by this delivery: it acknowledged or rejected it.
#[must_use]
pub fn is_done(delivered: &Delivered<'_>, request: &Request) -> bool {
    (delivered.acked.is_some() || delivered.rejected.is_some()) && is_it(delivered, request)
}

/// Returns whether the program subscribed with `no_ack`.
#[must_use]
pub fn never_acknowledges(run: &ProgramRun) -> bool {
    Transcript::of(run)
        .said(|method| matches!(method, Method::Basic(Basic::Consume(consume)) if consume.no_ack))
        .next()
        .is_some()
}
