//! Requirements on programs that send the words of their command line, each time they are run.

use recording::ProgramRun;

use crate::{
    ending,
    fault::{Fault, faults::task as faults},
    printed, sending,
    transcript::Transcript,
    verdict::StepResult,
};

/// One run of such a program.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    /// The run. Its arguments are the words that were typed after the program's name.
    pub run: &'a ProgramRun,
    /// The message that the program sends when nothing was typed.
    default: &'a str,
}

impl<'a> Typed<'a> {
    /// Returns a run of a program that sends `default` when nothing was typed.
    #[must_use]
    pub fn new(run: &'a ProgramRun, default: &'a str) -> Typed<'a> {
        Typed { run, default }
    }

    /// Returns the words that were typed.
    fn words(&self) -> &'a [String] {
        &self.run.arguments
    }

    /// Returns the text that the program had to send.
    #[must_use]
    pub fn text(&self) -> String {
        if self.words().is_empty() { self.default.to_owned() } else { self.words().join(" ") }
    }

    /// Returns the words of the call, for people.
    fn typed(&self) -> String {
        match self.words() {
            [] => "without words".to_owned(),
            words => format!("with {}", shell_words::join(words)),
        }
    }
}

/// Checks a requirement on the first run, which stands for the others.
///
/// # Errors
///
/// The fault in the first run, or that there is none.
pub fn first(runs: &[Typed<'_>], requirement: impl Fn(&ProgramRun) -> StepResult) -> StepResult {
    let Some(first) = runs.first() else { return Err(faults::not_started()) };
    requirement(first.run).map_err(|fault| fault.of_run(first.run))
}

/// Checks a requirement on every run. The evidence is that of the last.
///
/// # Errors
///
/// The first fault.
pub fn each(runs: &[Typed<'_>], requirement: impl Fn(&Typed<'_>) -> StepResult) -> StepResult {
    let mut shown = String::new();
    for run in runs {
        shown = requirement(run).map_err(|fault| fault.of_run(run.run))?;
    }
    Ok(shown)
}

/// Checks that each run sends one message to the queue, with the typed words as its body.
///
/// # Errors
///
/// The first fault.
pub fn each_its_own(runs: &[Typed<'_>], queue: &str) -> StepResult {
    let shown = each(runs, |run| {
        if let Some(fault) = word_by_word(run) {
            return Err(fault);
        }
        let (said, _, content) = sending::the_message(run.run).map_err(|fault| only_now(runs, run).unwrap_or(fault))?;
        let text = run.text();
        sending::one_message(run.run, queue, &text)?;
        if content.body == text.as_bytes() && content.complete {
            return Ok(said.line());
        }
        Err(wrong_body(runs, run, &String::from_utf8_lossy(&content.body)))
    })?;
    Ok(format!("{shown}; {} runs, each with its own task", runs.len()))
}

/// Returns the fault if the program sent nothing in this run, and did better in another.
fn only_now(runs: &[Typed<'_>], run: &Typed<'_>) -> Option<Fault> {
    let sends = |run: &Typed<'_>| Transcript::of(run.run).publishes().next().is_some();
    if sends(run) {
        return None;
    }
    let started = format!("started {}\n{}", run.typed(), ending::last_words(run.run));
    if run.words().is_empty() && runs.iter().any(sends) {
        return Some(faults::no_default().seen(started));
    }
    let reaches = |run: &Typed<'_>| !Transcript::of(run.run).is_empty();
    let only_without = !reaches(run) && runs.first().is_some_and(reaches);
    only_without.then(|| faults::no_connection().seen(started))
}

/// Returns the fault if each word is a message of its own.
fn word_by_word(run: &Typed<'_>) -> Option<Fault> {
    let sent: Vec<_> = Transcript::of(run.run).publishes().collect();
    let task = run.text();
    let apart =
        sent.len() > 1 && task.split(' ').map(str::as_bytes).eq(sent.iter().map(|(_, _, content)| &content.body[..]));
    apart.then(|| faults::word_by_word().all(sent.iter().take(3).map(|(said, ..)| *said)))
}

/// Returns whether the program sent the words of another run, in which several were typed.
fn takes_several(runs: &[Typed<'_>]) -> bool {
    runs.iter().filter(|run| run.words().len() > 1).any(|run| {
        let task = run.text();
        Transcript::of(run.run).publishes().any(|(_, _, content)| content.body == task.as_bytes())
    })
}

fn wrong_body(runs: &[Typed<'_>], run: &Typed<'_>, body: &str) -> Fault {
    let (typed, task) = (run.typed(), &*run.text());
    let several = run.words().len() > 1;
    let is_path = run.words().is_empty() && body.contains(std::path::MAIN_SEPARATOR);
    let fault = if is_path || (body.ends_with(task) && body.len() > task.len() && body.trim() == body) {
        faults::program_name()
    } else if body == run.default && run.words().len() == 1 && takes_several(runs) {
        faults::one_word_ignored()
    } else if body == run.default && task != run.default {
        faults::words_ignored()
    } else if body.trim() == task {
        match body.strip_prefix(task) {
            Some(more) => faults::white_space_after(printed::white_space(more)),
            None => faults::white_space_around(),
        }
    } else if several && run.words().first().is_some_and(|word| word == body) {
        faults::first_word_only()
    } else if several && run.words().last().is_some_and(|word| word == body) {
        faults::last_word_only()
    } else if several && run.words().concat() == body {
        faults::no_spaces()
    } else if body.trim_matches(['"', '\'', '[', ']']) == task || body.contains("\", \"") {
        faults::debug_form()
    } else if body.is_empty() && task == run.default {
        faults::empty_default()
    } else if task == run.default {
        faults::other_default()
    } else {
        faults::other(shell_words::join(run.words()))
    };
    fault.seen(format!("started {typed}\n{}", printed::difference(task, body)))
}
