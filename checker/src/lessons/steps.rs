//! Steps that more than one lesson has.

use wire::{
    FrameError, Method, Peer, What,
    protocol::{basic, channel, connection, exchange, queue},
    words::{self, quoted},
};

use crate::{
    lessons::{
        ending::{self, last_words},
        printed,
        talk::{Close, QUEUE_DECLARE, Said, Talk},
    },
    performance::Performance,
    verdict::{Finding, Mistake},
};

/// The handshake is done, in the vhost `/`, and a channel is open.
#[must_use]
pub fn connect(seen: &Performance) -> Finding {
    let talk = Talk::of(seen);
    let opened = talk.opened();
    let Some((number, vhost)) = opened.first() else { return not_connected(seen, talk).into() };
    if *vhost != "/" {
        return Mistake::new(format!(
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

fn no_channel(seen: &Performance, talk: Talk<'_>) -> Mistake {
    if let Some(close) = talk.closes(Peer::Program).next() {
        return Mistake::new("The program connected, opened no channel, and closed the connection again: all work is done on channels.")
            .seen(close.said.line())
            .hint("Open a channel with `connection.create_channel().await?` (a future that is not awaited does nothing). On a connection that is closed, nothing can be done.");
    }
    let mistake = Mistake::new("The program connected, and opened no channel: all work is done on channels.");
    if seen.exit.is_some_and(|exit| exit.overdue) {
        return mistake.seen(last_words(seen)).hint(
            "It was still running at its time limit. Open a channel with `connection.create_channel().await?`; a call that blocks \
             the thread, as another runtime's `block_on` does, keeps tokio from its work.",
        );
    }
    if let Some(panic) = ending::panic_of(seen) {
        return panic;
    }
    mistake
        .seen(last_words(seen))
        .hint("Open one on the connection; in lapin that is `connection.create_channel().await?`. A future that is not awaited does nothing.")
}

fn not_connected(seen: &Performance, talk: Talk<'_>) -> Mistake {
    if let Some(close) = talk.closes(Peer::Broker).next() {
        return refused_at_the_door(talk, close);
    }
    let header = talk.others(Peer::Program).find_map(|what| match what {
        What::ProtocolHeader(header) => Some(header),
        _ => None,
    });
    if let Some(header) = header.filter(|header| **header != wire::frame::PROTOCOL_HEADER) {
        let version = format!("{}-{}-{}", header[5], header[6], header[7]);
        return Mistake::new(format!("The program speaks AMQP {version}; this lesson is about AMQP 0-9-1."))
            .seen(words::line(&What::ProtocolHeader(*header)))
            .hint("Use a client library for AMQP 0-9-1: lapin in Rust, Pika in Python.");
    }
    if let Some(error) = talk.garbage() {
        return not_amqp(error);
    }
    if let Some(why) = talk.others(Peer::Broker).find_map(|what| match what {
        What::Unreachable(why) => Some(why),
        _ => None,
    }) {
        return Mistake::new("The program connected, but the broker was gone.").seen(why.clone()).hint("Check again.");
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
        return Mistake::new(message)
            .seen(last_words(seen))
            .hint("Wait until the connection is open: in lapin, `.await` the call that connects.");
    }
    never_began(seen)
}

/// It opened no socket to the broker.
fn never_began(seen: &Performance) -> Mistake {
    const ADDRESS: &str = "Connect to the address in the environment variable AMQP_URL. A program that has localhost:5672 written into it is checked with --port 5672.";
    if let Some(panic) = ending::panic_of(seen) {
        let hint = format!("{} {ADDRESS}", panic.hint);
        return Mistake::new("The program panicked before it connected to the broker.").seen(panic.evidence).hint(hint);
    }
    let (message, hint) = match seen.exit {
        Some(exit) if !exit.overdue && exit.code != Some(0) && !ending::complaints(seen).is_empty() => (
            "The program failed before it connected to the broker.",
            ending::why(seen).unwrap_or_else(|| "Its stderr says why.".to_owned()),
        ),
        Some(exit) if !exit.overdue => (
            "The program ended without connecting to the broker.",
            "In lapin, `.await` what `Connection::connect` gives, and every async function of your own: a future that is not awaited does nothing.".to_owned(),
        ),
        _ => (
            "The program never connected to the broker.",
            "Does it wait for something else first, for input or in a loop? And in lapin, `.await` what `Connection::connect` gives: a future that is not awaited does nothing.".to_owned(),
        ),
    };
    Mistake::new(message).seen(last_words(seen)).hint(format!("{hint} {ADDRESS}"))
}

fn refused_at_the_door(talk: Talk<'_>, close: Close<'_>) -> Mistake {
    let user = talk.methods().find_map(|said| match said.method {
        Method::Connection(connection::AMQPMethod::StartOk(start)) => words::login(start),
        _ => None,
    });
    let vhost = talk.methods().find_map(|said| match said.method {
        Method::Connection(connection::AMQPMethod::Open(open)) => Some(open.virtual_host.as_str()),
        _ => None,
    });
    let mistake = match (close.code, vhost) {
        (403, _) => Mistake::new(format!(
            "The broker refused the login of the user {}.",
            quoted(user.unwrap_or_default().as_bytes())
        ))
        .hint("Log in with the user and the password in AMQP_URL; where it has none they are guest and guest."),
        (530, Some("")) => Mistake::new("The program asked for a vhost whose name is empty, and there is none.")
            .hint("A slash at the end of an address asks for it. Leave the slash out, or write %2f behind it for the vhost \"/\"."),
        (530, Some(vhost)) => Mistake::new(format!(
            "The program asked for the vhost {}, which the broker does not let it into.",
            quoted(vhost.as_bytes())
        ))
        .hint("Use the address in AMQP_URL as it is: it leads to the vhost \"/\"."),
        _ => Mistake::new("The broker ended the connection during the handshake.").hint("Its reason is in the line above."),
    };
    mistake.seen(close.said.line())
}

fn not_amqp(error: &FrameError) -> Mistake {
    let mistake = match error {
        FrameError::NotAmqp(bytes) if bytes.first() == Some(&0x16) => {
            Mistake::new("The program speaks TLS, and the address in AMQP_URL is one without (amqp://, not amqps://).")
                .hint("Use the address in AMQP_URL as it is.")
        }
        FrameError::NotAmqp(bytes) if [&b"GET "[..], b"POST", b"PUT "].iter().any(|verb| bytes.starts_with(verb)) => {
            Mistake::new("The program speaks HTTP, and the broker's port speaks AMQP.")
                .hint("Use a client library for AMQP 0-9-1: lapin in Rust, Pika in Python.")
        }
        _ => Mistake::new("What the program sent is not AMQP 0-9-1.")
            .hint("Let a client library do the talking: lapin in Rust, Pika in Python."),
    };
    mistake.seen(error.to_string())
}

/// The queue `name` was declared, not passively, and the broker agreed.
#[must_use]
pub fn declare(seen: &Performance, name: &str) -> Finding {
    let talk = Talk::of(seen);
    let mine: Vec<(Said<'_>, &queue::Declare)> =
        talk.declares().filter(|(_, declare)| declare.queue.as_str() == name).collect();
    let agreed = |said: &Said<'_>| {
        let ok = |method| matches!(method, &Method::Queue(queue::AMQPMethod::DeclareOk(_))).then_some(());
        talk.answer(said, ok).is_some()
    };
    let mut active = mine.iter().filter(|(_, declare)| !declare.passive);
    let active = active.clone().find(|(said, declare)| declare.nowait || agreed(said)).or(active.next());
    // A refusal before the declaration that the broker agreed to was overcome: somebody asked passively first.
    let overcome = active.filter(|(said, _)| agreed(said)).map_or(0, |(said, _)| said.order);
    if let Some(close) = talk.refusals(QUEUE_DECLARE).find(|close| close.said.order > overcome) {
        return refused_declare(name, close, active.is_none() && !mine.is_empty()).into();
    }
    let Some((said, declare)) = active else { return not_declared(seen, talk, name, &mine).into() };
    if declare.exclusive {
        return Mistake::new(format!(
            "The queue `{name}` is declared exclusive: it belongs to this one connection and goes away with it, messages and all."
        ))
        .seen(said.line())
        .hint("Leave the flag `exclusive` out: sender and receiver share this queue.")
        .into();
    }
    if !agreed(said) && !declare.nowait {
        return Mistake::new(format!("The program asked for the queue `{name}`, and left before the broker answered."))
            .seen(said.line())
            .hint("Wait for the answer: in lapin, `.await` the call.")
            .into();
    }
    Finding::Passed(said.line())
}

fn refused_declare(name: &str, close: Close<'_>, only_passive: bool) -> Mistake {
    let mistake = match close.code {
        404 if only_passive => Mistake::new(format!(
            "The program declares `{name}` passively: that asks whether the queue is there, and does not make it."
        ))
        .hint("Leave the flag `passive` out."),
        405 => Mistake::new(format!("The broker refused the declaration: `{name}` is there, and another connection has it to itself."))
            .hint("Leave the flag `exclusive` out: sender and receiver share this queue."),
        406 if !close.text.contains("inequivalent") => {
            Mistake::new("The broker refused the declaration: something in its flags or arguments makes no sense to the broker.")
                .hint(close.meaning("The broker's line names it. Declare without arguments, as the lesson does."))
        }
        406 => Mistake::new(format!("The broker refused the declaration: `{name}` is there already, with other properties."))
            .hint("Declare a queue with the same flags and arguments everywhere, or delete it first. The broker's line names the property."),
        _ => Mistake::new("The broker refused the declaration.").hint(close.meaning("The broker's line says why.")),
    };
    mistake.seen(close.said.line())
}

fn not_declared(seen: &Performance, talk: Talk<'_>, name: &str, passive: &[(Said<'_>, &queue::Declare)]) -> Mistake {
    if let Some((said, _)) = passive.first() {
        return Mistake::new(format!(
            "The program declares `{name}` passively: that asks whether the queue is there, and does not make it."
        ))
        .seen(said.line())
        .hint("Leave the flag `passive` out.");
    }
    if let Some((said, declare)) = talk.declares().next() {
        let other = declare.queue.as_str();
        let message = match other {
            "" => format!(
                "The program declares a queue without a name, so that the broker makes one up; the lesson's queue is `{name}`."
            ),
            other if other.trim() == name => format!(
                "The program declares {}: the name has a blank in it, and the lesson's queue is `{name}`.",
                quoted(other.as_bytes())
            ),
            other if other.eq_ignore_ascii_case(name) => {
                format!(
                    "The program declares {}, and the lesson's queue is `{name}`: upper and lower case differ.",
                    quoted(other.as_bytes())
                )
            }
            other => format!(
                "The program declares the queue {}, and the lesson's queue is `{name}`.",
                quoted(other.as_bytes())
            ),
        };
        return Mistake::new(message)
            .seen(said.line())
            .hint(format!("The name is {} letter for letter.", quoted(name.as_bytes())));
    }
    let mut instead = talk.said(|method| {
        matches!(method, Method::Exchange(exchange::AMQPMethod::Declare(_)) | Method::Queue(queue::AMQPMethod::Bind(_)))
    });
    if let Some(said) = instead.next() {
        let message = match said.method {
            Method::Exchange(_) => "The program declares an exchange, and never the queue `{name}`.",
            _ => "The program binds a queue that it never declared: binding does not make a queue.",
        };
        return Mistake::new(message.replace("{name}", name))
            .seen(said.line())
            .hint("Declare the queue; the default exchange is there already, and bound to every queue.");
    }
    if let Some(error) = talk.garbage() {
        return not_amqp(error);
    }
    if let Some(panic) = ending::panic_of(seen) {
        return panic;
    }
    let next = talk
        .said(|method| {
            matches!(
                method,
                Method::Basic(
                    basic::AMQPMethod::Publish(_) | basic::AMQPMethod::Consume(_) | basic::AMQPMethod::Get(_)
                )
            )
        })
        .next();
    let closed = talk.closes(Peer::Program).next().filter(|_| next.is_none());
    if let Some(close) = closed.filter(|_| seen.exit.is_some_and(|exit| exit.code != Some(0))) {
        let what = close.what();
        return Mistake::new(format!(
            "The program closed its {what} and never declares the queue `{name}`: what is closed can't be used any more."
        ))
        .seen(format!("{}\n{}", close.said.line(), last_words(seen)))
        .hint(format!("Close the {what} when all is done, and not before."));
    }
    Mistake::new(format!("The program never declares the queue `{name}`."))
        .seen(next.map_or_else(|| last_words(seen), |said| said.line()))
        .hint("Declare it before you use it: in lapin, `channel.queue_declare(…).await?`. A future that is not awaited does nothing.")
}

/// A line that must be among the lines on stdout, where a program is expected to have printed it.
///
/// # Errors
///
/// The mistake: printed elsewhere, printed differently, not printed.
pub fn line_on_stdout(seen: &Performance, expected: &str, fits: impl Fn(&str) -> bool) -> Result<(), Mistake> {
    let stdout = seen.stdout.lines();
    if stdout.iter().any(|line| fits(line)) {
        return Ok(());
    }
    let stderr = seen.stderr.lines();
    if let Some(line) = stderr.iter().find(|line| fits(line) || line.contains(expected.trim_start())) {
        return Err(Mistake::new("The line is printed to stderr; it belongs on stdout.")
            .seen(line.clone())
            .hint("In Rust, `println!` prints to stdout, and `eprintln!` and `dbg!` to stderr."));
    }
    let goes_on = |line: &String| line.strip_prefix(expected).is_some_and(|rest| rest.trim_start().starts_with('['));
    if let Some(line) = stdout.iter().find(|line| goes_on(line)) {
        return Err(Mistake::new(
            "The program prints its line without an end, and what it prints next goes on behind it.",
        )
        .seen(line.clone())
        .hint("End the line with a newline: in Rust, `println!` does, and `print!` does not."));
    }
    Err(match printed::nearest(&stdout, expected) {
        Some(line) => Mistake::new("The program prints another line than the lesson's.")
            .seen(printed::difference(expected, line))
            .hint("The line is the same letter for letter, with the blank in front."),
        None => Mistake::new(format!("The program never prints its line: {}.", expected.trim_start()))
            .seen(match stdout.last() {
                Some(line) => format!("its last line on stdout: {line}"),
                None => "nothing on stdout".to_owned(),
            })
            .hint("Print exactly this line, the blank in front included, and end it with a newline."),
    })
}
