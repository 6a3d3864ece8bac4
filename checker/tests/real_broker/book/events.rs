//! What was seen, without what differs from broker to broker and from run to run.

use wire::{
    Event, Method, Peer, What,
    protocol::{basic, channel, connection},
    types::{AMQPValue, FieldTable},
};

/// The version that the book shows.
const VERSION: &str = "4.3.6";

/// The tag that the book shows where the broker made one up.
const TAG: &str = "amq.ctag-Xq3v";

/// Leaves out what is a matter of chance, and puts steady names in the place of those that are made up.
///
/// A matter of chance is how the broker ends a socket that the program has left, and whether a program that ends gets to answer
/// `channel.close` before. So is whether what the broker says about a message comes before the program closes, and whether a
/// delivery that was on its way comes before the program drops the socket; here they do.
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

/// It comes back, or the next one has to wait, or has to no more.
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
