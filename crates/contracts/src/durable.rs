//! What has to outlive a restart of the broker: the queue of tasks, and the tasks in it.

use wire::{
    Method,
    protocol::{basic::AMQPMethod as Basic, queue::AMQPMethod as Queue},
    words::quoted,
};

use recording::ProgramRun;

use crate::{
    fault::Fault,
    steps,
    talk::{Said, Talk},
    verdict::Finding,
};

/// The queue `name` was declared durable, not to go with anybody, and the broker agreed.
#[must_use]
pub fn declare(seen: &ProgramRun, name: &str) -> Finding {
    let found = steps::declare(seen, name);
    let Finding::Passed(_) = found else { return found };
    let talk = Talk::of(seen);
    let mine = talk.declares().find(|(_, declare)| declare.queue.as_str() == name && !declare.passive);
    let Some((said, declare)) = mine else { return found };
    if !declare.durable && declare.arguments.inner().keys().any(|key| key.as_str() == "durable") {
        return Fault::new(format!(
            "`durable` stands among the arguments of the queue `{name}`, where the broker takes no notice of it: the queue is transient."
        ))
        .seen(said.line())
        .hint("It is a flag of the declaration itself: [[durable]].")
        .into();
    }
    if !declare.durable {
        return Fault::new(format!(
            "The queue `{name}` is declared transient: a restart of the broker takes it away, and all tasks in it."
        ))
        .seen(said.line())
        .hint("[[set_durable]] A queue that is there already as a transient one has to be deleted first.")
        .into();
    }
    if declare.auto_delete {
        return Fault::new(format!(
            "The queue `{name}` is declared auto-delete: it goes when its last worker leaves, and takes along the tasks that wait."
        ))
        .seen(said.line())
        .hint("Leave the flag [[auto_delete]] out.")
        .into();
    }
    emptied(talk, name).map_or(found, Finding::from)
}

/// The queue was emptied before anything was done with it: tasks may wait there.
fn emptied(talk: Talk<'_>, name: &str) -> Option<Fault> {
    let uses = |method: &Method| matches!(method, Method::Basic(Basic::Publish(_) | Basic::Consume(_) | Basic::Get(_)));
    let first = talk.said(uses).next().map_or(u64::MAX, |said| said.order);
    let (said, did) = talk.methods().take_while(|said| said.order < first).find_map(|said| match said.method {
        Method::Queue(Queue::Delete(delete)) if delete.queue.as_str() == name => Some((said, "deletes")),
        Method::Queue(Queue::Purge(purge)) if purge.queue.as_str() == name => Some((said, "empties")),
        _ => None,
    })?;
    Some(
        Fault::new(format!("The program {did} the queue when it starts, and takes away the tasks that wait in it."))
            .seen(said.line())
            .hint("Declare the queue only: who comes first makes it, and what waits there is for a worker."),
    )
}

/// The message is to outlive a restart.
///
/// # Errors
///
/// The mistake: it is transient.
pub fn message(said: &Said<'_>) -> Result<(), Fault> {
    let mode = said.content.and_then(|content| *content.properties.delivery_mode());
    let message = match mode {
        Some(2) => return lives(said),
        Some(1) => "The message has delivery mode 1, so it is transient: a restart of the broker loses it, durable queue or not.".to_owned(),
        Some(other) => format!("The message has the delivery mode {other}, and there is no such mode; 2 means persistent."),
        None => "The message has no delivery mode, so it is transient: a restart of the broker loses it, durable queue or not.".to_owned(),
    };
    Err(Fault::new(message)
        .seen(said.line())
        .hint("Give its properties the delivery mode 2: in [[name]], [[persistent]]."))
}

/// It may wait as long as it takes.
fn lives(said: &Said<'_>) -> Result<(), Fault> {
    let Some(time) = said.content.and_then(|content| content.properties.expiration().as_ref()) else { return Ok(()) };
    Err(Fault::new(format!(
        "The message has the expiration {}: if no worker takes it in so many milliseconds, the broker drops it.",
        quoted(time.as_str().as_bytes())
    ))
    .seen(said.line())
    .hint("Leave the property `expiration` out: a task stays until somebody does it."))
}
