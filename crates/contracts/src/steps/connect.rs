//! The step `connect`: the handshake, and a channel.

use wire::{
    FrameError, Method, Peer, What,
    protocol::{channel, connection},
    words::{self, quoted},
};

use super::{never_began, unread::unread, what_the_broker_did};
use crate::{
    ending::{self, last_words},
    fault::{Fault, faults::connect as faults},
    transcript::{Close, Transcript},
    translate,
    verdict::StepResult,
};
use recording::ProgramRun;

/// Checks that the handshake is done, in the vhost `/`, and that a channel is open.
pub fn connect(seen: &ProgramRun) -> StepResult {
    let transcript = Transcript::of(seen);
    let opened = transcript.opened();
    let Some((number, vhost)) = opened.first() else { return Err(not_connected(seen, transcript)) };
    if *vhost != "/" {
        let opens = |method: &Method| matches!(method, Method::Connection(connection::AMQPMethod::Open(_)));
        let open = transcript.said(opens).find(|said| said.connection == *number);
        return Err(faults::other_vhost(quoted(vhost.as_bytes())).all(open));
    }
    let channel =
        transcript.methods().find(|said| matches!(said.method, Method::Channel(channel::AMQPMethod::OpenOk(_))));
    match channel {
        Some(said) => Ok(format!("connection {number} is open, and channel {} on it", said.channel)),
        None => Err(no_channel(seen, transcript)),
    }
}

fn no_channel(seen: &ProgramRun, transcript: Transcript<'_>) -> Fault {
    if let Some(mistake) = unread(transcript).or_else(|| ending::used_after_close(seen)) {
        return mistake;
    }
    if let Some(mistake) = ending::crash(seen) {
        return mistake;
    }
    if let Some(close) = transcript.closes(Peer::Program).next() {
        return faults::closed_without_channel().at(&close.said);
    }
    if let Some(close) = transcript.closes(Peer::Broker).next() {
        return close.fault(transcript, faults::channel_refused(what_the_broker_did(transcript, &close)));
    }
    if ending::went_on(seen) {
        return faults::blocked().seen(last_words(seen));
    }
    ending::cut_short(seen).unwrap_or_else(|| faults::no_channel().seen(last_words(seen)))
}

fn not_connected(seen: &ProgramRun, transcript: Transcript<'_>) -> Fault {
    if let Some(close) = transcript.closes(Peer::Broker).next() {
        return refused_at_the_door(transcript, close);
    }
    let header = transcript.others(Peer::Program).find_map(|what| match what {
        What::ProtocolHeader(header) => Some(header),
        _ => None,
    });
    if let Some(header) = header.filter(|header| !wire::frame::announces_0_9_1(header)) {
        let version = format!("{}-{}-{}", header[5], header[6], header[7]);
        return faults::other_protocol_version(version).seen(words::line(&What::ProtocolHeader(*header)));
    }
    if let Some(error) = transcript.garbage() {
        return not_amqp(error);
    }
    if let Some(mistake) = unread(transcript) {
        return mistake;
    }
    if let Some(why) = transcript.others(Peer::Broker).find_map(|what| match what {
        What::Unreachable(why) => Some(why),
        _ => None,
    }) {
        return faults::broker_gone().seen(why);
    }
    if !transcript.is_empty() {
        let said_hello = transcript.methods().any(|said| said.from == Peer::Program);
        let fault = match (said_hello, transcript.broker_hung_up()) {
            (true, true) => faults::handshake_dropped(),
            (true, false) => faults::handshake_unfinished(),
            (false, _) if header.is_some() => faults::start_unanswered(),
            (false, _) => faults::silent_socket(),
        };
        return fault.seen(last_words(seen));
    }
    never_began::never_began(seen)
}

fn refused_at_the_door(transcript: Transcript<'_>, close: Close<'_>) -> Fault {
    let user = transcript.methods().find_map(|said| match said.method {
        Method::Connection(connection::AMQPMethod::StartOk(start)) => words::login(start),
        _ => None,
    });
    let vhost = transcript.methods().find_map(|said| match said.method {
        Method::Connection(connection::AMQPMethod::Open(open)) => Some(open.virtual_host.as_str()),
        _ => None,
    });
    let fault = match (close.code, vhost) {
        (403, _) => faults::login_refused(quoted(user.unwrap_or_default().as_bytes())),
        (530, Some("")) => faults::vhost_empty(),
        (530, Some(vhost)) if close.text.contains("not found") => faults::vhost_unknown(quoted(vhost.as_bytes())),
        (530, Some(vhost)) => faults::vhost_refused(quoted(vhost.as_bytes())),
        _ => faults::handshake_refused().because(translate::reply(close.code, close.text)),
    };
    fault.at(&close.said)
}

pub(super) fn not_amqp(error: &FrameError) -> Fault {
    let fault = match error {
        FrameError::NotAmqp(bytes) if bytes.first() == Some(&0x16) => faults::tls(),
        FrameError::NotAmqp(bytes) if [&b"GET "[..], b"POST", b"PUT "].iter().any(|verb| bytes.starts_with(verb)) => {
            faults::http()
        }
        _ => faults::not_amqp(),
    };
    fault.seen(error.to_string())
}
