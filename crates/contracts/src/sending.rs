//! Requirements shared by all lessons that send one message to a queue.

pub mod typed;
mod unrouted;

use wire::{
    Content, Method, Peer,
    protocol::{basic, channel},
    words::quoted,
};

use recording::ProgramRun;

use crate::{
    ending,
    fault::{Fault, Phrase, faults},
    printed, steps,
    transcript::{BASIC_PUBLISH, MethodEvent, Transcript},
    verdict::StepResult,
};

/// The start of the line that a sender prints.
pub const SENT: &str = " [x] Sent";

/// A message that was published.
pub type Published<'a> = (MethodEvent<'a>, &'a basic::Publish, &'a Content);

/// Returns the one message that the program published.
///
/// # Errors
///
/// The fault: it published none, or several.
pub fn the_message(seen: &ProgramRun) -> Result<Published<'_>, Fault> {
    if let Some(mistake) = steps::unread(Transcript::of(seen)) {
        return Err(mistake);
    }
    let sent: Vec<_> = Transcript::of(seen).publishes().collect();
    match sent.as_slice() {
        [] => Err(not_published(seen)),
        [one] => Ok(*one),
        several => {
            let fault = match ending::loops(seen) {
                true => faults::publish::endless(),
                false => faults::publish::several(several.len()),
            };
            Err(fault.all(several.iter().take(3).map(|(said, ..)| *said)))
        }
    }
}

fn not_published(seen: &ProgramRun) -> Fault {
    if let Some(mistake) = ending::panic_of(seen).or_else(|| ending::used_after_close(seen)) {
        return mistake;
    }
    let transcript = Transcript::of(seen);
    let claims = seen.stdout.lines().iter().any(|line| line.starts_with(SENT));
    if let Some(close) = transcript.closes(Peer::Broker).next() {
        let what = steps::what_the_broker_did(transcript, &close);
        let fault = match claims {
            true => faults::publish::claimed_refused(what),
            false => faults::publish::none_refused(what),
        };
        return close.fault(transcript, fault);
    }
    if let Some(mistake) = ending::cut_short(seen) {
        return mistake;
    }
    if let Some(waits) = ending::waits_for_a_key(seen) {
        return waits;
    }
    let open = ending::left_open(seen).filter(|_| !seen.events_cut);
    if let Some(number) = open.filter(|_| claims) {
        return not_out_yet(seen, number);
    }
    let overdue = seen.exit.is_some_and(|exit| exit.overdue);
    let fault = match ending::why(seen) {
        None if ending::loops(seen) && claims => faults::publish::claimed_looping(),
        None if ending::loops(seen) => faults::publish::none_looping(),
        None if overdue && claims => faults::publish::claimed_overdue(),
        None if overdue => faults::publish::none_overdue(),
        None if open.is_some() => faults::publish::none().and_hint(faults::publish::left_early()),
        why if claims => faults::publish::claimed().because(why),
        why => faults::publish::none().because(why),
    };
    fault.seen(match transcript.methods().rfind(|said| said.from == Peer::Program) {
        Some(said) => {
            format!("last method sent to the broker: {}", wire::words::method_line(said.method, said.content))
        }
        None => ending::last_words(seen),
    })
}

/// Returns the fault of a program that prints that it sent its message, and ends without closing this connection: the message
/// may not have left yet.
fn not_out_yet(seen: &ProgramRun, number: u32) -> Fault {
    faults::publish::claimed_left_open()
        .seen(format!("{}\nconnection {number}: no connection.close from the program", ending::last_words(seen)))
}

/// Checks that the program published one message, and did not confuse the key with the body: `text` is to be sent to `queue`.
///
/// # Errors
///
/// The fault: there is no message, or there are several; or the key is the text, and the body is the queue's name.
pub fn one_message(seen: &ProgramRun, queue: &str, text: &str) -> StepResult {
    let (said, publish, content) = the_message(seen)?;
    if publish.routing_key.as_str() == text && content.body == queue.as_bytes() {
        return Err(faults::publish::key_body_swapped(queue).at(&said));
    }
    Ok(said.line())
}

/// Checks that the message goes through the default exchange to this queue, and that the broker accepted it.
///
/// # Errors
///
/// The fault: it goes elsewhere, or the broker refused it.
pub fn addressed(seen: &ProgramRun, queue: &str) -> StepResult {
    is_addressed(seen, &the_message(seen)?, queue)
}

/// The same, of one message of several.
///
/// # Errors
///
/// As [`addressed`].
pub fn is_addressed(seen: &ProgramRun, (said, publish, _): &Published<'_>, queue: &str) -> StepResult {
    let transcript = Transcript::of(seen);
    let (exchange, key) = (publish.exchange.as_str(), publish.routing_key.as_str());
    let refusal = transcript.refusal(BASIC_PUBLISH);
    if exchange == queue && key.is_empty() {
        return Err(faults::publish::exchange_key_swapped(queue).at(said));
    }
    if !exchange.is_empty() {
        let fault = faults::publish::other_exchange(quoted(exchange.as_bytes()), queue);
        return Err(fault.at(said).all(refusal.map(|close| close.said)));
    }
    if let Some(close) = refusal {
        return Err(close.fault(transcript, faults::publish::refused(close.what())));
    }
    if key != queue {
        return Err(another_key(transcript, key, queue).at(said));
    }
    Ok(said.line())
}

/// Returns the fault of a routing key by which the message does not go to the lesson's queue.
fn another_key(transcript: Transcript<'_>, key: &str, queue: &str) -> Fault {
    let quoted_key = quoted(key.as_bytes());
    match key {
        "" => faults::publish::no_key(queue),
        key if transcript.declares().any(|(_, declare)| declare.queue.as_str() == key) => {
            faults::publish::other_queue(quoted_key, queue)
        }
        key if key.eq_ignore_ascii_case(queue) => faults::publish::key_case(quoted_key, queue),
        _ => faults::publish::other_key(quoted_key, queue),
    }
}

/// Checks that the message is among `bodies`, the content of the queue afterwards; None means that there is no such queue. If
/// `restarted`, the broker was restarted before that. A message lost with a dropped connection is no fault here: [`close`]
/// reports that.
///
/// # Errors
///
/// The fault: it was sent too early, or something took it out.
pub fn arrived(seen: &ProgramRun, queue: &str, bodies: Option<&[&[u8]]>, restarted: bool) -> StepResult {
    has_arrived(seen, &the_message(seen)?, queue, bodies, restarted)
}

/// The same, of one message of several.
///
/// # Errors
///
/// As [`arrived`].
pub fn has_arrived(
    seen: &ProgramRun,
    published: &Published<'_>,
    queue: &str,
    bodies: Option<&[&[u8]]>,
    restarted: bool,
) -> StepResult {
    let transcript = Transcript::of(seen);
    let (said, _, content) = published;
    if let Some(fault) = unrouted::too_early(transcript, said, queue) {
        return Err(fault);
    }
    if bodies.is_some_and(|bodies| bodies.iter().any(|body| **body == content.body)) {
        let since = if restarted { ", after a restart of the broker" } else { "" };
        return Ok(format!("{}; it is in the queue{since}", said.line()));
    }
    if !transcript.closed_gently(said.connection) {
        return Ok(said.line());
    }
    Err(unrouted::lost(transcript, published, queue, bodies.is_some()))
}

/// Checks that the line about this message is on stdout, once.
pub fn print(run: &ProgramRun, body: &str) -> StepResult {
    print_as(run, &format!("{SENT} '{body}'"), body, |line| printed::says(line, SENT, body))
}

/// Checks as [`print()`] does, for a line of another form: `expected` is the lesson's line, and `says_it` finds any that is right.
pub fn print_as(run: &ProgramRun, expected: &str, body: &str, says_it: impl Fn(&str) -> bool) -> StepResult {
    let stdout = run.stdout.lines();
    let count = stdout.iter().filter(|line| says_it(line)).count();
    if count > 1 {
        return Err(faults::sent::repeated(times(count)).seen(stdout.join("\n")));
    }
    if count == 0 {
        if let Some(mistake) = ending::cut_short(run) {
            return Err(mistake);
        }
        if let Some(line) = stdout.iter().find(|line| printed::has_bytes_of(line, body)) {
            return Err(faults::sent::byte_numbers().seen(line.clone()));
        }
        let is_list = |text: &str| text.starts_with('[') && text.ends_with(']');
        if let Some(line) = stdout.iter().find(|line| line.strip_prefix(SENT).map(str::trim).is_some_and(is_list)) {
            return Err(faults::sent::debug_list().seen(printed::difference(expected, line)));
        }
        if let Some(line) = stdout.iter().find(|line| has_another_text(line, body)) {
            return Err(faults::sent::other_text().seen(printed::difference(expected, line)));
        }
    }
    match steps::line_on_stdout(run, expected, &says_it) {
        Ok(()) => said_too_early(run, says_it).map_or(Ok(expected.to_owned()), Err),
        Err(mistake) => Err(mistake),
    }
}

/// Returns the fault of a line that came before there was a channel to publish on. A closer check is impossible: some clients
/// don't wait for replies.
fn said_too_early(seen: &ProgramRun, says_it: impl Fn(&str) -> bool) -> Option<Fault> {
    let transcript = Transcript::of(seen);
    let lines = seen.stdout.lines();
    let (line, at) = lines.iter().zip(&seen.stdout_at).find(|(line, _)| says_it(line))?;
    let (published, ..) = transcript.publishes().next()?;
    let opens = |said: &MethodEvent<'_>| {
        let is_it = matches!(said.method, Method::Channel(channel::AMQPMethod::OpenOk(_)));
        is_it && (said.connection, said.channel) == (published.connection, published.channel)
    };
    // The broker's methods are recorded before the program receives them, and a line after the program printed it.
    let opened = transcript.methods().find(opens).filter(|said| *at < said.at)?;
    let order = format!("{line}\nonly then {}\nand then  {}", opened.line(), published.line());
    Some(faults::sent::too_early().seen(order).about(&opened).about(&published))
}

/// Returns whether the line has the right form, but a quoted text that is nothing like this one.
fn has_another_text(line: &str, body: &str) -> bool {
    let rest = line.strip_prefix(SENT).map_or("", str::trim);
    let inner = ['\'', '"'].iter().find_map(|quote| rest.strip_prefix(*quote)?.strip_suffix(*quote));
    inner.is_some_and(|text| {
        !text.is_empty() && !text.starts_with('{') && strsim::normalized_levenshtein(text, body) < 0.5
    })
}

/// Returns the phrase for a number of times.
fn times(count: usize) -> Phrase {
    if count == 2 { faults::sent::twice() } else { faults::sent::times(count) }
}

/// Checks that the program sends `connection.close` and exits with code 0. `kept` is true if its message is in the queue
/// anyway.
pub fn close(seen: &ProgramRun, kept: bool) -> StepResult {
    let transcript = Transcript::of(seen);
    if let Some(mistake) = ending::crashed(seen) {
        return Err(mistake);
    }
    if let Some(waits) = ending::waits_for_a_key(seen) {
        return Err(waits);
    }
    if seen.exit.is_some_and(|exit| exit.overdue) {
        return Err(faults::close::overdue().seen(ending::last_words(seen)));
    }
    let opened: Vec<u32> = transcript.opened().iter().map(|(number, _)| *number).collect();
    let open: Vec<u32> = opened.iter().copied().filter(|number| !transcript.closed_gently(*number)).collect();
    if let Some(number) = open.first() {
        return Err(not_closed(transcript, *number, [open.len(), opened.len()], kept));
    }
    if let Some(mistake) = ending::bad_end(seen) {
        return Err(mistake);
    }
    Ok("connection.close by the program, exit code 0".to_owned())
}

/// Returns the fault of the connection `number`, which the program left open, as it did `open` of its `all` connections.
fn not_closed(transcript: Transcript<'_>, number: u32, [open, all]: [usize; 2], kept: bool) -> Fault {
    let channel = transcript.closes(Peer::Program).map(|close| close.said).find(|said| {
        let answered = |method: &Method| matches!(method, Method::Channel(channel::AMQPMethod::CloseOk(_)));
        said.connection == number && transcript.answer(said, |method| answered(method).then_some(())).is_some()
    });
    let fault = match channel {
        _ if open < all => faults::close::some_open(all - open, all),
        Some(_) => faults::close::channel_only(),
        None => faults::close::none(),
    };
    let fate = if kept { "This time the message made it." } else { "This time the message was lost with it." };
    fault.all(channel).line(format!("connection {number}: no connection.close from the program.")).line(fate)
}
