//! Lesson 02: receive from the queue `hello`.

use std::time::Duration;

use fastrand::Rng;
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use wire::{
    Method, Peer,
    protocol::{basic, queue},
    words::quoted,
};

use crate::{
    lessons::{
        Contract, Rule, printed, steps,
        talk::{BASIC_ACK, BASIC_CONSUME, QUEUE_DECLARE, Said, Talk},
    },
    performance::Performance,
    program::Program,
    stage::{Actor, Stage},
    verdict::{Finding, Mistake, Reason},
};

const QUEUE: &str = "hello";
const WAITING: &str = " [*] Waiting for messages. To exit press CTRL+C";
const RECEIVED: &str = " [x] Received";

/// How many of the messages wait in the queue before the program starts.
const BEFORE: usize = 3;

/// A program that asks so often for single messages is polling.
const POLLS: usize = 20;

/// How long a program that is about to leave gets to show it, after the last message.
const A_WHILE: Duration = Duration::from_millis(300);

/// The contract.
pub struct HelloReceive;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Of the program.
    pub performance: Performance,
    /// The bodies that were sent to it, in order: the first three before it started.
    pub sent: Vec<String>,
    /// One more, sent when it had printed all of those.
    pub last: String,
    /// How far the scene came.
    pub reached: Reached,
}

/// How far the scene came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// The program was started.
    Start,
    /// It subscribed.
    Subscribed,
    /// It printed that it waits.
    Waiting,
    /// It printed all messages that were sent.
    Received,
    /// It printed the one sent after those, and was still there.
    Stayed,
}

impl Contract for HelloReceive {
    type Evidence = Evidence;
    const ID: &'static str = "hello-receive";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Rule<Evidence>] = &[
        ("connect", |seen| steps::connect(&seen.performance)),
        ("declare", |seen| steps::declare(&seen.performance, QUEUE)),
        ("consume", consume),
        ("wait", wait),
        ("receive", receive),
        ("stay", stay),
        ("stop", stop),
    ];

    async fn play(stage: &Stage<'_>, program: &Program, seed: u64) -> Result<Evidence, Reason> {
        let flags = (QueueDeclareOptions::default(), FieldTable::default());
        let evidence = scene(stage, program, seed, flags).await?;
        // The queue was declared as the lesson teaches. A program that has other flags in mind, and rightly got refused,
        // finds it again as it declares it.
        match declared_otherwise(&evidence.performance) {
            Some(flags) => {
                stage.hand.delete(QUEUE).await.map_err(|error| stage.lost(&error))?;
                scene(stage, program, seed, flags).await
            }
            None => Ok(evidence),
        }
    }

    fn performance(evidence: Evidence) -> Performance {
        evidence.performance
    }
}

async fn scene(
    stage: &Stage<'_>,
    program: &Program,
    seed: u64,
    (options, arguments): (QueueDeclareOptions, FieldTable),
) -> Result<Evidence, Reason> {
    let (sent, last) = bodies(seed);
    let publish = async |bodies: &[String]| {
        for body in bodies {
            stage.hand.publish(QUEUE, body.as_bytes()).await.map_err(|error| stage.lost(&error))?;
        }
        Ok::<(), Reason>(())
    };
    stage.hand.declare(QUEUE, options, arguments).await.map_err(|error| stage.lost(&error))?;
    publish(&sent[..BEFORE]).await?;

    let actor = stage.start(program).await?;
    let mut evidence = Evidence { performance: Performance::default(), sent, last, reached: Reached::Start };
    let done = async {
        if !(actor.until(|seen| subscribed(seen) || hopeless(seen)).await && actor.promptly(subscribed).await) {
            return Ok(Reached::Start);
        }
        if !actor.promptly(|seen| seen.stdout.lines().iter().any(|line| line == WAITING)).await {
            return Ok(Reached::Subscribed);
        }
        publish(&evidence.sent[BEFORE..]).await?;
        if !actor.promptly(|seen| evidence.sent.iter().all(|body| printed(seen, body) > 0)).await {
            return Ok(Reached::Waiting);
        }
        publish(std::slice::from_ref(&evidence.last)).await?;
        if !actor.promptly(|seen| printed(seen, &evidence.last) > 0).await {
            return Ok(Reached::Received);
        }
        // An acknowledgement comes after the line is printed.
        actor.promptly(|seen| unacknowledged(Talk::of(seen)).is_empty()).await;
        let leaves = |seen: &Performance| seen.exit.is_some() || goodbye(seen).is_some();
        Ok(if actor.within(A_WHILE, leaves).await { Reached::Received } else { Reached::Stayed })
    };
    evidence.reached = done.await?;
    evidence.performance = press_ctrl_c(actor).await?;
    Ok(evidence)
}

async fn press_ctrl_c(actor: Actor) -> Result<Performance, Reason> {
    if actor.interrupt() {
        return Ok(actor.end_promptly().await);
    }
    actor.end_promptly().await;
    Err(Reason {
        message: "Ctrl-C can't be pressed for a program on this operating system yet.".to_owned(),
        hints: vec!["Check this lesson on Linux or macOS; on Windows, WSL is a Linux".to_owned()],
    })
}

/// What is sent, chosen at random so that nobody can print it beforehand: plain ones, an empty one, a long one, one that is
/// not ASCII; and the last.
fn bodies(seed: u64) -> (Vec<String>, String) {
    let mut rng = Rng::with_seed(seed);
    let mut token = || -> String { (0..8).map(|_| rng.char('a'..='z')).collect() };
    let long: Vec<String> = (0..200).map(|_| token()).collect();
    let mut sent = vec![
        token(),
        format!("two words: {}", token()),
        String::new(),
        format!("Grüße, 世界 🐇 {}", token()),
        format!("long: {}", long.join(" ")),
    ];
    let last = format!("after a while: {}", token());
    rng.shuffle(&mut sent);
    (sent, last)
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

/// The program subscribed to the queue, and the broker agreed.
fn subscribed(seen: &Performance) -> bool {
    let talk = Talk::of(seen);
    talk.consumes().any(|(said, consume)| {
        consume.queue.as_str() == QUEUE
            && (consume.nowait || talk.answer(&said, |method| is_consume_ok(method).then_some(())).is_some())
    })
}

fn is_consume_ok(method: &Method) -> bool {
    matches!(method, Method::Basic(basic::AMQPMethod::ConsumeOk(_)))
}

/// Nothing good will come any more: the broker refused something, or the program polls, or took another queue.
fn hopeless(seen: &Performance) -> bool {
    let talk = Talk::of(seen);
    talk.closes(Peer::Broker).next().is_some()
        || polls(talk) >= POLLS
        || talk.consumes().any(|(_, consume)| consume.queue.as_str() != QUEUE)
}

fn polls(talk: Talk<'_>) -> usize {
    talk.methods().filter(|said| matches!(said.method, Method::Basic(basic::AMQPMethod::Get(_)))).count()
}

/// How often the program printed that it received this body.
fn printed(seen: &Performance, body: &str) -> usize {
    seen.stdout.lines().iter().filter(|line| printed::says(line, RECEIVED, body)).count()
}

/// The delivery tags that were to be acknowledged and were not.
fn unacknowledged(talk: Talk<'_>) -> Vec<u64> {
    let with_ack: Vec<&str> = talk
        .consumes()
        .filter(|(_, consume)| !consume.no_ack)
        .filter_map(|(said, consume)| {
            let tag = consume.consumer_tag.as_str();
            let given = talk.answer(&said, |method| match method {
                Method::Basic(basic::AMQPMethod::ConsumeOk(ok)) => Some(ok.consumer_tag.as_str()),
                _ => None,
            });
            if tag.is_empty() { given } else { Some(tag) }
        })
        .collect();
    let mut open: Vec<(u32, u16, u64)> = Vec::new();
    for said in talk.methods() {
        let here = (said.connection, said.channel);
        match said.method {
            Method::Basic(basic::AMQPMethod::Deliver(deliver)) if with_ack.contains(&deliver.consumer_tag.as_str()) => {
                open.push((here.0, here.1, deliver.delivery_tag));
            }
            Method::Basic(basic::AMQPMethod::Ack(ack)) if said.from == Peer::Program => {
                open.retain(|(connection, channel, tag)| {
                    let acknowledged = *tag == ack.delivery_tag
                        || (ack.multiple && (*tag <= ack.delivery_tag || ack.delivery_tag == 0));
                    (*connection, *channel) != here || !acknowledged
                })
            }
            _ => {}
        }
    }
    open.into_iter().map(|(_, _, tag)| tag).collect()
}

/// `basic.consume` on the queue; with `no_ack`, or with every delivery acknowledged.
fn consume(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    let talk = Talk::of(performance);
    let Some((said, consume)) = talk.consumes().find(|(_, consume)| consume.queue.as_str() == QUEUE) else {
        return not_subscribed(performance, talk).into();
    };
    if let Some(close) = talk.refusal(BASIC_CONSUME) {
        return Mistake::new("The broker refused the subscription.")
            .seen(close.said.line())
            .hint("The broker's line says why.")
            .into();
    }
    if !subscribed(performance) {
        return Mistake::new("The program asked to subscribe, and left before the broker answered.")
            .seen(said.line())
            .hint("Wait for the answer: in lapin, `.await` the call.")
            .into();
    }
    if let Some(close) = talk.refusal(BASIC_ACK) {
        let message = if consume.no_ack {
            "The program acknowledges a message of a subscription with no_ack, where none is to be acknowledged; the broker closed the channel."
        } else {
            "The program acknowledges a message that is not waiting for it (acknowledged before, or on another channel); the broker closed the channel."
        };
        let hint = if consume.no_ack {
            "Leave the acknowledgement out, or subscribe without no_ack."
        } else {
            "Acknowledge each delivery once, on the channel it came on."
        };
        return Mistake::new(message).seen(close.said.line()).hint(hint).into();
    }
    let open = unacknowledged(talk);
    if !open.is_empty() {
        let rejected = talk.methods().find(|said| {
            said.from == Peer::Program
                && matches!(said.method, Method::Basic(basic::AMQPMethod::Nack(_) | basic::AMQPMethod::Reject(_)))
        });
        if let Some(said) = rejected {
            return Mistake::new("The program rejects messages that it should take.")
                .seen(said.line())
                .hint("Acknowledge them (`ack`), or subscribe with no_ack as the lesson does.")
                .into();
        }
        return Mistake::new(format!(
            "The program subscribes without no_ack and leaves {} of its messages unacknowledged: the broker keeps them, and delivers all of them again.",
            open.len()
        ))
        .seen(said.line())
        .hint("Set no_ack as the lesson does, or acknowledge every delivery.")
        .into();
    }
    Finding::Passed(said.line())
}

fn not_subscribed(seen: &Performance, talk: Talk<'_>) -> Mistake {
    if let Some((said, consume)) = talk.consumes().next() {
        return Mistake::new(format!(
            "The program subscribes to the queue {}, and the lesson's queue is `{QUEUE}`.",
            quoted(consume.queue.as_str().as_bytes())
        ))
        .seen(said.line())
        .hint("The name is \"hello\" letter for letter, here and where the queue is declared.");
    }
    let get = talk.methods().find(|said| matches!(said.method, Method::Basic(basic::AMQPMethod::Get(_))));
    if let Some(said) = get {
        return Mistake::new("The program asks for single messages (basic.get) instead of subscribing: it burns time when there is nothing, and is late when there is something.")
            .seen(format!("{} (asked {}×)", said.line(), polls(talk)))
            .hint("Subscribe once (basic.consume), and the broker pushes messages as they come.");
    }
    Mistake::new("The program never subscribes to the queue, so no message comes to it.")
        .seen(steps::last_words(seen))
        .hint("In lapin, `channel.basic_consume(…).await?`. A future that is not awaited does nothing.")
}

/// The waiting line, on stdout, while it waits.
fn wait(seen: &Evidence) -> Finding {
    if let Err(mistake) = steps::line_on_stdout(&seen.performance, WAITING, |line| line == WAITING) {
        return match steps::panic_of(&seen.performance) {
            Some(panic) if seen.performance.stdout.lines().is_empty() => panic.into(),
            _ => mistake.into(),
        };
    }
    if seen.reached < Reached::Waiting {
        return held_back(
            "The waiting line came when the program ended, not while it waited: it is printed after the loop, or held back.",
        )
        .into();
    }
    Finding::Passed(WAITING.to_owned())
}

fn held_back(message: &str) -> Mistake {
    Mistake::new(message)
        .hint("Flush stdout after each line, or print with something that does: in Rust, `println!` on a terminal.")
}

/// All bodies, each once, in order.
fn receive(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    let lines = performance.stdout.lines();
    let missing: Vec<&String> = seen.sent.iter().filter(|body| printed(performance, body) == 0).collect();
    // The plainest one tells the most: an empty one that is missing, too, is no mystery of its own.
    let plain = missing.iter().find(|body| !body.is_empty() && body.is_ascii());
    if let Some(body) = plain.or(missing.iter().find(|body| !body.is_empty())).or(missing.first()) {
        return not_printed(seen, body, &lines).into();
    }
    if seen.reached < Reached::Received {
        return held_back(
            "The messages were printed when the program ended, not when they came: its output is held back.",
        )
        .into();
    }
    if let Some(body) = seen.sent.iter().find(|body| printed(performance, body) > 1) {
        return Mistake::new("The program prints a message more than once.")
            .seen(format!("{} times: {RECEIVED} '{}'", printed(performance, body), shown(body)))
            .hint("Print each delivery once.")
            .into();
    }
    let order: Vec<&String> =
        lines.iter().filter_map(|line| seen.sent.iter().find(|body| printed::says(line, RECEIVED, body))).collect();
    if order.iter().zip(&seen.sent).any(|(printed, sent)| *printed != sent) {
        let list = |bodies: &mut dyn Iterator<Item = &String>| {
            bodies.map(|body| format!("'{}'", shown(body))).collect::<Vec<_>>().join(", ")
        };
        return Mistake::new("The program prints the messages in another order than they were sent in.")
            .seen(format!("sent:    {}\nprinted: {}", list(&mut seen.sent.iter()), list(&mut order.into_iter())))
            .hint("A queue keeps the order. Print each delivery as it comes, one after the other.")
            .into();
    }
    let after = seen.sent.len() - BEFORE;
    Finding::Passed(format!("{} messages: {BEFORE} were waiting in the queue, {after} came later", seen.sent.len()))
}

fn not_printed(seen: &Evidence, body: &str, lines: &[String]) -> Mistake {
    let performance = &seen.performance;
    if let Some(panic) = steps::panic_of(performance) {
        return panic;
    }
    let stderr = steps::complaints(performance);
    if let Some(line) = stderr.iter().find(|line| seen.sent.iter().any(|body| printed::says(line, RECEIVED, body))) {
        return Mistake::new("The messages are printed to stderr; they belong on stdout.")
            .seen(line.clone())
            .hint("In Rust, `println!` prints to stdout and `eprintln!` to stderr.");
    }
    if let Some(line) = lines.iter().find(|line| seen.sent.iter().any(|body| has_bytes_of(line, body))) {
        return Mistake::new(
            "The program prints the numbers of the bytes (their Debug form), not the text they stand for.",
        )
        .seen(line.clone())
        .hint("Make text of them first: in Rust, `String::from_utf8_lossy(&delivery.data)`.");
    }
    if let Some(line) = lines.iter().find(|line| line.matches("[x] Received").count() > 1) {
        return Mistake::new("The program prints several messages on one line.")
            .seen(line.clone())
            .hint("End each line with a newline.");
    }
    if let Some((line, body)) = wrong_line(&seen.sent, lines) {
        return printed_otherwise(line, body);
    }
    if let Some(line) = lines.iter().find(|line| !body.is_empty() && line.contains(body)) {
        return printed_otherwise(line, body);
    }
    let count = seen.sent.iter().filter(|body| printed(performance, body) > 0).count();
    if let Some(mistake) = let_no_more_come(seen, body, count) {
        return mistake;
    }
    if body.is_empty() {
        return Mistake::new(
            "An empty message was delivered, and no line was printed for it: an empty message is a message, too.",
        )
        .seen(format!("expected: {RECEIVED} ''"))
        .hint("Print a line for each delivery, whatever is in it.");
    }
    let all = seen.sent.len();
    Mistake::new(format!(
        "Only {count} of {all} messages were printed in time; this one was delivered, and not printed."
    ))
    .seen(format!("expected: {RECEIVED} '{}'", shown(body)))
    .hint("Print a line for each delivery, as it comes.")
}

/// Whether a line has the numbers of this body's bytes in it, as Debug prints them.
fn has_bytes_of(line: &str, body: &str) -> bool {
    let numbers = format!("{:?}", body.as_bytes());
    !body.is_empty() && line.contains(numbers.trim_matches(['[', ']']))
}

/// The first line that is meant to say that a message was received, and says something else, with that message's body. None
/// where lines are missing or in another order, but right as far as they go.
fn wrong_line<'a>(sent: &'a [String], lines: &'a [String]) -> Option<(&'a str, &'a str)> {
    let mut next = 0;
    for line in lines.iter().filter(|line| is_meant_for_a_message(line)) {
        let body = sent.get(next)?;
        if printed::says(line, RECEIVED, body) {
            next += 1;
        } else if sent.iter().any(|other| printed::says(line, RECEIVED, other)) {
            return None;
        } else {
            return Some((line, body));
        }
    }
    None
}

fn is_meant_for_a_message(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(2).collect();
    words.join(" ").eq_ignore_ascii_case(RECEIVED.trim_start())
}

/// A line for this message, in another form than the lesson's.
fn printed_otherwise(line: &str, body: &str) -> Mistake {
    let quotes = ['\'', '"', 'b', ' '];
    let told =
        line.split_once("eceived").map_or("", |(_, told)| told.trim_start_matches(quotes).trim_end_matches(quotes));
    let start = told.trim_end_matches(['…', '.']);
    let (message, hint) = if !body.is_empty() && line.contains(body) {
        (
            "A message is printed in another form than the lesson's.",
            "The line is ` [x] Received '…'`, with one blank in front and one behind each word.",
        )
    } else if body.is_empty() {
        (
            "The line for an empty message says something else than nothing.",
            "Print the body as it is, and nothing in its place.",
        )
    } else if !start.is_empty() && body.starts_with(start) {
        (
            "A message is printed in part only: its end is cut off.",
            "Print the whole body, on one line, however long it is.",
        )
    } else if told.eq_ignore_ascii_case(body) {
        ("A message is printed with other upper and lower case letters than it has.", "Print the body as it is.")
    } else if body.is_ascii() {
        ("A message is printed with other text than it has.", "Print the body as it is: all of it, and nothing else.")
    } else {
        (
            "A message that is not ASCII is printed with other text than it has: its bytes are UTF-8.",
            "Make text of all of the body, as UTF-8, and change nothing about it.",
        )
    };
    Mistake::new(message).seen(printed::difference(&format!("{RECEIVED} '{body}'"), line)).hint(hint)
}

/// The message never reached the program, or the program did not wait to print it.
fn let_no_more_come(seen: &Evidence, body: &str, count: usize) -> Option<Mistake> {
    let performance = &seen.performance;
    let talk = Talk::of(performance);
    let all = seen.sent.len();
    if ended_by_itself(performance) {
        let message = match count {
            0 => "The program ended before it had printed any message; a receiver waits for them.".to_owned(),
            count => format!("The program ended after {count} of {all} messages; a receiver waits for more."),
        };
        let hint = "Receive in a loop: in lapin, `while let Some(delivery) = consumer.next().await`.";
        return Some(Mistake::new(message).seen(steps::last_words(performance)).hint(hint));
    }
    if talk.deliveries().any(|(_, _, content)| content.body == body.as_bytes()) {
        return None;
    }
    let emptied = talk.methods().find(|said| {
        said.from == Peer::Program
            && matches!(said.method, Method::Queue(queue::AMQPMethod::Purge(_) | queue::AMQPMethod::Delete(_)))
    });
    if let Some(said) = emptied {
        let mistake = Mistake::new("The program throws messages away that were waiting in the queue.");
        return Some(
            mistake.seen(said.line()).hint("Neither purge nor delete the queue: what waits there is for you."),
        );
    }
    if let Some(close) = talk.closes(Peer::Broker).next() {
        let mistake = Mistake::new("The broker closed the channel before all messages were delivered.");
        return Some(mistake.seen(close.said.line()).hint("The broker's line says why."));
    }
    let delivered = talk.deliveries().count();
    let mistake =
        Mistake::new(format!("The broker delivered {delivered} of {all} messages, and the program let no more come."));
    let hint = "Does it cancel its subscription, or does a prefetch limit wait for an acknowledgement?";
    Some(mistake.seen(steps::last_words(performance)).hint(hint))
}

/// Whether the program ended before Ctrl-C was pressed.
fn ended_by_itself(seen: &Performance) -> bool {
    seen.exit.is_some_and(|exit| seen.interrupted_at.is_none_or(|at| exit.at < at))
}

fn shown(body: &str) -> String {
    if body.chars().count() > 40 {
        format!("{}…", body.chars().take(40).collect::<String>())
    } else {
        body.to_owned()
    }
}

/// One more message, sent when all others were printed, is printed, too; and then the program is still there.
fn stay(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    let ended = ended_by_itself(performance);
    if seen.reached == Reached::Stayed && !ended {
        return Finding::Passed("a message that came when all others were printed was printed, too".to_owned());
    }
    if let Some(panic) = steps::panic_of(performance) {
        return panic.into();
    }
    let talk = Talk::of(performance);
    let goodbye = goodbye(performance);
    let delivered = talk.deliveries().any(|(_, _, content)| content.body == seen.last.as_bytes());
    let message = if ended {
        "The program ended by itself when it had printed the messages; a receiver stays for the next one."
    } else if goodbye.is_some() {
        "The program stopped receiving when it had printed the messages; a receiver stays for the next one."
    } else if delivered {
        "The program received a message that came after a while, and printed no line for it."
    } else {
        "The program let no more messages come when it had printed the first ones; a receiver stays for the next one."
    };
    let evidence = goodbye.map_or_else(|| steps::last_words(performance), |said| said.line());
    Mistake::new(message).seen(evidence).hint("Receive in a loop that only Ctrl-C ends.").into()
}

/// What the program said, before Ctrl-C was pressed, to receive no more.
fn goodbye(seen: &Performance) -> Option<Said<'_>> {
    use wire::protocol::{channel::AMQPMethod as Channel, connection::AMQPMethod as Connection};
    let last = |said: &Said<'_>| {
        said.from == Peer::Program
            && seen.interrupted_at.is_none_or(|at| said.at < at)
            && matches!(
                said.method,
                Method::Basic(basic::AMQPMethod::Cancel(_))
                    | Method::Channel(Channel::Close(_))
                    | Method::Connection(Connection::Close(_))
            )
    };
    Talk::of(seen).methods().find(last)
}

/// Ctrl-C ends it soon, without a panic.
fn stop(seen: &Evidence) -> Finding {
    let performance = &seen.performance;
    if let Some(panic) = steps::panic_of(performance) {
        return panic.into();
    }
    let Some(exit) = performance.exit else {
        return Mistake::new("The program's end was not seen.").into();
    };
    if exit.overdue {
        return Mistake::new("Ctrl-C was pressed, and the program did not end soon: it takes the signal and goes on.")
            .seen(steps::last_words(performance))
            .hint("When `tokio::signal::ctrl_c()` says that Ctrl-C was pressed, leave the loop and let `main` return.")
            .into();
    }
    // SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: a crash. SIGINT is what Ctrl-C is.
    if let Some(signal) = exit.signal.filter(|signal| [4, 6, 7, 8, 11].contains(signal)) {
        return Mistake::new(format!("At Ctrl-C the program crashed (signal {signal})."))
            .seen(steps::last_words(performance))
            .into();
    }
    let gently = Talk::of(performance).closes(Peer::Program).any(|close| close.said.channel == 0);
    let how = if gently { "with connection.close" } else { "without closing its connection" };
    Finding::Passed(format!("Ctrl-C ended it, {how}"))
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
        assert!(sent.len() > BEFORE && !last.is_empty());
    }
}
