//! The result of a check. Data only; [`crate::report`] gives it a form.

use cli::Exit;
use contracts::{
    contract,
    lesson::Lesson,
    verdict::{self, Judged},
};
use recording::{ProgramRun, Recording};

use crate::program::sources::Sources;

pub use contracts::verdict::{Mistake, Note, Outcome, Step};
pub use recording::{BrokerIdentity, NotChecked, Timing};

/// The three verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The program does what the lesson asks.
    Passed,
    /// The program is wrong.
    Failed,
    /// The check could not be done, which is not the program's fault.
    NotChecked,
}

impl Verdict {
    /// Returns the word for it in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::NotChecked => "not_checked",
        }
    }

    /// Explains it to the learner.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Verdict::Passed => "The program does what the lesson asks.",
            Verdict::Failed => "The program is wrong, and the report says where.",
            Verdict::NotChecked => {
                "The check could not be done, and the report says why. This says nothing about your program."
            }
        }
    }

    /// Returns the exit code of a check with this verdict.
    #[must_use]
    pub fn exit(self) -> Exit {
        match self {
            Verdict::Passed => Exit::Passed,
            Verdict::Failed => Exit::Failed,
            Verdict::NotChecked => Exit::NotChecked,
        }
    }
}

/// The result of one check: the recording and its verdict.
#[derive(Clone, Debug)]
pub struct Report {
    /// The lesson's number, as in `01`.
    pub number: String,
    /// The lesson's title.
    pub title: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason for [`Verdict::NotChecked`].
    pub reason: Option<NotChecked>,
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// Notes on a program that passed; empty for any other verdict.
    pub notes: Vec<Note>,
    /// Set when the text shows the output of all runs, and not only of the primary one.
    pub shows_all: bool,
    /// The recording of the check.
    pub recording: Recording,
    /// The sources of the program, as they were when the check began. None where a command line names no file, and where a
    /// recording was judged again.
    pub sources: Option<Sources>,
}

impl Report {
    /// Judges a recording of this lesson. The same recording always gives the same report.
    #[must_use]
    pub fn of(lesson: &Lesson, recording: Recording) -> Report {
        let Judged { reason, steps, notes } = Judged::of(lesson, &recording);
        let all_passed = steps.iter().all(|step| matches!(step.outcome, Outcome::Passed(_)));
        Report {
            number: lesson.number.clone(),
            title: lesson.about.title.clone(),
            verdict: match &reason {
                Some(_) => Verdict::NotChecked,
                None if all_passed => Verdict::Passed,
                None => Verdict::Failed,
            },
            reason,
            steps,
            notes,
            shows_all: contract::of(&lesson.about.id).is_none_or(|contract| contract.shows_all()),
            recording,
            sources: None,
        }
    }

    /// Returns the step that failed, and its fault; None when none did. There is at most one, because those after it are skipped.
    #[must_use]
    pub fn failed(&self) -> Option<(&Step, &Mistake)> {
        verdict::failed(&self.steps)
    }

    /// Returns the run that is shown: the one in which the step failed, else the first. None when no program was started.
    #[must_use]
    pub fn primary(&self) -> Option<&ProgramRun> {
        let of_the_fault = self.failed().and_then(|(_, mistake)| mistake.run);
        let runs = &self.recording.runs;
        of_the_fault.and_then(|run| runs.get(run)).or(runs.first())
    }

    /// Returns all runs, in the order of their starts.
    #[must_use]
    pub fn runs(&self) -> &[ProgramRun] {
        &self.recording.runs
    }

    /// Returns the steps that passed.
    pub fn passed(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.outcome, Outcome::Passed(_)))
    }
}
