//! One check, from its flags to its report.

use std::{path::PathBuf, pin::pin, time::Duration};

use cli::{CheckOptions, ProgramArgs};
use tokio::time::Instant;

use crate::{
    brokers::Broker,
    lessons::{Judged, Lesson, unawaited},
    owner::Run,
    performance::{Part, Performance},
    program::{
        build::{NoProgram, Source},
        messages::{Errors, Unused},
        sources::Sources,
    },
    report::busy::watched,
    stage::Stage,
    verdict::{Mistake, Outcome, Reason, Report, Step, Timing, Verdict},
};

/// How long the checker's own work around one check may take: making a vhost, the scene's own messages, cleaning up. The
/// program's time limit and a broker's start are not in it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Judges one program; `own` is the learner's, which is judged where the flags name none. `broker` finds the broker, while the
/// program is built.
///
/// It can be dropped at any time; ending `run` then takes away what there is of it.
pub async fn check(
    lesson: &Lesson,
    program: &ProgramArgs,
    own: Option<PathBuf>,
    options: &CheckOptions,
    run: &Run,
    broker: impl Future<Output = Result<Broker, Reason>>,
) -> Report {
    let begin = Instant::now();
    let source = Source::from_args(program, lesson, own);
    let mut report = Report {
        number: lesson.number.clone(),
        lesson: lesson.about.id.clone(),
        title: lesson.about.title.clone(),
        program: source.shown(),
        sources: Sources::of(&source),
        again: source.check_command(&lesson.number, program.as_mine),
        verdict: Verdict::NotChecked,
        reason: None,
        broker: None,
        steps: lesson.steps(&[]),
        notes: Vec::new(),
        performance: Performance::default(),
        role: String::new(),
        others: Vec::new(),
        shows_all: lesson.shows_all(),
        // Small enough for every JSON reader.
        seed: lesson.is_random().then(|| options.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)))),
        timing: Timing::default(),
    };
    match attempt(lesson, &source, program.port, options, run, broker, &mut report).await {
        Ok(()) => {}
        Err(NoProgram::NotChecked(reason)) => report.reason = Some(reason),
        Err(NoProgram::DoesNotCompile(said)) => {
            report.verdict = Verdict::Failed;
            report.steps = does_not_compile(lesson, said);
        }
    }
    report.timing.total = begin.elapsed();
    report
}

async fn attempt(
    lesson: &Lesson,
    source: &Source,
    port: Option<u16>,
    options: &CheckOptions,
    run: &Run,
    broker: impl Future<Output = Result<Broker, Reason>>,
    report: &mut Report,
) -> Result<(), NoProgram> {
    let _preparing = watched("preparing the check");
    let begin = Instant::now();
    let mark = format!("{}.build", run.id());
    let build = async { (source.build(&mark).await, begin.elapsed()) };
    let set = async |broker: &Broker| {
        let set = Stage::set(broker, run, lesson.queues(), options.timeout, port);
        tokio::time::timeout(PATIENCE, set).await.unwrap_or_else(|_| Err(too_long(PATIENCE)))
    };
    // The broker need not wait for the compiler, and nor need the vhost. In a vhost that is somebody else's, nothing is ours
    // before the program runs.
    let prepare = async {
        let broker = broker.await?;
        let stage = if broker.makes_vhosts() { Some(set(&broker).await) } else { None };
        Ok::<_, Reason>((broker, stage))
    };
    let (mut build, mut prepare) = (pin!(build), pin!(prepare));
    let ((built, took), prepared) = tokio::select! {
        built = &mut build => (built, None),
        prepared = &mut prepare => (build.await, Some(prepared)),
    };
    report.timing.build = took;
    let program = match built {
        Ok(program) => program,
        // Who has no program needs no broker: where it is still starting, that is dropped.
        Err(none) => {
            if let Some(Ok((_, Some(Ok(stage))))) = prepared {
                stage.hand.close().await;
            }
            return Err(none);
        }
    };
    let prepared = match prepared {
        Some(prepared) => prepared,
        None => prepare.await,
    };
    let (broker, stage) = prepared.map_err(NoProgram::NotChecked)?;
    let after_build = report.timing.build;
    report.broker = Some(broker.identity.clone());
    let judged = async {
        let mut stage = match stage {
            Some(stage) => stage?,
            None => set(&broker).await?,
        };
        stage.begin();
        report.timing.broker = begin.elapsed().saturating_sub(after_build);
        let begin = Instant::now();
        let judged = lesson.judge(&mut stage, &program, report.seed.unwrap_or(0)).await?;
        report.timing.run = begin.elapsed();
        let room = stage.room.vhost.clone();
        stage.hand.close().await;
        Ok::<_, Reason>((judged, room))
    };
    // A scene may run the program twice (lesson 02 does), and each run has a part after its limit.
    let limit = options.timeout * 4 + PATIENCE;
    let (Judged { outcomes, notes, parts }, room) = match tokio::time::timeout(limit, judged).await {
        Ok(judged) => judged.map_err(NoProgram::NotChecked)?,
        Err(_) => return Err(NoProgram::NotChecked(too_long(limit))),
    };
    report.steps = lesson.steps(&outcomes);
    report.notes = notes;
    let mut parts = parts.into_iter();
    if let Some(Part { role, performance }) = parts.next() {
        (report.role, report.performance) = (role, performance);
    }
    report.others = parts.collect();
    report.steps.iter_mut().for_each(|step| explain(step, &report.performance, &program.unused));
    let all_passed = report.steps.iter().all(|step| matches!(step.outcome, Outcome::Passed(_)));
    report.verdict = if all_passed { Verdict::Passed } else { Verdict::Failed };
    show_public_vhost(report, &room);
    Ok(())
}

fn too_long(limit: Duration) -> Reason {
    Reason {
        message: format!("The check itself took longer than {} s.", limit.as_secs()),
        hints: vec!["Is the machine very busy? Check again, with a larger --timeout".to_owned()],
    }
}

/// The check's own vhost stands for `/`: what the program printed about it says `/`, too.
fn show_public_vhost(report: &mut Report, room: &str) {
    if room == "/" {
        return;
    }
    let others = report.others.iter_mut().map(|part| &mut part.performance);
    for performance in std::iter::once(&mut report.performance).chain(others) {
        performance.stdout.replace(room, "/");
        performance.stderr.replace(room, "/");
    }
    for step in &mut report.steps {
        if let Outcome::Failed(mistake) = &mut step.outcome {
            mistake.evidence = mistake.evidence.replace(room, "/");
        }
    }
}

/// A failed step, with what the compiler warned of where that explains it.
fn explain(step: &mut Step, seen: &Performance, unused: &[Unused]) {
    if let Outcome::Failed(mistake) = &mut step.outcome {
        *mistake = unawaited::explained(&step.id, std::mem::take(mistake), seen, unused);
    }
}

fn does_not_compile(lesson: &Lesson, errors: Errors) -> Vec<Step> {
    let Errors { text: said, code } = errors;
    let page = code.map(|code| format!("{code}.html")).unwrap_or_default();
    let hint = if said.contains("consider `await`ing") || said.contains("impl Future") {
        "This is a future that is never awaited: add `.await` after the call. Fix the first error first; others often go with it."
    } else {
        "Fix the first error first; others often go with it."
    };
    let mistake = Mistake::new("The program does not compile.").seen(said).hint(hint);
    let build = Step {
        id: "build".to_owned(),
        title: "compile".to_owned(),
        outcome: Outcome::Failed(mistake),
        page: String::new(),
        read: format!("https://doc.rust-lang.org/error_codes/{page}"),
    };
    let skip = |step: Step| Step { outcome: Outcome::Skipped("build".to_owned()), ..step };
    std::iter::once(build).chain(lesson.steps(&[]).into_iter().map(skip)).collect()
}
