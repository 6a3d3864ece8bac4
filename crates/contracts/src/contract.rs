//! Contracts, and the way they judge a recording.

use recording::{BuildError, NotChecked, ProgramRun, Recording, Warning};
use wire::Peer;

use crate::{
    catalogue,
    clients::Client,
    fault::faults::{build as faults, submission as submissions},
    lessons,
    transcript::{Close, Transcript},
    unawaited,
    verdict::{Mistake, Note, Outcome, StepResult},
};

/// The end of the embedded broker's refusal of something that RabbitMQ has and it lacks.
pub const NOT_A_PART: &str = "not part of this teaching broker";

/// A requirement of a step: a pure function over the view of a recording. It returns the evidence that it holds, which may be
/// empty, or a fault.
pub type Requirement<C> = for<'a, 'b> fn(&'b <C as Contract>::Evidence<'a>) -> StepResult;

/// A step: its id in `lesson.toml`, and its requirements in order. The first one that does not hold decides the fault. A report
/// shows the evidence of the last one that has some.
pub type Step<C> = (&'static str, &'static [Requirement<C>]);

/// The requirements of a lesson.
pub trait Contract: 'static {
    /// The view of the recording that the steps need.
    type Evidence<'a>;
    /// The lesson's id.
    const ID: &'static str;
    /// The queues that the scene needs to itself.
    const QUEUES: &'static [&'static str];
    /// The exchanges that the scene needs to itself.
    const EXCHANGES: &'static [&'static str] = &[];
    /// True if the scene makes random choices.
    const IS_RANDOM: bool;
    /// True if a text report shows the output of all its programs, not only of one.
    const SHOWS_ALL: bool = true;
    /// The steps, in order.
    const STEPS: &'static [Step<Self>];

    /// Returns the view of the recording; None if no program was started.
    fn evidence(recording: &Recording) -> Option<Self::Evidence<'_>>;

    /// Returns the notes on a program that passed.
    fn notes(_evidence: &Self::Evidence<'_>) -> Vec<Note> {
        Vec::new()
    }
}

/// A contract of any lesson.
pub trait AnyContract: Sync {
    /// [`Contract::ID`].
    fn id(&self) -> &'static str;
    /// [`Contract::QUEUES`].
    fn queues(&self) -> &'static [&'static str];
    /// [`Contract::EXCHANGES`].
    fn exchanges(&self) -> &'static [&'static str];
    /// [`Contract::IS_RANDOM`].
    fn is_random(&self) -> bool;
    /// [`Contract::SHOWS_ALL`].
    fn shows_all(&self) -> bool;
    /// Returns the ids of its steps, in order.
    fn steps(&self) -> Vec<&'static str>;
    /// Judges a recording of this lesson, step by step, up to the first mistake: later steps build on the one that failed.
    ///
    /// # Errors
    ///
    /// The reason why the program can't be judged.
    fn judge(&self, recording: &Recording) -> Result<Judgement, NotChecked>;
}

/// The result of judging a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The outcome of every step, by its id.
    pub outcomes: Vec<(&'static str, Outcome)>,
    /// Notes; empty unless all steps passed.
    pub notes: Vec<Note>,
}

/// Returns the contract of the lesson with this id.
#[must_use]
pub fn of(lesson: &str) -> Option<&'static dyn AnyContract> {
    lessons::ALL.iter().copied().find(|contract| contract.id() == lesson)
}

impl<C: Contract + Sync> AnyContract for C {
    fn id(&self) -> &'static str {
        C::ID
    }

    fn queues(&self) -> &'static [&'static str] {
        C::QUEUES
    }

    fn exchanges(&self) -> &'static [&'static str] {
        C::EXCHANGES
    }

    fn is_random(&self) -> bool {
        C::IS_RANDOM
    }

    fn shows_all(&self) -> bool {
        C::SHOWS_ALL
    }

    fn steps(&self) -> Vec<&'static str> {
        C::STEPS.iter().map(|(id, _)| *id).collect()
    }

    fn judge(&self, recording: &Recording) -> Result<Judgement, NotChecked> {
        recording.runs.iter().try_for_each(only_on_rabbitmq)?;
        let evidence = C::evidence(recording).ok_or_else(|| NotChecked {
            message: "The recording has no run of the program.".to_owned(),
            hints: vec![format!("Check again: {}", recording.program.again)],
        })?;
        let outcomes = judge::<C>(&evidence, &recording.runs, &recording.program.warnings);
        let passed = outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Passed(_)));
        let notes = if passed { C::notes(&evidence) } else { Vec::new() };
        Ok(Judgement { outcomes, notes })
    }
}

/// Returns the outcomes of the steps, in order. `runs` are the runs that the evidence is a view of.
pub fn judge<C: Contract>(
    evidence: &C::Evidence<'_>,
    runs: &[ProgramRun],
    warnings: &[Warning],
) -> Vec<(&'static str, Outcome)> {
    let client = runs.first().map(Client::of).unwrap_or_default();
    let mut failed: Option<&str> = None;
    let outcome = |&(id, requirements): &Step<C>| match failed {
        Some(step) => (id, Outcome::Skipped(step.to_owned())),
        None => match step::<C>(requirements, evidence) {
            Ok(shown) => (id, Outcome::Passed(shown)),
            Err(fault) => {
                failed = Some(id);
                let run = fault.run.and_then(|run| runs.get(run)).or(runs.first());
                let fault = match run {
                    Some(run) => unawaited::explained(id, fault, run, warnings),
                    None => fault,
                };
                (id, Outcome::Failed(catalogue::words(fault, client)))
            }
        },
    };
    C::STEPS.iter().map(outcome).collect()
}

/// Returns the result of a step with these requirements.
fn step<C: Contract>(requirements: &[Requirement<C>], evidence: &C::Evidence<'_>) -> StepResult {
    let mut shown = String::new();
    for requirement in requirements {
        let line = requirement(evidence)?;
        if !line.is_empty() {
            shown = line;
        }
    }
    Ok(shown)
}

/// Returns the mistake of a program that does not compile.
#[must_use]
pub fn does_not_compile(error: &BuildError) -> Mistake {
    let said = &error.text;
    let is_future = said.contains("consider `await`ing") || said.contains("impl Future");
    let fault = if is_future { faults::not_awaited() } else { faults::does_not_compile() };
    catalogue::words(fault.seen(said), Client::default())
}

/// Returns the mistake of a submission that can't be graded as it was handed in, with the reason as its message.
#[must_use]
pub fn not_gradable(why: &str) -> Mistake {
    Mistake { message: why.to_owned(), ..catalogue::words(submissions::not_gradable(), Client::default()) }
}

/// Returns the mistake of a submission whose compilation hit a limit of the sandbox.
#[must_use]
pub fn compile_limit(limit: &str) -> Mistake {
    catalogue::words(submissions::compile_limit(limit), Client::default())
}

/// Checks that the program needs nothing that RabbitMQ has and the embedded broker lacks.
fn only_on_rabbitmq(seen: &ProgramRun) -> Result<(), NotChecked> {
    let lacks = |close: &Close<'_>| close.code == 540 && close.text.ends_with(NOT_A_PART);
    match Transcript::of(seen).closes(Peer::Broker).find(lacks) {
        None => Ok(()),
        Some(close) => Err(NotChecked {
            message: format!("The program needs a RabbitMQ, which the embedded broker is not: {}", close.text),
            hints: vec![
                "With Docker: cargo xtask check … --broker docker".to_owned(),
                "With an installed RabbitMQ: --broker local, or --broker amqp://localhost:5672".to_owned(),
            ],
        }),
    }
}
