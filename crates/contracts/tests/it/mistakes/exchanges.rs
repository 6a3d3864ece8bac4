//! Lessons 05, 07 and 09: programs that publish log messages to an exchange.

use contracts::{
    contract,
    verdict::{Note, Outcome},
};
use recording::{Body, Program as About, ProgramRun, Recording, Warning};
use wire::{
    Method, Peer,
    protocol::{
        channel::{self, AMQPMethod as Channel},
        exchange::{self, AMQPMethod as Exchange},
    },
};

use super::{Script, render, render_all};
use Peer::{Broker, Program};

/// The queue of the checker's own.
const LISTENER: &str = "hello-rabbit.logs";

/// The class and the method of `basic.publish`, as in a refusal.
const BASIC_PUBLISH: (u16, u16) = (60, 40);

/// A lesson: its id, its exchange, and the type of that.
type Lesson = (&'static str, &'static str, &'static str);

const LOGS: Lesson = ("emit-log", "logs", "fanout");
const DIRECT: Lesson = ("emit-log-direct", "direct_logs", "direct");
const TOPIC: Lesson = ("emit-log-topic", "topic_logs", "topic");

fn plain((_, name, kind): Lesson) -> exchange::Declare {
    exchange::Declare { exchange: name.into(), kind: kind.into(), ..exchange::Declare::default() }
}

fn asks(declare: exchange::Declare) -> Script {
    Script::connected().say(Program, 1, Method::Exchange(Exchange::Declare(declare)))
}

fn declares(declare: exchange::Declare) -> Script {
    asks(declare).say(Broker, 1, Method::Exchange(Exchange::DeclareOk(exchange::DeclareOk {})))
}

/// Returns a script that declares the lesson's exchange.
fn declared(lesson: Lesson) -> Script {
    declares(plain(lesson))
}

/// Returns a program that sends this text with this key, prints this line, and ends well.
fn sends(lesson: Lesson, key: &str, text: &str, line: &str) -> Script {
    declared(lesson).publish(lesson.1, key, text.as_bytes()).print(line).close().exit(0)
}

fn deletes(script: Script, name: &str, if_unused: bool) -> Script {
    let delete = exchange::Delete { exchange: name.into(), if_unused, ..exchange::Delete::default() };
    script.say(Program, 1, Method::Exchange(Exchange::Delete(delete))).say(
        Broker,
        1,
        Method::Exchange(Exchange::DeleteOk(exchange::DeleteOk {})),
    )
}

/// Returns the recording of these runs: the words that were typed in each, and what the program did.
fn recorded(lesson: Lesson, runs: Vec<(&[&str], Script)>, arrived: Option<&[&str]>) -> Recording {
    let run = |(index, (words, script)): (usize, (&[&str], Script))| ProgramRun {
        index,
        arguments: words.iter().map(|word| (*word).to_owned()).collect(),
        ..script.seen
    };
    let bodies = arrived.map(|bodies| bodies.iter().map(|body| Body(body.as_bytes().to_vec())).collect());
    let mut recording = Recording {
        lesson: lesson.0.to_owned(),
        seed: Some(1),
        runs: runs.into_iter().enumerate().map(run).collect(),
        ..Recording::default()
    };
    recording.queues.insert(LISTENER.to_owned(), bodies);
    recording
}

fn judged(recording: &Recording) -> (String, Vec<Note>) {
    let judgement = contract::of(&recording.lesson).unwrap().judge(recording).unwrap();
    (render(&judgement.outcomes), judgement.notes)
}

fn verdict(lesson: Lesson, runs: Vec<(&[&str], Script)>, arrived: Option<&[&str]>) -> String {
    judged(&recorded(lesson, runs, arrived)).0
}

/// Returns the verdict on a program that is run once, without words.
fn once(lesson: Lesson, script: Script) -> String {
    verdict(lesson, vec![(&[], script)], None)
}

fn fanout(text: &str) -> Script {
    sends(LOGS, "", text, &format!(" [x] Sent {text}"))
}

#[test]
fn emitting() {
    let well = || fanout("info: Hello World!");
    let published = || declared(LOGS).publish("logs", "", b"info: Hello World!");
    let line = " [x] Sent info: Hello World!";
    let not_found = "NOT_FOUND - no exchange 'logs' in vhost '/'";
    let publishes_first = || Script::connected().publish("logs", "", b"info: Hello World!");
    let declare = || Method::Exchange(Exchange::Declare(plain(LOGS)));
    let direct = |key: &str, text: &str| sends(DIRECT, key, text, &format!(" [x] Sent {key}:{text}"));
    let cases = [
        ("all is well", verdict(LOGS, vec![(&[], well()), (&["abc"], fanout("abc"))], Some(&["abc"]))),
        ("leaves before the exchange is declared", once(LOGS, asks(plain(LOGS)).exit(0))),
        (
            "publishes first, and declares while the refusal is on its way",
            once(
                LOGS,
                publishes_first().say(Program, 1, declare()).refused(404, not_found, BASIC_PUBLISH).print(line).exit(1),
            ),
        ),
        (
            "publishes first, and never declares",
            once(LOGS, publishes_first().refused(404, not_found, BASIC_PUBLISH).exit(1)),
        ),
        (
            "publishes first on another channel",
            once(
                LOGS,
                publishes_first()
                    .refused(404, not_found, BASIC_PUBLISH)
                    .say(Program, 2, Method::Channel(Channel::Open(channel::Open {})))
                    .say(Broker, 2, Method::Channel(Channel::OpenOk(channel::OpenOk {})))
                    .say(Program, 2, declare())
                    .say(Broker, 2, Method::Exchange(Exchange::DeclareOk(exchange::DeclareOk {})))
                    .print(line)
                    .close()
                    .exit(0),
            ),
        ),
        ("a bound queue gets nothing", verdict(LOGS, vec![(&[], well()), (&["abc"], fanout("abc"))], Some(&[]))),
        ("deletes it unless it is used", once(LOGS, deletes(published(), "logs", true).print(line).close().exit(0))),
        ("deletes another exchange", once(LOGS, deletes(published(), "old_logs", false).print(line).close().exit(0))),
        (
            "a key that is a word of the program",
            verdict(
                DIRECT,
                vec![(&[], direct("severity", "Hello World!")), (&["error"], direct("severity", "Hello World!"))],
                None,
            ),
        ),
        (
            "a key of its own, where none was typed",
            verdict(
                DIRECT,
                vec![(&[], direct("debug", "Hello World!")), (&["error"], direct("error", "Hello World!"))],
                None,
            ),
        ),
        (
            "a file's name for the key",
            verdict(
                DIRECT,
                vec![(&[], direct("info", "Hello World!")), (&["error", "abc"], direct("./emit.py", "error abc"))],
                None,
            ),
        ),
        (
            "a file's name in front of the text",
            verdict(LOGS, vec![(&[], well()), (&["abc"], fanout("emit.py abc"))], None),
        ),
        ("the bytes of Python in their printed form", once(LOGS, fanout("b'info: Hello World!'"))),
        (
            "prints the key of the run before",
            verdict(
                DIRECT,
                vec![
                    (&[], direct("info", "Hello World!")),
                    (&["error", "abc"], sends(DIRECT, "error", "abc", " [x] Sent info:abc")),
                ],
                None,
            ),
        ),
    ];
    insta::assert_snapshot!(render_all(cases));
}

/// The lines of the public programs about the default message pass.
#[test]
fn lines_of_the_public_programs_pass() {
    for (text, line) in [
        ("info: Hello World!", " [x] Sent info: Hello World!"),
        ("info: Hello World!", " [x] Sent 'info: Hello World!'"),
        ("hello", " [x] Sent \"hello\""),
        ("Hello World!", " [x] Sent b'Hello World!'"),
        ("Hello, world!", " [x] Sent Hello, world!"),
    ] {
        assert_eq!(once(LOGS, sends(LOGS, "", text, line)), "passed", "{line}");
    }
    for (text, line) in [
        ("Hello World!", " [x] Sent info:Hello World!"),
        ("Hello World!", " [x] Sent 'info':'Hello World!'"),
        ("Hello World!", " [x] Sent info: 'Hello World!'"),
        ("Hello, world!", " [x] Sent info:\"Hello, world!\""),
        ("Hello World!", " [x] Send info: Hello World!"),
        ("Hello World!", " [x] Sent 'info:Hello World!'"),
        ("Hello World!", " [x] Sent '[info] Hello World!'"),
        // Go and Ruby.
        ("hello", " [x] Sent hello"),
    ] {
        assert_eq!(once(DIRECT, sends(DIRECT, "info", text, line)), "passed", "{line}");
    }
    for line in [" [x] Received info:Hello World!", " [x] Sent info", "Sent info:Hello World!"] {
        let report = once(DIRECT, sends(DIRECT, "info", "Hello World!", line));
        assert!(report.starts_with("print ("), "{line}: {report}");
    }
}

/// One argument is the key, or nothing (Python), or the text (Elixir).
#[test]
fn one_argument_may_be_read_as_the_public_programs_do() {
    let sent = |key: &str, text: &str| {
        let first = sends(TOPIC, "anonymous.info", "Hello World!", " [x] Sent anonymous.info:Hello World!");
        let second = sends(TOPIC, key, text, &format!(" [x] Sent {key}:{text}"));
        verdict(TOPIC, vec![(&[], first), (&["kern.info"], second)], None)
    };
    assert_eq!(sent("kern.info", "Hello World!"), "passed");
    assert_eq!(sent("anonymous.info", "Hello World!"), "passed");
    assert_eq!(sent("anonymous.info", "kern.info"), "passed");
    assert!(
        sent("kern.info", "kern.info").starts_with("message (emit.key-in-text)"),
        "{}",
        sent("kern.info", "kern.info")
    );
    assert!(sent("info", "Hello World!").starts_with("publish ("), "{}", sent("info", "Hello World!"));
}

#[test]
fn a_declaration_without_an_answer_is_right_if_it_asked_for_none() {
    let nowait = asks(exchange::Declare { nowait: true, ..plain(LOGS) });
    let script = nowait.publish("logs", "", b"hello").print(" [x] Sent hello").close().exit(0);
    assert_eq!(once(LOGS, script), "passed");
}

#[test]
fn an_exchange_may_be_deleted_before_it_is_declared_if_nothing_is_bound_to_it() {
    let script = |if_unused| {
        let begun = deletes(Script::connected(), "logs", if_unused);
        let declare = Method::Exchange(Exchange::Declare(plain(LOGS)));
        let declared = begun.say(Program, 1, declare).say(
            Broker,
            1,
            Method::Exchange(Exchange::DeclareOk(exchange::DeclareOk {})),
        );
        declared.publish("logs", "", b"hello").print(" [x] Sent hello").close().exit(0)
    };
    assert_eq!(once(LOGS, script(true)), "passed");
    assert!(once(LOGS, script(false)).starts_with("publish (emit.deletes)"));
}

#[test]
fn an_exchange_with_other_flags_passes_with_a_note() {
    let with = |declare: exchange::Declare| {
        let script = declares(declare).publish("logs", "", b"hello").print(" [x] Sent hello").close().exit(0);
        let (report, notes) = judged(&recorded(LOGS, vec![(&[], script)], None));
        assert_eq!(report, "passed");
        notes
    };
    assert_eq!(with(plain(LOGS)), []);
    for (declare, flag) in [
        (exchange::Declare { durable: true, ..plain(LOGS) }, "durable"),
        (exchange::Declare { auto_delete: true, ..plain(LOGS) }, "auto-delete"),
    ] {
        let notes = with(declare);
        assert_eq!(notes.len(), 1, "{flag}");
        assert_eq!(notes[0].step, "declare");
        let expected = format!("The exchange `logs` is {flag}. ");
        assert!(notes[0].message.starts_with(&expected), "{}", notes[0].message);
    }
}

#[test]
fn the_warning_about_a_declaration_that_is_not_awaited_is_shown() {
    let warning = Warning {
        file: "src/main.rs".to_owned(),
        line: 38,
        code: "channel.exchange_declare(\"logs\".into(), kind, flags, none);".to_owned(),
        message: "unused implementer of `Future` that must be used".to_owned(),
        note: "futures do nothing unless you `.await` or poll them".to_owned(),
    };
    let recording = Recording {
        program: About { warnings: vec![warning.clone()], ..About::default() },
        ..recorded(LOGS, vec![(&[], Script::connected().close().exit(0))], None)
    };
    let outcomes = contract::of("emit-log").unwrap().judge(&recording).unwrap().outcomes;
    let failed = outcomes.into_iter().find_map(|(step, outcome)| match outcome {
        Outcome::Failed(mistake) => Some((step, mistake)),
        _ => None,
    });
    let (step, mistake) = failed.unwrap();
    assert_eq!((step, mistake.code), ("declare", "exchange.missing"));
    assert!(mistake.evidence.contains(&warning.lines()), "{}", mistake.evidence);
}
