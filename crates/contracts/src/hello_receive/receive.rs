//! The step `receive`: what the program prints while messages come.

use wire::Peer;

use super::{BEFORE, Evidence, RECEIVED, Reached, times_printed};
use crate::{ending, fault::Fault, printed, receiving, talk::Talk, verdict::Finding};

/// All bodies, each once, in order.
pub(super) fn receive(seen: &Evidence<'_>) -> Finding {
    let performance = seen.run;
    let lines = performance.stdout.lines();
    if let Some(body) = missing(seen).min_by_key(|body| receiving::plainness(body)) {
        return not_printed(seen, body).into();
    }
    if seen.reached < Reached::Received {
        return too_late(seen).into();
    }
    let came = |body: &String| {
        let deliveries = Talk::of(performance).deliveries();
        deliveries.filter(|(_, _, content)| content.body == body.as_bytes()).count().max(1)
    };
    if let Some(body) = seen.sent.iter().find(|body| times_printed(performance, body) > came(body)) {
        return Fault::new("The program prints a message more than once.")
            .seen(format!("{} times: {RECEIVED} '{}'", times_printed(performance, body), receiving::shown(body, 40)))
            .hint("Print each delivery once.")
            .into();
    }
    let order: Vec<&String> =
        lines.iter().filter_map(|line| seen.sent.iter().find(|body| printed::says(line, RECEIVED, body))).collect();
    if order.iter().zip(&seen.sent).any(|(printed, sent)| *printed != sent) {
        let list = |bodies: &mut dyn Iterator<Item = &String>| {
            bodies.map(|body| format!("'{}'", receiving::shown(body, 40))).collect::<Vec<_>>().join(", ")
        };
        return Fault::new("The program prints the messages in another order than they were sent in.")
            .seen(format!("sent:    {}\nprinted: {}", list(&mut seen.sent.iter()), list(&mut order.into_iter())))
            .hint("A queue keeps the order. Print each delivery as it comes, one after the other.")
            .into();
    }
    let after = seen.sent.len() - BEFORE;
    Finding::Passed(format!("{} messages: {BEFORE} were waiting in the queue, {after} came later", seen.sent.len()))
}

/// All were printed in the end.
fn too_late(seen: &Evidence<'_>) -> Fault {
    match (seen.in_time, seen.sent.len()) {
        (0, _) => {
            Fault::new("The messages were printed when the program ended, not when they came: its output is held back.")
                .hint("[[flush]]")
        }
        (count, all) => Fault::new(format!(
            "{count} of {all} messages were printed when they came, and the others much later."
        ))
        .hint("Print each delivery as it comes: does it wait for something first, for a time or for other messages?"),
    }
}

/// All messages were printed, so many, up to an empty one.
fn ended_at_an_empty_one(seen: &Evidence<'_>, count: usize) -> bool {
    count > 0 && missing(seen).eq(&seen.sent[count..]) && seen.sent[count].is_empty()
}

/// The messages for which no line was printed.
fn missing<'a>(seen: &'a Evidence<'_>) -> impl Iterator<Item = &'a String> {
    seen.sent.iter().filter(|body| times_printed(seen.run, body) == 0)
}

fn not_printed(seen: &Evidence<'_>, body: &str) -> Fault {
    let performance = seen.run;
    if let Some(mistake) = ending::cut_short(performance) {
        return mistake;
    }
    if let Some(mistake) = receiving::printed_otherwise(performance, &seen.sent, body) {
        return mistake;
    }
    let count = seen.sent.iter().filter(|body| times_printed(performance, body) > 0).count();
    if let Some(mistake) = let_no_more_come(seen, body, count) {
        return mistake;
    }
    if missing(seen).eq(seen.sent.first()) && count > 1 {
        return Fault::new("The program prints all messages but the first.")
            .seen(format!("expected first: {RECEIVED} '{}'", receiving::shown(body, 40)))
            .hint("Is a delivery taken before the loop, to see whether one comes? Print that one, too.");
    }
    if body.is_empty() {
        return Fault::new(
            "An empty message was delivered, and no line was printed for it: an empty message is a message, too.",
        )
        .seen(format!("expected: {RECEIVED} ''"))
        .hint("Print a line for each delivery, whatever is in it.");
    }
    let all = seen.sent.len();
    let expected = format!("expected: {RECEIVED} '{}'", receiving::shown(body, 40));
    let is_printed = seen.sent.iter().map(|body| times_printed(performance, body) > 0);
    if is_printed.enumerate().all(|(index, printed)| printed == (index % 2 == 1)) {
        return Fault::new(format!(
            "The program prints every other message: {count} of {all}, beginning with the second."
        ))
        .seen(expected)
        .hint("[[every_other]]");
    }
    let overdue = performance.exit.is_some_and(|exit| exit.overdue);
    if count == 0 || overdue {
        let message = format!(
            "{} messages {} printed in time; this one was delivered, and not printed.",
            if count == 0 { format!("None of the {all}") } else { format!("Only {count} of {all}") },
            if count == 0 { "was" } else { "were" }
        );
        return Fault::new(message).seen(expected).hint("Print a line for each delivery, as it comes. [[blocked]]");
    }
    Fault::new(format!("Only {count} of {all} messages were printed in time; this one was delivered, and not printed."))
        .seen(expected)
        .hint("Print a line for each delivery, as it comes.")
}

/// The message never reached the program, or the program did not wait to print it.
fn let_no_more_come(seen: &Evidence<'_>, body: &str, count: usize) -> Option<Fault> {
    let performance = seen.run;
    let talk = Talk::of(performance);
    let all = seen.sent.len();
    if receiving::ended_by_itself(performance) {
        let message = match count {
            count if ended_at_an_empty_one(seen, count) => {
                format!("The program ended after {count} of {all} messages; the next one was empty.")
            }
            0 => "The program ended before it had printed any message; a receiver waits for them.".to_owned(),
            count => format!("The program ended after {count} of {all} messages; a receiver waits for more."),
        };
        let mistake = match ending::why(performance) {
            Some(why) => Fault::new(format!("{message} {}", why.cause)).hint(why.remedy),
            None if count == 0 => Fault::new(message).hint("[[receive_loop]]"),
            None if ended_at_an_empty_one(seen, count) => Fault::new(message)
                .hint("An empty message is a message, too: does an empty body end the loop? [[leaves_loop]]"),
            None => Fault::new(message).hint("[[leaves_loop]]"),
        };
        return Some(mistake.seen(ending::last_words(performance)));
    }
    if talk.consumes().count() > 1 {
        let message = "The program has several subscriptions, among which the broker shares the messages out, and prints only what comes to one.";
        let lines: Vec<String> = talk.consumes().take(2).map(|(said, _)| said.line()).collect();
        return Some(
            Fault::new(message).seen(lines.join("\n")).hint("Subscribe once, before the loop, and print what comes."),
        );
    }
    if let Some(said) = receiving::goodbye(performance) {
        let mistake = Fault::new(format!("The program stopped receiving after {count} of {all} messages."));
        return Some(mistake.seen(said.line()).hint("[[keep_consumer]]"));
    }
    if talk.deliveries().any(|(_, _, content)| content.body == body.as_bytes()) {
        return None;
    }
    if let Some(said) = receiving::emptied(talk) {
        let mistake = Fault::new("The program throws away messages that were waiting in the queue.");
        return Some(
            mistake.seen(said.line()).hint("Neither purge nor delete the queue: what waits there is for you."),
        );
    }
    if let Some(close) = talk.closes(Peer::Broker).next() {
        let message = format!("The broker closed the {} before all messages were delivered.", close.what());
        return Some(close.mistake(talk, &message));
    }
    let delivered = talk.deliveries().count();
    let mistake =
        Fault::new(format!("The broker delivered {delivered} of {all} messages, and the program let no more come."));
    let hint = "Does it cancel its subscription, or does a prefetch limit wait for an acknowledgement?";
    Some(mistake.seen(ending::last_words(performance)).hint(hint))
}
