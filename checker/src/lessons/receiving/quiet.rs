//! A run in which little happens: the queue is empty when the program starts, one message comes, and then a long silence before
//! the next. Programs that wait for a first message, or for a limited time, show it here.

use std::time::Duration;

use fastrand::Rng;
use lapin::BasicProperties;
use wire::{Method, Peer, protocol::basic::AMQPMethod as Basic};

use super::{WAITING, ended_by_itself, goodbye, is_hopeless, is_subscribed, press_ctrl_c, waits};
use crate::{
    lessons::{ending, talk::Talk},
    performance::Performance,
    program::Program,
    stage::{Actor, Call, Stage},
    verdict::{Mistake, Reason},
};

/// How long no message comes.
pub const SILENCE: Duration = Duration::from_millis(2500);

/// How far a program came in such a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// It was started.
    Start,
    /// It subscribed.
    Subscribed,
    /// It printed that it waits.
    Waiting,
    /// It dealt with all messages that were sent.
    Received,
    /// It dealt with the one sent after those, and was still there.
    Stayed,
}

/// What was seen of a quiet run.
#[derive(Clone, Debug)]
pub struct Quiet {
    /// Of the program.
    pub performance: Performance,
    /// The message before the silence, and the one after it.
    pub sent: [String; 2],
    /// How far it came.
    pub reached: Reached,
}

/// What is done in a quiet run.
pub struct Scene<'a, F> {
    /// The queue.
    pub queue: &'a str,
    /// How the program is started.
    pub call: Call,
    /// What its messages are labelled with.
    pub properties: BasicProperties,
    /// What the messages are made from.
    pub seed: u64,
    /// Whether the program is done with a message.
    pub is_done: F,
}

impl<F: Fn(&Performance, &str) -> bool> Scene<'_, F> {
    /// Plays it.
    ///
    /// # Errors
    ///
    /// When the broker fails the checker, or the program can't be started.
    pub async fn play(self, stage: &Stage<'_>, program: &Program) -> Result<Quiet, Reason> {
        let sent = bodies(self.seed);
        let at_least = SILENCE + stage.promptly() + Duration::from_secs(3);
        let actor = stage.call(program, &Call { at_least, ..self.call.clone() }).await?;
        let reached = self.reach(stage, &actor, &sent).await?;
        Ok(Quiet { performance: press_ctrl_c(actor).await?, sent, reached })
    }

    async fn reach(&self, stage: &Stage<'_>, actor: &Actor, [first, later]: &[String; 2]) -> Result<Reached, Reason> {
        let deals_with = async |body: &String| {
            let sent = stage.hand.publish_with(self.queue, body.as_bytes(), self.properties.clone());
            sent.await.map_err(|error| stage.lost(&error))?;
            Ok::<_, Reason>(actor.promptly(|seen| (self.is_done)(seen, body)).await)
        };
        let reached = began(actor, self.queue).await;
        if reached < Reached::Waiting || !deals_with(first).await? {
            return Ok(reached);
        }
        let stays = !actor.within(SILENCE, leaves).await && deals_with(later).await?;
        Ok(if stays { Reached::Stayed } else { Reached::Received })
    }
}

/// How far a program comes before anything is sent to it.
pub async fn began(actor: &Actor, queue: &str) -> Reached {
    let subscribed = |seen: &Performance| is_subscribed(seen, queue);
    let over = |seen: &Performance| subscribed(seen) || is_hopeless(seen, queue);
    if !(actor.until(over).await && actor.promptly(subscribed).await) {
        return Reached::Start;
    }
    if actor.promptly(waits).await { Reached::Waiting } else { Reached::Subscribed }
}

/// Whether the program ended, or said that it takes no more messages.
#[must_use]
pub fn leaves(seen: &Performance) -> bool {
    seen.exit.is_some() || goodbye(seen).is_some()
}

/// Two texts, by the seed.
fn bodies(seed: u64) -> [String; 2] {
    let mut rng = Rng::with_seed(!seed);
    let mut text = |front: &str| -> String { front.chars().chain((0..8).map(|_| rng.char('a'..='z'))).collect() };
    [text("first "), text("later ")]
}

/// What is wrong with the waiting line, where the program prints it in another run; None where nothing is.
#[must_use]
pub fn waiting_line(quiet: &Quiet) -> Option<Mistake> {
    let seen = &quiet.performance;
    if quiet.reached >= Reached::Waiting {
        return None;
    }
    if let Some(panic) = ending::panic_of(seen) {
        return Some(panic);
    }
    if ended_by_itself(seen) {
        return Some(
            Mistake::new("With an empty queue the program ends at once; a receiver waits for the first message.")
                .seen(ending::last_words(seen))
                .hint("Receive in a loop that only Ctrl-C ends, whether or not a message is there."),
        );
    }
    Some(
        Mistake::new(
            "The program prints its waiting line only when a message has come; with an empty queue it prints none.",
        )
        .seen(format!("nothing was in the queue\nexpected: {WAITING}"))
        .hint("Print the line once, right after you subscribed and before you take the first message."),
    )
}

/// What a program did that left in the silence; None where it stayed, or where something else went wrong. `kind` is what such
/// a program is called: `receiver`, `worker`.
#[must_use]
pub fn left_in_silence(quiet: &Quiet, kind: &str) -> Option<Mistake> {
    let seen = &quiet.performance;
    // What the broker refused is the subject of another step, and so is a panic.
    let has_another_cause = Talk::of(seen).closes(Peer::Broker).next().is_some() || ending::panic_of(seen).is_some();
    if quiet.reached != Reached::Received || has_another_cause {
        return None;
    }
    let goodbye = goodbye(seen);
    let ended = seen.exit.filter(|_| ended_by_itself(seen)).map(|exit| exit.at);
    let at = goodbye.map(|said| said.at).or(ended)?;
    let after = at.saturating_sub(last_delivery(seen).unwrap_or(at));
    let did = if goodbye.is_some() { "stopped receiving" } else { "ended by itself" };
    Some(
        Mistake::new(format!(
            "The program {did} {:.1} s after its last message; a {kind} stays for the next one, however long that takes.",
            after.as_secs_f64()
        ))
        .seen(goodbye.map_or_else(|| ending::last_words(seen), |said| said.line()))
        .hint("Leave out what ends it: a timer, a limit on the time without a message, a sleep before the end. Only Ctrl-C ends it."),
    )
}

fn last_delivery(seen: &Performance) -> Option<Duration> {
    let is_one = |method: &Method| matches!(method, Method::Basic(Basic::Deliver(_)));
    let last = Talk::of(seen).methods().rfind(|said| said.from == Peer::Broker && is_one(said.method));
    last.map(|said| said.at)
}
