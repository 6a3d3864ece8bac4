//! The results of steps.

use crate::fault::Fault;

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
