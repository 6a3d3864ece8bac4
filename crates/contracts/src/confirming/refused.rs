//! The steps `refused` and `returned`: what the broker does not have is not counted, and reported or sent again.

use super::{
    Conversation, Evidence, Published, Way, line,
    published::{Confirm, taken},
};
use crate::{
    ending,
    fault::{Fault, faults::confirm as faults},
    verdict::StepResult,
};

/// The fate of messages that the broker does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Refused,
    Returned,
}

/// Checks that the program notices each `basic.nack`.
///
/// # Errors
///
/// The fault.
pub fn refused(seen: &Evidence<'_>) -> StepResult {
    judge(&seen.refused, Fate::Refused)
}

/// Checks that the program notices each `basic.return`, if it wants messages back.
///
/// # Errors
///
/// The fault.
pub fn returned(seen: &Evidence<'_>) -> StepResult {
    judge(&seen.returned, Fate::Returned)
}

fn judge(runs: &[Conversation<'_>], fate: Fate) -> StepResult {
    let mut missed = 0;
    for conversation in runs {
        for way in Way::ALL {
            if let Some(messages) = conversation.ways.get(way.index()) {
                missed += noticed(conversation, messages, way, fate).map_err(|fault| fault.of_run(conversation.run))?;
            }
        }
    }
    let what = if fate == Fate::Refused { "refused" } else { "returned" };
    Ok(if missed == 0 { String::new() } else { format!("{missed} messages {what}, and none of them counted") })
}

/// Checks that the program noticed the refusals in a way. Returns the number of refused messages.
fn noticed(conversation: &Conversation<'_>, messages: &[Published<'_>], way: Way, fate: Fate) -> Result<usize, Fault> {
    let run = conversation.run;
    let is_missed = |message: &&Published<'_>| match fate {
        Fate::Refused => message.is_refused(),
        Fate::Returned => message.returned.is_some(),
    };
    let has = |message: &Published<'_>| {
        messages.iter().any(|other| other.is_taken() && other.content.body == message.content.body)
    };
    let missed: Vec<&Published<'_>> = messages.iter().filter(is_missed).collect();
    let left: Vec<&&Published<'_>> = missed.iter().filter(|message| !has(message)).collect();
    let Some(first) = missed.first() else { return Ok(0) };
    let shown = |message: &Published<'_>, fault: Fault| {
        let said = message.returned.or(message.confirm.map(|confirm| confirm.said));
        fault.at(&message.said).all(said)
    };
    let lines = line::all(run);
    let stays = run.exit.is_none_or(|exit| exit.overdue);
    if let Some(line) = line::total(&lines, way) {
        let taken = taken(messages);
        let numbers = line::numbers(&line.text);
        // A count of all messages may stand beside it.
        if !numbers.contains(&(taken as u64)) {
            let says = numbers.first().copied().unwrap_or_default();
            let fault = match fate {
                Fate::Refused => faults::refused_counted(says, way.words(), taken, missed.len()),
                Fate::Returned => faults::returned_counted(says, way.words(), missed.len(), taken),
            };
            return Err(shown(first, fault).line(&line.text));
        }
    } else if stays {
        let fault = match fate {
            Fate::Refused => faults::refused_hangs(way.words()),
            Fate::Returned => faults::returned_hangs(way.words()),
        };
        return Err(shown(first, fault).line(ending::last_words(run)));
    } else if conversation.ways.len() == way.index() + 1 && !super::is_silent(run) {
        // It stops here, and says why.
        return Ok(missed.len());
    }
    let is_reported = |message: &Published<'_>| line::reports(&lines, &message.text(), message.number, left.len());
    let Some(silent) = left.iter().find(|message| !is_reported(message)) else { return Ok(missed.len()) };
    // One `basic.nack` for several messages, of which the last one is reported.
    let together = |other: &&&&Published<'_>| {
        let order = |confirm: Option<Confirm<'_>>| confirm.map(|confirm| confirm.said.order);
        order(other.confirm) == order(silent.confirm) && is_reported(other)
    };
    let last = left.iter().rev().find(together);
    // A line about a message that the broker has, and never returned.
    let came_back = |line: &line::Line| {
        let all = conversation.all().filter(|message| message.returned.is_some());
        { all }.any(|message| line::names_only(&line.text, &message.text()))
    };
    let complaints = lines.iter().filter(|line| line::is_complaint(&line.text) && !came_back(line));
    let other = { complaints }.find_map(|line| {
        let is_named = |message: &&Published<'_>| line::names_only(&line.text, &message.text());
        let message = messages.iter().find(is_named).filter(|message| message.is_taken())?;
        Some((line.text.as_str(), message.text()))
    });
    Err(match (fate, last) {
        (Fate::Refused, Some(last)) => {
            shown(silent, faults::refused_last_only(way.words(), last.text(), silent.text()))
        }
        (Fate::Refused, None) => shown(silent, faults::refused_silent(way.words(), silent.text())),
        (Fate::Returned, _) => match other {
            Some((line, other)) => shown(silent, faults::returned_other(other, way.words(), silent.text())).line(line),
            None => shown(silent, faults::returned_silent(way.words(), silent.text())),
        },
    })
}
