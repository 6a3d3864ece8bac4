//! The step `lost`: a channel or a connection that ends with messages not yet confirmed is noticed.

use wire::Peer;

use super::{COUNT, Conversation, Evidence, Way, line, published::taken};
use crate::{
    ending,
    fault::{Fault, faults::confirm as faults},
    transcript::Transcript,
    verdict::StepResult,
};

/// Checks that the program notices when the broker closes the channel, and when the connection is cut: it says so, and counts
/// only what was confirmed, or sends the rest again.
///
/// # Errors
///
/// The fault.
pub fn lost(seen: &Evidence<'_>) -> StepResult {
    let mut shown = String::new();
    for conversation in &seen.lost {
        shown = noticed(conversation).map_err(|fault| fault.of_run(conversation.run))?;
    }
    Ok(shown)
}

/// Returns whether the broker has all messages of all ways, because the program sent the rest again.
fn all_taken(conversation: &Conversation<'_>) -> bool {
    let all: usize = conversation.ways.iter().map(|messages| taken(messages)).sum();
    conversation.ways.len() == Way::ALL.len() && all == Way::ALL.len() * COUNT
}

/// Returns whether the program once ended with exit code 0, and messages in doubt.
#[must_use]
pub fn ended_well(seen: &Evidence<'_>) -> bool {
    let is_success = |conversation: &&Conversation<'_>| conversation.run.exit.is_some_and(|exit| exit.code == Some(0));
    seen.lost.iter().filter(is_success).any(|conversation| !all_taken(conversation))
}

fn noticed(conversation: &Conversation<'_>) -> StepResult {
    let run = conversation.run;
    let close = Transcript::of(run).closes(Peer::Broker).next();
    let what = || match close {
        Some(_) => faults::closed_channel(),
        None => faults::cut_connection(),
    };
    let last = conversation.all().last().map(|message| message.said);
    let shown = |fault: Fault| fault.all(last).all(close.map(|close| close.said));
    let lines = line::all(run);
    for way in Way::ALL {
        let Some(line) = line::total(&lines, way) else { continue };
        let messages = conversation.ways.get(way.index()).map(Vec::as_slice).unwrap_or_default();
        let (taken, numbers) = (taken(messages), line::numbers(&line.text));
        if !numbers.contains(&(taken as u64)) {
            let says = numbers.first().copied().unwrap_or_default();
            return Err(shown(faults::lost_counted(what(), says, taken)).line(&line.text));
        }
    }
    if run.exit.is_none_or(|exit| exit.overdue) {
        return Err(shown(faults::lost_hangs(what())).line(ending::last_words(run)));
    }
    let resent = all_taken(conversation);
    if !resent && super::is_silent(run) {
        return Err(shown(faults::lost_silent(what())).line(ending::last_words(run)));
    }
    Ok(if resent { "all messages were sent again, and confirmed".to_owned() } else { ending::last_words(run) })
}
