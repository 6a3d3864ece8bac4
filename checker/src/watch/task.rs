//! The program that is watched, and its folder.

use harness::kit;
use std::path::{Path, PathBuf};

use cli::ProgramArgs;

use crate::{guide, lessons::Lesson, program::target, watch::changes::WatchedKind};

/// A program to watch.
#[derive(Debug)]
pub struct Task {
    /// The lesson of the program.
    pub lesson: Lesson,
    /// The program in the flags.
    pub program: ProgramArgs,
    folder: PathBuf,
}

impl Task {
    /// Returns the program in the flags, or else the learner's own. None when there is neither.
    #[must_use]
    pub fn of(lesson: &Lesson, program: ProgramArgs) -> Option<Task> {
        let folder = match (&program.path, &program.program) {
            (Some(path), _) => target::folder_of(path),
            (None, Some(_)) => PathBuf::from("."),
            (None, None) => guide::own_program(lesson)?,
        };
        Some(Task { lesson: lesson.clone(), program, folder })
    }

    /// Returns the folder of the program's sources.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the learner's own program, if it is the watched one. It remains so while it is gone for a moment; otherwise, the
    /// lesson's program would be judged in its place.
    pub(super) fn own(&self) -> Option<PathBuf> {
        (self.program.path.is_none() && self.program.program.is_none()).then(|| self.folder.clone())
    }

    /// Returns the kind of files that matter.
    pub(super) fn kind(&self) -> WatchedKind {
        if self.program.program.is_some() { WatchedKind::Sources } else { WatchedKind::Package }
    }

    /// Names the watched program, for the output.
    pub(super) fn display_name(&self) -> String {
        match &self.program.program {
            Some(_) => "the sources in this folder".to_owned(),
            None => kit::display_path(&self.folder),
        }
    }
}
