//! `grader record TASK.json`: one check, in a process of its own. It plays the lesson's scene with the program, and writes the
//! recording. It judges nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use contracts::{contract, scenes};
use harness::{
    cleanup::Run,
    program::{Program, facts},
    stage::Stage,
};
use recording::{NotChecked, Recording, Warning};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use crate::broker::ClassBroker;

/// One check to do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Task {
    /// The lesson's id.
    pub lesson: String,
    /// The seed of the scene's random choices.
    pub seed: u64,
    /// The name of the program in reports.
    pub name: String,
    /// The command.
    pub command: Vec<String>,
    /// The words of the sandbox in front of it.
    pub wrapper: Vec<String>,
    /// The folder, outside, with its sources.
    pub folder: PathBuf,
    /// True if it was compiled from a package.
    pub is_package: bool,
    /// The compiler's warnings.
    pub warnings: Vec<Warning>,
    /// The time limit of the program, in seconds.
    pub time_limit: u64,
    /// The broker.
    pub broker: ClassBroker,
    /// The file for the recording.
    pub to: PathBuf,
}

impl Task {
    /// Returns the longest time that the check can take.
    #[must_use]
    pub fn longest(&self) -> Duration {
        scenes::longest(Duration::from_secs(self.time_limit))
    }
}

/// Does the check that a file describes, and writes the recording.
///
/// # Errors
///
/// When a file can't be read or written.
pub async fn record(task: &Path) -> io::Result<()> {
    let task: Task = serde_json::from_slice(&fs::read(task)?)?;
    let begin = Instant::now();
    let run = Run::begin()?;
    let mut recording = begun(&task.name, &task.lesson);
    let longest = task.longest();
    let vhost = match timeout(longest, attempt(&task, &run, &mut recording)).await {
        Ok(Ok(vhost)) => vhost,
        Ok(Err(reason)) => {
            recording.not_checked = Some(reason);
            String::new()
        }
        Err(_) => {
            recording.not_checked = Some(scenes::too_long(longest));
            String::new()
        }
    };
    recording.timing.total = begin.elapsed();
    recording.finish(&vhost);
    run.end().await;
    let mut text = Vec::new();
    recording.write(&mut text)?;
    fs::write(&task.to, text)
}

/// Plays the scene. Returns the check's own vhost.
async fn attempt(task: &Task, run: &Run, recording: &mut Recording) -> Result<String, NotChecked> {
    let begin = Instant::now();
    let program = Program {
        command: task.command.clone(),
        folder: task.folder.clone(),
        is_package: task.is_package,
        wrapper: task.wrapper.clone(),
        warnings: task.warnings.clone(),
    };
    let begun = std::mem::take(&mut recording.program);
    let warnings = task.warnings.clone();
    recording.program = recording::Program {
        name: begun.name,
        again: begun.again,
        folder: PathBuf::new(),
        warnings,
        ..facts::of(&program, None)
    };
    let contract = contract::of(&task.lesson);
    let seed = contract.is_some_and(|contract| contract.is_random()).then_some(task.seed);
    recording.seed = seed;
    let broker = task.broker.of_check(run).await?;
    recording.broker = Some(broker.identity.clone());
    let names = scenes::names(&task.lesson);
    let mut stage = Stage::set(&broker, run, names, Duration::from_secs(task.time_limit), None).await?;
    stage.begin();
    recording.timing.broker = begin.elapsed();
    let (seen, took) = scenes::perform(&task.lesson, &mut stage, &program, seed.unwrap_or(0)).await?;
    recording.timing.run = took;
    (recording.runs, recording.queues, recording.marks) = (seen.runs, seen.queues, seen.marks);
    let vhost = stage.address.vhost.clone();
    stage.client.close().await;
    Ok(vhost)
}

/// Returns the recording of a check at its beginning.
#[must_use]
pub fn begun(name: &str, lesson: &str) -> Recording {
    let program =
        recording::Program { name: name.to_owned(), again: "cargo xtask grade".to_owned(), ..Default::default() };
    Recording { lesson: lesson.to_owned(), program, ..Recording::default() }
}
