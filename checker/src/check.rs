//! One check, from its flags to its report.

use std::{path::PathBuf, pin::pin};

use cli::{CheckOptions, ProgramArgs};
use contracts::{
    contract,
    scenes::{self, CHECK_TIMEOUT, too_long},
};
use recording::{NotChecked, Recording};
use tokio::time::Instant;

use crate::{
    brokers::Broker,
    cleanup::Run,
    lessons::Lesson,
    program::{
        Program,
        build::{NoProgram, Reference, Source},
        facts,
        sources::Sources,
    },
    report::spinner::watched,
    stage::Stage,
    verdict::Report,
};

/// Checks one program. When the flags name none, that is `own`, the learner's. `broker` finds the broker while the program is
/// built.
///
/// The future can be dropped at any time. Ending `run` then cleans up.
pub async fn check(
    lesson: &Lesson,
    program: &ProgramArgs,
    own: Option<PathBuf>,
    options: &CheckOptions,
    run: &Run,
    broker: impl Future<Output = Result<Broker, NotChecked>>,
) -> Report {
    let begin = Instant::now();
    let reference = Reference { folder: &lesson.folder, number: &lesson.number, id: &lesson.about.id };
    let source = Source::from_args(program, &reference, own);
    let sources = Sources::of(&source);
    let is_random = contract::of(&lesson.about.id).is_some_and(|contract| contract.is_random());
    let mut recording = Recording {
        lesson: lesson.about.id.clone(),
        // Small enough for every JSON reader.
        seed: is_random.then(|| options.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)))),
        program: recording::Program {
            name: source.display_name(),
            again: source.check_command(&lesson.number, program.as_mine),
            ..recording::Program::default()
        },
        ..Recording::default()
    };
    let port = program.port;
    let vhost = match attempt(lesson, &source, port, options, run, broker, &mut recording).await {
        Ok(vhost) => vhost,
        Err(NoProgram::NotChecked(reason)) => {
            recording.not_checked = Some(reason);
            String::new()
        }
        Err(NoProgram::DoesNotCompile(error)) => {
            recording.build_error = Some(error);
            String::new()
        }
    };
    recording.timing.total = begin.elapsed();
    recording.finish(&vhost);
    Report { sources, ..Report::of(lesson, recording) }
}

/// Builds the program and plays the scene. Returns the check's own vhost.
async fn attempt(
    lesson: &Lesson,
    source: &Source,
    port: Option<u16>,
    options: &CheckOptions,
    run: &Run,
    broker: impl Future<Output = Result<Broker, NotChecked>>,
    recording: &mut Recording,
) -> Result<String, NoProgram> {
    let _preparing = watched("preparing the check");
    let begin = Instant::now();
    let mark = format!("{}.build", run.id());
    let build = async { (source.build(&mark).await, begin.elapsed()) };
    let names = scenes::names(&lesson.about.id);
    let set = async |broker: &Broker| {
        let set = Stage::set(broker, run, names, options.timeout, port);
        tokio::time::timeout(CHECK_TIMEOUT, set).await.unwrap_or_else(|_| Err(too_long(CHECK_TIMEOUT)))
    };
    // The broker and the vhost need not wait for the compiler. In a vhost that is not the check's own, the check must not
    // prepare anything before the program runs.
    let prepare = async {
        let broker = broker.await?;
        let stage = if broker.makes_vhosts() { Some(set(&broker).await) } else { None };
        Ok::<_, NotChecked>((broker, stage))
    };
    let (mut build, mut prepare) = (pin!(build), pin!(prepare));
    let ((built, took), prepared) = tokio::select! {
        built = &mut build => (built, None),
        prepared = &mut prepare => (build.await, Some(prepared)),
    };
    recording.timing.build = took;
    let program = match built {
        Ok(program) => program,
        // Without a program, no broker is needed: one that is still starting is dropped.
        Err(none) => {
            if let Some(Ok((_, Some(Ok(stage))))) = prepared {
                stage.client.close().await;
            }
            return Err(none);
        }
    };
    let prepared = match prepared {
        Some(prepared) => prepared,
        None => prepare.await,
    };
    let (broker, stage) = prepared.map_err(NoProgram::NotChecked)?;
    let after_build = recording.timing.build;
    recording.broker = Some(broker.identity.clone());
    describe(&program, port, &mut recording.program);
    let timing = &mut recording.timing;
    let seed = recording.seed.unwrap_or(0);
    let played = async {
        let mut stage = match stage {
            Some(stage) => stage?,
            None => set(&broker).await?,
        };
        stage.begin();
        timing.broker = begin.elapsed().saturating_sub(after_build);
        let (seen, took) = scenes::perform(&lesson.about.id, &mut stage, &program, seed).await?;
        timing.run = took;
        let vhost = stage.address.vhost.clone();
        stage.client.close().await;
        Ok::<_, NotChecked>((seen, vhost))
    };
    let limit = scenes::longest(options.timeout);
    let (seen, vhost) = match tokio::time::timeout(limit, played).await {
        Ok(played) => played.map_err(NoProgram::NotChecked)?,
        Err(_) => return Err(NoProgram::NotChecked(too_long(limit))),
    };
    (recording.runs, recording.queues, recording.marks) = (seen.runs, seen.queues, seen.marks);
    Ok(vhost)
}

/// Adds the known facts about the program to its name.
fn describe(program: &Program, port: Option<u16>, known: &mut recording::Program) {
    let (name, again) = (std::mem::take(&mut known.name), std::mem::take(&mut known.again));
    *known = recording::Program { name, again, warnings: program.warnings.clone(), ..facts::of(program, port) };
}
