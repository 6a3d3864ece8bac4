//! The step `connect`: the handshake, and a channel.

use wire::{
    FrameError, Method, Peer, What,
    protocol::{channel, connection},
    words::{self, quoted},
};

use super::{never_began, unread::unread, what_the_broker_did};
use crate::{
    ending::{self, last_words},
    fault::Fault,
    talk::{Close, Talk},
    verdict::Finding,
};
use recording::ProgramRun;

/// The handshake is done, in the vhost `/`, and a channel is open.
#[must_use]
pub fn connect(seen: &ProgramRun) -> Finding {
    let talk = Talk::of(seen);
    let opened = talk.opened();
    let Some((number, vhost)) = opened.first() else { return not_connected(seen, talk).into() };
    if *vhost != "/" {
        return Fault::new(format!(
            "The program connected to the vhost {}, and the lesson is about the vhost \"/\".",
            quoted(vhost.as_bytes())
        ))
        .hint("Use the address in AMQP_URL as it is.")
        .into();
    }
    let channel = talk.methods().find(|said| matches!(said.method, Method::Channel(channel::AMQPMethod::OpenOk(_))));
    match channel {
        Some(said) => Finding::Passed(format!("connection {number} is open, and channel {} on it", said.channel)),
        None => no_channel(seen, talk).into(),
    }
}

fn no_channel(seen: &ProgramRun, talk: Talk<'_>) -> Fault {
    if let Some(mistake) = unread(talk).or_else(|| ending::used_after_close(seen)) {
        return mistake;
    }
    if let Some(mistake) = ending::crash(seen) {
        return mistake;
    }
    if let Some(close) = talk.closes(Peer::Program).next() {
        return Fault::new(
            "The program connected, opened no channel, and closed the connection again: all work is done on channels.",
        )
        .seen(close.said.line())
        .hint(
            "Open a channel with [[channel]][[unawaited_aside]]. On a connection that is closed, nothing can be done.",
        );
    }
    if let Some(close) = talk.closes(Peer::Broker).next() {
        let message = format!("The program opened no channel: {}.", what_the_broker_did(talk, &close));
        return close.mistake(talk, &message);
    }
    let mistake = Fault::new("The program connected, and opened no channel: all work is done on channels.");
    if ending::went_on(seen) {
        return mistake.seen(last_words(seen)).hint("It was still running at its time limit. [[blocked_connecting]]");
    }
    if let Some(mistake) = ending::cut_short(seen) {
        return mistake;
    }
    mistake.seen(last_words(seen)).hint("Open one: [[channel]]. [[unawaited]]")
}

fn not_connected(seen: &ProgramRun, talk: Talk<'_>) -> Fault {
    if let Some(close) = talk.closes(Peer::Broker).next() {
        return refused_at_the_door(talk, close);
    }
    let header = talk.others(Peer::Program).find_map(|what| match what {
        What::ProtocolHeader(header) => Some(header),
        _ => None,
    });
    if let Some(header) = header.filter(|header| !wire::frame::announces_0_9_1(header)) {
        let version = format!("{}-{}-{}", header[5], header[6], header[7]);
        return Fault::new(format!("The program speaks AMQP {version}; this lesson is about AMQP 0-9-1."))
            .seen(words::line(&What::ProtocolHeader(*header)))
            .hint("Use a client library for AMQP 0-9-1: lapin in Rust, Pika in Python.");
    }
    if let Some(error) = talk.garbage() {
        return not_amqp(error);
    }
    if let Some(mistake) = unread(talk) {
        return mistake;
    }
    if let Some(why) = talk.others(Peer::Broker).find_map(|what| match what {
        What::Unreachable(why) => Some(why),
        _ => None,
    }) {
        return Fault::new("The program connected, but the broker was gone.").seen(why.clone()).hint("Check again.");
    }
    if !talk.is_empty() {
        let said_hello = talk.methods().any(|said| said.from == Peer::Program);
        let message = match (said_hello, talk.broker_hung_up()) {
            (true, true) => {
                "The broker hung up on the program in the middle of the handshake, without giving a reason."
            }
            (true, false) => "The program began to log in, and did not go on.",
            (false, _) if header.is_some() => {
                "The program opened a connection, and never answered the broker's greeting."
            }
            (false, _) => "The program opened a TCP connection, and said nothing.",
        };
        return Fault::new(message).seen(last_words(seen)).hint("[[wait_open]]");
    }
    never_began::never_began(seen)
}

fn refused_at_the_door(talk: Talk<'_>, close: Close<'_>) -> Fault {
    let user = talk.methods().find_map(|said| match said.method {
        Method::Connection(connection::AMQPMethod::StartOk(start)) => words::login(start),
        _ => None,
    });
    let vhost = talk.methods().find_map(|said| match said.method {
        Method::Connection(connection::AMQPMethod::Open(open)) => Some(open.virtual_host.as_str()),
        _ => None,
    });
    let mistake = match (close.code, vhost) {
        (403, _) => Fault::new(format!(
            "The broker refused the login of the user {}.",
            quoted(user.unwrap_or_default().as_bytes())
        ))
        .hint("Log in with the user and the password in AMQP_URL; where it has none they are guest and guest."),
        (530, Some("")) => Fault::new("The program asked for a vhost whose name is empty, and there is none.")
            .hint("A slash at the end of an address asks for it. Leave the slash out, or write %2f after it for the vhost \"/\"."),
        (530, Some(vhost)) if close.text.contains("not found") => Fault::new(format!(
            "The program asked for the vhost {}, and the broker has none by that name.",
            quoted(vhost.as_bytes())
        ))
        .hint("What stands after the port in an address is the vhost, not a queue. Use AMQP_URL as it is: it leads to the vhost \"/\"."),
        (530, Some(vhost)) => Fault::new(format!(
            "The program asked for the vhost {}, which the broker does not let it into.",
            quoted(vhost.as_bytes())
        ))
        .hint("Use the address in AMQP_URL as it is: it leads to the vhost \"/\"."),
        _ => close.mistake(talk, "The broker ended the connection during the handshake."),
    };
    mistake.seen(close.said.line())
}

pub(super) fn not_amqp(error: &FrameError) -> Fault {
    let mistake = match error {
        FrameError::NotAmqp(bytes) if bytes.first() == Some(&0x16) => {
            Fault::new("The program speaks TLS, and the address in AMQP_URL is one without (amqp://, not amqps://).")
                .hint("Use the address in AMQP_URL as it is.")
        }
        FrameError::NotAmqp(bytes) if [&b"GET "[..], b"POST", b"PUT "].iter().any(|verb| bytes.starts_with(verb)) => {
            Fault::new("The program speaks HTTP, and the broker's port speaks AMQP.")
                .hint("Use a client library for AMQP 0-9-1: lapin in Rust, Pika in Python.")
        }
        _ => Fault::new("What the program sent is not AMQP 0-9-1.")
            .hint("Let a client library do the talking: lapin in Rust, Pika in Python."),
    };
    mistake.seen(error.to_string())
}
