//! From a recording to a grade. Pure: the same recording always gives the same grade.

use contracts::{
    contract,
    lesson::Lesson,
    verdict::{self, Judged, Mistake, Outcome},
};
use recording::{KEPT, Recording};
use wire::words;

use crate::{
    class::Submission,
    grade::{Fault, Grade, Late, LessonAbout, Step, StepAbout, Verdict},
    journal::{Check, CheckKey},
    points::Override,
};

/// The most lines of output and of the conversation in a report.
const MOST_LINES: usize = 200;

/// The rules of a class that decide a score.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The lesson with its points.
    pub about: &'a LessonAbout,
    /// The lateness of the submission.
    pub late: Option<Late>,
    /// The teacher's override.
    pub overridden: Option<&'a Override>,
}

/// The circumstances of a check.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The sandbox.
    pub isolation: &'a str,
    /// The broker.
    pub broker: &'a str,
    /// The seed; 0 if there was no check.
    pub seed: u64,
}

/// Returns the grade of a submission that was checked.
#[must_use]
pub fn checked(
    submission: &Submission,
    lesson: &Lesson,
    check: &Check,
    recording: &Recording,
    rules: Rules<'_>,
) -> Grade {
    let CheckKey { isolation, broker, seed, .. } = &check.key;
    let mut grade = empty(submission, rules, Circumstances { isolation, broker, seed: *seed });
    grade.limits.clone_from(&check.limits);
    if recording.runs.iter().any(|run| run.stdout.left_out() + run.stderr.left_out() > 0) {
        grade.limits.push(format!("it printed more than {} KiB of output", 2 * KEPT / 1024));
    }
    grade.unstable = check.unstable;
    grade.took_ms = check.took_ms;
    if let Some(limit) = &check.compile_limit {
        refuse(&mut grade, rules, "build", contract::compile_limit(limit));
        return score(grade, rules);
    }
    let limits = grade.limits.clone();
    let judged = Judged::of(lesson, recording);
    let points = |id: &str| rules.about.steps.iter().find(|step| step.id == id).map_or(0, |step| step.points);
    grade.steps = judged
        .steps
        .iter()
        .map(|step| {
            let max_points = points(&step.id);
            let (mut message, mut hint, mut evidence) = (String::new(), String::new(), String::new());
            match &step.outcome {
                Outcome::Passed(shown) => evidence.clone_from(shown),
                Outcome::Failed(mistake) => {
                    message = with_limits(&mistake.message, &limits);
                    hint.clone_from(&mistake.hint);
                    evidence.clone_from(&mistake.evidence);
                }
                Outcome::Skipped(_) | Outcome::NotChecked => {}
            }
            let is_passed = matches!(step.outcome, Outcome::Passed(_));
            Step {
                id: step.id.clone(),
                title: step.title.clone(),
                verdict: step.outcome.word().to_owned(),
                points: if is_passed { max_points } else { 0 },
                max_points,
                message,
                hint,
                evidence,
                page: step.page.clone(),
            }
        })
        .collect();
    if let Some((step, mistake)) = judged.failed() {
        grade.fault = Some(Fault {
            step: step.id.clone(),
            code: mistake.code.to_owned(),
            message: with_limits(&mistake.message, &limits),
        });
    }
    grade.verdict = match &judged.reason {
        Some(_) => Verdict::NotChecked,
        None if judged.passed() => Verdict::Passed,
        None => Verdict::Failed,
    };
    grade.reason = judged.reason.as_ref().map(|reason| reason.message.clone());
    grade.notes = judged.notes.iter().map(|note| note.message.clone()).collect();
    let shown = verdict::failed(&judged.steps).and_then(|(_, mistake)| recording.runs.get(mistake.run?));
    if let Some(run) = shown.or(recording.runs.first()) {
        let first = |lines: Vec<String>| lines.into_iter().take(MOST_LINES).collect();
        grade.stdout = first(run.stdout.lines());
        grade.stderr = first(run.stderr.lines());
        let kept = &run.events[..run.events.len().min(MOST_LINES)];
        grade.conversation = words::conversation(kept, false);
    }
    score(grade, rules)
}

/// Returns the grade of a submission that can't be graded as it was handed in, with the reason in words that a teacher can forward.
#[must_use]
pub fn refused(submission: &Submission, why: &str, rules: Rules<'_>, on: Circumstances<'_>) -> Grade {
    let mut grade = empty(submission, rules, on);
    refuse(&mut grade, rules, "submission", contract::not_gradable(why));
    score(grade, rules)
}

/// Returns the grade of a submission that could not be checked.
#[must_use]
pub fn not_checked(submission: &Submission, why: &str, rules: Rules<'_>, on: Circumstances<'_>) -> Grade {
    let mut grade = empty(submission, rules, on);
    grade.steps = rules.about.steps.iter().map(|step| step_of(step, "not_checked")).collect();
    grade.reason = Some(why.to_owned());
    score(grade, rules)
}

fn empty(submission: &Submission, rules: Rules<'_>, on: Circumstances<'_>) -> Grade {
    Grade {
        key: submission.key.clone(),
        student: submission.student.clone(),
        paths: submission.paths.clone(),
        lesson: rules.about.id.clone(),
        verdict: Verdict::NotChecked,
        steps: Vec::new(),
        score: None,
        max_score: rules.about.max_score,
        late: rules.late,
        override_reason: None,
        fault: None,
        reason: None,
        limits: Vec::new(),
        notes: Vec::new(),
        laid_aside: submission.laid_aside.clone(),
        unstable: false,
        isolation: on.isolation.to_owned(),
        broker: on.broker.to_owned(),
        seed: on.seed,
        submitted_at: submission.submitted_at,
        stdout: Vec::new(),
        stderr: Vec::new(),
        conversation: Vec::new(),
        took_ms: 0,
    }
}

fn refuse(grade: &mut Grade, rules: Rules<'_>, id: &str, mistake: Mistake) {
    let title = if id == "build" { "compile" } else { "hand in a program" };
    let own = Step {
        id: id.to_owned(),
        title: title.to_owned(),
        verdict: "failed".to_owned(),
        message: mistake.message.clone(),
        ..Step::default()
    };
    grade.steps = std::iter::once(own).chain(rules.about.steps.iter().map(|step| step_of(step, "skipped"))).collect();
    grade.fault = Some(Fault { step: id.to_owned(), code: mistake.code.to_owned(), message: mistake.message });
    grade.verdict = Verdict::Failed;
}

fn step_of(step: &StepAbout, verdict: &str) -> Step {
    Step {
        id: step.id.clone(),
        title: step.title.clone(),
        verdict: verdict.to_owned(),
        max_points: step.points,
        ..Step::default()
    }
}

/// Computes the score from the steps, the lateness and the override.
fn score(mut grade: Grade, rules: Rules<'_>) -> Grade {
    if grade.verdict != Verdict::NotChecked {
        let points = grade.steps.iter().fold(0_u32, |sum, step| sum.saturating_add(step.points));
        grade.score = Some(points.saturating_sub(grade.late.map_or(0, |late| late.points)));
    }
    if let Some(one) = rules.overridden {
        grade.score = Some(one.score);
        grade.override_reason = Some(one.reason.clone());
        // A teacher has graded it by hand.
        if grade.verdict == Verdict::NotChecked {
            grade.verdict = if one.score >= grade.max_score { Verdict::Passed } else { Verdict::Failed };
            grade.reason = None;
        }
    }
    grade
}

fn with_limits(message: &str, limits: &[String]) -> String {
    if limits.is_empty() {
        return message.to_owned();
    }
    format!("{message} It hit a limit of the sandbox: {}.", limits.join(", and "))
}
