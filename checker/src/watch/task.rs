//! The program that is watched, and its folder.

use harness::kit;
use std::path::{Path, PathBuf};

use cli::ProgramArgs;

use crate::{guide, lessons::Lesson, program::target, watch::changes::WatchedKind};

/// A program to watch.
#[derive(Debug)]
pub struct Task {
    /// The lesson it is for.
    pub lesson: Lesson,
    /// The program in the flags.
    pub program: ProgramArgs,
    folder: PathBuf,
}

impl Task {
    /// The program that the flags name, or else the learner's own. None when there is neither.
    #[must_use]
    pub fn of(lesson: &Lesson, program: ProgramArgs) -> Option<Task> {
        let folder = match (&program.path, &program.program) {
            (Some(path), _) => target::folder_of(path),
            (None, Some(_)) => PathBuf::from("."),
            (None, None) => guide::own_program(lesson)?,
        };
        Some(Task { lesson: lesson.clone(), program, folder })
    }

    /// The folder of its sources.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The learner's own program, where that is what is watched. It stays that when it is gone for a moment, or the lesson's
    /// program would be judged in its place.
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
