use std::{
    collections::BTreeSet,
    fmt::Write,
    io::{self, ErrorKind::ConnectionAborted},
    sync::Arc,
};

use lapin::{
    ChannelState, ConnectionState, ErrorKind,
    protocol::{AMQPError, AMQPErrorKind, AMQPHardError, AMQPSoftError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::clients::Client;

/// Returns the first entry that fits.
fn taken(code: Option<u16>, text: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.is_of(code) && entry.pattern.is_match(text))
}

/// Returns the code that a reply's text names at its start.
fn named(text: &str) -> Option<u16> {
    printed::NAMES.iter().find(|(_, name)| text.starts_with(name)).map(|(code, _)| *code)
}

/// Returns the names that follow this mark.
fn names(text: &str, before: &str, is_of_name: fn(char) -> bool) -> BTreeSet<String> {
    let until =
        |part: &str| part.find(|letter| !is_of_name(letter)).map_or(part.to_owned(), |end| part[..end].to_owned());
    text.split(before).skip(1).map(until).filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_code_is_one_for_ever() {
    let mut codes = BTreeSet::new();
    for Entry { code, .. } in entries() {
        let name = code.strip_prefix("error.").unwrap();
        let is_word =
            |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        assert!(name.split('-').all(is_word), "{code}");
        assert!(codes.insert(code), "{code} is taken");
    }
}

#[test]
fn every_example_is_translated_by_its_own_entry() {
    for entry in entries() {
        assert!(!entry.examples.is_empty(), "{} has no example", entry.code);
        for example in &entry.examples {
            let code = match &entry.replies {
                None => {
                    assert_eq!(printed::reply(example), None, "{example} is taken for a reply");
                    None
                }
                Some(codes) => {
                    let code = named(example).unwrap_or(codes[0]);
                    assert!(codes.contains(&code), "{example} is of another code than {codes:?}");
                    Some(code)
                }
            };
            let first = taken(code, example).map(|first| &first.code);
            assert_eq!(first, Some(&entry.code), "{example}");
        }
    }
}

#[test]
fn every_code_has_one_general_entry_behind_all_others() {
    let codes: Vec<u16> = printed::NAMES.iter().map(|(code, _)| *code).chain([200]).collect();
    for code in (0..1000).chain([u16::MAX]) {
        let mine = entries().filter(|entry| entry.is_of(Some(code)));
        let mut mine: Vec<&str> = mine.map(|entry| entry.pattern.as_str()).collect();
        let last = mine.pop();
        assert_eq!(last, codes.contains(&code).then_some(""), "{code}");
        assert!(!mine.contains(&""), "{code} has entries that are never reached");
    }
    assert_eq!(reply(407, "NOT_FOUND - no queue 'hello' in vhost '/'"), None);
    assert!(codes.iter().all(|code| reply(*code, "").is_some()));
}

#[test]
fn every_captured_name_is_used_and_no_other() {
    for entry in entries() {
        let captured = names(entry.pattern.as_str(), "(?<", |letter| letter.is_ascii_lowercase());
        let used = names(&(entry.cause.clone() + &entry.remedy), "$", |letter| letter.is_ascii_lowercase());
        assert_eq!(captured, used, "{}", entry.code);
    }
}

#[test]
fn every_sentence_is_one_for_a_learner() {
    for entry in entries() {
        for text in [&entry.cause, &entry.remedy].map(|text| Client::default().say(text)) {
            let prose: String = text.split('`').step_by(2).collect();
            assert!(text.ends_with(['.', '?']) && text.matches('`').count() % 2 == 0, "{text}");
            assert!(prose.matches(". ").count() + prose.matches("? ").count() <= 1, "more than two sentences: {text}");
            let words: Vec<String> = prose.to_lowercase().split(' ').map(str::to_owned).collect();
            assert!(
                !["simply", "just", "easy", "easily"].iter().any(|word| words.contains(&(*word).to_owned())),
                "{text}"
            );
        }
    }
}

#[test]
fn what_they_say() {
    let mut all = String::new();
    for chapter in Chapter::ALL {
        let _ = writeln!(all, "# {}", chapter.id);
        for entry in chapter.entries() {
            for example in &entry.examples {
                let means = entry.translation(example).unwrap();
                let [cause, remedy] = [means.cause(), means.remedy()].map(|text| Client::default().say(&text));
                let _ = writeln!(all, "\n{example}\n  {cause}\n  {remedy}");
            }
        }
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_reply_is_found_in_what_is_printed_about_it() {
    let missing = reply(404, "NOT_FOUND - no queue 'it's' in vhost '/'");
    assert!(missing.as_ref().unwrap().cause().contains("no queue `it's` in the vhost `/`"));
    let error = |kind, text: &str| lapin::Error::from(ErrorKind::ProtocolError(AMQPError::new(kind, text.into())));
    let soft = |kind: AMQPSoftError, text| error(AMQPErrorKind::Soft(kind), text);
    let not_found = soft(AMQPSoftError::NOTFOUND, "NOT_FOUND - no queue 'it's' in vhost '/'");
    for printed in [
        not_found.to_string(),
        format!("{not_found}: if `hello` exists with other properties, delete it first"),
        format!("{not_found:?}"),
        format!("{not_found:#?}").replace('\n', " "),
        format!("Error: {:?}", not_found.to_string()),
        r#"channel.close reply-code 404 reply-text "NOT_FOUND - no queue 'it's' in vhost '/'" class-id 50 method-id 10"#.into(),
        r#"pika.exceptions.ChannelClosedByBroker: (404, "NOT_FOUND - no queue 'it's' in vhost '/'")"#.into(),
        r#"pika.exceptions.ChannelClosed: (404, "NOT_FOUND - no queue 'it's' in vhost '/'")"#.into(),
    ] {
        assert_eq!(line(&printed), missing, "{printed}");
    }
    let text = r#"PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'q' in vhost '/': "unsupported queue type 'fancy'""#;
    let fancy = soft(AMQPSoftError::PRECONDITIONFAILED, text);
    assert!(line(&fancy.to_string()).unwrap().cause().contains("no queues of the type `fancy`"));
    assert_eq!(line(&format!("{fancy:?}")), line(&fancy.to_string()));
    // Errors that lapin itself finds do not contain a name of the broker's.
    let large = error(AMQPErrorKind::Hard(AMQPHardError::FRAMEERROR), "frame too large: 9000 bytes");
    for printed in [large.to_string(), format!("{large:?}")] {
        assert_eq!(line(&printed), reply(501, ""), "{printed}");
    }
    for (printed, code, text) in [
        ("pika.exceptions.ConnectionClosedByBroker: (541, 'INTERNAL_ERROR')", 541, ""),
        ("ConnectionClosedByClient: (200) 'Normal shutdown'", 200, ""),
        ("pika.exceptions.ConnectionClosed: (320, 'CONNECTION_FORCED - because')", 320, "CONNECTION_FORCED - because"),
        (r#"BasicReturnMessage { reply_code: 312, reply_text: ShortString("NO_ROUTE") }"#, 312, ""),
        ("<Basic.Return(['exchange=', 'reply_code=312', 'reply_text=NO_ROUTE'])>", 312, ""),
        (
            "pika.exceptions.ProbableAccessDeniedError: ConnectionClosedByBroker: (530) 'NOT_ALLOWED - vhost nope not found'",
            530,
            "NOT_ALLOWED - vhost nope not found",
        ),
    ] {
        assert_eq!(line(printed), reply(code, text), "{printed}");
    }
}

#[test]
fn lapins_errors_are_known_in_both_forms() {
    let other = |text: &str| ErrorKind::IOError(Arc::new(io::Error::other(text)));
    let channel = |state| ErrorKind::InvalidChannelState(state, "basic.publish");
    let kinds = [
        ErrorKind::ChannelsLimitReached,
        ErrorKind::InvalidChannel(3),
        channel(ChannelState::Initial),
        channel(ChannelState::Reconnecting),
        channel(ChannelState::Connected),
        channel(ChannelState::Closing),
        channel(ChannelState::Closed),
        channel(ChannelState::Error),
        ErrorKind::InvalidConnectionState(ConnectionState::Initial),
        ErrorKind::InvalidConnectionState(ConnectionState::Connecting),
        ErrorKind::InvalidConnectionState(ConnectionState::Connected),
        ErrorKind::InvalidConnectionState(ConnectionState::Closing),
        ErrorKind::InvalidConnectionState(ConnectionState::Closed),
        ErrorKind::InvalidConnectionState(ConnectionState::Reconnecting),
        ErrorKind::InvalidConnectionState(ConnectionState::Error),
        ErrorKind::IOError(Arc::new(io::Error::from(ConnectionAborted))),
        ErrorKind::IOError(Arc::new(io::Error::from(io::ErrorKind::TimedOut))),
        ErrorKind::IOError(Arc::new(io::Error::from(io::ErrorKind::UnexpectedEof))),
        ErrorKind::RuntimeShutdownError(Arc::new(io::Error::other(
            "A Tokio 1.x context was found, but it is being shutdown.",
        ))),
        ErrorKind::AuthProviderError("no token".to_owned()),
        ErrorKind::FutureCompleted,
        ErrorKind::NoDefaultRuntime,
        ErrorKind::MissingHeartbeatError,
        other("Invalid AMQP scheme: http"),
        other("invalid digit found in string"),
    ];
    for error in kinds.map(lapin::Error::from) {
        let meaning = line(&error.to_string());
        assert!(meaning.is_some(), "{error}");
        assert_eq!(line(&format!("called `Result::unwrap()` on an `Err` value: {error:?}")), meaning, "{error:?}");
    }
    #[cfg(target_os = "linux")]
    for number in [32, 99, 101, 104, 110, 111, 113] {
        let error = lapin::Error::from(ErrorKind::IOError(Arc::new(io::Error::from_raw_os_error(number))));
        let meaning = line(&error.to_string());
        assert!(meaning.is_some(), "{error}");
        assert_eq!(line(&format!("{error:?}")), meaning, "{error:?}");
    }
}

#[tokio::test]
async fn addresses_that_are_none_are_explained() {
    for address in [
        "",
        "localhost",
        "localhost:5672",
        "guest:secret@localhost",
        "127.0.0.1:5672",
        "http://localhost:15672",
        "amqp://localhost:99999",
        "amqp://localhost:port",
        "amqp://guest:pass/word@localhost",
        "amqp://[::1",
        "amqp://:5672",
        "amqp://localhost?heartbeat=often",
        "amqp://localhost?frame_max=",
        "amqp://localhost?auth_mechanism=password",
    ] {
        let error = lapin::Connection::connect(address, lapin::ConnectionProperties::default()).await.unwrap_err();
        let meaning = line(&error.to_string());
        assert!(meaning.is_some(), "{address}: {error}");
        assert_eq!(line(&format!("{error:?}")), meaning, "{error:?}");
        assert!(!format!("{meaning:?}").contains("secret"), "a password is repeated");
    }
}

#[tokio::test]
async fn what_listens_and_is_no_broker_is_explained() {
    for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "AMQP\0\0\u{8}\0", ""] {
        let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("amqp://{}", stranger.local_addr().unwrap());
        let strange = async {
            loop {
                let (mut socket, _) = stranger.accept().await.unwrap();
                socket.read_exact(&mut [0; 8]).await.unwrap();
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let error = tokio::select! {
            () = strange => unreachable!("it goes on for ever"),
            connected = lapin::Connection::connect(&address, lapin::ConnectionProperties::default()) => connected.unwrap_err(),
        };
        let meaning = line(&error.to_string());
        assert!(meaning.is_some(), "{answer}: {error}");
        assert_eq!(line(&format!("{error:?}")), meaning, "{error:?}");
    }
}

#[test]
fn no_line_of_another_kind_is_known() {
    for other in [
        "",
        " [x] Sent 'Hello World!'",
        " [*] Waiting for messages. To exit press CTRL+C",
        "thread 'main' panicked at src/main.rs:12:5:",
        "index out of bounds: the len is 0 but the index is 0",
        "error[E0382]: borrow of moved value: `channel`",
        "HTTP 404 Not Found",
        "NOT_FOUND",
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
    ] {
        assert_eq!(line(other), None, "{other}");
    }
}

#[test]
fn no_odd_input_does_harm() {
    let mut random = fastrand::Rng::with_seed(7);
    let examples: Vec<&String> = entries().flat_map(|entry| &entry.examples).collect();
    let odd = [
        "\u{1b}[31m",
        "'",
        "\"",
        "\\",
        "\\\"",
        "$queue",
        "$",
        "\n",
        "\r",
        "ü",
        "🐇",
        "(?<",
        "\0",
        "' in vhost '",
        " - ",
    ];
    for _ in 0..1000 {
        let mut text: Vec<char> = examples[random.usize(..examples.len())].chars().collect();
        for _ in 0..random.usize(..4) {
            let at = random.usize(..=text.len());
            match random.u8(..3) {
                0 => text.truncate(at),
                1 => drop(text.splice(at..at, odd[random.usize(..odd.len())].chars())),
                _ => drop(text.splice(at..at, examples[random.usize(..examples.len())].chars())),
            }
        }
        let text: String = text.into_iter().collect();
        let code = printed::NAMES[random.usize(..printed::NAMES.len())].0;
        for means in [line(&text), reply(code, &text)].into_iter().flatten() {
            for words in [means.cause(), means.remedy()] {
                assert!(!words.chars().any(char::is_control) && words.len() < 2000, "{text:?}: {words:?}");
            }
        }
    }
    for long in ["🐇".repeat(1 << 18), format!("NOT_FOUND - no queue '{}' in vhost '/'", "q".repeat(1 << 20))] {
        assert_eq!(line(&long).is_some(), long.starts_with("NOT_FOUND"));
    }
}

#[test]
fn what_was_captured_stands_in_the_sentence_as_it_was() {
    let words = reply(404, "NOT_FOUND - no queue '$vhost \u{1b}[31m' in vhost '/'").unwrap();
    assert!(words.cause().contains("no queue `$vhost [31m` in the vhost `/`"), "{words:?}");
    let long = format!("NOT_FOUND - no queue '{}' in vhost '/'", "q".repeat(200));
    assert!(reply(404, &long).unwrap().cause().contains(&format!("`{}…`", "q".repeat(80))));
}
