//! A frame that came from the program and that no broker can read.

use wire::{FrameError, What, frame};

use crate::{fault::Fault, talk::Talk};

/// The mistake that such a frame is; None where there is none.
#[must_use]
pub fn unread(talk: Talk<'_>) -> Option<Fault> {
    let (why, error) = talk.others(wire::Peer::Program).find_map(|what| match what {
        What::Strange { why, unread, .. } => Some((why, unread)),
        _ => None,
    })?;
    Some(of(why, error.as_ref()).seen(format!("program: {why}")))
}

fn of(why: &str, error: Option<&FrameError>) -> Fault {
    match error {
        Some(FrameError::Table { class, method, key, kind }) => in_table(*class, *method, key, *kind),
        Some(FrameError::Method { class, method }) => match frame::method_name(*class, *method) {
            Some(name) => Fault::new(format!(
                "The program sends a `{name}` that can't be read: its arguments end too early, or too late."
            ))
            .hint("Let a client library write it, and only one thread at a time use a channel."),
            None => Fault::new(format!(
                "The program sends a method that can't be read: its numbers are {class} and {method}."
            ))
            .hint("Let a client library write it: each method has its numbers, and its arguments in one order."),
        },
        Some(FrameError::TooDeep) => {
            Fault::new("The program sends a table that holds tables in tables, too many levels deep.")
                .hint("Leave the table out: the lessons need none.")
        }
        Some(_) => Fault::new("The program sends a message whose properties can't be read.")
            .hint("Let a client library write them, and leave out those that the lesson does not need."),
        None => Fault::new(format!("The program sends {why}."))
            .hint("Publish from one thread or task at a time, or give each a channel of its own."),
    }
}

/// A value in a table: an argument of a method, or a header of a message.
fn in_table(class: u16, method: u16, key: &str, kind: u8) -> Fault {
    let key = wire::words::harmless(key);
    let place = match frame::method_name(class, method) {
        Some(name) => format!("The program's `{name}` has the argument `{key}`"),
        None => format!("The program's message has the header `{key}`"),
    };
    if frame::SHORT_STRINGS.contains(&kind) {
        return Fault::new(format!(
            "{place} as a short string, which RabbitMQ does not accept in a table: it can't read the rest."
        ))
        .hint("Send it as a long string[[long_string]].");
    }
    Fault::new(format!("{place} with a value that can't be read."))
        .hint("Send it as text or as a number, or leave it out: the lessons need no arguments.")
}
