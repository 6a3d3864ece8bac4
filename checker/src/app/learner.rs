//! The commands that need no broker: progress, the start of a lesson, hints, the difference.

use std::process::ExitCode;

#[cfg(feature = "tools")]
use cli::DiffArgs;
use cli::{Exit, HintArgs, ResetArgs, StartArgs};

use super::{find, give_up, known, tell, unwritten};
use crate::{
    conversation, guide,
    lessons::Lesson,
    progress::Progress,
    report,
    start::{self, NotStarted, StartOptions},
    verdict::NotChecked,
};

/// `next`, or `cargo xtask` alone: prints the learner's progress and the next command.
pub fn next() -> ExitCode {
    done(lessons_and_progress().and_then(|(lessons, progress)| answer(&guide::next(&lessons, &progress))))
}

/// `list`: prints all lessons.
pub fn list() -> ExitCode {
    done(lessons_and_progress().and_then(|(lessons, progress)| answer(&guide::list(&lessons, &progress))))
}

/// `start`: writes the program that a learner begins with.
pub fn start(StartArgs { lesson, to, force }: StartArgs) -> ExitCode {
    done(named(&lesson).and_then(|lesson| begin(&lesson, &StartOptions { to, force })))
}

/// `reset`: begins again; the program so far is kept, the progress is not.
pub fn reset(ResetArgs { lesson }: &ResetArgs) -> ExitCode {
    done(named(lesson).and_then(|lesson| {
        begin(&lesson, &StartOptions { to: None, force: true })?;
        let mut progress = progress()?;
        progress.lessons.remove(&lesson.about.id);
        progress.write().and_then(|()| conversation::forget(&lesson.about.id)).map_err(|error| unremembered(&error))
    }))
}

/// `hint`: prints the next one.
pub fn hint(HintArgs { lesson, again }: &HintArgs) -> ExitCode {
    done(named(lesson).and_then(|lesson| {
        let more = format!("cargo xtask hint lesson {}", lesson.number);
        let text = guide::one_more_hint(&lesson, *again, &more).map_err(|error| unremembered(&error))?;
        answer(&text)
    }))
}

#[cfg(feature = "tools")]
/// `diff`: the learner's program beside the lesson's own, once it has passed.
pub fn diff(DiffArgs { lesson, show_me, comments }: &DiffArgs) -> ExitCode {
    done(named(lesson).and_then(|lesson| {
        let number = &lesson.number;
        let own = guide::own_program(&lesson).ok_or_else(|| has_none(&lesson))?;
        if progress()?.of(&lesson.about.id).passed_at.is_none() && !*show_me {
            tell(
                "error",
                &format!("your program for lesson {number} has not passed yet, and this would show the solution"),
            );
            tell("hint", &format!("get one more hint: cargo xtask hint lesson {number}"));
            tell("hint", "add --show-me to see it anyway");
            return Err(Exit::Usage.into());
        }
        let text = crate::diff::diff(&lesson, &own, *comments).map_err(|error| {
            give_up(&NotChecked { message: format!("The programs can't be compared: {error}."), hints: Vec::new() })
        })?;
        answer(&text)?;
        if !*comments {
            report::say(&format!("compare the comments, too: cargo xtask diff lesson {number} --comments"));
        }
        Ok(())
    }))
}

/// Reports that the learner has no program for this lesson yet.
#[cfg(feature = "tools")]
pub fn has_none(lesson: &Lesson) -> ExitCode {
    tell("error", &format!("you have no program for lesson {} yet", lesson.number));
    tell("hint", &format!("begin one: cargo xtask start lesson {}", lesson.number));
    Exit::Usage.into()
}

fn begin(lesson: &Lesson, options: &StartOptions) -> Result<(), ExitCode> {
    match start::start(lesson, options) {
        Ok(started) => answer(&start::describe(lesson, &started)),
        Err(why) => {
            tell("error", &why.to_string());
            start::hints(lesson, options, &why).iter().for_each(|hint| tell("hint", hint));
            Err(match why {
                NotStarted::IsThere(_) | NotStarted::KitsOwn(_) => Exit::Usage.into(),
                NotStarted::Io(_) | NotStarted::Lesson { .. } => Exit::NotChecked.into(),
            })
        }
    }
}

pub(super) fn done(done: Result<(), ExitCode>) -> ExitCode {
    done.err().unwrap_or(Exit::Passed.into())
}

pub(super) fn answer(text: &str) -> Result<(), ExitCode> {
    report::print(text).map_err(|error| unwritten(&error).into())
}

fn named(name: &str) -> Result<Lesson, ExitCode> {
    known().and_then(|lessons| find(&lessons, name))
}

fn lessons_and_progress() -> Result<(Vec<Lesson>, Progress), ExitCode> {
    Ok((known()?, progress()?))
}

fn progress() -> Result<Progress, ExitCode> {
    Progress::read().map_err(|error| unremembered(&error))
}

fn unremembered(error: &std::io::Error) -> ExitCode {
    give_up(&NotChecked { message: format!("Your progress can't be read or written: {error}."), hints: Vec::new() })
}
