//! The step `declare`: the queue is there, as the lesson has it.

use wire::{
    Method, Peer,
    protocol::{basic, channel, exchange, queue},
    types::AMQPValue,
    words::quoted,
};

use super::{connect::not_amqp, unread::unread};
use crate::{
    ending::{self, last_words},
    fault::Fault,
    printed,
    talk::{Close, QUEUE_DECLARE, Said, Talk},
    verdict::{Finding, Note},
};
use recording::ProgramRun;

/// The queue `name` was declared, not passively, and the broker agreed.
#[must_use]
pub fn declare(seen: &ProgramRun, name: &str) -> Finding {
    let talk = Talk::of(seen);
    let mine: Vec<(Said<'_>, &queue::Declare)> =
        talk.declares().filter(|(_, declare)| declare.queue.as_str() == name).collect();
    let agreed = |said: &Said<'_>| agreed(talk, said);
    let mut active = mine.iter().filter(|(_, declare)| !declare.passive);
    let active = active.clone().find(|(said, declare)| declare.nowait || agreed(said)).or(active.next());
    // A refusal before the declaration that the broker agreed to was overcome: somebody asked passively first.
    let overcome = active.filter(|(said, _)| agreed(said)).map_or(0, |(said, _)| said.order);
    if let Some(close) = talk.refusals(QUEUE_DECLARE).find(|close| close.said.order > overcome) {
        return refused(talk, name, close, &mine).into();
    }
    let Some((said, declare)) = active else { return not_declared(seen, talk, name, &mine).into() };
    if declare.exclusive {
        return Fault::new(format!(
            "The queue `{name}` is declared exclusive: it belongs to this one connection and goes away with it, messages and all."
        ))
        .seen(said.line())
        .hint("Leave the flag `exclusive` out: sender and receiver share this queue.")
        .into();
    }
    if !agreed(said) && !declare.nowait {
        return Fault::new(format!("The program asked for the queue `{name}`, and left before the broker answered."))
            .seen(said.line())
            .hint("[[wait_for_answer]]")
            .into();
    }
    Finding::Passed(said.line())
}

/// Whether the program declares the queue `name` as a stream.
pub fn is_stream(seen: &ProgramRun, name: &str) -> bool {
    let is_one = |declare: &queue::Declare| {
        let kind = declare.arguments.inner().get("x-queue-type");
        matches!(kind, Some(AMQPValue::LongString(kind)) if kind.as_bytes() == b"stream")
    };
    Talk::of(seen).declares().any(|(_, declare)| declare.queue.as_str() == name && is_one(declare))
}

/// The note on a queue that is neither durable nor exclusive. A broker took it, and many don't.
#[must_use]
pub fn transient_queue(seen: &ProgramRun, name: &str) -> Option<Note> {
    let is_it = |declare: &queue::Declare| declare.queue.as_str() == name && !declare.passive;
    let (_, declare) = Talk::of(seen).declares().find(|(_, declare)| is_it(declare))?;
    (!declare.durable && !declare.exclusive).then(|| Note {
        step: "declare".to_owned(),
        message: format!(
            "The queue `{name}` is neither durable nor exclusive. This broker accepts it; RabbitMQ 4.3 refuses such queues by default."
        ),
        read: "https://www.rabbitmq.com/docs/queues#durability".to_owned(),
    })
}

/// `mine` are the program's declarations of this name.
fn refused(talk: Talk<'_>, name: &str, close: Close<'_>, mine: &[(Said<'_>, &queue::Declare)]) -> Fault {
    const SHARED: &str = "Leave the flag `exclusive` out: sender and receiver share this queue.";
    let refused = talk.refused(&close).map_or(close.said.order, |said| said.order);
    let this = mine.iter().find(|(said, _)| said.order == refused);
    let earlier = mine
        .iter()
        .rfind(|(said, declare)| said.order < refused && !declare.passive && (declare.nowait || agreed(talk, said)));
    let seen = close.lines(talk);
    let both = |earlier: &Said<'_>| format!("{}\n{seen}", earlier.line());
    match (close.code, earlier) {
        (404, _) if !mine.is_empty() && mine.iter().all(|(_, declare)| declare.passive) => passively(name).seen(seen),
        (405, Some((said, declare))) if declare.exclusive => Fault::new(format!(
            "The program declares `{name}` exclusive on one connection, and so keeps its other connection out."
        ))
        .seen(both(said))
        .hint(SHARED),
        (405, _) if this.is_some_and(|(_, declare)| declare.exclusive) => Fault::new(format!(
            "The program asks for `{name}` exclusively, and the queue is there already, for everybody."
        ))
        .seen(seen)
        .hint(SHARED),
        (405, _) => Fault::new(format!(
            "The broker refused the declaration: `{name}` is there, and another connection has it to itself."
        ))
        .seen(seen)
        .hint("Another program declared it exclusive: end that program, and run this one again."),
        (406, Some((said, _))) if close.text.contains("inequivalent") => Fault::new(format!(
            "The program declares `{name}` twice, differently: what a queue is like is decided the first time."
        ))
        .seen(both(said))
        .hint("Declare it once, or with the same flags and arguments each time."),
        _ => close.mistake(talk, "The broker refused the declaration."),
    }
}

fn passively(name: &str) -> Fault {
    Fault::new(format!(
        "The program declares `{name}` passively: that asks whether the queue is there, and does not make it."
    ))
    .hint("[[not_passive]]")
}

/// Whether the broker said that the queue is there.
fn agreed(talk: Talk<'_>, said: &Said<'_>) -> bool {
    let answer = |method: &Method| match method {
        Method::Queue(queue::AMQPMethod::DeclareOk(_)) => Some(true),
        Method::Channel(channel::AMQPMethod::Close(_)) => Some(false),
        _ => None,
    };
    talk.answer(said, answer).unwrap_or_default()
}

fn not_declared(seen: &ProgramRun, talk: Talk<'_>, name: &str, passive: &[(Said<'_>, &queue::Declare)]) -> Fault {
    if let Some((said, _)) = passive.first() {
        return passively(name).seen(said.line());
    }
    if let Some(mistake) = unread(talk) {
        return mistake;
    }
    if let Some((said, declare)) = talk.declares().next() {
        let other = declare.queue.as_str();
        let message = match other {
            "" => format!(
                "The program declares a queue without a name, so that the broker makes one up; the lesson's queue is `{name}`."
            ),
            other if other.trim() == name => format!(
                "The program declares {}: the name has a space in it, and the lesson's queue is `{name}`.",
                quoted(other.as_bytes())
            ),
            other if other.eq_ignore_ascii_case(name) => {
                format!(
                    "The program declares {}, and the lesson's queue is `{name}`: upper and lower case differ.",
                    quoted(other.as_bytes())
                )
            }
            other => format!(
                "The program declares the queue {}, and the lesson's queue is `{name}`.",
                quoted(other.as_bytes())
            ),
        };
        return Fault::new(message)
            .seen(said.line())
            .hint(format!("Name it `{name}`, letter for letter, wherever it is used."));
    }
    let mut instead = talk.said(|method| {
        matches!(method, Method::Exchange(exchange::AMQPMethod::Declare(_)) | Method::Queue(queue::AMQPMethod::Bind(_)))
    });
    if let Some(said) = instead.next() {
        let message = match said.method {
            Method::Exchange(_) => "The program declares an exchange, and never the queue `{name}`.",
            _ => "The program binds a queue that it never declared: binding does not make a queue.",
        };
        return Fault::new(message.replace("{name}", name))
            .seen(said.line())
            .hint(format!(
                "Declare the queue: [[declare_named:{name}]]. The default exchange is there already, and bound to every queue."
            ));
    }
    if let Some(error) = talk.garbage() {
        return not_amqp(error);
    }
    if let Some(mistake) = ending::cut_short(seen) {
        return mistake;
    }
    let next = talk
        .said(|method| {
            matches!(
                method,
                Method::Basic(
                    basic::AMQPMethod::Publish(_) | basic::AMQPMethod::Consume(_) | basic::AMQPMethod::Get(_)
                )
            )
        })
        .next();
    let closed = talk.closes(Peer::Program).next().filter(|_| next.is_none());
    if let Some(close) = closed.filter(|_| seen.exit.is_some_and(|exit| exit.code != Some(0))) {
        let what = close.what();
        return Fault::new(format!(
            "The program closed its {what} and never declares the queue `{name}`: what is closed can't be used any more."
        ))
        .seen(format!("{}\n{}", close.said.line(), last_words(seen)))
        .hint(format!("Close the {what} when all is done, and not before."));
    }
    let claims = seen.stdout.lines().iter().any(|line| printed::is_of_a_lesson(line));
    if let Some(number) = ending::left_open(seen).filter(|_| claims && next.is_none()) {
        return Fault::new(format!(
            "The program ended without closing its connection, and its declaration of `{name}` never left it."
        ))
        .seen(format!("{}\nconnection {number}: no connection.close from the program", last_words(seen)))
        .hint("[[wait_for_answer]] At the end, close the connection, and wait for that: in [[name]], [[close]].");
    }
    Fault::new(format!("The program never declares the queue `{name}`."))
        .seen(next.map_or_else(|| last_words(seen), |said| said.line()))
        .hint(format!("Declare it before you use it: [[declare:{name}]]. [[unawaited]]"))
}
