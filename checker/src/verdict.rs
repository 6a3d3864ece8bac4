//! The result of a check. Data only; [`crate::report`] gives it a form.

use cli::Exit;
use contracts::{contract, lesson::Lesson};
use recording::{BuildError, ProgramRun, Recording};

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
        let contract = contract::of(&lesson.about.id);
        let mut report = Report {
            number: lesson.number.clone(),
            title: lesson.about.title.clone(),
            verdict: Verdict::NotChecked,
            reason: recording.not_checked.clone(),
            steps: lesson.steps(&[]),
            notes: Vec::new(),
            shows_all: contract.is_none_or(|contract| contract.shows_all()),
            recording,
            sources: None,
        };
        if report.reason.is_some() {
            return report;
        }
        if let Some(error) = &report.recording.build_error {
            report.verdict = Verdict::Failed;
            report.steps = does_not_compile(lesson, error);
            return report;
        }
        let judged = contract.ok_or_else(|| NotChecked {
            message: format!("The lesson {} has no contract.", lesson.about.id),
            hints: vec!["Add its contract, as a file in crates/contracts/src".to_owned()],
        });
        match judged.and_then(|contract| contract.judge(&report.recording)) {
            Err(reason) => report.reason = Some(reason),
            Ok(judgement) => {
                report.steps = lesson.steps(&judgement.outcomes);
                report.notes = judgement.notes;
                let all_passed = report.steps.iter().all(|step| matches!(step.outcome, Outcome::Passed(_)));
                report.verdict = if all_passed { Verdict::Passed } else { Verdict::Failed };
            }
        }
        report
    }

    /// Returns the step that failed, and its fault; None when none did. There is at most one, because those after it are skipped.
    #[must_use]
    pub fn failed(&self) -> Option<(&Step, &Mistake)> {
        self.steps.iter().find_map(|step| match &step.outcome {
            Outcome::Failed(mistake) => Some((step, mistake)),
            Outcome::Passed(_) | Outcome::Skipped(_) | Outcome::NotChecked => None,
        })
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
