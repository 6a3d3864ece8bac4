use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use wire::{
    Event, Peer, What,
    types::{FieldTable, LongString},
};

use super::*;

/// Returns a run of a program with this introduction.
fn program(product: &str, platform: &str) -> ProgramRun {
    let mut properties = FieldTable::default();
    for (key, text) in [("product", product), ("platform", platform)] {
        if !text.is_empty() {
            properties.insert(key.into(), AMQPValue::LongString(LongString::from(text.as_bytes())));
        }
    }
    let start = connection::StartOk { client_properties: properties, ..connection::StartOk::default() };
    let method = Method::Connection(Connection::StartOk(start));
    let what = What::Method { channel: 0, method, content: None };
    let event = Event { at: Duration::ZERO, order: 0, connection: 1, from: Peer::Program, what };
    ProgramRun { events: vec![event], ..ProgramRun::default() }
}

/// The introduction of each client: all except those of .NET and of amqprs were measured.
const MEASURED: [(&str, &str, Language, Option<&str>); 17] = [
    ("lapin", "rust", Rust, Some("lapin")),
    ("AMQPRS", "Rust", Rust, Some("amqprs")),
    ("Pika Python Client Library", "Python 3.11.7", Python, Some("pika")),
    ("Pika Python Client Library", "Python 2.7.18", Python, Some("pika")),
    ("aiormq", "CPython 3.11.7 (main build May  9 2026 07:35:25)", Python, Some("aio_pika")),
    ("py-amqp", "", Python, None),
    ("aioamqp", "", Python, None),
    ("amqplib", "Node.JS v20.20.2", JavaScript, Some("amqplib")),
    ("AMQPLib", "PHP", Php, Some("php_amqplib")),
    ("AMQP 0.9.1 Client", "golang", Go, Some("amqp091")),
    ("RabbitMQ", "Java", Java, Some("java")),
    ("RabbitMQ", ".NET", DotNet, Some("dotnet")),
    ("Bunny", "ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]", Ruby, Some("bunny")),
    ("rabbitmq-c", "Linux", Other, None),
    ("AnyEvent::RabbitMQ", "Perl", Other, None),
    ("RabbitMQ", "Erlang/OTP", Other, None),
    ("", "", Other, None),
];

#[test]
fn a_client_is_known_by_what_it_says_of_itself() {
    for (product, platform, language, library) in MEASURED {
        assert_eq!(Client::of(&program(product, platform)), Client { language, library }, "{product} on {platform}");
    }
}

#[test]
fn a_program_that_never_connects_is_known_by_its_command_line() {
    let mut seen = ProgramRun::default();
    assert_eq!(Client::of(&seen), Client::default());
    std::sync::Arc::make_mut(&mut seen.program).language = Some(Ruby);
    assert_eq!(Client::of(&seen), Client { language: Ruby, library: Some("bunny") });
    std::sync::Arc::make_mut(&mut seen.program).language = Some(Other);
    assert_eq!(Client::of(&seen).say("Publish: [[publish]]."), "Publish: `basic.publish`.");
}

/// Compares the same hint for each client.
#[test]
fn the_same_hint_in_every_language() {
    let mut all = String::new();
    let hint = "Publish it: [[publish_to:hello]]. [[unawaited]]\nPrint it with [[print]], then [[close]].\n[[set_durable]] [[auto_ack_off]]";
    for (product, platform, ..) in MEASURED {
        let said = Client::of(&program(product, platform)).say(hint);
        all.push_str(&format!("## {product} on {platform}\n{said}\n\n"));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_text_without_marks_and_with_others_stays_as_it_is() {
    let client = Client::default();
    for text in ["", "Print it.  Then, ", "a [[0; 4]; 4] b", "[[nothing]]", "[[publish", "]] [["] {
        assert_eq!(client.say(text), text);
    }
    assert_eq!(client.say("[[nothing]] [[print]]"), "[[nothing]] `println!`");
}

/// Returns the marks in a text.
fn marks(text: &str) -> impl Iterator<Item = &str> {
    let key = |part: &str| part.split_once("]]").map_or(0, |(key, _)| key.len());
    text.split("[[")
        .skip(1)
        .map(move |part| &part[..key(part)])
        .filter(|key| !key.is_empty())
        .map(|key| key.split(':').next().unwrap_or_default())
}

/// Returns the files with this extension in a folder of this crate, by their paths.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|other| other == ending) {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}

/// Returns this crate's code, without these tests.
fn sources() -> Vec<(PathBuf, String)> {
    let mut sources = files("src", "rs");
    sources.retain(|(path, _)| !path.ends_with("clients/tests.rs"));
    sources
}

/// The fields of an entry of the catalogue, or of a table of errors, that can contain calls.
const FIELDS: [&str; 5] = ["message", "hint", "text", "cause", "remedy"];

/// Returns the sentences of the catalogue and of the tables of errors, by their codes.
fn sentences() -> Vec<(String, String)> {
    let mut sentences = Vec::new();
    for (path, text) in files("catalogue", "toml") {
        let theme = path.file_stem().unwrap().to_string_lossy();
        for (name, value) in toml::from_str::<toml::Table>(&text).unwrap() {
            // A theme has a table for each entry; a table of errors has a list of entries.
            let entries = match value {
                toml::Value::Array(entries) => entries,
                entry => vec![entry],
            };
            for entry in entries {
                let text = |field: &str| entry.get(field).and_then(toml::Value::as_str).map(str::to_owned);
                let code = text("code").unwrap_or_else(|| format!("{theme}.{name}"));
                sentences.extend(FIELDS.iter().filter_map(|field| Some((code.clone(), text(field)?))));
            }
        }
    }
    sentences
}

#[test]
fn every_mark_has_a_word_and_every_word_a_mark() {
    let words = &*WORDS;
    let sections = || words.language.iter().chain(&words.library);
    let mut used: BTreeSet<String> = BTreeSet::new();
    let sources = sources().into_iter().map(|(path, text)| (path.display().to_string(), text));
    for (place, text) in sources.chain(sentences()) {
        for mark in marks(&text).filter(|mark| mark.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
        {
            let is_example = place.ends_with("clients.rs") && text.contains(&format!("`[[{mark}"));
            assert!(
                words.general.contains_key(mark) || is_example,
                "{place} has [[{mark}]], and words.toml has no such word"
            );
            used.insert(mark.to_owned());
        }
    }
    for word in words.general.values().chain(sections().flat_map(|(_, section)| section.values())) {
        used.extend(marks(word).map(str::to_owned));
    }
    for (name, section) in sections() {
        for key in section.keys() {
            assert!(words.general.contains_key(key), "{key} of {name} has no general form");
        }
    }
    let unused: Vec<&String> = words.general.keys().filter(|key| !used.contains(*key)).collect();
    assert!(unused.is_empty(), "no hint uses {unused:?}");
}

/// The words that every client library must have.
const CALLS: [&str; 16] = [
    "name",
    "connect",
    "channel",
    "declare",
    "durable",
    "exclusive_off",
    "publish",
    "publish_to",
    "confirm",
    "consume",
    "auto_ack_on",
    "auto_ack_off",
    "qos",
    "ack",
    "persistent",
    "close",
];

/// The words that every language must have.
const PHRASES: [&str; 9] = ["language", "env", "arguments", "join", "print", "streams", "flush", "bytes", "text"];

#[test]
fn every_library_and_every_language_has_its_words() {
    for (_, library) in USUAL.iter().chain(&[(Rust, "amqprs"), (Python, "aio_pika")]) {
        let section = WORDS.library.get(*library).unwrap_or_else(|| panic!("no words of {library}"));
        let missing: Vec<&&str> = CALLS.iter().filter(|key| !section.contains_key(**key)).collect();
        assert!(missing.is_empty(), "{library} has no words for {missing:?}");
    }
    for language in [Rust, Python, JavaScript, Go, Java, DotNet, Ruby, Php] {
        let section = &WORDS.language[section(language)];
        let missing: Vec<&&str> = PHRASES.iter().filter(|key| !section.contains_key(**key)).collect();
        assert!(missing.is_empty(), "{language:?} has no words for {missing:?}");
    }
}

/// The marks of code that only programs in Rust can use.
const RUSTS: [&str; 12] = [
    ".await",
    "println!",
    "tokio",
    "lapin",
    "ExitCode",
    "unwrap",
    "Options {",
    "BasicProperties::",
    "env::",
    "String::",
    "Default::default",
    "into()",
];

#[test]
fn no_other_language_reads_rust() {
    let rust = |name: &str| ["rust", "lapin", "amqprs"].contains(&name);
    for (name, section) in WORDS.language.iter().chain(&WORDS.library).filter(|(name, _)| !rust(name)) {
        for (key, word) in section {
            assert!(!RUSTS.iter().any(|mark| word.contains(mark)), "{key} of {name}: {word}");
        }
    }
    assert!(!WORDS.general.values().any(|word| RUSTS.iter().any(|mark| word.contains(mark))));
}

/// The codes that only programs in Rust get: on panics, on errors of lapin and of tokio, on futures.
const OF_RUST_ONLY: [&str; 15] = [
    "build.not-awaited",
    "end.unwrap-none",
    "error.channel-closed-twice",
    "error.channel-not-ready",
    "error.connection-not-ready",
    "error.lapin-without-runtime",
    "error.missed-heartbeats",
    "error.nested-runtime",
    "error.no-channel",
    "error.no-tokio-runtime",
    "error.runtime-shutdown",
    "error.stdout-closed",
    "error.task-panicked",
    "error.tokio-driver-disabled",
    "work.no-heartbeat",
];

/// Returns a mark of Rust in a sentence's code, which is in backticks.
fn rust_in(sentence: &str) -> Option<&'static str> {
    let code: Vec<&str> = sentence.split('`').skip(1).step_by(2).collect();
    RUSTS.into_iter().find(|mark| code.iter().any(|code| code.contains(mark)))
}

#[test]
fn no_hint_for_all_names_a_call_of_rust() {
    let mut of_rust: BTreeSet<String> = BTreeSet::new();
    for (code, sentence) in sentences() {
        if let Some(mark) = rust_in(&sentence) {
            assert!(OF_RUST_ONLY.contains(&code.as_str()), "{code} has `{mark}`: {sentence}");
            of_rust.insert(code);
        }
    }
    let others: Vec<&&str> = OF_RUST_ONLY.iter().filter(|code| !of_rust.contains(**code)).collect();
    assert!(others.is_empty(), "{others:?} could be for all");
    for (path, text) in sources() {
        // These files quote panics and messages of rustc.
        if path.ends_with("ending.rs") || path.ends_with("unawaited.rs") || path.ends_with("tests.rs") {
            continue;
        }
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            let said: String = line.split('"').skip(1).step_by(2).collect();
            assert_eq!(rust_in(&said), None, "{}: {line}", path.display());
        }
    }
}
