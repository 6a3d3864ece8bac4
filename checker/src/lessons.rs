//! The contracts: what each lesson asks of a program, one file a lesson.
//!
//! A contract plays a scene ([`Contract::play`]) and judges what was seen ([`Contract::STEPS`]). Judging is pure. Steps are
//! judged in their order and the first mistake ends it: what comes after builds on what failed.

pub mod anchors;
pub mod clients;
pub mod crash;
pub mod durable;
pub mod ending;
pub mod hello_receive;
pub mod hello_send;
pub mod hints;
pub mod new_task;
pub mod printed;
pub mod receiving;
pub mod sending;
pub mod steps;
pub mod talk;
pub mod translate;
pub mod unawaited;
pub mod worker;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use wire::Peer;

use crate::{
    lessons::{clients::Client, talk::Talk},
    owner::at,
    performance::{Part, Performance},
    program::Program,
    stage::Stage,
    verdict::{Finding, Note, Outcome, Reason, Step},
    workspace,
};

/// Does something with the contract of the lesson with this id: the table of all contracts.
macro_rules! with_contract {
    ($id:expr, $contract:ident => $then:expr, else $otherwise:expr) => {
        with_contract!(@ $id, $contract, $then, $otherwise,
            hello_send::HelloSend, hello_receive::HelloReceive, new_task::NewTask, worker::Worker)
    };
    (@ $id:expr, $contract:ident, $then:expr, $otherwise:expr, $($listed:ty),*) => {{
        let id: &str = $id;
        match id {
            $(<$listed>::ID => {
                type $contract = $listed;
                $then
            })*
            _ => $otherwise,
        }
    }};
}

/// A step's id, and what judges it.
pub type Rule<Evidence> = (&'static str, fn(&Evidence) -> Finding);

/// What a lesson asks of a program.
pub trait Contract {
    /// What was seen, as the steps need it.
    type Evidence: 'static;
    /// The lesson's id.
    const ID: &'static str;
    /// The queues that the scene needs to itself.
    const QUEUES: &'static [&'static str];
    /// Whether the scene makes random choices.
    const IS_RANDOM: bool;
    /// Whether a text report shows the output of all its programs, and not of the first only.
    const SHOWS_ALL: bool = true;
    /// The steps in their order, by the ids in `lesson.toml`.
    const STEPS: &'static [Rule<Self::Evidence>];

    /// Plays the scene with this program. The same seed makes the same choices.
    ///
    /// # Errors
    ///
    /// Why it could not be played, when that is not the program's fault.
    fn play(
        stage: &mut Stage<'_>,
        program: &Program,
        seed: u64,
    ) -> impl Future<Output = Result<Self::Evidence, Reason>>;

    /// The program that stands for all of them: hints are in its language.
    fn first(evidence: &Self::Evidence) -> Option<&Performance>;

    /// Notes on a program that passed.
    fn notes(evidence: &Self::Evidence) -> Vec<Note>;

    /// What was seen of the program, each time it was started. A report is about the first, and has the others besides.
    fn parts(evidence: Self::Evidence) -> Vec<Part>;
}

/// The result of a scene.
#[derive(Debug)]
pub struct Judged {
    /// The outcome of every step, by its id.
    pub outcomes: Vec<(&'static str, Outcome)>,
    /// Notes; empty unless all steps passed.
    pub notes: Vec<Note>,
    /// What was seen.
    pub parts: Vec<Part>,
}

/// Judges the steps in their order, up to the first mistake.
pub fn judge<C: Contract>(evidence: &C::Evidence) -> Vec<(&'static str, Outcome)> {
    let client = C::first(evidence).map(Client::of).unwrap_or_default();
    let mut failed: Option<&str> = None;
    let outcome = |&(id, rule): &Rule<C::Evidence>| match failed {
        Some(step) => (id, Outcome::Skipped(step.to_owned())),
        None => match rule(evidence) {
            Finding::Passed(shown) => (id, Outcome::Passed(shown)),
            Finding::Failed(mistake) => {
                failed = Some(id);
                (id, Outcome::Failed(client.fill(mistake)))
            }
        },
    };
    C::STEPS.iter().map(outcome).collect()
}

/// A lesson, as its folder describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Its number, as in `01`: the start of the folder's name.
    pub number: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What its `lesson.toml` says.
    pub about: About,
}

/// A `lesson.toml`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Stable, whatever number the lesson gets.
    pub id: String,
    /// For people.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// The lessons whose programs run beside this one's.
    pub beside: Vec<String>,
    /// The steps, in the order in which the program takes them.
    pub steps: Vec<StepAbout>,
    /// What the chapter proposes to try.
    #[serde(default)]
    pub experiments: Vec<Experiment>,
}

/// The program, changed in one place, to see what comes of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// What the recordings of it are called.
    pub id: String,
    /// The steps whose code is left out.
    #[serde(default)]
    pub leave_out: Vec<String>,
    /// What else is changed.
    #[serde(default)]
    pub change: Vec<Replacement>,
}

/// One step in a `lesson.toml`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct StepAbout {
    /// Also the name of the anchor in the program.
    pub id: String,
    /// For people.
    pub title: String,
    /// What a learner is to do, in one to three sentences: what is to be achieved, and with which method. It stands in a
    /// starter in place of the step's code.
    pub task: String,
    /// Hints, from a nudge to nearly the line; before them comes what the last check said.
    pub hints: Vec<String>,
    /// What makes some of the hints superfluous.
    #[serde(default)]
    pub done: Vec<hints::Done>,
    /// Where to read about it.
    pub read: String,
    /// For a step whose absence can't be shown by leaving its code out (staying is what a receiver does by itself): how the
    /// program without it differs. Used for the step programs only.
    #[serde(default)]
    pub without: Vec<Replacement>,
}

/// A change of a program's text.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// What stands there, once.
    pub find: String,
    /// What to put in its place.
    pub replace: String,
}

/// All lessons, in the order of their numbers.
///
/// # Errors
///
/// When a folder can't be read, or its `lesson.toml` is wrong; the error names the file.
pub fn all() -> io::Result<Vec<Lesson>> {
    let folder = workspace::root().join("lessons");
    let entries = fs::read_dir(&folder).map_err(|error| at(&folder, &error))?;
    let folders = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    let mut lessons =
        folders.iter().filter(|path| path.is_dir()).map(|path| read(path)).collect::<io::Result<Vec<_>>>()?;
    lessons.sort_by(|one, other| one.number.cmp(&other.number));
    Ok(lessons)
}

fn read(folder: &Path) -> io::Result<Lesson> {
    let path = folder.join("lesson.toml");
    let text = fs::read_to_string(&path).map_err(|error| at(&path, &error))?;
    let about = toml::from_str(&text).map_err(|error| at(&path, &io::Error::new(io::ErrorKind::InvalidData, error)))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let number = name.split('-').next().unwrap_or_default().to_owned();
    Ok(Lesson { number, folder: folder.to_owned(), about })
}

impl Lesson {
    /// The steps with what came of them; where nothing came of one, it was not checked.
    #[must_use]
    pub fn steps(&self, outcomes: &[(&'static str, Outcome)]) -> Vec<Step> {
        let of = |id: &str| outcomes.iter().find(|(other, _)| *other == id).map(|(_, outcome)| outcome.clone());
        let step = |about: &StepAbout| Step {
            id: about.id.clone(),
            title: about.title.clone(),
            outcome: of(&about.id).unwrap_or(Outcome::NotChecked),
            page: format!("{}.html#{}", self.name(), about.id),
            read: about.read.clone(),
        };
        self.about.steps.iter().map(step).collect()
    }

    /// Its page in the book, as in `book/src/01-hello-send.md`.
    #[must_use]
    pub fn page(&self) -> String {
        format!("book/src/{}.md", self.name())
    }

    /// The name of its folder, and of its page.
    fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The queues that its scene needs to itself.
    #[must_use]
    pub fn queues(&self) -> &'static [&'static str] {
        with_contract!(&self.about.id, C => C::QUEUES, else &[])
    }

    /// Whether a text report shows the output of all its programs, and not of the first only.
    #[must_use]
    pub fn shows_all(&self) -> bool {
        with_contract!(&self.about.id, C => C::SHOWS_ALL, else true)
    }

    /// Whether its scene makes random choices.
    #[must_use]
    pub fn is_random(&self) -> bool {
        with_contract!(&self.about.id, C => C::IS_RANDOM, else false)
    }

    /// Plays its scene with this program, and judges what was seen.
    ///
    /// # Errors
    ///
    /// Why it could not be played, when that is not the program's fault.
    pub async fn judge(&self, stage: &mut Stage<'_>, program: &Program, seed: u64) -> Result<Judged, Reason> {
        let none = || Reason {
            message: format!("The lesson {} has no contract.", self.about.id),
            hints: vec!["A contract is a file in checker/src/lessons".to_owned()],
        };
        with_contract!(&self.about.id, C => perform::<C>(stage, program, seed).await, else Err(none()))
    }
}

async fn perform<C: Contract>(stage: &mut Stage<'_>, program: &Program, seed: u64) -> Result<Judged, Reason> {
    let blocked = stage.blocked();
    let evidence = tokio::select! {
        evidence = C::play(stage, program, seed) => evidence?,
        alarm = blocked.alarm() => return Err(stage.not_checked(&alarm).await),
    };
    // What a program does whose broker goes away, or takes no messages, says nothing about it.
    stage.still_there()?;
    if let Some(alarm) = blocked.now() {
        return Err(stage.not_checked(&alarm).await);
    }
    let outcomes = judge::<C>(&evidence);
    let passed = outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Passed(_)));
    if !passed && let Some(alarm) = stage.alarm().await {
        return Err(stage.not_checked(&alarm).await);
    }
    let notes = if passed { C::notes(&evidence) } else { Vec::new() };
    let parts = C::parts(evidence);
    parts.iter().try_for_each(|part| only_on_rabbitmq(&part.performance))?;
    Ok(Judged { outcomes, notes, parts })
}

/// The program asks for nothing that the embedded broker lacks and RabbitMQ has.
fn only_on_rabbitmq(seen: &Performance) -> Result<(), Reason> {
    let lacks = |close: &talk::Close<'_>| close.code == 540 && close.text.ends_with(broker::NOT_A_PART);
    match Talk::of(seen).closes(Peer::Broker).find(lacks) {
        None => Ok(()),
        Some(close) => Err(Reason {
            message: format!("The program needs a RabbitMQ, which the embedded broker is not: {}", close.text),
            hints: vec![
                "With Docker: cargo xtask check … --broker docker".to_owned(),
                "With an installed RabbitMQ: --broker local, or --broker amqp://localhost:5672".to_owned(),
            ],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps of every contract, by the lesson's id.
    fn steps_of(id: &str) -> Vec<&'static str> {
        with_contract!(id, C => C::STEPS.iter().map(|(id, _)| *id).collect(),
            else panic!("{id} has no contract: add checker/src/lessons/{}.rs", id.replace('-', "_")))
    }

    #[test]
    fn every_lesson_has_a_contract_with_the_same_steps_and_an_anchor_for_each() {
        for lesson in all().unwrap() {
            let ids: Vec<&str> = lesson.about.steps.iter().map(|step| step.id.as_str()).collect();
            assert_eq!(ids, steps_of(&lesson.about.id), "lesson.toml and contract of {} differ", lesson.number);
            let program = fs::read_to_string(lesson.folder.join("src/main.rs")).unwrap();
            for id in ids {
                for mark in [format!("// ANCHOR: {id}\n"), format!("// ANCHOR_END: {id}\n")] {
                    assert_eq!(program.matches(&mark).count(), 1, "{mark:?} in lesson {}", lesson.number);
                }
            }
        }
    }

    #[test]
    fn every_step_has_a_task() {
        for lesson in all().unwrap() {
            for step in &lesson.about.steps {
                let task = &step.task;
                let whose = format!("the task of {}, in the lesson.toml of {}", step.id, lesson.number);
                let sentences = task.matches(". ").count() + 1;
                assert!(task.ends_with('.') && sentences <= 3, "{whose} is no one to three sentences: {task:?}");
                assert!(!task.contains('\n') && !task.contains("  "), "{whose} is broken into lines: {task:?}");
            }
        }
    }

    #[test]
    fn ids_and_numbers_are_unique_and_programs_are_short() {
        let lessons = all().unwrap();
        let mut ids: Vec<&str> = lessons.iter().flat_map(|lesson| [&*lesson.about.id, &*lesson.number]).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "an id or a number stands twice in lessons/");
        for lesson in lessons {
            let program = fs::read_to_string(lesson.folder.join("src/main.rs")).unwrap();
            let anchors = program.lines().filter(|line| line.contains("ANCHOR")).count();
            let lines = program.lines().count() - anchors;
            assert!(lines <= 70, "the program of lesson {} has {lines} lines; aim for 60", lesson.number);
        }
    }
}
