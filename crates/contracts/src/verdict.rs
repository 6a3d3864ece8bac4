//! The results of steps, and of a whole recording.

use recording::{BuildError, NotChecked, Recording};

use crate::{contract, fault::Fault, lesson::Lesson};

/// The result of a requirement or of a step: the evidence that it holds, or the fault.
pub type StepResult = Result<String, Fault>;

/// A mistake in a step, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistake {
    /// The fault's code.
    pub code: &'static str,
    /// The mistake in one or two sentences: the first is what a good teacher would say.
    pub message: String,
    /// The evidence: lines of the conversation and of the output.
    pub evidence: String,
    /// The events of the conversation in the evidence, by [`wire::Event::order`].
    pub events: Vec<u64>,
    /// The advice: what to do.
    pub hint: String,
    /// The run with the mistake, by its index in the recording; None means the first.
    pub run: Option<usize>,
}

/// The verdict on one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The step's id: also the name of its anchor in the lesson's program.
    pub id: String,
    /// The subject of the step.
    pub title: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The book's section about it, such as `01-hello-send.html#publish`; empty if there is none.
    pub page: String,
    /// The page with more about it.
    pub read: String,
}

/// The outcome of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Right, with the evidence.
    Passed(String),
    /// Wrong.
    Failed(Mistake),
    /// Not checked, because the step with this id failed before it.
    Skipped(String),
    /// Not checked, because the check could not be done.
    NotChecked,
}

impl Outcome {
    /// The words for the outcomes in JSON, and their meanings.
    pub const WORDS: [(&str, &str); 4] = [
        ("passed", "The step is right; `evidence` says what shows it."),
        ("failed", "The step is wrong; `message` says what is wrong, `hint` what to do."),
        ("skipped", "A step before it failed, and what comes after builds on what failed."),
        ("not_checked", "The check could not be done; `reason` says why."),
    ];

    /// Returns the word in JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let index = match self {
            Outcome::Passed(_) => 0,
            Outcome::Failed(_) => 1,
            Outcome::Skipped(_) => 2,
            Outcome::NotChecked => 3,
        };
        Outcome::WORDS[index].0
    }
}

/// A note on a program that passed: it is right here, but not everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The id of the step that it is about.
    pub step: String,
    /// The code in the catalogue.
    pub code: &'static str,
    /// The note, in a sentence or two.
    pub message: String,
    /// The page with more about it.
    pub read: String,
}

/// A recording, judged: the steps of its lesson, or the reason why there is no verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// The reason why the program was not judged; None if it was.
    pub reason: Option<NotChecked>,
    /// The steps in their order. If the program does not compile, a step `build` is before them.
    pub steps: Vec<Step>,
    /// Notes on a program that passed; empty for any other.
    pub notes: Vec<Note>,
}

impl Judged {
    /// Judges a recording of this lesson. The same recording always gives the same result.
    #[must_use]
    pub fn of(lesson: &Lesson, recording: &Recording) -> Judged {
        let without = |reason| Judged { reason: Some(reason), steps: lesson.steps(&[]), notes: Vec::new() };
        if let Some(reason) = &recording.not_checked {
            return without(reason.clone());
        }
        if let Some(error) = &recording.build_error {
            return Judged { steps: does_not_compile(lesson, error), ..Judged::default() };
        }
        let contract = contract::of(&lesson.about.id).ok_or_else(|| NotChecked {
            message: format!("The lesson {} has no contract.", lesson.about.id),
            hints: vec!["Add its contract, as a file in crates/contracts/src".to_owned()],
        });
        match contract.and_then(|contract| contract.judge(recording)) {
            Err(reason) => without(reason),
            Ok(judgement) => Judged { reason: None, steps: lesson.steps(&judgement.outcomes), notes: judgement.notes },
        }
    }

    /// Returns whether all steps passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.reason.is_none() && self.steps.iter().all(|step| matches!(step.outcome, Outcome::Passed(_)))
    }

    /// Returns the step that failed, and its fault; None if none did. There is at most one, because later steps are skipped.
    #[must_use]
    pub fn failed(&self) -> Option<(&Step, &Mistake)> {
        failed(&self.steps)
    }
}

/// Returns the step of these that failed, and its fault.
#[must_use]
pub fn failed(steps: &[Step]) -> Option<(&Step, &Mistake)> {
    steps.iter().find_map(|step| match &step.outcome {
        Outcome::Failed(mistake) => Some((step, mistake)),
        Outcome::Passed(_) | Outcome::Skipped(_) | Outcome::NotChecked => None,
    })
}

fn does_not_compile(lesson: &Lesson, error: &BuildError) -> Vec<Step> {
    let page = error.code.as_ref().map(|code| format!("{code}.html")).unwrap_or_default();
    let build = Step {
        id: "build".to_owned(),
        title: "compile".to_owned(),
        outcome: Outcome::Failed(contract::does_not_compile(error)),
        page: String::new(),
        read: format!("https://doc.rust-lang.org/error_codes/{page}"),
    };
    let skip = |step: Step| Step { outcome: Outcome::Skipped("build".to_owned()), ..step };
    std::iter::once(build).chain(lesson.steps(&[]).into_iter().map(skip)).collect()
}
