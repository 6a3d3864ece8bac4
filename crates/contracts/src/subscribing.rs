//! Requirements on programs that receive from an exchange: each has a queue of its own, bound with the keys that were asked for.
//!
//! A scene starts three receivers. Two are there from the start, the third comes late, and the first leaves early. Messages come
//! in three phases: before the third, with all three, and after the first. [`Plan`] has them, and knows who is due what.

mod bind;
mod lines;
mod plan;
mod printed;
mod queue;

use recording::{ProgramRun, Recording};
use wire::words::quoted;

use crate::{
    catalogue,
    clients::Client,
    ending,
    exchanges::{self, Exchange, Kind},
    fault::{
        Fault,
        faults::{logs, own_queue, usage as faults},
    },
    receiving,
    sending::typed::with_arguments,
    steps,
    transcript::Transcript,
    verdict::{Note, StepResult},
};

pub use bind::{bind, bound};
pub use lines::is_right;
pub use plan::{Message, Plan};
pub use printed::received;
pub use queue::{OwnQueue, in_common, own_queues, queue};

/// The line that a receiver prints once it is subscribed.
pub const WAITING: &str = " [*] Waiting for logs. To exit press CTRL+C";

/// The roles of the receivers.
pub const ROLES: [&str; 3] = ["receiver 1", "receiver 2", "receiver 3"];

/// The role of the run without arguments, of a program that needs some.
pub const WITHOUT: &str = "without arguments";

/// The mark with the number of phases in which all receivers printed their messages in time.
pub const PHASES: &str = "phases";

/// The marks of a receiver that subscribed, and of one that printed the waiting line.
pub const READY: [&str; 2] = ["subscribed", "waiting"];

/// The mark of a receiver that had not bound a queue some time after it had printed the waiting line.
pub const BOUND_LATE: &str = "bound late";

/// A program that receives from an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    /// The exchange.
    pub exchange: Exchange,
    /// The usage line of a program that takes keys from the command line; None if it takes none.
    pub usage: Option<&'static str>,
}

/// The evidence of a receiver's lesson.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The program that the lesson asks for.
    pub receiver: &'static Receiver,
    /// The messages, and who is due what.
    pub plan: Plan,
    /// The receivers, in the order of their start.
    pub listeners: Vec<Listener<'a>>,
    /// The run without arguments; None if there was none.
    pub without: Option<&'a ProgramRun>,
    /// The number of phases in which all receivers printed their messages in time.
    pub phases: usize,
    /// The first receiver's queue that was still there after it had left.
    pub left_behind: Option<&'a str>,
}

/// One receiver of the scene.
#[derive(Clone, Copy, Debug)]
pub struct Listener<'a> {
    /// Its place in the plan.
    pub index: usize,
    /// Its run.
    pub run: &'a ProgramRun,
    /// True if it printed the waiting line while the scene waited for that.
    pub waits: bool,
    /// True if it had not bound a queue some time after the waiting line.
    pub is_bound_late: bool,
}

impl Receiver {
    /// Returns the view of a recording; None if no program was started.
    #[must_use]
    pub fn evidence<'a>(&'static self, recording: &'a Recording) -> Option<Evidence<'a>> {
        let plan = Plan::chosen(self.exchange.kind, recording.seed.unwrap_or_default());
        let listener = |(index, role): (usize, &&str)| {
            let run = recording.run(role)?;
            Some(Listener {
                index,
                run,
                waits: recording.has(READY[1], role),
                is_bound_late: recording.has(BOUND_LATE, role),
            })
        };
        let listeners: Vec<_> = ROLES.iter().enumerate().filter_map(listener).collect();
        let left = recording.queues.iter().find(|(_, bodies)| bodies.is_some());
        (!listeners.is_empty()).then(|| Evidence {
            receiver: self,
            plan,
            listeners,
            without: recording.run(WITHOUT),
            phases: recording.count(PHASES).unwrap_or_default(),
            left_behind: left.map(|(name, _)| name.as_str()),
        })
    }
}

impl<'a> Evidence<'a> {
    /// Checks a requirement on every receiver. The evidence is that of the first.
    ///
    /// # Errors
    ///
    /// The first fault.
    pub fn each(&self, requirement: impl Fn(&Listener<'a>) -> StepResult) -> StepResult {
        let mut shown = None;
        for listener in &self.listeners {
            let line = requirement(listener).map_err(|fault| fault.of_run(listener.run))?;
            shown.get_or_insert(line);
        }
        Ok(shown.unwrap_or_default())
    }
}

/// Checks that a program without its arguments prints a usage line, and ends with an exit code other than 0.
///
/// # Errors
///
/// The fault.
pub fn usage(seen: &Evidence<'_>) -> StepResult {
    let (Some(usage), Some(run)) = (seen.receiver.usage, seen.without) else { return Ok(String::new()) };
    complains(run, usage).map_err(|fault| fault.of_run(run))
}

fn complains(run: &ProgramRun, usage: &str) -> StepResult {
    if let Some(panic) = ending::panic_of(run) {
        return Err(panic);
    }
    let expected = format!("started without arguments\nexpected: {usage}");
    let subscribed = Transcript::of(run).consumes().next();
    if let Some((said, _)) = subscribed {
        return Err(faults::goes_on(usage).seen(expected).at(&said));
    }
    let Some(exit) = run.exit.filter(|exit| !exit.overdue && run.killed_at.is_none()) else {
        return Err(faults::stays(usage).seen(expected));
    };
    let lines: Vec<String> = run.stderr.lines().into_iter().chain(run.stdout.lines()).collect();
    let Some(line) = lines.iter().find(|line| line.to_lowercase().contains("usage")) else {
        return Err(faults::missing(usage).seen(format!("{expected}\n     got: {}", ending::last_words(run))));
    };
    match exit.code {
        Some(0) => Err(faults::exit_zero().seen(format!("{line}\nexit code 0"))),
        Some(code) => Ok(format!("{line}, exit code {code}")),
        None => Err(faults::missing(usage).seen(ending::last_words(run))),
    }
}

/// Checks that the first receiver connects.
///
/// # Errors
///
/// The fault.
pub fn connect(seen: &Evidence<'_>) -> StepResult {
    seen.each(|listener| steps::connect(listener.run))
}

/// Checks that each receiver declares the exchange.
///
/// # Errors
///
/// The fault.
pub fn declare(seen: &Evidence<'_>) -> StepResult {
    seen.each(|listener| exchanges::declare(listener.run, seen.receiver.exchange))
}

/// Checks that each receiver subscribes to its queue.
///
/// # Errors
///
/// The fault.
pub fn consume(seen: &Evidence<'_>) -> StepResult {
    seen.each(|listener| {
        let run = listener.run;
        let transcript = Transcript::of(run);
        let bound = bind::bound_queues(run, seen.receiver.exchange);
        let asked = |(said, consume): (_, &'_ wire::protocol::basic::Consume)| {
            transcript.queue_meant(&said, consume.queue.as_str()).to_owned()
        };
        let consumed: Vec<String> = transcript.consumes().map(asked).collect();
        let foreign = transcript.consumes().zip(&consumed).find(|(_, queue)| !bound.contains(queue));
        if let Some(((said, _), queue)) = foreign.filter(|_| !consumed.iter().any(|queue| bound.contains(queue))) {
            return Err(own_queue::not_its_own(quoted(queue.as_bytes())).at(&said));
        }
        let idle = bound.iter().find(|queue| !consumed.contains(*queue));
        let name = match (idle, bound.first()) {
            (Some(idle), _) if !consumed.is_empty() && bound.len() > 1 => {
                return Err(own_queue::unread()
                    .line(format!("bound: {}", quoted(idle.as_bytes())))
                    .all(transcript.consumes().map(|(said, _)| said)));
            }
            (_, first) => first.cloned().unwrap_or_default(),
        };
        receiving::consume(run, &name)
    })
}

/// Checks that each receiver prints the waiting line.
///
/// # Errors
///
/// The fault.
pub fn wait(seen: &Evidence<'_>) -> StepResult {
    seen.each(|listener| {
        let shown = receiving::wait_line(listener.run, WAITING, is_waiting_line, listener.waits);
        let is_missing = !listener.run.stdout.lines().iter().any(|line| line.contains("[*]"));
        let shown = shown.map_err(|fault| if is_missing { fault.and(logs::line_first()) } else { fault })?;
        bind::in_time(listener).map_or(Ok(shown), Err)
    })
}

/// Returns whether a line is the waiting line, in the form of any public tutorial.
#[must_use]
pub fn is_waiting_line(line: &str) -> bool {
    let rest = line.strip_prefix(" [*] Waiting for ");
    rest.is_some_and(|rest| ["logs", "messages"].iter().any(|word| rest.starts_with(word)))
}

/// Returns whether the program printed the waiting line.
#[must_use]
pub fn waits(run: &ProgramRun) -> bool {
    run.stdout.lines().iter().any(|line| is_waiting_line(line))
}

/// Checks that Ctrl-C ends each receiver.
///
/// # Errors
///
/// The fault.
pub fn stop(seen: &Evidence<'_>) -> StepResult {
    seen.each(|listener| receiving::stop(listener.run))
}

/// Returns the notes on a program that passed.
#[must_use]
pub fn notes(seen: &Evidence<'_>) -> Vec<Note> {
    let Some(first) = seen.listeners.first() else { return Vec::new() };
    let differs = exchanges::differs(first.run, seen.receiver.exchange);
    let stays = seen.left_behind.map(|_| catalogue::note("queue", own_queue::stays(), Client::of(first.run)));
    differs.into_iter().chain(stays).chain(receiving::left_without_goodbye(first.run)).collect()
}

/// Returns the fault of a run as [`Fault::of_run`] does, with the keys that it was started with as evidence.
fn started(fault: Fault, kind: Kind, run: &ProgramRun) -> Fault {
    if kind == Kind::Fanout || run.arguments.is_empty() {
        return fault;
    }
    fault.line(format!("started {}", with_arguments(run)))
}
