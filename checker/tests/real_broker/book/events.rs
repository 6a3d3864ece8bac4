//! Events, without what differs from broker to broker and from run to run.

use recording::ProgramRun;
use wire::{
    Event, Method, Peer, What,
    protocol::{basic, channel, connection, queue},
    types::{AMQPValue, FieldTable, ShortString},
    words,
};

use crate::book::GENERATED;

/// The version in the book.
const VERSION: &str = "4.3.6";

/// The consumer tag in the book, for one that the broker generated.
const TAG: &str = "amq.ctag-Xq3v";

/// The length of a queue's generated name in the book's conversations, which stand on narrow pages. `…` follows.
const SHOWN: usize = "amq.gen-Xq3v".len();

/// Returns the events of a program without the accidental ones, and with fixed names for generated ones. `index` is the
/// program's number in its scene, so that the queues of two programs have different names.
///
/// The broker's end of a socket that the program has left is accidental, as is the answer of an ending program to
/// `channel.close`. Two orders are also accidental, and are made the same here: a broker's method about a message comes before
/// the program's close, and a delivery on its way comes before the program drops the socket.
pub fn steady(events: &[Event], index: usize) -> Vec<Event> {
    let queue = queue_name(index);
    let named = |event: Event| named(event, &queue);
    let mut events: Vec<Event> = events.iter().filter(|event| !is_chance(event)).cloned().map(named).collect();
    for index in 1..events.len() {
        let (one, other) = (&events[index - 1].what, &events[index].what);
        if is_about_a_message(other) && is_close(one) || is_delivery(other) && matches!(one, What::Ended { .. }) {
            events.swap(index - 1, index);
            events[index].at = events[index - 1].at;
        }
    }
    events
}

/// Keeps only the methods that begin with one of these words.
pub fn keep_only(run: &mut ProgramRun, starts: &[&str]) {
    run.events.retain(|event| starts.iter().any(|start| words::line(&event.what).starts_with(start)));
}

/// Returns the name in the book for the queue that the broker named for the program with this number.
pub fn queue_name(index: usize) -> ShortString {
    format!("{}…", &GENERATED[index % GENERATED.len()][..SHOWN]).into()
}

/// Returns whether a message is returned or refused, or publishers are blocked or unblocked.
fn is_about_a_message(what: &What) -> bool {
    match what {
        What::Method { method: Method::Channel(channel::AMQPMethod::Close(_)), .. } => true,
        What::Method { method: Method::Basic(method), .. } => matches!(method, basic::AMQPMethod::Return(_)),
        What::Method { method: Method::Connection(method), .. } => {
            matches!(method, connection::AMQPMethod::Blocked(_) | connection::AMQPMethod::Unblocked(_))
        }
        _ => false,
    }
}

fn is_delivery(what: &What) -> bool {
    matches!(what, What::Method { method: Method::Basic(basic::AMQPMethod::Deliver(_)), .. })
}

fn is_close(what: &What) -> bool {
    matches!(what, What::Method { method: Method::Connection(connection::AMQPMethod::Close(_)), .. })
}

fn is_chance(event: &Event) -> bool {
    matches!(
        (&event.what, event.from),
        (What::Ended { .. }, Peer::Broker)
            | (What::Method { method: Method::Channel(channel::AMQPMethod::CloseOk(_)), .. }, Peer::Program)
    )
}

fn named(mut event: Event, queue: &ShortString) -> Event {
    let rename = |name: &mut ShortString| {
        // Some scenes have named it already.
        if name.as_str().starts_with("amq.gen-") && !name.as_str().ends_with('…') {
            *name = queue.clone();
        }
    };
    match &mut event.what {
        What::Ended { reset } => *reset = false,
        What::Method { method: Method::Connection(connection::AMQPMethod::Start(start)), .. } => {
            let mut properties: FieldTable = start.server_properties.clone();
            properties.insert("version".into(), AMQPValue::LongString(VERSION.into()));
            start.server_properties = properties;
        }
        What::Method { method: Method::Basic(method), .. } => match method {
            basic::AMQPMethod::ConsumeOk(ok) => ok.consumer_tag = TAG.into(),
            basic::AMQPMethod::Deliver(delivery) => delivery.consumer_tag = TAG.into(),
            basic::AMQPMethod::Consume(consume) => rename(&mut consume.queue),
            basic::AMQPMethod::Publish(publish) => rename(&mut publish.routing_key),
            basic::AMQPMethod::Return(returned) => rename(&mut returned.routing_key),
            _ => {}
        },
        What::Method { method: Method::Queue(method), .. } => match method {
            queue::AMQPMethod::DeclareOk(ok) => rename(&mut ok.queue),
            queue::AMQPMethod::Bind(bind) => rename(&mut bind.queue),
            queue::AMQPMethod::Unbind(unbind) => rename(&mut unbind.queue),
            _ => {}
        },
        _ => {}
    }
    event
}
