//! Events, without what differs from broker to broker and from run to run.

use wire::{
    Event, Method, Peer, What,
    protocol::{basic, channel, connection},
    types::{AMQPValue, FieldTable},
};

/// The version in the book.
const VERSION: &str = "4.3.6";

/// The consumer tag in the book, for one that the broker generated.
const TAG: &str = "amq.ctag-Xq3v";

/// Returns the events without the accidental ones, and with fixed names for generated ones.
///
/// The broker's end of a socket that the program has left is accidental, as is the answer of an ending program to
/// `channel.close`. Two orders are also accidental, and are made the same here: a broker's method about a message comes before
/// the program's close, and a delivery on its way comes before the program drops the socket.
pub fn steady(events: &[Event]) -> Vec<Event> {
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

/// Returns whether a message is returned, or publishers are blocked or unblocked.
fn is_about_a_message(what: &What) -> bool {
    match what {
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

fn named(mut event: Event) -> Event {
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
            _ => {}
        },
        _ => {}
    }
    event
}
