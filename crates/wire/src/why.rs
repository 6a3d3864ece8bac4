//! Why a thing is said: a sentence for each method, and for what happens to the socket.

use serde_json::Value;

use crate::{
    fields,
    listen::{Event, Peer, What},
    words::Described,
};

/// When a sentence fits.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Whatever the arguments are.
    Always,
    /// When this side says it.
    By(Peer),
    /// With this reply code.
    Code(u64),
    /// With this flag set.
    Set(&'static str),
    /// With nothing in this argument.
    Empty(&'static str),
}

use When::{Always, By, Code, Empty, Set};

const PROGRAM: When = By(Peer::Program);
const BROKER: When = By(Peer::Broker);

/// What is said, when, and why. Of several that fit, the first is told, so what is particular stands before what is general.
#[rustfmt::skip]
const TABLE: &[(&str, When, &str)] = &[
    ("handshake", Always, "The two agreed on the protocol's version, on a login and on a vhost: seven messages at the start of every connection."),
    ("connected", Always, "A connection begins as a socket; AMQP starts with the first bytes on it."),
    ("unreachable", Always, "Nobody takes connections at that address, so not a word of AMQP was said."),
    ("protocol-header", PROGRAM, "A client opens with eight bytes that name the protocol and its version."),
    ("protocol-header", BROKER, "The broker names the version that it speaks, because it was asked for another one, and hangs up."),
    ("strange", Always, "The frame itself is sound, and what it says has no place here, so a broker refuses it."),
    ("heartbeat", Always, "A sign of life from a side that had nothing to say for a while, so that silence can be told from a lost line."),
    ("garbage", Always, "These bytes are no AMQP, and nothing after them can be understood."),
    ("ended", PROGRAM, "The program lets go of the socket without a connection.close of its own: what was still under way may be lost, and the broker's log may complain."),
    ("ended", BROKER, "The broker lets go of the socket: the program has left, or was turned away."),

    ("connection.start", Always, "The broker says what it is, and which ways to log in it takes."),
    ("connection.start-ok", Always, "The client picks a way to log in, and sends name and password, which are not shown here."),
    ("connection.secure", Always, "This way to log in needs one more question."),
    ("connection.secure-ok", Always, "The answer to the broker's question; it is a secret, and not shown here."),
    ("connection.tune", Always, "The broker proposes limits: how many channels, how large a frame, how often a heartbeat."),
    ("connection.tune-ok", Always, "The client takes the limits or lowers them, and both keep to them from here on."),
    ("connection.open", Always, "The client picks a vhost: the part of the broker in which its queues and exchanges live."),
    ("connection.open-ok", Always, "The account may use that vhost, and channels can be opened."),
    ("connection.close", Code(200), "The goodbye: its answer comes after all that was said before it, so nothing is left under way."),
    ("connection.close", Code(320), "Somebody on the broker's side ended the connection: an operator, or a shutdown."),
    ("connection.close", Code(403), "ACCESS_REFUSED: name or password were not accepted; the broker tells only its log which, so that nobody can guess."),
    ("connection.close", Code(501), "FRAME_ERROR: the broker could not read a frame, and trusts nothing after it."),
    ("connection.close", Code(503), "COMMAND_INVALID: the method is known, and came where it may not come."),
    ("connection.close", Code(504), "CHANNEL_ERROR: something was said on a channel that is not open."),
    ("connection.close", Code(505), "UNEXPECTED_FRAME: the broker waited for another kind of frame, such as a message's body."),
    ("connection.close", Code(530), "NOT_ALLOWED: the vhost is not there, the account may not use it, or a rule forbids what was asked for."),
    ("connection.close", Code(540), "NOT_IMPLEMENTED: this broker does not have what was asked for."),
    ("connection.close", Code(541), "INTERNAL_ERROR: the broker can't do it, or is told not to; its words, and its log, say why."),
    ("connection.close", PROGRAM, "The program ends the connection, and its code says that something went wrong."),
    ("connection.close", BROKER, "The mistake is too grave for one channel, so the broker ends the whole connection."),
    ("connection.close-ok", BROKER, "The broker has read all that came before the close; now the socket can go."),
    ("connection.close-ok", PROGRAM, "The program has heard the close; now the socket can go."),
    ("connection.blocked", Always, "The broker runs short of memory or disk, and reads nothing from who publishes until that is over."),
    ("connection.unblocked", Always, "The shortage is over, and the broker reads on where it stopped."),
    ("connection.update-secret", Always, "A token that is about to run out is replaced, and the connection stays."),
    ("connection.update-secret-ok", Always, "The broker takes the new token."),

    ("channel.open", Always, "A channel is a lane inside the connection: nearly all that follows is said on one."),
    ("channel.open-ok", Always, "The lane is open, so work can begin."),
    ("channel.flow", Always, "One side asks the other to hold its messages back on this channel, or to go on."),
    ("channel.flow-ok", Always, "The other side does as it was asked."),
    ("channel.close", Code(200), "The lane is given back, and the connection stays."),
    ("channel.close", Code(403), "ACCESS_REFUSED: the account may not do this here, the name is reserved, or another consumer has the queue to itself; the channel is gone, the connection stays."),
    ("channel.close", Code(404), "NOT_FOUND: no queue or exchange of that name is in this vhost; the channel is gone, the connection stays."),
    ("channel.close", Code(405), "RESOURCE_LOCKED: the queue belongs to another connection alone; the channel is gone, the connection stays."),
    ("channel.close", Code(406), "PRECONDITION_FAILED: what was asked for does not fit what is there, such as a queue with other properties or a message that was acknowledged before; the channel is gone, the connection stays."),
    ("channel.close", PROGRAM, "The program gives the lane back with a code of its own, and the connection stays."),
    ("channel.close", BROKER, "The broker refuses a method by closing the channel it came on, and the connection stays."),
    ("channel.close-ok", Always, "The close was heard, and the channel's number is free again."),

    ("access.request", Always, "An early AMQP asked for permission this way; brokers still answer it, and it changes nothing."),
    ("access.request-ok", Always, "The broker answers out of politeness to old clients."),

    ("exchange.declare", Set("passive"), "The program asks whether the exchange is there, and makes none."),
    ("exchange.declare", Always, "Whoever publishes to an exchange makes sure that it is there first; twice does no harm."),
    ("exchange.declare-ok", Always, "The exchange is there, made now or found."),
    ("exchange.delete", Always, "The exchange is not needed any more."),
    ("exchange.delete-ok", Always, "The exchange is gone, and its bindings with it."),
    ("exchange.bind", Always, "One exchange asks another for a share of its messages."),
    ("exchange.bind-ok", Always, "Messages that fit go on to the other exchange, too, from here on."),
    ("exchange.unbind", Always, "The exchange wants no more of the other's messages."),
    ("exchange.unbind-ok", Always, "The other exchange hands nothing on any more."),

    ("queue.declare", Set("passive"), "The program asks whether the queue is there, and makes none; if it is missing, the channel is closed with 404."),
    ("queue.declare", Empty("queue"), "With no name given, the broker makes one up, and its answer tells it."),
    ("queue.declare", Always, "The queue has to be there before a message comes; declaring makes it, or finds it as it was asked for."),
    ("queue.declare-ok", Always, "The queue is there: message-count messages wait in it, and consumer-count consumers take from it."),
    ("queue.bind", Always, "A queue gets from an exchange what it is bound for, and nothing else."),
    ("queue.bind-ok", Always, "What fits goes into the queue from here on; what came earlier does not."),
    ("queue.purge", Always, "All messages that wait in the queue are to be thrown away."),
    ("queue.purge-ok", Always, "The queue is empty, and message-count messages are gone."),
    ("queue.delete", Always, "The queue is not needed any more."),
    ("queue.delete-ok", Always, "The queue is gone, and message-count messages with it."),
    ("queue.unbind", Always, "The queue wants no more of these messages."),
    ("queue.unbind-ok", Always, "The exchange puts no more of them into the queue."),

    ("basic.qos", Always, "Without a limit, the broker sends all it has at once; this one counts messages that are not acknowledged yet."),
    ("basic.qos-ok", Always, "The broker keeps to the limit."),
    ("basic.consume", Set("no-ack"), "The program subscribes: messages come by themselves, and the broker forgets each as soon as it is sent."),
    ("basic.consume", Always, "The program subscribes: messages come by themselves, and the broker keeps each until it is acknowledged."),
    ("basic.consume-ok", Always, "The subscription stands; its tag is on every message that comes of it."),
    ("basic.cancel", BROKER, "The broker ends the subscription: its queue was deleted, or moved away."),
    ("basic.cancel", PROGRAM, "The subscription ends, and the channel stays for what is left to do."),
    ("basic.cancel-ok", Always, "No more messages come of this subscription."),
    ("basic.publish", Set("mandatory"), "The message comes back when no queue takes it, because mandatory is set; when one does, there is no answer."),
    ("basic.publish", Empty("exchange"), "The default exchange puts the message into the queue that the routing key names, or drops it; there is no answer either way, unless confirms are on."),
    ("basic.publish", Always, "The exchange hands the message to the queues that are bound for it, maybe to none; there is no answer either way, unless confirms are on."),
    ("basic.return", Code(312), "NO_ROUTE: no queue took the message, and mandatory asked to hear of that."),
    ("basic.return", Always, "The message comes back to who published it, and the words say why."),
    ("basic.deliver", Set("redelivered"), "The message was sent to somebody before and not acknowledged, so it comes again."),
    ("basic.deliver", Always, "A message that waited in the queue, or came into it, goes to who subscribed; an acknowledgement names it by its delivery-tag."),
    ("basic.get", Always, "The program asks for one message, once, instead of having them sent."),
    ("basic.get-ok", Always, "One message, and how many more wait behind it."),
    ("basic.get-empty", Always, "No message waits in the queue, so the question was in vain."),
    ("basic.ack", BROKER, "A confirm: the broker answers for the message from here on."),
    ("basic.ack", PROGRAM, "The program is done with the message, so the broker can forget it."),
    ("basic.reject", Set("requeue"), "The program does not take the message, and the broker puts it back into the queue."),
    ("basic.reject", Always, "The program does not take the message, and nobody else gets it unless the queue has a dead-letter exchange."),
    ("basic.nack", BROKER, "The broker could not take the message over, so it should be published again."),
    ("basic.nack", Set("requeue"), "The program does not take these messages, and the broker puts them back into the queue."),
    ("basic.nack", Always, "The program does not take these messages, and nobody else gets them unless the queue has a dead-letter exchange."),
    ("basic.recover-async", Always, "The program wants what it has not acknowledged once more, and waits for no answer."),
    ("basic.recover", Always, "The program wants what it has not acknowledged once more."),
    ("basic.recover-ok", Always, "What was not acknowledged is on its way again."),

    ("tx.select", Always, "What is published and acknowledged on this channel waits for tx.commit from here on."),
    ("tx.select-ok", Always, "The transaction is open."),
    ("tx.commit", Always, "All since the last commit is to take effect together."),
    ("tx.commit-ok", Always, "All of it took effect, and the next transaction begins."),
    ("tx.rollback", Always, "All since the last commit is to be forgotten."),
    ("tx.rollback-ok", Always, "It is forgotten, and the next transaction begins."),
    ("confirm.select", Always, "From here on, the broker answers for each message that is published on this channel."),
    ("confirm.select-ok", Always, "Messages on this channel are counted from 1 now, and confirmed by their numbers."),
];

/// Why this is said, in a sentence; None only for what the table does not know.
#[must_use]
pub fn why(said: &Described<'_>) -> Option<&'static str> {
    if said.is_handshake() { sentence("handshake", said.event) } else { of(said.event) }
}

/// As [`why`], for an event by itself.
#[must_use]
pub fn of(event: &Event) -> Option<&'static str> {
    sentence(name(&event.what), event)
}

/// What a thing that was said is called: a method's name, or a word without a dot for what happens to the socket.
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
    fn each_entry_is_one_sentence_of_its_own_and_can_be_reached() {
        for (index, (name, when, sentence)) in TABLE.iter().enumerate() {
            assert!(sentence.ends_with('.') && !sentence.contains(". "), "{name} has no one sentence: {sentence}");
            let before = &TABLE[..index];
            assert!(before.iter().all(|(_, _, other)| other != sentence), "{sentence:?} stands twice");
            let hidden = before.iter().any(|(other, earlier, _)| other == name && matches!(earlier, Always));
            assert!(!hidden, "{name}, {when:?}, stands behind one that always fits");
        }
    }

    #[test]
    fn what_depends_on_the_side_is_told_for_both() {
        for (name, _, _) in TABLE {
            let of = |fits: fn(&When) -> bool| TABLE.iter().any(|(other, when, _)| other == name && fits(when));
            let all = of(|when| matches!(when, Always));
            let both = of(|when| matches!(when, By(Peer::Program))) && of(|when| matches!(when, By(Peer::Broker)));
            assert!(all || both, "{name} has situations without a sentence");
        }
    }
}
