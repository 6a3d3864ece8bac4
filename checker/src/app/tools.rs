//! The commands `watch`, `wire` and `doctor`, which a first check does not compile.

use std::process::ExitCode;

use cli::{CheckOptions, DoctorFormat, Exit, WatchArgs, WireArgs, WireShow};

use super::{doctor, find, in_a_run, known, learner, tell, wire};
use crate::{
    brokers::{self, Needs},
    cleanup::{self, Run},
    lessons::Lesson,
    watch::{self, Task},
};

/// A command with its names resolved.
pub(super) enum Tool {
    Watch { lessons: Vec<Lesson>, task: Box<Task>, options: CheckOptions },
    Wire(Box<Lesson>, WireShow),
    Doctor(DoctorFormat),
}

/// Resolves the names of a watch, which is always about a program of the learner's.
pub(super) fn watch(WatchArgs { lesson, program, broker, timeout }: WatchArgs) -> Result<Tool, ExitCode> {
    let lessons = known()?;
    let lesson = find(&lessons, &lesson)?;
    let task = Task::of(&lesson, program.to_check()).ok_or_else(|| learner::has_none(&lesson))?;
    Ok(Tool::Watch { lessons, task: Box::new(task), options: CheckOptions::at_each_save(broker, timeout) })
}

/// Resolves the lesson whose conversation is shown.
pub(super) fn wire(args: &WireArgs) -> Result<Tool, ExitCode> {
    known().and_then(|lessons| find(&lessons, &args.lesson)).map(|lesson| Tool::Wire(Box::new(lesson), args.show))
}

impl Tool {
    /// Carries it out.
    pub(super) async fn run(self) -> ExitCode {
        match self {
            Tool::Watch { lessons, task, options } => {
                in_a_run(async |run| watch_program(&lessons, *task, &options, run).await).await
            }
            Tool::Wire(lesson, show) => wire::wire(&lesson, show).await,
            Tool::Doctor(format) => doctor::doctor(format).await,
        }
    }

    /// Returns the parts that it needs. `wire` and `doctor` use no container, and clean nothing up, so they need not wait for a
    /// compiler.
    pub(super) async fn needs(&self) -> Needs {
        match self {
            Tool::Watch { options, .. } => cleanup::needs().max(brokers::needs(&options.broker).await),
            Tool::Wire(..) | Tool::Doctor(_) => Needs::Nothing,
        }
    }
}

async fn watch_program(lessons: &[Lesson], task: Task, options: &CheckOptions, run: &Run) -> Exit {
    watch::watch(lessons, task, options, run).await.unwrap_or_else(|trouble| {
        tell("error", &trouble.to_string());
        tell("hint", trouble.hint());
        Exit::NotChecked
    })
}
