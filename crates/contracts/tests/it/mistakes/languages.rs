//! Programs in other languages, with the output of real ones: each in its own words, at the step where it failed.

use std::{fs, path::Path, sync::Arc};

use recording::{Address, Language};
use wire::{
    FrameError, Method, Peer, What,
    protocol::{
        connection::{self, AMQPMethod as Connection},
        queue::{self, AMQPMethod as Queue},
    },
    types::{AMQPValue, FieldTable, LongString},
};

use super::{Reached, Script, receive, send};

const SENT: &str = " [x] Sent 'Hello World!'";

/// Returns the stderr of a real program.
fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crashes");
    fs::read_to_string(folder.join(name).with_extension("txt")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

impl Script {
    /// Adds the introduction of this client.
    fn client(self, product: &str, platform: &str) -> Script {
        let mut properties = FieldTable::default();
        for (key, text) in [("product", product), ("platform", platform)] {
            properties.insert(key.into(), AMQPValue::LongString(LongString::from(text.as_bytes())));
        }
        let start = connection::StartOk { client_properties: properties, ..Default::default() };
        let mut script = self.say(Peer::Program, 0, Method::Connection(Connection::StartOk(start)));
        Arc::make_mut(&mut script.seen.program).folder = "/home/ann/rabbit".into();
        script
    }

    /// Marks a program of this language that never connects.
    fn in_language(mut self, language: Language) -> Script {
        Arc::make_mut(&mut self.seen.program).language = Some(language);
        Arc::make_mut(&mut self.seen.program).folder = "/home/ann/rabbit".into();
        self
    }

    /// Adds the stderr of a real program, and ends.
    fn crash(mut self, name: &str, code: i32) -> Script {
        self.seen.stderr.push(recorded(name).as_bytes());
        self.exit(code)
    }

    /// Adds an address to the program's text.
    fn with(mut self, scheme: &str, host: &str, port: Option<u16>) -> Script {
        Arc::make_mut(&mut self.seen.program).addresses.push(Address {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            port,
        });
        self
    }
}

fn pika() -> Script {
    Script::connected().client("Pika Python Client Library", "Python 3.11.7")
}

fn node() -> Script {
    Script::connected().client("amqplib", "Node.JS v20.20.2")
}

fn hello(script: Script) -> Script {
    script.declare(queue::Declare { queue: "hello".into(), durable: true, ..Default::default() })
}

pub fn cases() -> Vec<(&'static str, String)> {
    let text = b"Hello World!";
    let kept: Option<&[&str]> = Some(&["Hello World!"]);
    let nothing: Option<&[&str]> = Some(&[]);
    let started = |language| Script::default().in_language(language);
    let mut left_running = Script::default().exit(0);
    left_running.seen.left_running = true;
    let mut at_port = started(Language::Python).with("", "localhost", Some(5999));
    Arc::make_mut(&mut at_port.seen.program).port = Some(5672);
    let short = FrameError::Table { class: 50, method: 10, key: "x-queue-type".to_owned(), kind: b'_' };
    let unread = |script: Script, error: FrameError| {
        script.what(Peer::Program, What::Strange { channel: 1, why: error.to_string(), unread: Some(error) })
    };
    vec![
        // Crashes, at the step where they happen.
        (
            "Python: a name at the end",
            send(hello(pika()).publish("", "hello", text).print(SENT).crash("name-py", 1), kept),
        ),
        (
            "Python 2: a name at the end",
            send(hello(pika()).publish("", "hello", text).print(SENT).crash("name2-py", 1), kept),
        ),
        ("Python: a body that is no text", send(hello(pika()).crash("dict-body-py", 1), nothing)),
        ("Python: a module that is not there", send(started(Language::Python).crash("nomodule-py", 1), None)),
        ("Python: for Python 2", send(started(Language::Python).crash("syntax-py", 1), None)),
        ("Python: Pika 0.x on Pika 1.x", receive(hello(pika()).crash("no-ack-py", 1), &["one", "two"], Reached::Start)),
        (
            "Python: Pika 1.x on Pika 0.x",
            receive(hello(pika()).crash("pika1-in-0-py", 1), &["one", "two"], Reached::Start),
        ),
        ("Python: the same consumer tag", receive(hello(pika()).crash("dup-py", 1), &["one", "two"], Reached::Start)),
        (
            "Python: JSON",
            receive(
                hello(pika())
                    .consume(true)
                    .print(" [*] Waiting for messages. To exit press CTRL+C")
                    .deliver(1, "one")
                    .crash("json-py", 1),
                &["one", "two"],
                Reached::Waiting,
            ),
        ),
        (
            "Python: charmap",
            receive(
                hello(pika())
                    .consume(true)
                    .print(" [*] Waiting for messages. To exit press CTRL+C")
                    .deliver(1, "one")
                    .crash("charmap-py", 1),
                &["one", "two"],
                Reached::Waiting,
            ),
        ),
        ("Node: not a buffer", send(hello(node()).crash("nobuffer-js", 1), nothing)),
        ("Node: a name", send(hello(node()).publish("", "hello", text).crash("ref-js", 1), kept)),
        ("Node: a module that is not there", send(started(Language::JavaScript).crash("missing-js", 1), None)),
        ("Node: a package that is not there", send(started(Language::JavaScript).crash("missing-mjs", 1), None)),
        ("Node: a rejected promise", send(started(Language::JavaScript).crash("reject-js", 1), None)),
        (
            "Ruby: a name at the end",
            send(
                hello(Script::connected().client("Bunny", "ruby 3.1.2p20"))
                    .publish("", "hello", text)
                    .print(SENT)
                    .crash("name-rb", 1),
                kept,
            ),
        ),
        ("Ruby: a gem that is not there", send(started(Language::Ruby).crash("missing-rb", 1), None)),
        (
            "PHP: a wrong argument",
            send(hello(Script::connected().client("AMQPLib", "PHP")).crash("undef-php", 255), nothing),
        ),
        ("PHP: no vendor folder", send(started(Language::Php).crash("missing-php", 255), None)),
        ("Go: nil", send(hello(Script::connected().client("AMQP 0.9.1 Client", "golang")).crash("gonil", 2), nothing)),
        ("Go: no module", send(started(Language::Go).crash("gomissing", 1), None)),
        ("Go: no package of its own", send(started(Language::Go).crash("gostd", 1), None)),
        ("Java: null", send(hello(Script::connected().client("RabbitMQ", "Java")).crash("npe", 1), nothing)),
        ("Java: no jar", send(started(Language::Java).crash("npenojar", 1), None)),
        ("C#: null", send(hello(Script::connected().client("RabbitMQ", ".NET")).crash("null-cs", 134), nothing)),
        ("Perl: a module that is not there", send(started(Language::Other).crash("missing-pl", 2), None)),
        // The refusal is the cause, and the exception only follows from it.
        (
            "Node: refused, and crashed for it",
            send(
                hello(node())
                    .refused(406, "PRECONDITION_FAILED - unknown delivery tag 1", (60, 80))
                    .crash("mismatch-js", 1),
                nothing,
            ),
        ),
        // A program that fails with words of its own has not crashed.
        ("Go: log.Fatal", send(started(Language::Go).crash("gofatal", 1), None)),
        ("Python: warnings around the reason", send(started(Language::Python).crash("warn-py", 1), None)),
        // Another address.
        (
            "Pika: refused, localhost is written into it",
            send(started(Language::Python).with("", "localhost", None).crash("refused-py", 1), None),
        ),
        (
            "Pika: an address for browsers",
            send(started(Language::Python).with("http", "localhost", Some(15672)).crash("http-py", 1), None),
        ),
        (
            "Pika: the port for browsers",
            send(started(Language::Python).with("", "localhost", Some(15672)).crash("refused-py", 1), None),
        ),
        ("Pika: TLS", send(started(Language::Python).with("amqps", "localhost", None).crash("refused-py", 1), None)),
        (
            "Pika: a container's name",
            send(started(Language::Python).with("", "rabbitmq", None).crash("unknown-host-py", 1), None),
        ),
        ("Pika: another port than --port", send(at_port.crash("refused-py", 1), None)),
        (
            "aio-pika: refused",
            send(
                {
                    let mut script = started(Language::Python);
                    Arc::make_mut(&mut script.seen.program).library = Some("aio_pika".to_owned());
                    script.crash("aio-refused-py", 1)
                },
                None,
            ),
        ),
        ("Node: refused", send(started(Language::JavaScript).crash("refused-js", 1), None)),
        ("Node: a host that is not known", send(started(Language::JavaScript).crash("unknownhost-js", 1), None)),
        (
            "Node: a host that does not answer",
            send(started(Language::JavaScript).complain("Error: connect ETIMEDOUT 10.0.0.9:5672").exit(1), None),
        ),
        ("Go: refused", send(started(Language::Go).crash("gopanic", 2), None)),
        ("Java: refused", send(started(Language::Java).crash("refused", 1), None)),
        ("Ruby: refused", send(started(Language::Ruby).crash("refused-rb", 1), None)),
        ("PHP: refused", send(started(Language::Php).crash("refused-php", 255), None)),
        ("C#: refused", send(started(Language::DotNet).crash("refused-cs", 134), None)),
        (
            "Perl: tries again and again",
            send(started(Language::Other).complain("connect: Connection refused").overdue(), None),
        ),
        (
            "Pika: tries again and again at localhost",
            send(started(Language::Python).with("", "localhost", None).overdue(), None),
        ),
        (
            "Pika: catches the error and prints it",
            send(
                started(Language::Python)
                    .with("", "localhost", None)
                    .print("could not connect: AMQPConnectionError()")
                    .exit(1),
                None,
            ),
        ),
        (
            "Pika: a broker of its own on localhost",
            send(started(Language::Python).with("", "localhost", None).print(SENT).exit(0), None),
        ),
        // Claimed, and not done.
        ("prints its line on another broker", send(started(Language::Python).print(SENT).exit(0), None)),
        ("prints something else", send(started(Language::Python).print("starting sender ...").exit(0), None)),
        ("Node: exits right after sending", send(hello(node()).print(SENT).exit(0), nothing)),
        ("Pika: exits before it declares", send(pika().print(SENT).exit(0), None)),
        ("Node: publishes nothing, and closes", send(hello(node()).print(SENT).close().exit(0), nothing)),
        // The way it was started.
        ("a wrapper that backgrounds", send(left_running, None)),
        (
            "a shebang with CR LF",
            send(Script::default().complain("/usr/bin/env: ‘python3\\r’: No such file or directory").exit(127), None),
        ),
        ("a shell's script with CR LF", send(Script::default().complain("run.sh: 2: \r: not found").exit(127), None)),
        (
            "a shell's script with CR LF behind a file's name",
            send(
                Script::default()
                    .complain(
                        "python3: can't open file '/home/ann/rabbit/send.py\\r': [Errno 2] No such file or directory",
                    )
                    .exit(2),
                None,
            ),
        ),
        ("not executable", send(Script::default().complain("sh: 1: ./send.py: Permission denied").exit(126), None)),
        ("no such command", send(Script::default().complain("sh: 1: pythn: not found").exit(127), None)),
        (
            "press enter",
            send(
                hello(pika()).publish("", "hello", text).print(SENT).close().print(" Press [enter] to exit.").overdue(),
                kept,
            ),
        ),
        // The output.
        (
            "Go: logs the line with quotes",
            send(
                hello(pika())
                    .publish("", "hello", text)
                    .complain("2026/11/29 15:05:37  [x] Sent 'Hello World!'")
                    .close()
                    .exit(0),
                kept,
            ),
        ),
        (
            "Go: logs the line without quotes",
            send(
                hello(pika())
                    .publish("", "hello", text)
                    .complain("2026/11/29 15:05:37  [x] Sent Hello World!")
                    .close()
                    .exit(0),
                kept,
            ),
        ),
        (
            "a progress bar",
            send(
                hello(pika())
                    .publish("", "hello", text)
                    .print("\rsending 100%\r [x] Sent 'Hello World!'")
                    .close()
                    .exit(0),
                kept,
            ),
        ),
        // Unreadable frames.
        ("a short string in a table", send(unread(pika(), short), None)),
        ("a method that there is not", send(unread(pika(), FrameError::Method { class: 50, method: 99 }), None)),
        ("a declaration that ends too early", send(unread(pika(), FrameError::Method { class: 50, method: 10 }), None)),
        ("a table in a table, and so on", send(unread(pika(), FrameError::TooDeep), None)),
        ("properties that can't be read", send(unread(hello(pika()), FrameError::Header), nothing)),
        (
            "a header of a type that there is not",
            send(
                unread(hello(pika()), FrameError::Table { class: 60, method: 0, key: "x-when".to_owned(), kind: b'?' }),
                nothing,
            ),
        ),
        (
            "a part of a body that belongs to no method",
            send(
                hello(pika()).what(
                    Peer::Program,
                    What::Strange {
                        channel: 1,
                        why: "a part of a body that belongs to no method".to_owned(),
                        unread: None,
                    },
                ),
                nothing,
            ),
        ),
        (
            "the same declaration in a language that is not known",
            send(
                Script::connected().client("rabbitmq-c", "Linux").say(
                    Peer::Program,
                    1,
                    Method::Queue(Queue::Declare(queue::Declare { queue: "helo".into(), ..Default::default() })),
                ),
                None,
            ),
        ),
    ]
}
