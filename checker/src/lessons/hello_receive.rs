//! Lesson 02: receive from the queue `hello`.

mod consume;
mod receive;
mod stay;

use std::time::Duration;

use fastrand::Rng;
use lapin::{BasicProperties, options::QueueDeclareOptions, types::FieldTable};
use tokio::sync::oneshot;
use wire::protocol::queue;

use crate::{
    brokers::hand,
    lessons::{
        Contract, Rule,
        receiving::{
            self, RECEIVED,
            quiet::{self, Quiet, began, leaves},
            times_printed,
        },
        steps,
        talk::{QUEUE_DECLARE, Said, Talk},
    },
    performance::{Part, Performance},
    program::Program,
    stage::{Call, Stage},
    verdict::{Note, Reason},
};

pub use receiving::quiet::Reached;

const QUEUE: &str = "hello";

/// How many of the messages wait in the queue before the program starts.
const BEFORE: usize = 3;

/// How long a program that is about to leave gets to show it, after the last message.
const A_WHILE: Duration = Duration::from_millis(300);

/// The contract.
pub struct HelloReceive;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The run in which messages wait before the program starts.
    pub performance: Performance,
    /// The bodies that were sent to it, in order: the first three before it started.
    pub sent: Vec<String>,
    /// One more, sent when it had printed all of those; its text is that of one of them.
    pub last: String,
    /// How many of the first were printed before anything else happened.
    pub in_time: usize,
    /// How far the scene came.
    pub reached: Reached,
    /// The run with an empty queue and a long silence; None where the first came to no subscription.
    pub quiet: Option<Quiet>,
}

impl Contract for HelloReceive {
    type Evidence = Evidence;
    const ID: &'static str = "hello-receive";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const SHOWS_ALL: bool = false;
    const STEPS: &'static [Rule<Evidence>] = &[
        ("connect", |seen| steps::connect(&seen.performance)),
        ("declare", consume::declare),
        ("consume", consume::consume),
        ("wait", stay::wait),
        ("receive", receive::receive),
        ("stay", stay::stay),
        ("stop", |seen| receiving::stop(&seen.performance)),
    ];

    async fn play(stage: &mut Stage<'_>, program: &Program, seed: u64) -> Result<Evidence, Reason> {
        let lost = |error: &lapin::Error| stage.lost(error);
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        stage.hand.declare(QUEUE, durable, FieldTable::default()).await.map_err(|error| lost(&error))?;
        let evidence = both(stage, program, seed, true).await?;
        // The queue was declared as the lesson teaches. A program that has other flags in mind, and rightly got refused,
        // finds it again as it declares it; or not at all, where its flags are none that the broker takes.
        let Some((options, arguments)) = declared_otherwise(&evidence.performance) else { return Ok(evidence) };
        stage.hand.delete(QUEUE).await.map_err(|error| lost(&error))?;
        let accepted = hand::is_accepted(&stage.room, QUEUE, options, arguments).await;
        both(stage, program, seed, accepted.map_err(|error| lost(&error))?).await
    }

    fn first(evidence: &Evidence) -> Option<&Performance> {
        Some(&evidence.performance)
    }

    fn notes(evidence: &Evidence) -> Vec<Note> {
        let transient = steps::transient_queue(&evidence.performance, QUEUE);
        transient.into_iter().chain(receiving::left_without_goodbye(&evidence.performance)).collect()
    }

    fn parts(evidence: Evidence) -> Vec<Part> {
        let Evidence { performance, quiet, reached, .. } = evidence;
        let Some(quiet) = quiet else { return vec![performance.into()] };
        let first = Part { role: "run 1".to_owned(), performance };
        let second = Part { role: "run 2".to_owned(), performance: quiet.performance };
        // The one that went wrong comes first.
        let is_guilty = reached == Reached::Stayed && quiet.reached < Reached::Stayed;
        if is_guilty { vec![second, first] } else { vec![first, second] }
    }
}

/// Both runs, side by side where the broker has a vhost for each: the second begins when the first has subscribed.
async fn both(stage: &Stage<'_>, program: &Program, seed: u64, queue_is_there: bool) -> Result<Evidence, Reason> {
    let Some(beside) = stage.beside(&[QUEUE]).await? else {
        let mut evidence = scene(stage, program, seed, queue_is_there, None).await?;
        if evidence.reached > Reached::Start {
            stage.hand.delete(QUEUE).await.map_err(|error| stage.lost(&error))?;
            evidence.quiet = Some(quiet_run(stage, program, seed).await?);
        }
        return Ok(evidence);
    };
    let (subscribed, has_subscribed) = oneshot::channel();
    let second = async {
        let played = match has_subscribed.await {
            Ok(()) => Some(quiet_run(&beside, program, seed).await?),
            Err(_) => None,
        };
        Ok::<_, Reason>(played)
    };
    let first = scene(stage, program, seed, queue_is_there, Some(subscribed));
    let (evidence, quiet) = tokio::join!(first, second);
    beside.hand.close().await;
    Ok(Evidence { quiet: quiet?, ..evidence? })
}

/// The run with an empty queue.
async fn quiet_run(stage: &Stage<'_>, program: &Program, seed: u64) -> Result<Quiet, Reason> {
    let is_done = |seen: &Performance, body: &str| times_printed(seen, body) > 0;
    let (call, properties) = (Call::default(), BasicProperties::default());
    quiet::Scene { queue: QUEUE, call, properties, seed, is_done }.play(stage, program).await
}

/// One run of the program. `queue_is_there` tells whether the queue is declared, so that messages can wait in it; `subscribed`
/// is answered when the program has subscribed, and dropped when it has not.
async fn scene(
    stage: &Stage<'_>,
    program: &Program,
    seed: u64,
    queue_is_there: bool,
    subscribed: Option<oneshot::Sender<()>>,
) -> Result<Evidence, Reason> {
    let (sent, last) = bodies(seed);
    let publish = async |bodies: &[String]| {
        for body in bodies {
            stage.hand.publish(QUEUE, body.as_bytes()).await.map_err(|error| stage.lost(&error))?;
        }
        Ok::<(), Reason>(())
    };
    if queue_is_there {
        publish(&sent[..BEFORE]).await?;
    }

    stage.does("waiting until the program subscribes");
    let actor = stage.start(program).await?;
    let mut evidence =
        Evidence { performance: Performance::default(), sent, last, in_time: 0, reached: Reached::Start, quiet: None };
    let mut in_time = 0;
    let done = async {
        let reached = began(&actor, QUEUE).await;
        if reached > Reached::Start {
            let _ = subscribed.map(|subscribed| subscribed.send(()));
        }
        if reached < Reached::Waiting {
            return Ok(reached);
        }
        stage.does("sending messages, and waiting until the program prints them");
        publish(&evidence.sent[BEFORE..]).await?;
        let sent = &evidence.sent;
        let all = |seen: &Performance| {
            in_time = sent.iter().filter(|body| times_printed(seen, body) > 0).count();
            in_time == sent.len()
        };
        if !actor.promptly(all).await {
            return Ok(Reached::Waiting);
        }
        publish(std::slice::from_ref(&evidence.last)).await?;
        if !actor.promptly(|seen| times_printed(seen, &evidence.last) > 1).await {
            return Ok(Reached::Received);
        }
        // An acknowledgement comes after the line is printed.
        actor.promptly(|seen| consume::unacknowledged(Talk::of(seen)) == 0).await;
        Ok(if actor.within(A_WHILE, leaves).await { Reached::Received } else { Reached::Stayed })
    };
    evidence.reached = done.await?;
    evidence.in_time = in_time;
    stage.does("waiting until the program ends at Ctrl-C");
    evidence.performance = receiving::press_ctrl_c(actor).await?;
    Ok(evidence)
}

/// What is sent, chosen at random so that nobody can print it beforehand: plain ones, an empty one, a long one, one that is
/// not ASCII; and the last, which is the plainest of them once more: two messages with the same text are two messages.
fn bodies(seed: u64) -> (Vec<String>, String) {
    let mut rng = Rng::with_seed(seed);
    let mut token = || -> String { (0..8).map(|_| rng.char('a'..='z')).collect() };
    let long: Vec<String> = (0..200).map(|_| token()).collect();
    let plain = token();
    let mut sent = vec![
        plain.clone(),
        format!("two words: {}", token()),
        format!("Grüße, 世界 🐇 {}", token()),
        format!("long: {}", long.join(" ")),
    ];
    rng.shuffle(&mut sent);
    // Not where others end: a program that loses the first message, or leaves after one or three, has no trouble with this.
    sent.push(String::new());
    (sent, plain)
}

/// The flags and arguments of the program's own declaration, when it was refused because ours differ.
fn declared_otherwise(seen: &Performance) -> Option<(QueueDeclareOptions, FieldTable)> {
    let talk = Talk::of(seen);
    let close = talk.refusal(QUEUE_DECLARE).filter(|close| close.code == 406)?;
    let mine = |(said, declare): &(Said<'_>, &queue::Declare)| {
        declare.queue.as_str() == QUEUE && !declare.passive && !declare.exclusive && said.order < close.said.order
    };
    let (_, declare) = talk.declares().find(mine)?;
    let options = QueueDeclareOptions {
        durable: declare.durable,
        auto_delete: declare.auto_delete,
        ..QueueDeclareOptions::default()
    };
    Some((options, declare.arguments.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bodies_are_chosen_by_the_seed_and_cover_what_goes_wrong() {
        let (sent, last) = bodies(7);
        assert_eq!((sent.clone(), last.clone()), bodies(7));
        assert_ne!(sent, bodies(8).0);
        assert!(sent.iter().any(String::is_empty));
        assert!(sent.iter().any(|body| body.len() > 1000));
        assert!(sent.iter().any(|body| !body.is_ascii()));
        assert!(sent.len() > BEFORE && sent.contains(&last));
    }
}
