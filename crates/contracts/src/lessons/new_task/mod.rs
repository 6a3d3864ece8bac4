//! Lesson 03: send a task, the words of the command line, to the queue `task_queue`.

#[cfg(feature = "scenes")]
mod scene;

use fastrand::Rng;
use recording::{ProgramRun, Recording};

use crate::{
    contract::{Contract, Rule},
    durable, ending,
    fault::{Fault, faults::task as faults},
    printed, sending, steps,
    talk::Talk,
    verdict::Finding,
};

/// The queue that the tasks go to.
pub const QUEUE: &str = "task_queue";

/// What is sent when nothing was typed.
const DEFAULT: &str = "Hello World!";

/// The mark of a scene that restarted the broker before it looked into the queue.
pub const RESTARTED: &str = "restarted";

/// The contract.
pub struct NewTask;

/// What was seen.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Each time the program was run.
    pub runs: Vec<Sending<'a>>,
    /// The bodies in the queue afterwards; None when there is no such queue.
    pub queued: Option<Vec<&'a [u8]>>,
    /// The broker was restarted before that.
    pub restarted: bool,
}

/// One run of the program.
#[derive(Debug)]
pub struct Sending<'a> {
    /// What was typed after its name.
    pub words: &'a [String],
    /// What was seen of it.
    pub run: &'a ProgramRun,
}

impl Sending<'_> {
    /// What it had to send.
    fn task(&self) -> String {
        if self.words.is_empty() { DEFAULT.to_owned() } else { self.words.join(" ") }
    }

    /// How it was called, for people.
    fn typed(&self) -> String {
        match self.words {
            [] => "without words".to_owned(),
            words => format!("with {}", shell_words::join(words)),
        }
    }
}

impl Contract for NewTask {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "new-task";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Rule<Self>] = &[
        ("connect", |seen| first(seen, steps::connect)),
        ("declare", |seen| first(seen, |performance| durable::declare(performance, QUEUE))),
        ("message", message),
        ("publish", publish),
        ("print", print),
        ("close", close),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        let runs: Vec<_> = recording.runs.iter().map(|run| Sending { words: &run.arguments, run }).collect();
        let restarted = recording.has(RESTARTED, "");
        (!runs.is_empty()).then(|| Evidence { runs, queued: recording.bodies(QUEUE), restarted })
    }
}

/// What is typed behind the program's name: nothing, one word, several. Chosen at random, so that nobody can send it beforehand;
/// and of ASCII, because what a program makes of other letters there is a matter of its language and of the system's settings.
#[must_use]
pub fn typed(seed: u64) -> Vec<Vec<String>> {
    let mut rng = Rng::with_seed(seed);
    let mut token = || -> String { (0..6).map(|_| rng.char('a'..='z')).collect() };
    vec![Vec::new(), vec![format!("{}.", token())], vec![token(), format!("{}..", token()), token()]]
}

/// A rule about the first run, which stands for the others.
fn first(seen: &Evidence<'_>, rule: impl Fn(&ProgramRun) -> Finding) -> Finding {
    match seen.runs.first() {
        Some(run) => rule(run.run).of_run(run.run),
        None => faults::not_started().into(),
    }
}

/// A rule about every run; what shows that it is right comes from the last.
fn each(seen: &Evidence<'_>, rule: impl Fn(&Sending<'_>) -> Result<String, Fault>) -> Finding {
    let mut shown = String::new();
    for run in &seen.runs {
        match rule(run) {
            Ok(line) => shown = line,
            Err(mistake) => return mistake.of_run(run.run).into(),
        }
    }
    Finding::Passed(shown)
}

/// One message each time, whose body is what was typed.
fn message(seen: &Evidence<'_>) -> Finding {
    let found = each(seen, |run| {
        if let Some(mistake) = word_by_word(run) {
            return Err(mistake);
        }
        let published = sending::the_message(run.run).map_err(|mistake| only_now(seen, run).unwrap_or(mistake))?;
        let (said, _, content) = published;
        if let Some(mistake) = sending::swapped(&published, QUEUE, &run.task()) {
            return Err(mistake);
        }
        let (task, body) = (run.task(), String::from_utf8_lossy(&content.body).into_owned());
        if body == task && content.complete { Ok(said.line()) } else { Err(wrong_body(seen, run, &body)) }
    });
    match found {
        Finding::Passed(line) => Finding::Passed(format!("{line}; {} runs, each with its own task", seen.runs.len())),
        failed @ Finding::Failed(_) => failed,
    }
}

/// The program sent nothing in this run, and did better in another.
fn only_now(seen: &Evidence<'_>, run: &Sending<'_>) -> Option<Fault> {
    let sends = |run: &Sending<'_>| Talk::of(run.run).publishes().next().is_some();
    let started = format!("started {}\n{}", run.typed(), ending::last_words(run.run));
    if run.words.is_empty() && seen.runs.iter().any(sends) {
        return Some(faults::no_default().seen(started));
    }
    let reaches = |run: &Sending<'_>| !Talk::of(run.run).is_empty();
    let only_without = !reaches(run) && seen.runs.first().is_some_and(reaches);
    only_without.then(|| faults::no_connection().seen(started))
}

/// Each word is a message of its own.
fn word_by_word(run: &Sending<'_>) -> Option<Fault> {
    let sent: Vec<_> = Talk::of(run.run).publishes().collect();
    let task = run.task();
    let apart =
        sent.len() > 1 && task.split(' ').map(str::as_bytes).eq(sent.iter().map(|(_, _, content)| &content.body[..]));
    let lines = || sent.iter().take(3).map(|(said, ..)| said.line()).collect::<Vec<_>>().join("\n");
    apart.then(|| faults::word_by_word().seen(lines()))
}

/// Whether the program sent what was typed, in another run, where that was several words.
fn takes_several(seen: &Evidence<'_>) -> bool {
    seen.runs.iter().filter(|run| run.words.len() > 1).any(|run| {
        let task = run.task();
        Talk::of(run.run).publishes().any(|(_, _, content)| content.body == task.as_bytes())
    })
}

fn wrong_body(seen: &Evidence<'_>, run: &Sending<'_>, body: &str) -> Fault {
    let (typed, task) = (run.typed(), &*run.task());
    let several = run.words.len() > 1;
    let is_path = run.words.is_empty() && body.contains(std::path::MAIN_SEPARATOR);
    let fault = if is_path || (body.ends_with(task) && body.len() > task.len() && body.trim() == body) {
        faults::program_name()
    } else if body == DEFAULT && run.words.len() == 1 && takes_several(seen) {
        faults::one_word_ignored()
    } else if body == DEFAULT && task != DEFAULT {
        faults::words_ignored()
    } else if body.trim() == task {
        match body.strip_prefix(task) {
            Some(more) => faults::white_space_after(printed::white_space(more)),
            None => faults::white_space_around(),
        }
    } else if several && run.words.first().is_some_and(|word| word == body) {
        faults::first_word_only()
    } else if several && run.words.last().is_some_and(|word| word == body) {
        faults::last_word_only()
    } else if several && run.words.concat() == body {
        faults::no_spaces()
    } else if body.trim_matches(['"', '\'', '[', ']']) == task || body.contains("\", \"") {
        faults::debug_form()
    } else if body.is_empty() && task == DEFAULT {
        faults::empty_default()
    } else if task == DEFAULT {
        faults::other_default()
    } else {
        faults::other(shell_words::join(run.words))
    };
    fault.seen(format!("started {typed}\n{}", printed::difference(task, body)))
}

/// Through the default exchange, to the queue, persistent; and in the queue afterwards, after a restart where we can make one.
fn publish(seen: &Evidence<'_>) -> Finding {
    let found = each(seen, |run| {
        let published = sending::the_message(run.run)?;
        sending::addressed(run.run, &published, QUEUE)?;
        let (said, ..) = published;
        durable::message(&said)?;
        let is_there = sending::arrived(run.run, &published, QUEUE, seen.queued.as_deref())?;
        let outlived = match (is_there, seen.restarted) {
            (false, _) => "",
            (true, true) => "; it is in the queue, after a restart of the broker",
            (true, false) => "; it is in the queue",
        };
        Ok(said.line() + outlived)
    });
    match found {
        Finding::Passed(line) if !seen.restarted => Finding::Passed(
            line + " (this broker is not ours to restart: durable and persistent are judged by the wire)",
        ),
        found => found,
    }
}

/// The line, on stdout, each time.
fn print(seen: &Evidence<'_>) -> Finding {
    each(seen, |run| sending::print(run.run, &run.task()).into())
}

/// `connection.close` by the program, and exit code 0, each time.
fn close(seen: &Evidence<'_>) -> Finding {
    each(seen, |run| {
        let task = run.task();
        let kept = seen.queued.as_ref().is_some_and(|bodies| bodies.contains(&task.as_bytes()));
        sending::close(run.run, kept).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_chosen_by_the_seed() {
        assert_eq!(typed(7), typed(7));
        assert_ne!(typed(7), typed(8));
        assert_eq!(typed(7).iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 3]);
    }
}
