//! The stderr of real programs, letter for letter, from `crates/contracts/tests/crashes/`. The two of .NET are in its
//! documented form.

use std::{fs, path::PathBuf};

use super::{Phase, find};

fn recorded(name: &str) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/crashes");
    let path = folder.join(name).with_extension("txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(str::to_owned).collect()
}

/// Each recording, the error that ended the program, and the learner's own line.
const CRASHES: &[(&str, &str, &str)] = &[
    ("name-py", "NameError: name 'conection' is not defined. Did you mean: 'connection'?", "name.py:8"),
    ("name2-py", "NameError: name 'conection' is not defined", "name.py:8"),
    (
        "no-ack-py",
        "TypeError: BlockingChannel.basic_consume() got multiple values for argument 'queue'",
        "no_ack.py:10",
    ),
    (
        "pika1-in-0-py",
        "TypeError: basic_consume() got an unexpected keyword argument 'on_message_callback'",
        "pika1_in_0.py:7",
    ),
    ("dict-body-py", "AttributeError: 'dict' object has no attribute 'encode'", "dict_body.py:5"),
    ("chained-py", "RuntimeError: no address is set", "chained.py:7"),
    ("during-py", "NameError: name 'undefined_name' is not defined", "during.py:5"),
    ("group-py", "ValueError: no body", "group.py:3"),
    ("notes-py", "ValueError: invalid literal for int() with base 10: 'x'", "notes.py:2"),
    ("multiline-py", "RuntimeError: first line", "multiline.py:1"),
    ("syntax-py", "SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?", "syntax.py:2"),
    ("indent-py", "IndentationError: expected an indented block after function definition on line 2", "indent.py:3"),
    ("nomodule-py", "ModuleNotFoundError: No module named 'pikaa'", "nomodule.py:1"),
    ("nomodule2-py", "ImportError: No module named pikaa", "nomodule.py:1"),
    (
        "charmap-py",
        "UnicodeEncodeError: 'charmap' codec can't encode characters in position 22-23: character maps to <undefined>",
        "charmap.py:3",
    ),
    ("json-py", "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)", "json_.py:3"),
    ("dup-py", "pika.exceptions.DuplicateConsumerTag: worker", "dup.py:6"),
    ("refused-py", "pika.exceptions.AMQPConnectionError", "refused.py:2"),
    (
        "aio-refused-py",
        "aiormq.exceptions.AMQPConnectionError: [Errno 111] Connect call failed ('127.0.0.1', 5999)",
        "aio_refused.py:3",
    ),
    ("unknown-host-py", "socket.gaierror: [Errno -2] Name or service not known", "unknown_host.py:2"),
    ("ref-js", "ReferenceError: conection is not defined", "ref.js:7"),
    ("nobuffer-js", "TypeError: content is not a buffer", "nobuffer.js:6"),
    ("missing-js", "Error: Cannot find module 'amqplibb'", "missing.js:1"),
    (
        "missing-mjs",
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'amqplibb' imported from /home/ann/rabbit/missing.mjs",
        "missing.mjs",
    ),
    ("syntax-js", "SyntaxError: Invalid or unexpected token", "syntax.js:1"),
    ("reject-js", "UnhandledPromiseRejection: no broker", ""),
    ("refused-js", "Error: connect ECONNREFUSED 127.0.0.1:5999", ""),
    (
        "mismatch-js",
        "Error: Channel closed by server: 406 (PRECONDITION-FAILED) with message \"PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'hello' in vhost '/': received 'false' but current is 'true'\"",
        "",
    ),
    ("json-js", "SyntaxError: Unexpected token 'H', \"Hello World!\" is not valid JSON", "json.js:1"),
    ("unknownhost-js", "Error: getaddrinfo ENOTFOUND rabbitmq", ""),
    ("name-rb", "NameError: undefined local variable or method `conection' for main:Object", "name.rb:7"),
    ("arg-rb", "ArgumentError: wrong number of arguments (given 0, expected 1..2)", "arg.rb:4"),
    ("missing-rb", "LoadError: cannot load such file -- bunnyy", "missing.rb:1"),
    ("syntax-rb", "SyntaxError: syntax error, unexpected string literal, expecting ')'", "syntax.rb:2"),
    ("cause-rb", "IOError: no number", "cause.rb:4"),
    (
        "refused-rb",
        "Bunny::TCPConnectionFailedForAllHosts: Could not establish TCP connection to any of the configured hosts",
        "refused.rb:2",
    ),
    ("func-php", "Error: Call to undefined function undefined_function()", "func.php:3"),
    ("class-php", "Error: Class \"PhpAmqpLib\\Connection\\AMQPStreamConnection\" not found", "class.php:3"),
    (
        "missing-php",
        "Error: Failed opening required '/home/ann/rabbit/vendor/autoload.php' (include_path='.:/usr/share/php')",
        "missing.php:2",
    ),
    ("parse-php", "Parse error: syntax error, unexpected token \"echo\"", "parse.php:3"),
    ("undef-php", "Error: Call to a member function serialize_properties() on string", "undef.php:9"),
    (
        "refused-php",
        "PhpAmqpLib\\Exception\\AMQPIOException: stream_socket_client(): Unable to connect to tcp://localhost:5999 (Connection refused)",
        "refused.php:3",
    ),
    ("die-pl", "no broker", "die.pl:2"),
    (
        "missing-pl",
        "Can't locate Net/AMQP/RabbitMQQ.pm in @INC (you may need to install the Net::AMQP::RabbitMQQ module)",
        "missing.pl:2",
    ),
    (
        "strict-pl",
        "Global symbol \"$chanel\" requires explicit package name (did you forget to declare \"my $chanel\"?)",
        "strict.pl:3",
    ),
    ("undefsub-pl", "Can't call method \"publish\" on an undefined value", "undefsub.pl:3"),
    ("gonil", "panic: runtime error: invalid memory address or nil pointer dereference", "main.go:10"),
    ("goindex", "panic: runtime error: index out of range [5] with length 1", "goindex.go:6"),
    (
        "gopanic",
        "panic: Failed to connect to RabbitMQ: dial tcp 127.0.0.1:5999: connect: connection refused",
        "main.go:11",
    ),
    ("godeadlock", "fatal error: all goroutines are asleep - deadlock!", "main.go:5"),
    (
        "npe",
        "java.lang.NullPointerException: Cannot invoke \"com.rabbitmq.client.Channel.basicPublish(String, String, com.rabbitmq.client.AMQP$BasicProperties, byte[])\" because \"<parameter1>\" is null",
        "Npe.java:5",
    ),
    ("npenojar", "java.lang.NoClassDefFoundError: com/rabbitmq/client/Channel", "Npe.java:5"),
    ("nothing", "Could not find or load main class Nothing", ""),
    ("caused", "java.lang.IllegalStateException: no number", "Caused.java:6"),
    ("refused", "java.net.ConnectException: Connection refused", "Refused.java:8"),
    ("mismatch", "java.io.IOException", "Mismatch.java:8"),
    ("unknown", "java.net.UnknownHostException: rabbitmq: Name or service not known", "Unknown.java:6"),
    ("null-cs", "System.NullReferenceException: Object reference not set to an instance of an object.", "Program.cs:9"),
    (
        "refused-cs",
        "RabbitMQ.Client.Exceptions.BrokerUnreachableException: None of the specified endpoints were reachable",
        "Program.cs:5",
    ),
    ("thrown-cpp", "std::runtime_error: no broker", ""),
];

/// The programs that do not compile when they are started.
const NOT_COMPILED: &[(&str, &str, &str)] = &[
    ("gounused", "imported and not used: \"os\"", "gounused.go:3"),
    ("gostd", "package rabbitmq/amqp is not in GOROOT (/usr/lib/go-1.19/src/rabbitmq/amqp)", "main.go:3"),
    (
        "gomissing",
        "no required module provides package github.com/rabbitmq/amqp091-go: go.mod file not found in current directory or any parent directory; see 'go help modules'",
        "main.go:3",
    ),
    ("gomissing-mod", "no required module provides package github.com/rabbitmq/amqp091-go; to add it:", "main.go:3"),
    ("npesrc", "cannot find symbol", "Npe.java:4"),
];

/// Returns the file's name and the line: `send.py:8`.
fn describe_place(crash: &super::Crash) -> String {
    let Some(at) = &crash.at else { return String::new() };
    let name = at.file.rsplit('/').next().unwrap_or_default();
    at.line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"))
}

#[test]
fn the_error_that_ended_a_program_is_found_and_the_line_that_is_the_learners() {
    for (table, phase) in [(CRASHES, Phase::Running), (NOT_COMPILED, Phase::Compiling)] {
        for (name, error, at) in table {
            let crash = find(&recorded(name)).unwrap_or_else(|| panic!("nothing was found in {name}"));
            assert_eq!(
                (crash.error.as_str(), describe_place(&crash).as_str(), crash.phase),
                (*error, *at, phase),
                "{name}"
            );
        }
    }
}

#[test]
fn the_code_at_the_line_is_kept_where_it_was_printed() {
    let code = |name| find(&recorded(name)).and_then(|crash| crash.at?.code);
    assert_eq!(code("name-py").as_deref(), Some("conection.close()"));
    assert_eq!(code("npe"), None);
}

#[test]
fn a_go_program_is_the_learners_wherever_it_lies() {
    let lines = [
        "panic: no broker",
        "",
        "goroutine 1 [running]:",
        "log.Panic(...)",
        "\t/usr/lib/go/src/log/log.go:11",
        "main.main()",
        "\t/src/vendor/main.go:7 +0x1d",
    ];
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(describe_place(&find(&lines).unwrap()), "main.go:7");
}

#[test]
fn every_recording_is_in_a_table() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/crashes");
    let none = ["gofatal", "http-py", "warn-py"];
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        let is_in = |table: &[(&str, &str, &str)]| table.iter().any(|(other, ..)| *other == name);
        assert!(is_in(CRASHES) || is_in(NOT_COMPILED) || none.contains(&name.as_str()), "{name} is in no table");
    }
}

#[test]
fn what_a_program_says_before_it_gives_up_is_no_crash() {
    for lines in [
        &[
            "2026/11/29 15:05:37 Failed to connect to RabbitMQ: dial tcp 127.0.0.1:5999: connect: connection refused",
            "exit status 1",
        ][..],
        &["cannot send"],
        &["usage: send.py HOST"],
        &["Error: no broker"],
        &["panic: is what rabbits do"],
        &["thread 'main' (1) panicked at src/main.rs:3:5:", "no reason"],
    ] {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(find(&lines), None);
    }
    assert_eq!(find(&recorded("warn-py")), None);
}

#[test]
fn of_two_errors_the_last_ended_the_program() {
    let mut lines = recorded("json-py");
    lines.extend(recorded("name-py"));
    assert!(find(&lines).unwrap().error.starts_with("NameError"));
    let mut lines = recorded("name-py");
    lines.extend(recorded("func-php"));
    assert!(find(&lines).unwrap().error.starts_with("Error: Call to undefined function"));
}
