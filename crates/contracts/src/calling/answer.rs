//! The step `answer`: each client prints the answer to its own request, once, and no other.

use std::time::Duration;

use wire::{Content, protocol::basic};

use super::{Asked, Caller, Evidence, GOT};
use crate::{
    ending,
    fault::{Fault, faults::call as faults},
    printed, receiving,
    serving::{addressed, fibonacci},
    steps,
    transcript::{MethodEvent, Transcript},
    verdict::StepResult,
};

/// A message that the broker delivered.
type Delivery<'a> = (MethodEvent<'a>, &'a basic::Deliver, &'a Content);

/// The time after its answer at which a program did not end because of it.
const LATER: Duration = Duration::from_secs(1);

/// Checks that each client prints the answer to each of its requests, once.
///
/// # Errors
///
/// The fault.
pub fn answered(seen: &Evidence<'_>) -> StepResult {
    seen.each(|client| {
        let mut shown = None;
        for asked in &client.requests {
            let line = is_answered(client, asked)?;
            shown.get_or_insert(line);
        }
        Ok(shown.unwrap_or_default())
    })
}

fn is_answered(client: &Caller<'_>, asked: &Asked<'_>) -> StepResult {
    let run = client.run;
    let deliveries: Vec<Delivery<'_>> = Transcript::of(run).deliveries().collect();
    let has_id = |content: &Content| addressed(content).0.filter(|id| !id.is_empty()) == asked.id();
    let own = deliveries.iter().find(|(said, _, content)| said.order > asked.said.order && has_id(content));
    let is_of_a_request = |content: &Content| client.requests.iter().any(|asked| addressed(content).0 == asked.id());
    let foreign = deliveries.iter().find(|(_, _, content)| !is_of_a_request(content));
    let lines = run.stdout.lines();
    if let Some((said, _, content)) = foreign
        && let Some(line) = lines.iter().find(|line| is_line_about(line, &text_of(content)))
    {
        return Err(faults::foreign_printed().at(said).at(&asked.said).line(line));
    }
    let Some((said, _, content)) = own else { return Err(without_answer(client, asked, foreign)) };
    let answer = text_of(content);
    let count = lines.iter().filter(|line| is_line_about(line, &answer)).count();
    match count {
        1 => Ok(format!("{GOT} {answer}")),
        0 => Err(not_printed(client, asked, said, &answer).at(said)),
        _ => Err(faults::printed_twice().at(said).line(lines.join("\n"))),
    }
}

fn text_of(content: &Content) -> String {
    String::from_utf8_lossy(&content.body).into_owned()
}

/// Returns whether a line is about this answer. The words and quotes around the number are free.
fn is_line_about(line: &str, answer: &str) -> bool {
    let Some(rest) = line.strip_prefix(" [.]") else { return false };
    rest.split(|letter: char| !letter.is_ascii_digit()).any(|word| word == answer)
}

/// Returns the fault of a client that ended, or gave up, before its own answer came.
fn without_answer(client: &Caller<'_>, asked: &Asked<'_>, foreign: Option<&Delivery<'_>>) -> Fault {
    let run = client.run;
    if let Some(fault) = computed(client, asked) {
        return fault;
    }
    if let Some((said, ..)) = foreign {
        return faults::foreign_ends().at(&asked.said).at(said).line(ending::last_words(run));
    }
    let ended = receiving::ended_by_itself(run);
    let cut_short = ending::panic_of(run).or_else(|| ending::cut_short(run));
    match cut_short {
        Some(fault) => fault,
        None if ended => faults::ends_early().at(&asked.said).line(ending::last_words(run)),
        None => faults::none_came().at(&asked.said).line(ending::last_words(run)),
    }
}

/// Returns the fault of a client that computed the number itself.
fn computed(client: &Caller<'_>, asked: &Asked<'_>) -> Option<Fault> {
    let right = fibonacci(asked.text().parse::<u64>().unwrap_or_default().min(90)).to_string();
    let lines = client.run.stdout.lines();
    let line = lines.iter().find(|line| is_line_about(line, &right))?;
    Some(faults::computed().at(&asked.said).line(line))
}

/// Returns the fault of a client whose answer came, and was not printed.
fn not_printed(client: &Caller<'_>, asked: &Asked<'_>, came: &MethodEvent<'_>, answer: &str) -> Fault {
    let run = client.run;
    if let Some(fault) = computed(client, asked) {
        return fault;
    }
    let got: Vec<String> = run.stdout.lines().into_iter().filter(|line| line.starts_with(" [.]")).collect();
    let expected = format!("{GOT} {answer}");
    if let Some(line) = got.iter().find(|line| printed::has_bytes_of(line, answer)) {
        return faults::byte_numbers().line(printed::difference(&expected, line));
    }
    if let Some(line) = got.iter().find(|line| line.contains(char::is_numeric)) {
        return faults::other_printed().line(printed::difference(&expected, line));
    }
    if let Some(fault) = ending::panic_of(run) {
        return fault;
    }
    // A program with a time limit of its own gives up some time later.
    let waits_on = run.exit.is_none_or(|exit| exit.overdue || exit.at > came.at + LATER);
    if let Err(fault) = steps::line_on_stdout(run, &expected, |line| is_line_about(line, answer))
        && (!got.is_empty() || run.stdout.lines().iter().chain(&run.stderr.lines()).any(|line| line.contains(answer)))
    {
        return fault;
    }
    if waits_on { faults::waits_on() } else { faults::not_printed() }.line(format!("expected: {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_about_an_answer_in_the_form_of_any_tutorial() {
        for line in [" [.] Got 123456", " [.] Got '123456'", " [.] Received: 123456", " [.] Got b'123456'"] {
            assert!(is_line_about(line, "123456"), "{line}");
        }
        for line in [" [x] Got 123456", " [.] Got 1234567", "Got 123456", " [.] Got 12345.6"] {
            assert!(!is_line_about(line, "123456"), "{line}");
        }
    }
}
