//! Reasons for events: a sentence for each method, and for each event of the socket.

use serde_json::Value;

use crate::{
    fields,
    listen::{Event, Peer, What},
    words::Described,
};

/// The condition under which a sentence fits.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Any arguments.
    Always,
    /// Only if this side caused it.
    By(Peer),
    /// Only with this reply code.
    Code(u64),
    /// Only with this flag set.
    Set(&'static str),
    /// Only if this argument is empty.
    Empty(&'static str),
}

use When::{Always, By, Code, Empty, Set};

const PROGRAM: When = By(Peer::Program);
const BROKER: When = By(Peer::Broker);

/// Events, conditions and sentences. The first entry that fits is used, so special cases stand before general ones.
#[rustfmt::skip]
const TABLE: &[(&str, When, &str)] = &[
    ("handshake", Always, "Both sides agreed on the protocol version, a login and a vhost, in seven steps at the start of each connection."),
    ("connected", Always, "A connection begins as a socket. AMQP starts with the first bytes on it."),
    ("unreachable", Always, "No broker accepts connections at that address, so no AMQP was exchanged."),
    ("protocol-header", PROGRAM, "A client starts with eight bytes that name the protocol and its version."),
    ("protocol-header", BROKER, "The client asked for a version that the broker does not speak: the broker names the version that it speaks, and closes the socket."),
    ("strange", Always, "The frame is valid, but not allowed here, so a broker refuses it."),
    ("heartbeat", Always, "A sign of life from a side with nothing to send. Without it, silence looks like a lost connection."),
    ("garbage", Always, "These bytes are not AMQP, and the bytes after them cannot be read."),
    ("ended", PROGRAM, "The program closed the socket without a connection.close. Messages on the way may be lost, and the broker may log a warning."),
    ("ended", BROKER, "The broker closed the socket: the program left, or was refused."),

    ("connection.start", Always, "The broker introduces itself, and lists the login mechanisms that it supports."),
    ("connection.start-ok", Always, "The client chooses a login mechanism, and sends user name and password, which are not shown here."),
    ("connection.secure", Always, "This login mechanism needs one more question and answer."),
    ("connection.secure-ok", Always, "The answer to the broker's question: a secret, so it is not shown here."),
    ("connection.tune", Always, "The broker proposes limits: the number of channels, the frame size, and the heartbeat timeout."),
    ("connection.tune-ok", Always, "The client accepts or lowers the limits. They apply to both sides from here on."),
    ("connection.open", Always, "The client chooses a vhost: the part of the broker that has its queues and exchanges."),
    ("connection.open-ok", Always, "The user may use that vhost. Channels can be opened now."),
    ("connection.close", Code(200), "A normal end. The answer comes after everything that was sent before, so nothing is lost."),
    ("connection.close", Code(320), "The broker's side ended the connection: an operator closed it, or the broker is shutting down."),
    ("connection.close", Code(403), "ACCESS_REFUSED: the user name or the password is wrong. Only the broker's log says which, so that attackers learn nothing."),
    ("connection.close", Code(501), "FRAME_ERROR: the broker could not read a frame, and trusts no bytes after it."),
    ("connection.close", Code(503), "COMMAND_INVALID: the method exists, but is not allowed at this point."),
    ("connection.close", Code(504), "CHANNEL_ERROR: a method arrived on a channel that is not open."),
    ("connection.close", Code(505), "UNEXPECTED_FRAME: the broker expected another kind of frame, such as a message body."),
    ("connection.close", Code(530), "NOT_ALLOWED: the vhost does not exist, the user may not use it, or a rule forbids the request."),
    ("connection.close", Code(540), "NOT_IMPLEMENTED: this broker does not have the requested feature."),
    ("connection.close", Code(541), "INTERNAL_ERROR: the broker failed, or its configuration forbids the request. The reply text and the broker's log have the reason."),
    ("connection.close", PROGRAM, "The program ends the connection, with a reply code that reports an error."),
    ("connection.close", BROKER, "The error concerns more than one channel, so the broker ends the whole connection."),
    ("connection.close-ok", BROKER, "The broker has read everything before the close. Now the socket can be closed."),
    ("connection.close-ok", PROGRAM, "The program has received the close. Now the socket can be closed."),
    ("connection.blocked", Always, "The broker is short of memory or disk. It reads nothing from publishers until that is over."),
    ("connection.unblocked", Always, "The shortage is over. The broker starts to read again where it stopped."),
    ("connection.update-secret", Always, "The client replaces a token before it expires. The connection stays open."),
    ("connection.update-secret-ok", Always, "The broker accepted the new token."),

    ("channel.open", Always, "A channel is a lane inside the connection. Most methods are sent on a channel."),
    ("channel.open-ok", Always, "The channel is open, so work can begin."),
    ("channel.flow", Always, "One side asks the other to pause its messages on this channel, or to resume."),
    ("channel.flow-ok", Always, "The other side confirms."),
    ("channel.close", Code(200), "A normal end of the channel. The connection stays open."),
    ("channel.close", Code(403), "ACCESS_REFUSED: the user may not do this, the name is reserved, or another consumer has the queue for itself. The channel is closed; the connection stays open."),
    ("channel.close", Code(404), "NOT_FOUND: this vhost has no queue or exchange with that name. The channel is closed; the connection stays open."),
    ("channel.close", Code(405), "RESOURCE_LOCKED: the queue is exclusive to another connection. The channel is closed; the connection stays open."),
    ("channel.close", Code(406), "PRECONDITION_FAILED: the request does not fit the broker's state, such as a queue with other properties or a second acknowledgement. The channel is closed; the connection stays open."),
    ("channel.close", PROGRAM, "The program closes the channel, with a reply code that reports an error. The connection stays open."),
    ("channel.close", BROKER, "The broker refuses a method by closing its channel. The connection stays open."),
    ("channel.close-ok", Always, "The close has arrived. The channel's number can be used again."),

    ("access.request", Always, "Early versions of AMQP asked for permission this way. Brokers still answer, and it changes nothing."),
    ("access.request-ok", Always, "The broker answers for the sake of old clients."),

    ("exchange.declare", Set("passive"), "The program asks whether the exchange exists, and does not create it."),
    ("exchange.declare", Always, "A publisher makes sure that its exchange exists. Declaring it twice does no harm."),
    ("exchange.declare-ok", Always, "The exchange exists: it was created now, or before."),
    ("exchange.delete", Always, "The exchange is not needed any more."),
    ("exchange.delete-ok", Always, "The exchange is deleted, with its bindings."),
    ("exchange.bind", Always, "One exchange subscribes to some of the messages of another."),
    ("exchange.bind-ok", Always, "Matching messages also go to the other exchange from here on."),
    ("exchange.unbind", Always, "The exchange no longer wants these messages from the other one."),
    ("exchange.unbind-ok", Always, "The other exchange no longer passes these messages on."),

    ("queue.declare", Set("passive"), "The program asks whether the queue exists, and does not create it. If it is missing, the channel is closed with 404."),
    ("queue.declare", Empty("queue"), "With an empty name, the broker chooses a name and returns it."),
    ("queue.declare", Always, "The queue must exist before a message arrives. Declaring creates it, or finds it with the same properties."),
    ("queue.declare-ok", Always, "The queue exists. It has message-count waiting messages and consumer-count consumers."),
    ("queue.bind", Always, "From this exchange, the queue gets the messages that its bindings select, and no others."),
    ("queue.bind-ok", Always, "Matching messages go into the queue from here on. Earlier ones do not."),
    ("queue.purge", Always, "All messages that are waiting in the queue are discarded."),
    ("queue.purge-ok", Always, "The queue is empty. It had message-count messages."),
    ("queue.delete", Always, "The queue is not needed any more."),
    ("queue.delete-ok", Always, "The queue is deleted, with its message-count messages."),
    ("queue.unbind", Always, "The queue no longer wants these messages."),
    ("queue.unbind-ok", Always, "The exchange no longer puts these messages into the queue."),

    ("basic.qos", Always, "The prefetch limit: the number of messages that the broker sends before it waits for an acknowledgement. Without it, all messages are sent at once."),
    ("basic.qos-ok", Always, "The broker keeps to the limit."),
    ("basic.consume", Set("no-ack"), "The program subscribes. The broker sends messages without further requests, and forgets each one as soon as it is sent."),
    ("basic.consume", Always, "The program subscribes. The broker sends messages without further requests, and keeps each one until it is acknowledged."),
    ("basic.consume-ok", Always, "The subscription exists. Each of its messages carries the consumer tag."),
    ("basic.cancel", BROKER, "The broker ends the subscription: its queue was deleted or moved."),
    ("basic.cancel", PROGRAM, "The program ends the subscription. The channel stays open."),
    ("basic.cancel-ok", Always, "This subscription gets no more messages."),
    ("basic.publish", Set("mandatory"), "If no queue gets the message, the broker returns it, because mandatory is set. If a queue gets it, there is no answer."),
    ("basic.publish", Empty("exchange"), "The default exchange puts the message into the queue with the name in the routing key, or drops it. Without confirms there is no answer in either case."),
    ("basic.publish", Always, "The exchange puts the message into the queues whose bindings match, which may be none. Without confirms there is no answer in either case."),
    ("basic.return", Code(312), "NO_ROUTE: no queue got the message, and mandatory is set."),
    ("basic.return", Always, "The message comes back to its publisher. The reply text has the reason."),
    ("basic.deliver", Set("redelivered"), "The message was delivered before and not acknowledged, so it is delivered again."),
    ("basic.deliver", Always, "A message from the queue goes to a subscriber, which acknowledges it by its delivery tag."),
    ("basic.get", Always, "The program asks for one message. This is not a subscription."),
    ("basic.get-ok", Always, "One message, and the number of messages that are still waiting."),
    ("basic.get-empty", Always, "No message is waiting in the queue."),
    ("basic.ack", BROKER, "A confirm: the broker is now responsible for the message."),
    ("basic.ack", PROGRAM, "The program is done with the message, so the broker can forget it."),
    ("basic.reject", Set("requeue"), "The program refuses the message, and the broker puts it back into the queue."),
    ("basic.reject", Always, "The program refuses the message. It is dropped, unless the queue has a dead-letter exchange."),
    ("basic.nack", BROKER, "The broker could not accept the message. The program should publish it again."),
    ("basic.nack", Set("requeue"), "The program refuses these messages, and the broker puts them back into the queue."),
    ("basic.nack", Always, "The program refuses these messages. They are dropped, unless the queue has a dead-letter exchange."),
    ("basic.recover-async", Always, "The program asks for its unacknowledged messages again, and expects no answer."),
    ("basic.recover", Always, "The program asks for its unacknowledged messages again."),
    ("basic.recover-ok", Always, "The unacknowledged messages are on their way again."),

    ("tx.select", Always, "From here on, messages and acknowledgements on this channel wait for tx.commit."),
    ("tx.select-ok", Always, "The transaction is open."),
    ("tx.commit", Always, "Everything since the last commit takes effect together."),
    ("tx.commit-ok", Always, "It has taken effect, and the next transaction begins."),
    ("tx.rollback", Always, "Everything since the last commit is discarded."),
    ("tx.rollback-ok", Always, "It is discarded, and the next transaction begins."),
    ("confirm.select", Always, "From here on, the broker confirms each message that is published on this channel."),
    ("confirm.select-ok", Always, "Messages on this channel are numbered from 1, and confirmed by their numbers."),
];

/// Returns the reason for this event in one or two sentences; None only for events that the table does not contain.
#[must_use]
pub fn why(said: &Described<'_>) -> Option<&'static str> {
    if said.is_handshake() { sentence("handshake", said.event) } else { of(said.event) }
}

/// Returns the reason like [`why`], for an event on its own.
#[must_use]
pub fn of(event: &Event) -> Option<&'static str> {
    sentence(name(&event.what), event)
}

/// Returns the name of an event: a method's name, or a word without a dot for an event of the socket.
#[must_use]
pub fn name(what: &What) -> &'static str {
    match what {
        What::Connected => "connected",
        What::Unreachable(_) => "unreachable",
        What::ProtocolHeader(_) => "protocol-header",
        What::Method { method, .. } => fields::describe(method).name,
        What::Strange { .. } => "strange",
        What::Heartbeat => "heartbeat",
        What::Garbage(_) => "garbage",
        What::Ended { .. } => "ended",
    }
}

fn sentence(name: &str, event: &Event) -> Option<&'static str> {
    let args = match &event.what {
        What::Method { method, .. } => fields::describe(method).args,
        _ => Vec::new(),
    };
    let value = |asked: &str| args.iter().find(|(name, _)| *name == asked).map(|(_, value)| value);
    let fits = |when: When| match when {
        Always => true,
        By(peer) => event.from == peer,
        Code(code) => value("reply-code").and_then(Value::as_u64) == Some(code),
        Set(flag) => value(flag).and_then(Value::as_bool) == Some(true),
        Empty(argument) => value(argument).and_then(Value::as_str) == Some(""),
    };
    TABLE.iter().find(|(known, when, _)| *known == name && fits(*when)).map(|(_, _, sentence)| *sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_is_short_unique_and_can_be_reached() {
        for (index, (name, when, sentence)) in TABLE.iter().enumerate() {
            assert!(sentence.ends_with('.'), "{name} has half a sentence: {sentence}");
            let sentences: Vec<usize> =
                sentence.split(". ").map(|sentence| sentence.split_whitespace().count()).collect();
            assert!(sentences.len() <= 2, "{name} has more than two sentences: {sentence}");
            assert!(
                sentences.iter().all(|words| *words <= 25),
                "{name} has a sentence of {sentences:?} words: {sentence}"
            );
            let before = &TABLE[..index];
            assert!(before.iter().all(|(_, _, other)| other != sentence), "{sentence:?} stands twice");
            let hidden = before.iter().any(|(other, earlier, _)| other == name && matches!(earlier, Always));
            assert!(!hidden, "{name}, {when:?}, stands behind one that always fits");
        }
    }

    #[test]
    fn every_name_has_sentences_for_both_sides() {
        for (name, _, _) in TABLE {
            let of = |fits: fn(&When) -> bool| TABLE.iter().any(|(other, when, _)| other == name && fits(when));
            let all = of(|when| matches!(when, Always));
            let both = of(|when| matches!(when, By(Peer::Program))) && of(|when| matches!(when, By(Peer::Broker)));
            assert!(all || both, "{name} has situations without a sentence");
        }
    }
}
