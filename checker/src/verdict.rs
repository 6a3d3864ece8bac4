//! The result of a check. Data only; [`crate::report`] gives it a form.

use std::time::Duration;

use cli::Exit;

use crate::{
    performance::{Part, Performance},
    program::sources::Sources,
};

/// The three verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The program does what the lesson asks.
    Passed,
    /// The program is wrong.
    Failed,
    /// We could not tell, and it is not the program's fault.
    NotChecked,
}

impl Verdict {
    /// As JSON and people have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::NotChecked => "not_checked",
        }
    }

    /// What it says to you.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Verdict::Passed => "The program does what the lesson asks.",
            Verdict::Failed => "The program is wrong, and the report says where.",
            Verdict::NotChecked => "We could not tell, and the report says why. It says nothing about your program.",
        }
    }

    /// How a check with this verdict ends.
    #[must_use]
    pub fn exit(self) -> Exit {
        match self {
            Verdict::Passed => Exit::Passed,
            Verdict::Failed => Exit::Failed,
            Verdict::NotChecked => Exit::NotChecked,
        }
    }
}

/// What a contract found about one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The step is right; what shows it.
    Passed(String),
    /// The step is wrong.
    Failed(Mistake),
}

/// What is wrong with a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong, in a sentence or two: the first is what a good teacher would say.
    pub message: String,
    /// What was seen: a line of the conversation, of the output.
    pub evidence: String,
    /// What to do.
    pub hint: String,
}

impl Mistake {
    /// A mistake with nothing to show but the sentence.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Mistake {
        Mistake { message: message.into(), ..Mistake::default() }
    }

    /// What was seen.
    #[must_use]
    pub fn seen(mut self, evidence: impl Into<String>) -> Mistake {
        self.evidence = evidence.into();
        self
    }

    /// What to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Mistake {
        self.hint = hint.into();
        self
    }
}

impl From<Finding> for Result<String, Mistake> {
    fn from(finding: Finding) -> Result<String, Mistake> {
        match finding {
            Finding::Passed(shown) => Ok(shown),
            Finding::Failed(mistake) => Err(mistake),
        }
    }
}

impl From<Result<String, Mistake>> for Finding {
    fn from(result: Result<String, Mistake>) -> Finding {
        result.map_or_else(Finding::Failed, Finding::Passed)
    }
}

impl From<Mistake> for Finding {
    fn from(mistake: Mistake) -> Finding {
        Finding::Failed(mistake)
    }
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
        ("not_checked", "We could not tell; `reason` says why."),
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
    /// The note, in a sentence or two.
    pub message: String,
    /// Where to read more about it.
    pub read: String,
}

/// What judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerIdentity {
    /// embedded, docker, local, amqp.
    pub kind: &'static str,
    /// The product, as the broker names itself.
    pub product: String,
    /// Its version, as it tells it.
    pub version: String,
    /// Which one: an image, an address without its password.
    pub detail: String,
}

/// How long the parts of a check took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Building the program.
    pub build: Duration,
    /// Finding or starting the broker, and making the vhost, as far as that took longer than building.
    pub broker: Duration,
    /// From the program's start to its end.
    pub run: Duration,
    /// All of it.
    pub total: Duration,
}

/// Why there is no verdict on the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// What kept us from judging.
    pub message: String,
    /// What to do about it, a line each.
    pub hints: Vec<String>,
}

/// The result of one check.
#[derive(Clone, Debug)]
pub struct Report {
    /// The lesson's number, as in `01`.
    pub number: String,
    /// The lesson's id.
    pub lesson: String,
    /// The lesson's title.
    pub title: String,
    /// Which program was judged.
    pub program: String,
    /// The sources of the program, as they were when the check began; None where a command line names no file.
    pub sources: Option<Sources>,
    /// The command that makes the same check again.
    pub again: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why there is none, for [`Verdict::NotChecked`].
    pub reason: Option<Reason>,
    /// What judged; None when no broker was found.
    pub broker: Option<BrokerIdentity>,
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// Notes on a program that passed; empty for any other verdict.
    pub notes: Vec<Note>,
    /// What was seen of the program; of the first of them, where a scene has several.
    pub performance: Performance,
    /// What that one was, where there are several: `worker 1`. Empty where there are not.
    pub role: String,
    /// What was seen of the others.
    pub others: Vec<Part>,
    /// Whether the text shows the output of the others, too.
    pub shows_all: bool,
    /// What the scene's random choices were made from, where it makes any: the same seed makes the same choices.
    pub seed: Option<u64>,
    /// How long it took.
    pub timing: Timing,
}

impl Report {
    /// The step that failed, and what is wrong with it; None where none did. There is one at most: those after it are skipped.
    #[must_use]
    pub fn failed(&self) -> Option<(&Step, &Mistake)> {
        self.steps.iter().find_map(|step| match &step.outcome {
            Outcome::Failed(mistake) => Some((step, mistake)),
            Outcome::Passed(_) | Outcome::Skipped(_) | Outcome::NotChecked => None,
        })
    }

    /// All programs, each with its role.
    pub fn programs(&self) -> impl Iterator<Item = (&str, &Performance)> {
        let others = self.others.iter().map(|part| (part.role.as_str(), &part.performance));
        std::iter::once((self.role.as_str(), &self.performance)).chain(others)
    }

    /// The steps that passed.
    pub fn passed(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.outcome, Outcome::Passed(_)))
    }
}
