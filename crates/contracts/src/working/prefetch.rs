//! The requirements on how a worker gets its tasks: one at a time, by a subscription with acknowledgements.

use recording::ProgramRun;
use wire::{
    Method,
    protocol::basic::{self, AMQPMethod as Basic},
};

use crate::{
    ending,
    fault::{
        Fault,
        faults::{prefetch as faults, work},
    },
    receiving,
    transcript::{BASIC_QOS, MethodEvent, Transcript},
    verdict::StepResult,
};

/// Checks `basic.qos`, before the subscription to the queue and on its channel: one message at a time.
///
/// # Errors
///
/// The fault: there is no limit, or another, or it does not apply to the subscription.
pub fn prefetch(worker: &ProgramRun, queue: &str) -> StepResult {
    let transcript = Transcript::of(worker);
    let limits: Vec<(MethodEvent<'_>, &basic::Qos)> = transcript
        .methods()
        .filter_map(|said| match said.method {
            Method::Basic(Basic::Qos(qos)) => Some((said, qos)),
            _ => None,
        })
        .collect();
    let asked = transcript.consumes().find(|(_, consume)| consume.queue.as_str() == queue).map(|(said, _)| said);
    let Some((first, _)) = limits.first() else {
        return Err(match ending::cut_short(worker) {
            Some(fault) if asked.is_none() => fault,
            _ => match asked {
                Some(said) => faults::no_limit().at(&said),
                None => faults::no_limit().seen(ending::last_words(worker)),
            },
        });
    };
    if let Some(close) = transcript.refusal(BASIC_QOS) {
        return Err(faults::refused().at(first).at(&close.said));
    }
    let here = |said: &MethodEvent<'_>| {
        asked.is_none_or(|asked| (asked.connection, asked.channel) == (said.connection, said.channel))
    };
    let on_channel: Vec<_> = limits.iter().filter(|(said, _)| here(said)).collect();
    let in_time = on_channel.iter().rfind(|(said, _)| asked.is_none_or(|asked| said.order < asked.order));
    let Some((said, qos)) = in_time else { return Err(in_vain(&limits, &on_channel, asked)) };
    match qos.prefetch_count {
        1 => Ok(said.line()),
        0 => Err(faults::zero().at(said)),
        count => Err(faults::more_than_one(count).at(said)),
    }
}

/// Returns the fault of a limit that does not apply to the subscription.
fn in_vain(
    limits: &[(MethodEvent<'_>, &basic::Qos)],
    on_channel: &[&(MethodEvent<'_>, &basic::Qos)],
    asked: Option<MethodEvent<'_>>,
) -> Fault {
    if let Some((said, _)) = on_channel.first() {
        return faults::late().at(said);
    }
    let (said, qos) = limits[0];
    let fault = if qos.global { faults::other_channel_global() } else { faults::other_channel() };
    let on = |fault: Fault, said: &MethodEvent<'_>| {
        let line = format!("connection {}, channel {}: {}", said.connection, said.channel, said.line());
        fault.line(line).about(said)
    };
    [Some(said), asked].iter().flatten().fold(fault, on)
}

/// Checks `basic.consume` on the queue: with acknowledgements, and without anything else that takes tasks.
///
/// # Errors
///
/// The fault.
pub fn subscribed(worker: &ProgramRun, queue: &str) -> StepResult {
    let (said, consume) = receiving::subscription(worker, queue)?;
    if consume.no_ack {
        return Err(work::no_ack().at(&said));
    }
    match Transcript::of(worker).said(|method| matches!(method, Method::Basic(Basic::Get(_)))).next() {
        Some(get) => Err(faults::basic_get().at(&get)),
        None => Ok(said.line()),
    }
}
