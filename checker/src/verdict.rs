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
