use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use wire::{
    Event, Peer, What,
    types::{FieldTable, LongString},
};

use super::*;

/// A program that introduced itself so.
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

/// What each client sends of itself: all but those of .NET and of amqprs were measured.
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

/// What a hint says to each client.
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

/// The marks in a text.
fn marks(text: &str) -> impl Iterator<Item = &str> {
    let key = |part: &str| part.split_once("]]").map_or(0, |(key, _)| key.len());
    text.split("[[")
        .skip(1)
        .map(move |part| &part[..key(part)])
        .filter(|key| !key.is_empty())
        .map(|key| key.split(':').next().unwrap_or_default())
}

/// All of this kit's texts about lessons, with the names of their files.
fn sources() -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lessons")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("clients/tests.rs") {
                sources.push((path.to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources
}

#[test]
fn every_mark_has_a_word_and_every_word_a_mark() {
    let words = &*WORDS;
    let sections = || words.language.iter().chain(&words.library);
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (file, text) in sources() {
        for mark in marks(&text).filter(|mark| mark.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
        {
            let is_example = file.ends_with("clients.rs") && text.contains(&format!("`[[{mark}"));
            assert!(
                words.general.contains_key(mark) || is_example,
                "{file} has [[{mark}]], and words.toml has no such word"
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

/// What every client library has its own words for.
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

/// What every language has its own words for.
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

/// What only a program in Rust can use.
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

/// Hints that only programs in Rust get: about panics, about errors of lapin and of tokio.
const OF_RUST_ONLY: [&str; 6] = [
    "ending.rs",
    "worker/work.rs",
    "translate/libraries.rs",
    "translate/between.rs",
    "translate/connecting.rs",
    "translate/messages.rs",
];

#[test]
fn no_hint_for_all_names_a_call_of_rust() {
    for (file, text) in sources() {
        if OF_RUST_ONLY.iter().any(|of_rust| file.ends_with(of_rust))
            || file.ends_with("clients.rs")
            || file.ends_with("unawaited.rs") // repeats what rustc says
            || file.contains("tests")
        {
            continue;
        }
        // Of a table of errors, the sentences; what is printed may be in any language.
        let is_said = |line: &&str| {
            let of_table = ["cause:", "remedy:"].iter().any(|field| line.starts_with(field));
            !line.starts_with("//") && (of_table || !file.contains("translate"))
        };
        for line in text.lines().map(str::trim).filter(is_said) {
            // Code stands in backticks, in a string.
            let said: String = line.split('"').skip(1).step_by(2).collect();
            let code: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
            let mark = RUSTS.iter().find(|mark| code.iter().any(|code| code.contains(**mark)));
            assert_eq!(mark, None, "{file}: {line}");
        }
    }
}
