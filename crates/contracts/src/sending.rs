//! What all have in common who send one message to a queue.

mod lost;

use wire::{
    Content, Method, Peer,
    protocol::{basic, channel},
    words::quoted,
};

use recording::ProgramRun;

use crate::{
    ending,
    fault::Fault,
    printed, steps,
    talk::{BASIC_PUBLISH, Said, Talk},
    verdict::Finding,
};

/// How the line begins that a sender prints.
pub const SENT: &str = " [x] Sent";

/// A message that was published.
pub type Published<'a> = (Said<'a>, &'a basic::Publish, &'a Content);

/// The one message that the program published.
///
/// # Errors
///
/// The mistake: none, or several.
pub fn the_message(seen: &ProgramRun) -> Result<Published<'_>, Fault> {
    if let Some(mistake) = steps::unread(Talk::of(seen)) {
        return Err(mistake);
    }
    let sent: Vec<_> = Talk::of(seen).publishes().collect();
    match sent.as_slice() {
        [] => Err(not_published(seen)),
        [one] => Ok(*one),
        several => Err(Fault::new(match seen.events_cut {
            true => {
                "The program publishes message after message without end; the lesson asks for exactly one.".to_owned()
            }
            false => {
                format!("The program publishes {} messages; the lesson asks for exactly one.", several.len())
            }
        })
        .seen(several.iter().take(3).map(|(said, ..)| said.line()).collect::<Vec<_>>().join("\n"))
        .hint("Publish once. A sent message cannot be taken back or replaced.")),
    }
}

fn not_published(seen: &ProgramRun) -> Fault {
    if let Some(mistake) = ending::panic_of(seen).or_else(|| ending::used_after_close(seen)) {
        return mistake;
    }
    let talk = Talk::of(seen);
    let claims = seen.stdout.lines().iter().any(|line| line.starts_with(SENT));
    let message = if claims {
        "The program prints that it sent a message, and sent none"
    } else {
        "The program publishes no message"
    };
    if let Some(close) = talk.closes(Peer::Broker).next() {
        return close.mistake(talk, &format!("{message}: {}.", steps::what_the_broker_did(talk, &close)));
    }
    if let Some(mistake) = ending::cut_short(seen) {
        return mistake;
    }
    if let Some(waits) = ending::waits_for_a_key(seen) {
        return waits;
    }
    let open = ending::left_open(seen);
    if let Some(number) = open.filter(|_| claims) {
        return not_out_yet(seen, number);
    }
    let message = format!("{message}{}.", if claims { ": nothing was published" } else { "" });
    let mistake = match ending::why(seen) {
        Some(why) => Fault::new(format!("{message} {}", why.cause)).hint(why.remedy),
        None if seen.events_cut => Fault::new(format!("{message} It asks the broker for something again and again."))
            .hint("Publish the message instead: a sender asks for nothing."),
        None if seen.exit.is_some_and(|exit| exit.overdue) => {
            Fault::new(format!("{message} It was still running at its time limit.")).hint(
                "What does it wait for? Nobody types anything while it runs, so a program that reads from the keyboard waits for ever.",
            )
        }
        None => {
            let left = if open.is_some() { "[[left_early]]" } else { "" };
            Fault::new(message).hint(format!("Publish it: [[publish]]. [[unawaited]] {left}"))
        }
    };
    mistake.seen(match talk.methods().rfind(|said| said.from == Peer::Program) {
        Some(said) => {
            format!("its last words to the broker: {}", wire::words::method_line(said.method, said.content))
        }
        None => ending::last_words(seen),
    })
}

/// The program says that it sent its message, and ended without closing this connection: it may not have left yet.
fn not_out_yet(seen: &ProgramRun, number: u32) -> Fault {
    Fault::new("The program prints that it sent a message, and sent none: it ended without closing its connection.")
        .seen(format!("{}\nconnection {number}: no connection.close from the program", ending::last_words(seen)))
        .hint("It may have ended before the message left: close the connection, and wait for that: in [[name]], [[close]]. [[unawaited]]")
}

/// The key and the body changed places: the key is `text`, which is to be sent, and the body is the queue's name.
#[must_use]
pub fn swapped((said, publish, content): &Published<'_>, queue: &str, text: &str) -> Option<Fault> {
    let both = publish.routing_key.as_str() == text && content.body == queue.as_bytes();
    both.then(|| {
        Fault::new("Routing key and body are swapped: the key is the text, and the body is the queue's name.")
            .seen(said.line())
            .hint(format!("The routing key is \"{queue}\", the queue's name; the body is the text."))
    })
}

/// It goes through the default exchange, to this queue, and the broker took it.
///
/// # Errors
///
/// The mistake.
pub fn addressed(seen: &ProgramRun, (said, publish, _): &Published<'_>, queue: &str) -> Result<(), Fault> {
    let talk = Talk::of(seen);
    let (exchange, key) = (publish.exchange.as_str(), publish.routing_key.as_str());
    let refusal = talk.refusal(BASIC_PUBLISH);
    if exchange == queue && key.is_empty() {
        return Err(Fault::new(format!(
            "Exchange and routing key are swapped: the message goes to an exchange \"{queue}\", with an empty routing key."
        ))
        .seen(said.line())
        .hint(format!("The exchange comes first, and the default one has the empty name: [[publish_to:{queue}]].")));
    }
    if !exchange.is_empty() {
        let answer = refusal.map(|close| format!("\n{}", close.said.line())).unwrap_or_default();
        return Err(Fault::new(format!(
            "The message goes to the exchange {}, not to the default exchange.",
            quoted(exchange.as_bytes())
        ))
        .seen(said.line() + &answer)
        .hint(format!("A message goes to an exchange, never straight to a queue. Publish to the default one, which has the empty name, with the queue's name as the key: [[publish_to:{queue}]].")));
    }
    if let Some(close) = refusal {
        return Err(close.mistake(talk, &format!("The broker refused the message, and closed the {}.", close.what())));
    }
    if key != queue {
        return Err(another_key(talk, key, queue).seen(said.line()));
    }
    Ok(())
}

/// By the default exchange, the message does not go to the lesson's queue.
fn another_key(talk: Talk<'_>, key: &str, queue: &str) -> Fault {
    let dropped = "where no queue has the key for its name, the message is dropped without a word.";
    let told = quoted(key.as_bytes());
    let message = match key {
        "" => "The message has no routing key, so the default exchange knows no queue for it and drops it.".to_owned(),
        key if talk.declares().any(|(_, declare)| declare.queue.as_str() == key) => format!(
            "The message goes to the queue {told}, which the program declares, too; the lesson's queue is `{queue}`."
        ),
        key if key.eq_ignore_ascii_case(queue) => format!(
            "The routing key is {told}, and the queue is \"{queue}\": upper and lower case differ, and {dropped}"
        ),
        _ => format!("The routing key is {told}, and the queue is \"{queue}\": {dropped}"),
    };
    Fault::new(message)
        .hint(format!("The default exchange uses the routing key as a queue's name: make it \"{queue}\"."))
}

/// It is in the queue, that is, `bodies` has it; those are in the queue afterwards, and None means that there is no queue.
/// Tells whether it is: what a dropped connection took with it is no mistake here, but that it was dropped is ([`close`]).
///
/// # Errors
///
/// The mistake: it was sent too early, or who took it out.
pub fn arrived(
    seen: &ProgramRun,
    published: &Published<'_>,
    queue: &str,
    bodies: Option<&[&[u8]]>,
) -> Result<bool, Fault> {
    let talk = Talk::of(seen);
    let (said, _, content) = published;
    if let Some(mistake) = lost::too_early(talk, said, queue) {
        return Err(mistake);
    }
    if bodies.is_some_and(|bodies| bodies.iter().any(|body| **body == content.body)) {
        return Ok(true);
    }
    if !talk.closed_gently(said.connection) {
        return Ok(false);
    }
    Err(lost::lost(talk, published, queue, bodies.is_some()))
}

/// The line about this message, on stdout, once.
#[must_use]
pub fn print(performance: &ProgramRun, body: &str) -> Finding {
    let expected = format!("{SENT} '{body}'");
    let says_it = |line: &str| printed::says(line, SENT, body);
    let stdout = performance.stdout.lines();
    let count = stdout.iter().filter(|line| says_it(line)).count();
    if count > 1 {
        return Fault::new(format!("The program prints its line {}, and sends one message.", times(count)))
            .seen(stdout.join("\n"))
            .hint("Print it once, after publishing.")
            .into();
    }
    if count == 0 {
        if let Some(mistake) = ending::cut_short(performance) {
            return mistake.into();
        }
        if let Some(line) = stdout.iter().find(|line| printed::has_bytes_of(line, body)) {
            return Fault::new(
                "The program prints the numbers of the bytes (their Debug form), not the text they stand for.",
            )
            .seen(line.clone())
            .hint("Print the text: [[print_text]]")
            .into();
        }
        let is_list = |told: &str| told.starts_with('[') && told.ends_with(']');
        if let Some(line) = stdout.iter().find(|line| line.strip_prefix(SENT).map(str::trim).is_some_and(is_list)) {
            return Fault::new("The program prints a list in its Debug form, not the text that it sends.")
                .seen(printed::difference(&expected, line))
                .hint("Print what you sent[[plainly]]: [[join]] makes one text of several words.")
                .into();
        }
        if let Some(line) = stdout.iter().find(|line| has_another_text(line, body)) {
            return Fault::new("The program prints another text than it sends.")
                .seen(printed::difference(&expected, line))
                .hint("Print what you sent, from the same variable.")
                .into();
        }
    }
    match steps::line_on_stdout(performance, &expected, says_it) {
        Ok(()) => said_too_early(performance, says_it).map_or(Finding::Passed(expected), Finding::from),
        Err(mistake) => mistake.into(),
    }
}

/// The line came before there was a channel to publish on. Closer can't be told: some clients don't wait for what comes next.
fn said_too_early(seen: &ProgramRun, says_it: impl Fn(&str) -> bool) -> Option<Fault> {
    let talk = Talk::of(seen);
    let lines = seen.stdout.lines();
    let (line, at) = lines.iter().zip(&seen.stdout_at).find(|(line, _)| says_it(line))?;
    let (published, ..) = talk.publishes().next()?;
    let opens = |said: &Said<'_>| {
        let is_it = matches!(said.method, Method::Channel(channel::AMQPMethod::OpenOk(_)));
        is_it && (said.connection, said.channel) == (published.connection, published.channel)
    };
    // What the broker says is seen before the program hears it, and a line after the program printed it.
    let opened = talk.methods().find(opens).filter(|said| *at < said.at)?;
    Some(
        Fault::new("The program says that it has sent the message before it sends it.")
            .seen(format!("{line}\nonly then {}\nand then  {}", opened.line(), published.line()))
            .hint("First do it, then say it: print the line after publishing."),
    )
}

/// A line of the right form, with a text in quotes that is nothing like this one.
fn has_another_text(line: &str, body: &str) -> bool {
    let told = line.strip_prefix(SENT).map_or("", str::trim);
    let inner = ['\'', '"'].iter().find_map(|quote| told.strip_prefix(*quote)?.strip_suffix(*quote));
    inner.is_some_and(|text| {
        !text.is_empty() && !text.starts_with('{') && strsim::normalized_levenshtein(text, body) < 0.5
    })
}

fn times(count: usize) -> String {
    if count == 2 { "twice".to_owned() } else { format!("{count} times") }
}

/// `connection.close` by the program, and exit code 0. `kept`: whether its message is in the queue all the same.
#[must_use]
pub fn close(seen: &ProgramRun, kept: bool) -> Finding {
    let talk = Talk::of(seen);
    if let Some(mistake) = ending::crashed(seen) {
        return mistake.into();
    }
    if let Some(waits) = ending::waits_for_a_key(seen) {
        return waits.into();
    }
    if seen.exit.is_some_and(|exit| exit.overdue) {
        return Fault::new("The program was still running at its time limit; a sender ends when it has sent.")
            .seen(ending::last_words(seen))
            .hint("Close the connection and [[let_end]]. Does it wait for something that never comes?")
            .into();
    }
    let opened: Vec<u32> = talk.opened().iter().map(|(number, _)| *number).collect();
    let open: Vec<u32> = opened.iter().copied().filter(|number| !talk.closed_gently(*number)).collect();
    if let Some(number) = open.first() {
        return not_closed(talk, *number, [open.len(), opened.len()], kept).into();
    }
    if let Some(mistake) = ending::bad_end(seen) {
        return mistake.into();
    }
    Finding::Passed("connection.close by the program, exit code 0".to_owned())
}

/// `number` is a connection that the program left open; of how many it closed none, and of how many it had.
fn not_closed(talk: Talk<'_>, number: u32, [open, all]: [usize; 2], kept: bool) -> Fault {
    let channel = talk.closes(Peer::Program).map(|close| close.said).find(|said| {
        let answered = |method: &Method| matches!(method, Method::Channel(channel::AMQPMethod::CloseOk(_)));
        said.connection == number && talk.answer(said, |method| answered(method).then_some(())).is_some()
    });
    let what = match channel {
        _ if open < all => format!("closed {} of its {all} connections", all - open),
        Some(_) => "closed its channel, and not its connection".to_owned(),
        None => "ended without closing its connection".to_owned(),
    };
    let fate = if kept { "This time the message made it." } else { "This time the message was lost with it." };
    let line = channel.as_ref().map(|said| format!("{}\n", Said::line(said))).unwrap_or_default();
    let hint = "Close it, and wait for the answer: in [[name]], [[close]].";
    let more = match channel {
        _ if open < all => " One connection is enough for a program.",
        Some(_) => "[[keep_connection]]",
        None => "",
    };
    Fault::new(format!("The program {what}: the socket dropped, and what was still under way could be lost."))
        .seen(format!("{line}connection {number}: no connection.close from the program.\n{fate}"))
        .hint(format!("{hint}{more}"))
}
