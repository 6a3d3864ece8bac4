//! What a step comes to.

use crate::fault::Fault;

/// The result of a requirement, or of a step: what shows that it holds, or the fault.
pub type StepResult = Result<String, Fault>;

/// What is wrong with a step, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistake {
    /// The fault's code.
    pub code: &'static str,
    /// What is wrong, in a sentence or two: the first is what a good teacher would say.
    pub message: String,
    /// What was seen: a line of the conversation, of the output.
    pub evidence: String,
    /// The events of the conversation that show it, by [`wire::Event::order`].
    pub events: Vec<u64>,
    /// What to do.
    pub hint: String,
    /// The run that it was seen in, by its place in the recording; None stands for the first.
    pub run: Option<usize>,
}

/// The verdict on one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The step's id: also the name of its anchor in the lesson's program.
    pub id: String,
    /// What the step is about.
    pub title: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The book's section about it, as in `01-hello-send.html#publish`; empty where there is none.
    pub page: String,
    /// Where to read more about it.
    pub read: String,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Right, and what shows it.
    Passed(String),
    /// Wrong.
    Failed(Mistake),
    /// Not looked at, because the step with this id failed before it.
    Skipped(String),
    /// Not looked at, because we could not.
    NotChecked,
}

impl Outcome {
    /// The words that JSON has for them, and what they mean.
    pub const WORDS: [(&str, &str); 4] = [
        ("passed", "The step is right; `evidence` says what shows it."),
        ("failed", "The step is wrong; `message` says what is wrong, `hint` what to do."),
        ("skipped", "A step before it failed, and what comes after builds on what failed."),
        ("not_checked", "The check could not be done; `reason` says why."),
    ];

    /// As JSON has it.
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

/// Something about a program that passed: right here, and not everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The id of the step that it is about.
    pub step: String,
    /// Its code in the catalogue.
    pub code: &'static str,
    /// The note, in a sentence or two.
    pub message: String,
    /// Where to read more about it.
    pub read: String,
}
