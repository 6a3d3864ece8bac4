//! The step `request`: a number, the place for its answer, and an id.

use wire::{Content, words::quoted};

use super::{Asked, Caller, DEFAULT, DIRECT, Evidence, queue};
use crate::{
    fault::{Fault, faults::call as faults},
    sending::{self, typed::with_arguments},
    serving::{QUEUE, text},
    steps,
    transcript::{BASIC_PUBLISH, Transcript},
    verdict::StepResult,
};

/// Checks the requests of each client, and its lines about them.
///
/// # Errors
///
/// The fault.
pub fn request(seen: &Evidence<'_>) -> StepResult {
    seen.each(|client| {
        let transcript = Transcript::of(client.run);
        let declares = |name: &str, passive: bool| name == QUEUE && !passive;
        if transcript.declares().any(|(_, declare)| declares(declare.queue.as_str(), declare.passive)) {
            steps::declare(client.run, QUEUE)?;
        }
        let Some(first) = client.requests.first() else { return Err(not_sent(client)) };
        if let Some(close) = transcript.refusal(BASIC_PUBLISH) {
            let is_direct = first.reply_to() == Some(DIRECT);
            return Err(match is_direct {
                true => close.show_in(transcript, faults::direct_too_early().at(&first.said)),
                false => close.fault(transcript, faults::refused()),
            });
        }
        for asked in &client.requests {
            has_address(client, asked)?;
        }
        has_number(client)?;
        for asked in &client.requests {
            has_line(client, asked)?;
        }
        Ok(first.said.line())
    })
}

/// Returns the fault of a client without a request in the right queue.
fn not_sent(client: &Caller<'_>) -> Fault {
    match Transcript::of(client.run).publishes().next() {
        Some(published) => sending::is_addressed(client.run, &published, QUEUE)
            .err()
            .unwrap_or_else(|| faults::refused().at(&published.0)),
        None => sending::the_message(client.run).err().unwrap_or_else(faults::refused),
    }
}

/// Checks the two properties by which an answer finds its way.
fn has_address(client: &Caller<'_>, asked: &Asked<'_>) -> Result<(), Fault> {
    let own = queue::for_answers(client.run);
    let direct = queue::is_direct(client.run);
    match asked.reply_to() {
        None if in_headers(asked.content, "reply") => return Err(faults::in_headers().at(&asked.said)),
        None => return Err(faults::no_reply_to().at(&asked.said)),
        Some(DIRECT) if direct => {}
        Some(DIRECT) => return Err(faults::direct_unread().at(&asked.said)),
        Some(QUEUE) => return Err(faults::reply_to_requests().at(&asked.said)),
        Some(name) if own.iter().any(|(_, other)| *other == name) => {}
        Some(name) => return Err(faults::other_reply_to(quoted(name.as_bytes())).at(&asked.said)),
    }
    if asked.id().is_some() {
        return Ok(());
    }
    let elsewhere = text(asked.content.properties.message_id()).is_some() || in_headers(asked.content, "correlation");
    Err(if elsewhere { faults::id_elsewhere() } else { faults::no_id() }.at(&asked.said))
}

/// Returns whether a message has a header whose name contains this word.
fn in_headers(content: &Content, word: &str) -> bool {
    let headers = content.properties.headers().as_ref();
    headers.is_some_and(|headers| headers.inner().keys().any(|key| key.as_str().contains(word)))
}

/// Checks that the client asks for the number that was typed, or for 30.
fn has_number(client: &Caller<'_>) -> Result<(), Fault> {
    let typed = client.run.arguments.first().map_or(DEFAULT, String::as_str);
    let started = format!("started {}", with_arguments(client.run));
    for asked in &client.requests {
        let body: &[u8] = &asked.content.body;
        let number: u64 = typed.parse().unwrap_or_default();
        let small = u32::try_from(number).unwrap_or_default();
        let binary = [&number.to_be_bytes()[..], &number.to_le_bytes(), &small.to_be_bytes(), &small.to_le_bytes()];
        let of_a_byte = body == [u8::try_from(number).unwrap_or_default()];
        let fault = if asked.text().parse::<u64>().is_ok_and(|number| number.to_string() == asked.text()) {
            continue;
        } else if binary.contains(&body) || of_a_byte {
            faults::binary(typed)
        } else if body.is_empty() {
            faults::empty(typed)
        } else {
            faults::more_than_number(quoted(body), typed)
        };
        return Err(fault.seen(started).at(&asked.said));
    }
    let is_it = |asked: &Asked<'_>| [typed, DEFAULT].contains(&asked.text().as_str());
    // Without a number, the public tutorials ask for different ones.
    let is_right = client.run.arguments.is_empty() || client.requests.iter().any(is_it);
    match client.requests.first() {
        Some(asked) if !is_right => Err(faults::other_number(asked.text(), typed).seen(started).at(&asked.said)),
        _ => Ok(()),
    }
}

/// Checks that the client prints a line about this request.
fn has_line(client: &Caller<'_>, asked: &Asked<'_>) -> Result<(), Fault> {
    let number = asked.text();
    let expected = format!(" [x] Requesting fib({number})");
    steps::line_on_stdout(client.run, &expected, |line| is_line_about(line, &number))
}

/// Returns whether a line is about a request for this number. Quotes, capitals and the words around are free.
fn is_line_about(line: &str, number: &str) -> bool {
    let Some(rest) = line.strip_prefix(" [x]") else { return false };
    let plain: String = rest.to_lowercase().chars().filter(|c| !matches!(c, '\'' | '"')).collect();
    plain.contains("request") && plain.contains(&format!("fib({number})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_about_a_request_in_the_form_of_any_tutorial() {
        for line in [" [x] Requesting fib(6)", " [x] Requesting Fib('6')", " [x] Requesting fib(6) ..."] {
            assert!(is_line_about(line, "6"), "{line}");
        }
        for line in ["Requesting fib(6)", " [x] Requesting fib(16)", " [.] Requesting fib(6)", " [x] Requesting 6"] {
            assert!(!is_line_about(line, "6"), "{line}");
        }
    }
}
