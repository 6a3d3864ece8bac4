//! The steps `individually`, `batch` and `asynchronously`: each message is followed to its own confirm, and the line about them
//! comes after the last of these.

use std::collections::HashSet;

use wire::Peer;

use super::{
    COUNT, Conversation, Evidence, Published, Way, line,
    published::{SLOW_TERMINAL, taken},
};
use crate::{
    clients::Client,
    ending,
    fault::{Fault, faults::confirm as faults},
    steps,
    transcript::{MethodEvent, Transcript},
    verdict::StepResult,
};

/// The number of messages that show that a program waits for the confirm of each.
pub const ENOUGH: usize = 20;

/// Checks one way, in the run without a fault.
///
/// # Errors
///
/// The fault.
pub fn way(seen: &Evidence<'_>, way: Way) -> StepResult {
    let calm = &seen.calm;
    let Some(messages) = calm.ways.get(way.index()) else { return Err(missing(calm, way)) };
    let lines = line::all(calm.run);
    let line = line::total(&lines, way);
    if line.is_none() && calm.ways.len() < Way::ALL.len() && line::total(&lines, Way::Asynchronously).is_some() {
        return Err(faults::missing_way(way.words(), calm.ways.len()).seen(ending::last_words(calm.run)));
    }
    // A program that waits for each of many late confirms is ended before it is done.
    let is_shaped = way == Way::Individually || seen.is_late();
    if is_shaped && messages.len() >= ENOUGH && waits_for_each(messages) {
        shape(messages, way)?;
    }
    count(calm, messages, way)?;
    if is_shaped {
        shape(messages, way)?;
    }
    all_confirmed(calm, messages, way, line.as_ref())?;
    let Some(line) = line else { return Err(faults::no_line(way.words()).seen(ending::last_words(calm.run))) };
    says_the_number(messages, way, &line)?;
    about_one(messages, &lines)?;
    Ok(line.text.trim().to_owned())
}

/// Returns the fault of a program that does not come to this way.
fn missing(calm: &Conversation<'_>, way: Way) -> Fault {
    let run = calm.run;
    if let Some(fault) = steps::unread(Transcript::of(run)) {
        return fault;
    }
    // It may wait for a confirm of the way before.
    let before = way.index().checked_sub(1).and_then(|index| calm.ways.get(index));
    let fault = match calm.ways.len() {
        0 => faults::publishes_nothing(),
        done => faults::missing_way(way.words(), done),
    };
    stopped(calm, before.map_or(&[], Vec::as_slice), fault.seen(ending::last_words(run)))
}

/// Returns the fault of a program that stops after these messages: the reason, or `otherwise` if there is no sign of one.
fn stopped(calm: &Conversation<'_>, messages: &[Published<'_>], otherwise: Fault) -> Fault {
    let transcript = Transcript::of(calm.run);
    let closed = || {
        let close = transcript.closes(Peer::Broker).next()?;
        Some(close.fault(transcript, faults::ended_by_broker(close.what())))
    };
    let reason = waits(calm, messages).or_else(closed).or_else(|| ending::cut_short(calm.run));
    reason.or_else(|| ending::crashed(calm.run)).unwrap_or(otherwise)
}

/// Checks that these are the messages of the lesson.
fn count(calm: &Conversation<'_>, messages: &[Published<'_>], way: Way) -> Result<(), Fault> {
    let bodies: HashSet<&[u8]> = messages.iter().map(|message| &message.content.body[..]).collect();
    let all = calm.all().count();
    let first = messages.first();
    let at = |fault: Fault| fault.all(first.map(|message| message.said));
    if let Some(next) = goes_on(calm, way) {
        return Err(faults::goes_on(next.text()).at(&next.said));
    }
    if calm.ways.len() > Way::ALL.len() {
        let different: HashSet<&[u8]> = calm.all().map(|message| &message.content.body[..]).collect();
        let few = different.len() < COUNT;
        return Err(at(if few { faults::same_bodies(different.len()) } else { faults::other_count(all) }));
    }
    if bodies.len() >= COUNT {
        return Ok(());
    }
    let fault = at(faults::other_count_in_way(bodies.len(), way.words()));
    let is_last = calm.ways.len() == way.index() + 1;
    Err(if is_last { stopped(calm, messages, fault) } else { fault })
}

/// Returns the first message with which a program goes on after the last one of a way, instead of ending it with its line. A
/// program may number the messages of all ways, but it prints a line after each way.
#[must_use]
pub fn goes_on<'c, 'a>(calm: &'c Conversation<'a>, way: Way) -> Option<&'c Published<'a>> {
    let next = calm.ways.get(way.index() + 1)?.first()?;
    let has_come = calm.ways[..=way.index()].iter().flatten().any(|other| other.content.body == next.content.body);
    let printed = line::times(calm.run).iter().filter(|at| **at <= next.said.at + SLOW_TERMINAL).count();
    (!has_come && printed <= way.index()).then_some(next)
}

/// Returns the fault of a program that waits in vain for the confirms of these messages.
fn waits(calm: &Conversation<'_>, messages: &[Published<'_>]) -> Option<Fault> {
    if !calm.run.exit.is_none_or(|exit| exit.overdue) || ending::loops(calm.run) {
        return None;
    }
    let last = messages.last()?;
    let confirm = last.confirm?;
    let mut pairs = messages.iter().filter_map(|message| message.confirm).zip(messages.iter().skip(1));
    let several =
        pairs.find(|(confirm, next)| next.confirm.is_some_and(|other| other.said.order == confirm.said.order));
    let several = several.map(|(confirm, _)| confirm);
    // Some libraries settle the messages themselves.
    let several = several.filter(|_| !Client::of(calm.run).settles_confirms());
    Some(match several {
        Some(several) => faults::ignores_multiple().at(&several.said).line(ending::last_words(calm.run)),
        None => faults::waits_for_ever().at(&confirm.said).line(ending::last_words(calm.run)),
    })
}

/// Checks that the program waits as this way does.
fn shape(messages: &[Published<'_>], way: Way) -> Result<(), Fault> {
    let groups = groups(messages);
    let each = waits_for_each(messages);
    match way {
        Way::Individually => {
            let too_early = messages.iter().enumerate().find_map(|(index, message)| {
                let open = messages[..index].iter().rfind(|before| before.is_open_at(message.said.order))?;
                Some((open, message))
            });
            let Some((open, message)) = too_early else { return Ok(()) };
            let fault = faults::not_each(message.text(), open.text()).at(&open.said).at(&message.said);
            Err(fault.all(open.confirm.map(|confirm| confirm.said)))
        }
        Way::Batch if each => Err(faults::batch_each().all(two(messages))),
        Way::Batch if groups.len() == 1 => Err(faults::batch_once(COUNT).all(two(messages))),
        Way::Batch => Ok(()),
        Way::Asynchronously if each => Err(faults::async_each().all(two(messages))),
        Way::Asynchronously => match batch_of(&groups) {
            Some(size) => Err(faults::async_batches(size).all(messages.get(size).map(|message| message.said))),
            None => Ok(()),
        },
    }
}

/// Returns whether each message was confirmed before the next one was published.
#[must_use]
pub fn waits_for_each(messages: &[Published<'_>]) -> bool {
    groups(messages).iter().all(|size| *size == 1)
}

/// Returns the first two messages, with what came between them.
fn two<'a>(messages: &[Published<'a>]) -> Vec<MethodEvent<'a>> {
    let first = messages.first();
    let confirm = first.and_then(|message| message.confirm).map(|confirm| confirm.said);
    first
        .map(|message| message.said)
        .into_iter()
        .chain(confirm)
        .chain(messages.get(1).map(|message| message.said))
        .collect()
}

/// Returns the sizes of the groups of messages: before each group, all messages were confirmed.
fn groups(messages: &[Published<'_>]) -> Vec<usize> {
    let mut sizes: Vec<usize> = Vec::new();
    // The event by which all messages so far were confirmed; None while one is not.
    let mut done = Some(0);
    for message in messages {
        if done.is_some_and(|done| done < message.said.order) || sizes.is_empty() {
            sizes.push(0);
        }
        if let Some(size) = sizes.last_mut() {
            *size += 1;
        }
        done = done.zip(message.confirm).map(|(done, confirm)| confirm.said.order.max(done));
    }
    sizes
}

/// Returns the size of the batches in which the program waits for all confirms; None if it does not. A busy machine makes more
/// groups, but does not remove one; and it hardly makes two of one size by chance.
fn batch_of(groups: &[usize]) -> Option<usize> {
    let ends: HashSet<usize> = groups
        .iter()
        .scan(0, |sum, size| {
            *sum += size;
            Some(*sum)
        })
        .collect();
    let is_batch =
        |size: &usize| (1..).map(|times| times * size).take_while(|end| *end < COUNT).all(|end| ends.contains(&end));
    (2..COUNT.div_ceil(2)).find(is_batch)
}

/// Checks that the broker had confirmed all messages before the line about them.
fn all_confirmed(
    calm: &Conversation<'_>,
    messages: &[Published<'_>],
    way: Way,
    line: Option<&line::Line>,
) -> Result<(), Fault> {
    let at = line.and_then(|line| line.at);
    let is_late = |message: &&Published<'_>| match (message.confirm, at) {
        (None, _) => true,
        (Some(confirm), Some(at)) => confirm.said.at >= at,
        (Some(_), None) => false,
    };
    let late: Vec<_> = messages.iter().filter(is_late).collect();
    let Some(first) = late.first() else {
        let nowhere = line.is_none().then(|| waits(calm, messages)).flatten();
        return nowhere.map_or(Ok(()), Err);
    };
    let evidence = |fault: Fault| fault.at(&first.said).all(first.confirm.map(|confirm| confirm.said));
    Err(match line {
        Some(line) => evidence(faults::early_line(way.words(), late.len())).line(&line.text),
        None if calm.run.exit.is_none_or(|exit| exit.overdue) => faults::waits_for_ever().at(&first.said),
        None => match ending::cut_short(calm.run).or_else(|| ending::crashed(calm.run)) {
            Some(fault) => fault,
            None => evidence(faults::left_early(late.len(), way.words())),
        },
    })
}

/// Checks the number in the line.
fn says_the_number(messages: &[Published<'_>], way: Way, line: &line::Line) -> Result<(), Fault> {
    let taken = taken(messages);
    let numbers = line::numbers(&line.text);
    if numbers.contains(&(taken as u64)) {
        return Ok(());
    }
    let says = numbers.first().copied().unwrap_or_default();
    Err(faults::other_number(says, way.words(), taken).seen(&line.text))
}

/// Checks that no line calls a message confirmed before it was.
fn about_one(messages: &[Published<'_>], lines: &[line::Line]) -> Result<(), Fault> {
    let Some(begin) = messages.first().map(|message| message.said.at) else { return Ok(()) };
    let end = messages.iter().filter_map(|message| message.confirm).map(|confirm| confirm.said.at).max();
    for line in lines {
        let Some(at) = line.at.filter(|at| *at >= begin && end.is_none_or(|end| *at <= end)) else { continue };
        let Some(number) = line::confirmed(&line.text) else { continue };
        // It may name the body, or the number on the channel. A line about the way before may come late.
        let is_meant = |message: &&Published<'_>| {
            message.said.at <= at && (message.text().parse() == Ok(number) || message.number == Some(number))
        };
        let meant: Vec<_> = messages.iter().filter(is_meant).collect();
        let is_early = |message: &Published<'_>| message.confirm.is_none_or(|confirm| confirm.said.at >= at);
        if let Some(message) = meant.first().filter(|_| meant.iter().all(|message| is_early(message))) {
            let fault = faults::early_message().line(&line.text).at(&message.said);
            return Err(fault.all(message.confirm.map(|confirm| confirm.said)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_known_by_their_ends_and_a_busy_machine_does_not_matter() {
        assert_eq!(batch_of(&[100, 100, 50]), Some(100));
        assert_eq!(batch_of(&[60, 40, 100, 50]), Some(100));
        assert_eq!(batch_of(&[2; 125]), Some(2));
        assert_eq!(batch_of(&[250]), None);
        assert_eq!(batch_of(&[60, 190]), None);
        assert_eq!(batch_of(&[60, 70, 120]), None);
    }
}
