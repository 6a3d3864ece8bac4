//! The steps `receive` and `answer`: a line for each request, and the right answer at the right place.

use wire::{Content, Method, protocol::basic, words::quoted};

use super::{Evidence, QUEUE, Request, Server, addressed, fibonacci, text};
use crate::{
    ending,
    fault::{Fault, faults::serve as faults},
    printed,
    receiving::{self, Delivered},
    steps,
    transcript::{BASIC_PUBLISH, Close, MethodEvent, Transcript},
    verdict::StepResult,
};

/// A message that a server published, perhaps as an answer.
pub(super) type Published<'a> = (MethodEvent<'a>, &'a basic::Publish, &'a Content);

/// Checks that the first server prints a line for each of the good requests that it got.
///
/// # Errors
///
/// The fault.
pub fn received(seen: &Evidence<'_>) -> StepResult {
    let Some(server) = seen.servers.first() else { return Ok(String::new()) };
    let mut shown = None;
    let taken = taken(seen, server)?;
    for delivered in &taken {
        let line = has_line(server, delivered).map_err(|fault| fault.of_run(server.run))?;
        shown.get_or_insert(line);
    }
    let closed = Transcript::of(server.run).closes(wire::Peer::Broker).next().is_some();
    let ended = receiving::ended_by_itself(server.run) && ending::panic_of(server.run).is_none() && !closed;
    if ended && taken.len() < seen.plan.good.len() && taken.iter().all(|delivered| delivered.acked.is_some()) {
        return Err(not_delivered(server).of_run(server.run));
    }
    Ok(shown.unwrap_or_default())
}

/// Returns the first deliveries of the good requests, up to one that did not come, or that was in hand when the program ended.
/// What keeps the others back is for a later step.
fn taken<'s, 'a>(seen: &'s Evidence<'a>, server: &'s Server<'a>) -> Result<Vec<&'s Delivered<'a>>, Fault> {
    let is_over = receiving::ended_by_itself(server.run) && ending::panic_of(server.run).is_none();
    let refused = receiving::refused(server.run).is_some();
    let has_line = |delivered: &Delivered<'_>| {
        let body = String::from_utf8_lossy(delivered.body);
        server.run.stdout.lines().iter().any(|line| is_line_about(line, &body))
    };
    let counts = |delivered: &&Delivered<'_>| {
        let is_done = delivered.acked.is_some() || delivered.rejected.is_some();
        is_done || !refused && (!is_over || has_line(delivered))
    };
    let mut requests = seen.plan.good.iter();
    let first =
        requests.next().and_then(|request| server.deliveries(request).next()).filter(|first| refused || counts(first));
    let Some(first) = first else { return Err(not_delivered(server).of_run(server.run)) };
    let others = requests.map_while(|request| server.deliveries(request).next().filter(counts));
    Ok(std::iter::once(first).chain(others).collect())
}

fn has_line(server: &Server<'_>, delivered: &Delivered<'_>) -> StepResult {
    let body = String::from_utf8_lossy(delivered.body);
    let expected = format!(" [.] fib({body})");
    let lines = server.run.stdout.lines();
    let fits = |line: &str| is_line_about(line, &body);
    if let Some(line) = lines.iter().find(|line| fits(line)) {
        return Ok(line.clone());
    }
    if let Some(line) = lines.iter().find(|line| printed::has_bytes_of(line, &body)) {
        return Err(faults::byte_numbers().seen(printed::difference(&expected, line)));
    }
    steps::line_on_stdout(server.run, &expected, fits)
        .map_err(|fault| ending::cut_short(server.run).unwrap_or(fault).about(&delivered.said))?;
    Ok(expected)
}

/// Returns whether a line is about a request for this number. Quotes, capitals and the words after it are free.
pub(super) fn is_line_about(line: &str, number: &str) -> bool {
    let Some(rest) = line.strip_prefix(" [.]") else { return false };
    let plain: String = rest.to_lowercase().replace("b'", "").chars().filter(|c| !matches!(c, '\'' | '"')).collect();
    plain.contains(&format!("fib({number})"))
}

/// Returns the fault of a server to which the broker delivered nothing, or not all.
pub(super) fn not_delivered(server: &Server<'_>) -> Fault {
    let transcript = Transcript::of(server.run);
    if let Some(fault) = receiving::refused(server.run).or_else(|| ending::panic_of(server.run)) {
        return fault;
    }
    if let Some(close) = transcript.closes(wire::Peer::Broker).next() {
        return close.fault(transcript, faults::closed());
    }
    if let Some(said) = receiving::goodbye(server.run) {
        return faults::stops().at(&said);
    }
    if receiving::ended_by_itself(server.run) {
        let is_done = |delivered: &Delivered<'_>| delivered.acked.is_some() || delivered.rejected.is_some();
        let fault = if server.ledger.iter().any(is_done) { faults::ended_after_first() } else { faults::ended() };
        return ending::cut_short(server.run).unwrap_or_else(|| fault.seen(ending::last_words(server.run)));
    }
    // With a limit of 1, a request that is not acknowledged keeps the others back.
    let open = server.ledger.iter().find(|delivered| delivered.acked.is_none() && delivered.rejected.is_none());
    match open {
        Some(open) => faults::keeps_one().at(&open.said),
        None => faults::none_delivered().seen(ending::last_words(server.run)),
    }
}

/// Checks that the first server answers each of the good requests that it got, once.
///
/// # Errors
///
/// The fault.
pub fn answered(seen: &Evidence<'_>) -> StepResult {
    let Some(server) = seen.servers.first() else { return Ok(String::new()) };
    if let Some(close) = Transcript::of(server.run).refusal(BASIC_PUBLISH) {
        return Err(refused(server, &close).of_run(server.run));
    }
    let mut shown = None;
    for (index, request) in seen.plan.good.iter().enumerate().take(taken(seen, server)?.len()) {
        let before = &seen.plan.good[..index];
        let line = has_answer(server, request, before).map_err(|fault| fault.of_run(server.run))?;
        shown.get_or_insert(line);
    }
    Ok(shown.unwrap_or_default())
}

/// Returns the fault of an answer that the broker refused.
fn refused(server: &Server<'_>, close: &Close<'_>) -> Fault {
    let transcript = Transcript::of(server.run);
    let exchange = transcript.refused(close).and_then(|said| match said.method {
        Method::Basic(basic::AMQPMethod::Publish(publish)) => Some(publish.exchange.as_str()),
        _ => None,
    });
    match exchange.filter(|exchange| !exchange.is_empty()) {
        Some(exchange) => close.show_in(transcript, faults::other_exchange(quoted(exchange.as_bytes()))),
        None => close.fault(transcript, faults::closed()),
    }
}

/// Checks that a server answers a good request, once. `before` are the requests that were sent before it.
pub(super) fn has_answer(server: &Server<'_>, request: &Request, before: &[Request]) -> StepResult {
    let Some(delivered) = server.deliveries(request).next() else { return Err(not_delivered(server)) };
    let right: Vec<Published<'_>> = answers(server, request).collect();
    let times = server.deliveries(request).count();
    match right.as_slice() {
        [] => Err(no_right_answer(server, request, delivered, before)),
        [(one, ..), (two, ..), ..] if right.len() > times => Err(faults::twice().at(&delivered.said).at(one).at(two)),
        [(said, ..), ..] => match another(server, request, delivered) {
            Some(other) => Err(faults::another_message().at(&delivered.said).at(&other).at(said)),
            None => Ok(said.line()),
        },
    }
}

/// Returns a message with the id of a good request, in its client's queue, that came before the next request and is not the answer.
fn another<'a>(server: &Server<'a>, request: &Request, delivered: &Delivered<'a>) -> Option<MethodEvent<'a>> {
    let right = request.answer()?;
    let is_one = |(_, publish, content): &Published<'_>| {
        let is_there = request.reply_to.as_deref() == Some(publish.routing_key.as_str());
        is_there && addressed(content).0 == request.id.as_deref() && content.body != right.as_bytes()
    };
    until_the_next(server, delivered).find(is_one).map(|(said, ..)| said)
}

/// Returns the messages that a server published after a delivery, and before the next one.
pub(super) fn until_the_next<'s, 'a>(
    server: &'s Server<'a>,
    delivered: &Delivered<'a>,
) -> impl Iterator<Item = Published<'a>> + use<'s, 'a> {
    let begin = delivered.said.order;
    let end = server.ledger.iter().map(|other| other.said.order).find(|order| *order > begin).unwrap_or(u64::MAX);
    Transcript::of(server.run).publishes().filter(move |(said, ..)| said.order > begin && said.order < end)
}

/// Returns the server's right answers to a good request.
pub(super) fn answers<'s, 'a>(
    server: &'s Server<'a>,
    request: &'s Request,
) -> impl Iterator<Item = Published<'a>> + 's {
    let right = request.answer();
    Transcript::of(server.run).publishes().filter(move |(_, publish, content)| {
        let (id, _) = addressed(content);
        let is_there =
            publish.exchange.as_str().is_empty() && request.reply_to.as_deref() == Some(publish.routing_key.as_str());
        is_there && id == request.id.as_deref() && right.as_ref().is_some_and(|right| content.body == right.as_bytes())
    })
}

/// Returns the fault of a request without a right answer.
fn no_right_answer(server: &Server<'_>, request: &Request, delivered: &Delivered<'_>, before: &[Request]) -> Fault {
    let Some(answer) = nearest(server, request, delivered) else { return not_answered(server, delivered) };
    let (said, publish, content) = answer;
    let fault = |fault: Fault| fault.at(&delivered.said).at(&said);
    let (exchange, key) = (publish.exchange.as_str(), publish.routing_key.as_str());
    let wanted = request.reply_to.as_deref().unwrap_or_default();
    if !exchange.is_empty() {
        return fault(faults::other_exchange(quoted(exchange.as_bytes())));
    }
    if key != wanted {
        let of_before = before.iter().any(|request| request.reply_to.as_deref() == Some(key));
        return fault(match key {
            "" => faults::no_key(),
            QUEUE => faults::to_request_queue(),
            key if Some(key) == request.id.as_deref() => faults::id_is_key(),
            _ if of_before => faults::to_first_client(),
            _ => faults::other_queue(quoted(key.as_bytes())),
        });
    }
    match addressed(content).0 {
        Some(id) if Some(id) == request.id.as_deref() => {}
        Some(id) if before.iter().any(|request| request.id.as_deref() == Some(id)) => {
            return fault(faults::id_of_before());
        }
        Some(id) => return fault(faults::other_id(quoted(id.as_bytes()))),
        None => {
            let message_id = text(content.properties.message_id());
            return fault(if message_id == request.id.as_deref() { faults::id_elsewhere() } else { faults::no_id() });
        }
    }
    fault(wrong_body(request, &content.body))
}

/// Returns the fault of an answer whose address is right, and whose body is not.
fn wrong_body(request: &Request, body: &[u8]) -> Fault {
    let number = request.number().unwrap_or_default();
    let right = fibonacci(number);
    let binary = [
        &right.to_be_bytes()[..],
        &right.to_le_bytes(),
        &u32::try_from(right).unwrap_or_default().to_be_bytes(),
        &u32::try_from(right).unwrap_or_default().to_le_bytes(),
    ];
    if binary.contains(&body) {
        return faults::binary();
    }
    let text = String::from_utf8_lossy(body);
    let expected = right.to_string();
    let near = [number.saturating_sub(1), number + 1, number + 2].map(fibonacci);
    let has_word = |word: &str| text.split(|letter: char| !letter.is_ascii_digit()).any(|part| part == word);
    if text.parse::<u64>().is_ok_and(|got| got != right && near.contains(&got)) {
        faults::shifted(number, right, text)
    } else if text == request.body {
        faults::echo(number, right)
    } else if text.is_empty() {
        faults::empty(number, right)
    } else if has_word(&expected) {
        faults::more_than_number(quoted(body), right)
    } else {
        faults::other_number(quoted(body), number, right)
    }
}

/// Returns the message that is most like an answer to this request: one with its id, or else one to its queue, or else one
/// that came before the next request.
fn nearest<'a>(server: &Server<'a>, request: &Request, delivered: &Delivered<'a>) -> Option<Published<'a>> {
    let mut after = Transcript::of(server.run).publishes().filter(|(said, ..)| said.order > delivered.said.order);
    let with_id = after.find(|(.., content)| request.id.is_some() && addressed(content).0 == request.id.as_deref());
    with_id.or_else(|| until_the_next(server, delivered).next())
}

/// Returns the fault of a server that published nothing for a request.
fn not_answered(server: &Server<'_>, delivered: &Delivered<'_>) -> Fault {
    if let Some(fault) = ending::panic_of(server.run).or_else(|| ending::used_after_close(server.run)) {
        return fault;
    }
    let transcript = Transcript::of(server.run);
    if let Some(close) = transcript.closes(wire::Peer::Broker).next() {
        return close.fault(transcript, faults::closed());
    }
    if let Some(fault) = ending::cut_short(server.run) {
        return fault;
    }
    faults::none().at(&delivered.said).all(delivered.rejected.or(delivered.acked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_about_a_request_in_the_form_of_any_tutorial() {
        for line in
            [" [.] fib(6)", " [.] Fib(6)", " [.] fib('6')", " [.] fib(b'6')", " [.] fib(6) = 8", " [.] fib(\"6\")"]
        {
            assert!(is_line_about(line, "6"), "{line}");
        }
        for line in ["fib(6)", " [.] fib(16)", " [.] fib 6", " [x] fib(6)", " [.] fib(60)"] {
            assert!(!is_line_about(line, "6"), "{line}");
        }
    }

    #[test]
    fn a_wrong_body_is_named_by_what_it_is() {
        let request = Request { body: "6".to_owned(), id: None, reply_to: None, flaw: None };
        for (body, code) in [
            (&b"5"[..], "serve.shifted"),
            (b"13", "serve.shifted"),
            (b"6", "serve.echo"),
            (b"", "serve.empty"),
            (b"fib(6) = 8", "serve.more-than-number"),
            (b"8\n", "serve.more-than-number"),
            (b"\x08\0\0\0\0\0\0\0", "serve.binary"),
            (b"\0\0\0\x08", "serve.binary"),
            (b"42", "serve.other-number"),
        ] {
            assert_eq!(wrong_body(&request, body).code, code);
        }
    }
}
