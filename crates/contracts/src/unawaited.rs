//! Steps that fail because a call is not awaited: the compiler warned of it, with the line.

use wire::{Peer, fields};

use recording::{ProgramRun, Warning};

use crate::{fault::Fault, transcript::Transcript};

/// The calls of each step: the step's id, the method in lapin or tokio, and the method on the wire, if there is one.
const CALLS: [(&str, &str, &str); 18] = [
    ("connect", "connect", "connection.open"),
    ("connect", "create_channel", "channel.open"),
    ("declare", "queue_declare", "queue.declare"),
    ("declare", "exchange_declare", "exchange.declare"),
    ("queue", "queue_declare", "queue.declare"),
    ("bind", "queue_bind", "queue.bind"),
    ("message", "basic_publish", "basic.publish"),
    ("publish", "basic_publish", "basic.publish"),
    ("confirm", "confirm_select", "confirm.select"),
    ("individually", "basic_publish", "basic.publish"),
    ("prefetch", "basic_qos", "basic.qos"),
    ("consume", "basic_consume", "basic.consume"),
    ("stay", "ctrl_c", ""),
    ("work", "sleep", ""),
    ("ack", "ack", "basic.ack"),
    ("ack", "basic_ack", "basic.ack"),
    ("close", "close", "connection.close"),
    ("stop", "close", "connection.close"),
];

/// Returns the mistake with the compiler's warning, if that explains it: about a future that does nothing, or about an error
/// that is ignored.
#[must_use]
pub fn explained(step: &str, mistake: Fault, seen: &ProgramRun, warnings: &[Warning]) -> Fault {
    match fitting(step, seen, warnings) {
        Some(warning) => mistake.line(warning.lines()),
        None => mistake,
    }
}

fn fitting<'a>(step: &str, seen: &ProgramRun, warnings: &'a [Warning]) -> Option<&'a Warning> {
    let (futures, results): (Vec<&Warning>, Vec<&Warning>) = warnings.iter().partition(|warning| warning.is_future());
    let calls: Vec<_> = CALLS.iter().filter(|(of, ..)| *of == step).collect();
    let unsaid: Vec<&str> = calls.iter().filter(|(.., method)| !says(seen, method)).map(|(_, call, _)| *call).collect();
    let calls_one_of = |warning: &&&Warning, calls: &[&str]| calls.iter().any(|call| calls_it(&warning.code, call));
    if let Some(of_the_step) = futures.iter().find(|warning| calls_one_of(warning, &unsaid)) {
        return Some(of_the_step);
    }
    // A lesson declares a queue or an exchange.
    let is_taken = if step == "declare" { unsaid.len() < calls.len() } else { unsaid.is_empty() };
    if is_taken {
        // The method was sent, and the broker's reply was ignored.
        let refused = Transcript::of(seen).closes(Peer::Broker).next().is_some();
        let calls: Vec<&str> = calls.iter().map(|(_, call, _)| *call).collect();
        return results.into_iter().find(|warning| refused && calls_one_of(&warning, &calls));
    }
    // A function of the program's own that is not awaited does nothing.
    let known = CALLS.map(|(_, call, _)| call);
    futures.iter().find(|warning| !calls_one_of(warning, &known)).copied()
}

/// Returns whether the program sent this method.
fn says(seen: &ProgramRun, method: &str) -> bool {
    Transcript::of(seen).said(|said| fields::describe(said).name == method).next().is_some()
}

/// Returns whether this code calls a function or method of this name.
fn calls_it(code: &str, name: &str) -> bool {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(name).any(|(at, _)| !code[..at].ends_with(is_name) && code[at + name.len()..].starts_with('('))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::{
        Event, Method, What,
        protocol::{channel, queue},
    };

    use super::*;

    fn future(code: &str) -> Warning {
        Warning {
            file: "src/main.rs".to_owned(),
            line: 7,
            code: code.to_owned(),
            message: "unused implementer of `Future` that must be used".to_owned(),
            note: "futures do nothing unless you `.await` or poll them".to_owned(),
        }
    }

    fn result(code: &str) -> Warning {
        Warning { message: "unused `Result` that must be used".to_owned(), note: String::new(), ..future(code) }
    }

    /// Returns a run of a program that declares a queue, which the broker refuses.
    fn refused() -> ProgramRun {
        let say = |from, method| Event {
            at: Duration::ZERO,
            order: 0,
            connection: 1,
            from,
            what: What::Method { channel: 1, method, content: None },
        };
        let declare = Method::Queue(queue::AMQPMethod::Declare(queue::Declare::default()));
        let close = Method::Channel(channel::AMQPMethod::Close(channel::Close::default()));
        ProgramRun { events: vec![say(Peer::Program, declare), say(Peer::Broker, close)], ..ProgramRun::default() }
    }

    #[test]
    fn the_warning_fits_the_step_that_was_not_taken() {
        let publish = future("channel.basic_publish(\"\".into(), flags)");
        let (own, close) = (future("send(&channel);"), future("connection.close(200, text);"));
        let [exchange, queue, bind] =
            ["exchange_declare", "queue_declare", "queue_bind"].map(|call| future(&format!("channel.{call}(name);")));
        let nothing = ProgramRun::default();
        let all = [close.clone(), own.clone(), publish.clone()];
        for (step, warnings, expected) in [
            ("publish", &all[..], Some(&publish)),
            ("close", &all, Some(&close)),
            ("declare", &all, Some(&own)),
            ("declare", &[close.clone(), publish.clone()], None),
            // Printing is no call of the client.
            ("print", &all, None),
            ("ack", &[future("stack(1)"), future("task.ack(options)")], Some(&future("task.ack(options)"))),
            ("publish", &[result("channel.basic_publish(…)")], None),
            ("declare", &[own.clone(), exchange.clone()], Some(&exchange)),
            ("queue", &[own.clone(), exchange.clone(), queue.clone()], Some(&queue)),
            ("queue", &[exchange.clone(), bind.clone()], None),
            ("bind", &[own.clone(), queue.clone(), bind.clone()], Some(&bind)),
        ] {
            assert_eq!(fitting(step, &nothing, warnings), expected, "{step}");
        }
    }

    #[test]
    fn what_was_said_was_awaited_and_an_error_that_is_ignored_is_one() {
        let (future, ignored) = (future("channel.queue_declare(name);"), result("channel.queue_declare(name).await;"));
        let warnings = [future.clone(), ignored.clone(), result("file.flush();")];
        assert_eq!(fitting("declare", &refused(), &warnings), Some(&ignored));
        let mut accepted = refused();
        accepted.events.pop();
        assert_eq!(fitting("declare", &accepted, &warnings), None);
        let mistake = explained("declare", Fault::default().seen("before"), &ProgramRun::default(), &warnings);
        assert_eq!(mistake.lines(), format!("before\n{}", future.lines()));
    }
}
