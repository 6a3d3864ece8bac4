//! Requirements on programs that send the words of their command line, each time they are run.

use recording::ProgramRun;
use wire::words::quoted;

use crate::{
    ending,
    fault::{Fault, Phrase, faults::task as faults},
    printed, sending,
    transcript::Transcript,
    verdict::StepResult,
};

/// One run of such a program.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    /// The run. Its arguments are the words that were typed after the program's name.
    pub run: &'a ProgramRun,
    /// The text that the program sends when no text was typed, and others that count as right.
    defaults: &'a [&'a str],
    /// The number of arguments in front of the text.
    in_front: usize,
    /// The word for such a text: `task`.
    noun: &'static str,
}

impl<'a> Typed<'a> {
    /// Returns a run of a program that sends the first of `defaults` when nothing was typed; the others are as good. `noun` is the
    /// word for such a text.
    #[must_use]
    pub fn new(run: &'a ProgramRun, defaults: &'a [&'a str], noun: &'static str) -> Typed<'a> {
        Typed { run, defaults, in_front: 0, noun }
    }

    /// Returns the run, of a program that takes this number of arguments in front of its text.
    #[must_use]
    pub fn behind(self, in_front: usize) -> Typed<'a> {
        Typed { in_front, ..self }
    }

    /// Returns the words of the text that were typed.
    #[must_use]
    pub fn words(&self) -> &'a [String] {
        self.run.arguments.get(self.in_front..).unwrap_or_default()
    }

    /// Returns the text that the program had to send.
    #[must_use]
    pub fn text(&self) -> String {
        if self.words().is_empty() { self.default().to_owned() } else { self.words().join(" ") }
    }

    /// Returns whether this body is the text that the program had to send.
    #[must_use]
    pub fn is_right(&self, body: &[u8]) -> bool {
        if self.words().is_empty() {
            return self.defaults.iter().any(|text| text.as_bytes() == body);
        }
        self.text().as_bytes() == body
    }

    /// Returns the phrase for what was not typed.
    fn without(&self) -> Phrase {
        if self.in_front > 0 { faults::a_text() } else { faults::words() }
    }

    fn default(&self) -> &'a str {
        self.defaults.first().copied().unwrap_or_default()
    }

    /// Returns the words of the call, for people.
    fn typed(&self) -> String {
        with_arguments(self.run)
    }
}

/// Returns the arguments that a program was started with, for people: `with the argument info`.
#[must_use]
pub fn with_arguments(run: &ProgramRun) -> String {
    match run.arguments.as_slice() {
        [] => "without arguments".to_owned(),
        [word] => format!("with the argument {}", shell_words::quote(word)),
        words => format!("with the arguments {}", shell_words::join(words)),
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

/// Checks that each run sends one message, with the typed words as its body. `confused` returns the fault if the text is in another
/// place of the message.
///
/// # Errors
///
/// The first fault.
pub fn each_its_own(runs: &[Typed<'_>], confused: impl Fn(&Typed<'_>) -> Option<Fault>) -> StepResult {
    let shown = each(runs, |run| {
        if let Some(fault) = word_by_word(run) {
            return Err(fault);
        }
        let (said, _, content) = sending::the_message(run.run).map_err(|fault| only_now(runs, run).unwrap_or(fault))?;
        if let Some(fault) = confused(run) {
            return Err(fault);
        }
        if run.is_right(&content.body) && content.complete {
            return Ok(said.line());
        }
        Err(wrong_body(runs, run, &String::from_utf8_lossy(&content.body)))
    })?;
    let noun = runs.first().map_or("text", |run| run.noun);
    Ok(format!("{shown}; {} runs, each with its own {noun}", runs.len()))
}

/// Returns the fault if the program sent nothing in this run, and did better in another.
fn only_now(runs: &[Typed<'_>], run: &Typed<'_>) -> Option<Fault> {
    let sends = |run: &Typed<'_>| Transcript::of(run.run).publishes().next().is_some();
    if sends(run) {
        return None;
    }
    let started = format!("started {}\n{}", run.typed(), ending::last_words(run.run));
    if run.run.arguments.is_empty() && runs.iter().any(sends) {
        return Some(faults::no_default(run.default()).seen(started));
    }
    let reaches = |run: &Typed<'_>| !Transcript::of(run.run).is_empty();
    let only_without = !reaches(run) && runs.first().is_some_and(reaches);
    only_without.then(|| faults::no_connection(run.noun).seen(started))
}

/// Returns the fault if each word is a message of its own.
fn word_by_word(run: &Typed<'_>) -> Option<Fault> {
    let sent: Vec<_> = Transcript::of(run.run).publishes().collect();
    let task = run.text();
    let apart =
        sent.len() > 1 && task.split(' ').map(str::as_bytes).eq(sent.iter().map(|(_, _, content)| &content.body[..]));
    apart.then(|| faults::word_by_word(run.noun).all(sent.iter().take(3).map(|(said, ..)| *said)))
}

/// Returns whether the program sent the words of another run, in which several were typed.
fn takes_several(runs: &[Typed<'_>]) -> bool {
    runs.iter().filter(|run| run.words().len() > 1).any(|run| {
        let task = run.text();
        Transcript::of(run.run).publishes().any(|(_, _, content)| content.body == task.as_bytes())
    })
}

/// Returns whether this body is the text of the run without its first word. Of two words, that is the last, too.
fn starts_late(run: &Typed<'_>, body: &str) -> bool {
    run.words().len() > 1 && run.words()[1..].join(" ") == body
}

fn starts_late_in(run: &Typed<'_>) -> bool {
    let mut sent = Transcript::of(run.run).publishes();
    sent.any(|(_, _, content)| starts_late(run, &String::from_utf8_lossy(&content.body)))
}

/// Returns whether this body is the text with quotes or brackets around it. Python has a `b` in front of bytes.
fn is_debug_form(body: &str, text: &str) -> bool {
    let plain = |body: &str| body.trim_matches(['"', '\'', '[', ']']) == text;
    plain(body) || body.strip_prefix('b').is_some_and(plain)
}

/// Returns whether a text looks like the path or the file of a program.
fn is_program(text: &str) -> bool {
    let of_a_file = |(_, end): (&str, &str)| (1..=4).contains(&end.len()) && end.chars().all(char::is_alphanumeric);
    text.contains(std::path::MAIN_SEPARATOR) || text.rsplit_once('.').is_some_and(of_a_file)
}

fn wrong_body(runs: &[Typed<'_>], run: &Typed<'_>, body: &str) -> Fault {
    let (typed, task) = (run.typed(), &*run.text());
    let (default, noun) = (run.default(), run.noun);
    let several = run.words().len() > 1;
    let is_path = run.words().is_empty() && body.contains(std::path::MAIN_SEPARATOR);
    let in_front = body.strip_suffix(task).map(str::trim).filter(|more| !more.is_empty() && body.trim() == body);
    let fault = if is_path || in_front.is_some_and(is_program) {
        faults::program_name()
    } else if let Some(more) = in_front.filter(|more| more.contains(char::is_alphanumeric)) {
        faults::more_in_front(quoted(more.as_bytes()))
    } else if (run.words().len() > 2 && starts_late(run, body)) || (body == default && runs.iter().any(starts_late_in))
    {
        faults::first_word_missing(noun)
    } else if body == default && run.words().len() == 1 && takes_several(runs) {
        if run.in_front > 0 { faults::one_text_word_ignored(default) } else { faults::one_word_ignored(default) }
    } else if body == default && task != default {
        let place = if run.in_front == 0 { faults::all_arguments() } else { faults::after_the_key() };
        faults::words_ignored(default, noun, place)
    } else if body.trim() == task {
        match body.strip_prefix(task) {
            Some(more) => faults::white_space_after(printed::white_space(more), noun),
            None => faults::white_space_around(noun),
        }
    } else if several && run.words().first().is_some_and(|word| word == body) {
        faults::first_word_only(noun)
    } else if several && run.words().last().is_some_and(|word| word == body) {
        faults::last_word_only(noun)
    } else if several && run.words().concat() == body {
        faults::no_spaces()
    } else if is_debug_form(body, task) || body.contains("\", \"") {
        faults::debug_form()
    } else if body.is_empty() && task == default {
        faults::empty_default(run.without(), default)
    } else if run.words().is_empty() {
        faults::other_default(run.without(), default)
    } else {
        faults::other(shell_words::join(&run.run.arguments))
    };
    fault.seen(format!("started {typed}\n{}", printed::difference(task, body)))
}
