//! The output of a watch, and its keys.

use cli::{Exit, ProgramArgs};

use crate::{
    conversation, guide,
    lessons::Lesson,
    remember,
    report::{self, text},
    verdict::{Report, Verdict},
    watch::{Task, Trouble, keys::Key},
};

/// A request to the watch.
pub enum Action {
    /// Check again.
    Check,
    /// Continue with another program.
    Next(Box<Task>),
    /// End.
    End,
}

/// The part of a watch that prints reports and answers keys.
pub struct WatchUi<'a> {
    lessons: &'a [Lesson],
    lesson: Lesson,
    has_keys: bool,
    /// The last finished check of this lesson.
    last: Option<Report>,
    exit: Exit,
}

impl<'a> WatchUi<'a> {
    /// Returns one that has seen no check.
    pub fn new(lessons: &'a [Lesson], lesson: &Lesson, has_keys: bool) -> WatchUi<'a> {
        WatchUi { lessons, lesson: lesson.clone(), has_keys, last: None, exit: Exit::NotChecked }
    }

    /// Switches to this lesson.
    pub fn begin(&mut self, lesson: &Lesson) {
        self.lesson = lesson.clone();
        self.last = None;
    }

    /// Returns the exit code of the last finished check.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Remembers the result of a check, and prints it.
    pub fn finished(&mut self, report: Report) -> Result<(), Trouble> {
        self.exit = report.verdict.exit();
        remember::remember_or_warn(&report);
        let text = text::report(&report, text::Layout { width: report::width(), wire: false });
        self.last = Some(report);
        self.print(&text)
    }

    /// Handles a key, or returns the request that it makes.
    pub fn pressed(&mut self, key: Key) -> Result<Option<Action>, Trouble> {
        let letter = match key {
            Key::Letter(letter) => letter,
            Key::End => return Ok(Some(Action::End)),
        };
        let text = match letter {
            'q' => return Ok(Some(Action::End)),
            'c' => return Ok(Some(Action::Check)),
            'h' => guide::one_more_hint(&self.lesson, false, "h").unwrap_or_else(|error| {
                format!("there is no hint, because your progress can't be read or written: {error}\n")
            }),
            'w' => self.wire(),
            'b' => wrapped(&format!("the page of lesson {}: {}", self.lesson.number, guide::page(&self.lesson))),
            'n' => match self.next() {
                Ok(task) => return Ok(Some(Action::Next(Box::new(task)))),
                Err(why) => why,
            },
            _ => return Ok(None),
        };
        self.print(&format!("\n{text}")).map(|()| None)
    }

    fn wire(&self) -> String {
        match &self.last {
            Some(report) => conversation::text::of_programs(report, report::width()),
            None => "no check is finished yet, so there is no conversation to show\n".to_owned(),
        }
    }

    /// Returns the next lesson's program, or the reason why it can't be started yet.
    fn next(&self) -> Result<Task, String> {
        let number = &self.lesson.number;
        if self.last.as_ref().is_none_or(|report| report.verdict != Verdict::Passed) {
            return Err(format!("lesson {number} comes first: its last check has not passed\n"));
        }
        let Some(next) = self.following() else {
            return Err(format!("lesson {number} is the last one\n"));
        };
        Task::of(next, ProgramArgs::default()).ok_or_else(|| {
            let (number, title) = (&next.number, &next.about.title);
            format!(
                "lesson {number} · {title}\n\n  start    cargo xtask start lesson {number} (in another terminal, then key n again)\n"
            )
        })
    }

    fn following(&self) -> Option<&'a Lesson> {
        self.lessons.iter().skip_while(|lesson| lesson.about.id != self.lesson.about.id).nth(1)
    }

    /// Prints a text, and the available keys below it.
    fn print(&self, text: &str) -> Result<(), Trouble> {
        let mut text = text.to_owned();
        if self.has_keys {
            let passed = self.last.as_ref().is_some_and(|report| report.verdict == Verdict::Passed);
            let next = if passed && self.following().is_some() { "n next lesson · " } else { "" };
            let keys = format!("{next}h hint · w wire · c check again · b book · q quit");
            text.push_str(&format!("\n{}", wrapped(&keys)));
        }
        report::write(&text).map_err(Trouble::Unwritten)
    }
}

/// Wraps a text to the width of the terminal.
fn wrapped(words: &str) -> String {
    textwrap::fill(words, text::lines_of(report::width())) + "\n"
}
