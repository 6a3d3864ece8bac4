//! A message that was published well and is not in the queue, and who took it away.

use wire::{
    Method, Peer,
    protocol::{basic, queue, tx},
    words::quoted,
};

use super::Published;
use crate::{
    fault::Fault,
    talk::{Close, Said, Talk},
};

/// Published before the queue was there: the broker dropped it.
pub(super) fn too_early(talk: Talk<'_>, published: &Said<'_>, queue: &str) -> Option<Fault> {
    let is_it = |declare: &queue::Declare| declare.queue.as_str() == queue && !declare.passive;
    let (declared, _) = talk.declares().find(|(_, declare)| is_it(declare))?;
    (published.order < declared.order).then(|| {
        Fault::new("The message was published before the queue was declared: the broker had no queue for it, and dropped it without a word.")
            .seen(format!("{}\n{}", published.line(), declared.line()))
            .hint("Declare first, then publish.")
    })
}

/// It was published well, the connection was closed well, and it is not in the queue.
pub(super) fn lost(
    talk: Talk<'_>,
    (published, _, content): &Published<'_>,
    queue: &str,
    queue_is_there: bool,
) -> Fault {
    let with = |mistake: Fault, guilty: &Said<'_>| mistake.seen(format!("{}\n{}", published.line(), guilty.line()));
    let is_closed = |close: &Close<'_>| {
        let here = [0, published.channel].contains(&close.said.channel);
        here && close.said.connection == published.connection && close.said.order < published.order
    };
    if let Some(close) = talk.closes(Peer::Program).find(is_closed) {
        return Fault::new(format!(
            "The message was published after the program had closed its {}, where nobody takes it any more.",
            close.what()
        ))
        .seen(format!("{}\n{}", close.said.line(), published.line()))
        .hint("[[await_publish]]");
    }
    let mut selected = talk.said(|method| matches!(method, Method::Tx(tx::AMQPMethod::Select(_))));
    let mut committed = talk.said(|method| matches!(method, Method::Tx(tx::AMQPMethod::Commit(_))));
    if let Some(said) = selected.next().filter(|_| committed.next().is_none()) {
        let mistake =
            Fault::new("The message was published in a transaction that was not committed, so the broker forgot it.");
        return mistake
            .seen(format!("{}\n{}", said.line(), published.line()))
            .hint("Leave the transaction out, or commit it.");
    }
    if let Some(taken) = talk.methods().find(|said| takes_from(queue, talk, said)) {
        let mistake = Fault::new("The message went into the queue, and the program took it out again.");
        return with(mistake.hint("A sender only sends; receiving is the next lesson."), &taken);
    }
    let mut since = talk.methods().filter(|said| said.order > published.order);
    if let Some((emptied, did)) = since.find_map(|said| Some((said, empties(queue, talk, &said)?))) {
        let mistake = Fault::new(format!(
            "The message went into the queue, and then the program {did} the queue, and the message with it."
        ));
        return with(
            mistake.hint("A queue that is deleted or purged takes its messages along: leave that out."),
            &emptied,
        );
    }
    if let Some(time) = content.properties.expiration() {
        let time = time.as_str();
        return Fault::new(format!(
            "The message was published, and is not in the queue: its expiration is {}, so the broker drops it after {} milliseconds.",
            quoted(time.as_bytes()),
            wire::words::harmless(time)
        ))
        .seen(published.line())
        .hint("Leave the property `expiration` out: a message without it stays until somebody takes it.");
    }
    let limits = ["x-message-ttl", "x-max-length", "x-max-length-bytes", "x-expires"];
    let limit = talk.declares().filter(|(_, declare)| declare.queue.as_str() == queue).find_map(|(said, declare)| {
        let has = |limit: &&&str| declare.arguments.inner().keys().any(|key| key.as_str() == **limit);
        Some((said, limits.iter().find(has)?))
    });
    if let Some((declared, limit)) = limit {
        let mistake = Fault::new(format!(
            "The message was published, and is not in the queue: the queue's argument `{limit}` limits what it keeps."
        ))
        .seen(format!("{}\n{}", declared.line(), published.line()));
        return mistake.hint("Declare the queue without arguments, as the lesson does.");
    }
    let mistake = if queue_is_there {
        Fault::new("The message was published, and is not in the queue.")
            .hint("Is the queue limited in length or in time? Declare it without such arguments.")
    } else {
        Fault::new("The message went into the queue, and the queue did not keep it until the end.")
            .hint("A queue that deletes itself takes its messages along.")
    };
    mistake.seen(published.line())
}

fn takes_from<'a>(queue: &str, talk: Talk<'a>, said: &Said<'a>) -> bool {
    let name = match said.method {
        Method::Basic(basic::AMQPMethod::Get(get)) => get.queue.as_str(),
        Method::Basic(basic::AMQPMethod::Consume(consume)) => consume.queue.as_str(),
        _ => return false,
    };
    talk.queue_meant(said, name) == queue
}

/// What it does to the queue that empties it, if it does.
fn empties<'a>(queue: &str, talk: Talk<'a>, said: &Said<'a>) -> Option<&'static str> {
    let (name, did) = match said.method {
        Method::Queue(queue::AMQPMethod::Delete(delete)) => (delete.queue.as_str(), "deleted"),
        Method::Queue(queue::AMQPMethod::Purge(purge)) => (purge.queue.as_str(), "purged"),
        _ => return None,
    };
    (talk.queue_meant(said, name) == queue).then_some(did)
}
