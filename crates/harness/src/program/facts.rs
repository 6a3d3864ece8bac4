//! Facts about a program before it runs: its language, and the addresses in its text.
//!
//! A program that never connects does not show its language to the broker. Its command line does, and so does a script's text.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use recording::{Address, Language};
use regex_lite::{Captures, Regex};

use crate::program::Program;

/// The longest text of a learner's program, in bytes.
const LONGEST: u64 = 256 * 1024;

/// The most files of a learner's program.
const MOST_FILES: usize = 20;

/// The part of a compiled program that shows its language, in bytes.
const START: u64 = 8 * 1024;

/// The commands that run programs of a language. A `*` stands for a version, as in `python3.11`.
const COMMANDS: [(&str, Language); 34] = [
    ("python*", Language::Python),
    ("pypy*", Language::Python),
    ("ipython*", Language::Python),
    ("node", Language::JavaScript),
    ("nodejs", Language::JavaScript),
    ("npm", Language::JavaScript),
    ("npx", Language::JavaScript),
    ("yarn", Language::JavaScript),
    ("pnpm", Language::JavaScript),
    ("bun", Language::JavaScript),
    ("deno", Language::JavaScript),
    ("tsx", Language::JavaScript),
    ("ts-node", Language::JavaScript),
    ("go", Language::Go),
    ("java", Language::Java),
    ("mvn", Language::Java),
    ("gradle", Language::Java),
    ("gradlew", Language::Java),
    ("kotlin", Language::Java),
    ("jbang", Language::Java),
    ("dotnet", Language::DotNet),
    ("mono", Language::DotNet),
    ("ruby*", Language::Ruby),
    ("bundle", Language::Ruby),
    ("php*", Language::Php),
    ("cargo", Language::Rust),
    ("perl*", Language::Other),
    ("lua*", Language::Other),
    ("elixir", Language::Other),
    ("mix", Language::Other),
    ("erl", Language::Other),
    ("swift", Language::Other),
    ("tclsh*", Language::Other),
    ("Rscript", Language::Other),
];

/// The extensions of a language's files.
const ENDINGS: [(&str, Language); 20] = [
    ("rs", Language::Rust),
    ("py", Language::Python),
    ("js", Language::JavaScript),
    ("mjs", Language::JavaScript),
    ("cjs", Language::JavaScript),
    ("ts", Language::JavaScript),
    ("mts", Language::JavaScript),
    ("go", Language::Go),
    ("java", Language::Java),
    ("jar", Language::Java),
    ("kt", Language::Java),
    ("kts", Language::Java),
    ("cs", Language::DotNet),
    ("csx", Language::DotNet),
    ("fs", Language::DotNet),
    ("dll", Language::DotNet),
    ("rb", Language::Ruby),
    ("php", Language::Php),
    ("pl", Language::Other),
    ("lua", Language::Other),
];

/// The words in a program's text for a less usual client library, and its name in `words.toml`.
const LIBRARIES: [(&str, &str); 2] = [("aio_pika", "aio_pika"), ("amqprs::", "amqprs")];

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)\b(?<scheme>amqps?|https?)://(?:[^\s'"`@/<>]*@)?(?<host>\[[0-9a-f:]+\]|[\w.-]+)(?::(?<port>\d{1,5}))?"#,
    )
});

/// A port alone, as in `factory.setPort(5673)`.
static PORT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)\b(?:set)?port['"]?\s*(?:=>|[:=(])\s*['"]?(?<port>\d{2,5})\b"#));

/// A host alone, as in `ConnectionParameters('localhost')`, perhaps with a port after it.
static HOST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"['"`](?<host>localhost|127\.0\.0\.1|\[?::1\]?|rabbitmq|rabbit|broker|host\.docker\.internal)(?::(?<near>\d{2,5}))?['"`](?:\s*,\s*(?:port\s*[=:]\s*)?(?<port>\d{2,5}))?"#,
    )
});

#[expect(clippy::unwrap_used, reason = "the patterns are constants, and the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Returns the facts about this program, in a check that listens on this port.
#[must_use]
pub fn of(program: &Program, port: Option<u16>) -> recording::Program {
    let words = unwrapped(&program.command);
    let package = program.is_package;
    let named = named(&words, &program.folder);
    let by_file = || named.iter().find_map(|file| by_ending(file).or_else(|| by_start(file)));
    let language = if package { Some(Language::Rust) } else { by_command(&words).or_else(by_file) };
    let files = if package { sources(&program.folder) } else { of_language(named, language, &words, &program.folder) };
    let texts: Vec<String> = files.iter().filter_map(|file| text(file)).collect();
    let library = LIBRARIES.iter().find(|(mark, _)| texts.iter().any(|text| text.contains(mark)));
    recording::Program {
        language,
        library: library.map(|(_, library)| (*library).to_owned()),
        folder: program.folder.clone(),
        port,
        addresses: texts.iter().flat_map(|text| addresses(text)).collect(),
        reads_address: texts.iter().any(|text| text.contains("AMQP_URL")),
        backgrounds: words.iter().any(|word| word == "&") || shell_texts(&program.command, &texts).any(backgrounds),
        ..recording::Program::default()
    }
}

/// Returns the words of a command line, with those of a shell's `-c` in place of its script.
fn unwrapped(command: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    for (index, word) in command.iter().enumerate() {
        let is_script = index > 0 && command[index - 1] == "-c" && is_shell(&command[0]);
        match shell_words::split(word).ok().filter(|_| is_script) {
            Some(inner) => words.extend(inner),
            None => words.push(word.clone()),
        }
    }
    words
}

fn is_shell(word: &str) -> bool {
    ["sh", "bash", "dash", "zsh", "ksh", "fish"].contains(&base(word))
}

fn base(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or(word)
}

fn by_command(words: &[String]) -> Option<Language> {
    words.iter().find_map(|word| {
        let name = base(word).trim_end_matches(".exe");
        let is_it = |(command, _): &&(&str, Language)| match command.strip_suffix('*') {
            Some(stem) => name
                .strip_prefix(stem)
                .is_some_and(|version| version.chars().all(|letter| letter.is_ascii_digit() || letter == '.')),
            None => name == *command,
        };
        COMMANDS.iter().find(is_it).map(|(_, language)| *language)
    })
}

fn by_ending(file: &Path) -> Option<Language> {
    let ending = file.extension()?.to_str()?;
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, language)| *language)
}

/// Returns the language by a script's first line, or by the mark of Go's linker at the start of a program.
fn by_start(file: &Path) -> Option<Language> {
    let mut start = Vec::new();
    File::open(file).ok()?.take(START).read_to_end(&mut start).ok()?;
    if let Some(line) = start.strip_prefix(b"#!") {
        let line = String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next()?).into_owned();
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        return Some(by_command(&words).unwrap_or(Language::Other));
    }
    start.windows(4).any(|four| four == b"Go\0\0").then_some(Language::Go)
}

/// Returns the files that a command line names. A Java class stands for its file.
fn named(words: &[String], folder: &Path) -> Vec<PathBuf> {
    let of_class = |word: &String| folder.join(word).with_extension("java");
    let paths = words.iter().flat_map(|word| [folder.join(word), of_class(word)]);
    paths.filter(|path| path.is_file()).collect()
}

/// Returns the files of a program: the named ones, or those in a folder, as in `go run .` and `dotnet run`.
fn of_language(named: Vec<PathBuf>, language: Option<Language>, words: &[String], folder: &Path) -> Vec<PathBuf> {
    let is_source = |path: &PathBuf| language.is_some() && by_ending(path) == language;
    if language.is_none() || named.iter().any(is_source) {
        return named;
    }
    let folders = words.iter().map(|word| folder.join(word)).filter(|path| path.is_dir());
    let inside = folders.chain([folder.to_owned()]).flat_map(|folder| files_in(&folder)).filter(is_source);
    named.iter().cloned().chain(inside.take(MOST_FILES)).collect()
}

/// Returns the Rust files of a package.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let of = |inner: &str| files_in(&folder.join(inner));
    let all = of("src").into_iter().chain(of("src/bin"));
    all.filter(|path| by_ending(path) == Some(Language::Rust)).take(MOST_FILES).collect()
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect()
}

fn text(file: &Path) -> Option<String> {
    let short = fs::metadata(file).ok()?.len() <= LONGEST;
    if short { fs::read_to_string(file).ok() } else { None }
}

/// Returns the addresses in a program's text, without those of web pages: `https://www.rabbitmq.com/tutorials` is in many.
fn addresses(text: &str) -> Vec<Address> {
    let of = |found: Captures<'_>| {
        let part = |name| found.name(name).map(|part| part.as_str().to_ascii_lowercase());
        let port = part("port").or_else(|| part("near")).and_then(|port| port.parse().ok());
        Address { scheme: part("scheme").unwrap_or_default(), host: part("host").unwrap_or_default(), port }
    };
    let is_broker = |address: &Address| {
        !address.scheme.starts_with("http")
            || address.is_local()
            || matches!(address.port, Some(5671 | 5672 | 15671 | 15672))
    };
    let port = PORT.captures(text).and_then(|found| found["port"].parse().ok());
    let hosts = HOST.captures_iter(text).map(of).map(|host| Address { port: host.port.or(port), ..host });
    ADDRESS.captures_iter(text).map(of).filter(is_broker).chain(hosts).collect()
}

/// Returns the texts that a shell reads: the script of `-c`, and shell scripts.
fn shell_texts<'a>(command: &'a [String], texts: &'a [String]) -> impl Iterator<Item = &'a str> {
    let runs_shell = command.first().is_some_and(|word| is_shell(word));
    let line = command.iter().skip(2).take(usize::from(runs_shell && command.get(1).is_some_and(|word| word == "-c")));
    let is_script = move |text: &&String| {
        let first = text.lines().next().unwrap_or_default();
        runs_shell || (first.starts_with("#!") && first.split(['/', ' ']).any(|word| is_shell(word.trim())))
    };
    line.chain(texts.iter().filter(is_script)).map(String::as_str)
}

/// Returns whether a line of it ends with a single `&`, or begins with a command that detaches.
fn backgrounds(text: &str) -> bool {
    text.lines().map(str::trim).filter(|line| !line.starts_with('#')).any(|line| {
        let ends = line.ends_with('&') && !line.ends_with("&&");
        ends || ["nohup ", "setsid ", "daemonize ", "start-stop-daemon "]
            .iter()
            .any(|command| line.starts_with(command))
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn facts(command: &[&str], folder: &Path) -> recording::Program {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        of(&Program { command, folder: folder.to_owned(), ..Program::default() }, None)
    }

    fn folder(files: &[(&str, &[u8])]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn the_language_is_known_from_the_command_the_file_or_its_start() {
        let elf = [&b"\x7fELF\x02"[..], &[0; 100], b"\x04\0\0\0S\0\0\0\x04\0\0\0Go\0\0xyz"].concat();
        let files: &[(&str, &[u8])] = &[
            ("send", b"#!/usr/bin/env python3\n"),
            ("run.sh", b"#!/bin/sh\npython3 x.py\n"),
            ("go-send", &elf),
            ("c-send", b"\x7fELF\x02"),
        ];
        let here = folder(files);
        for (command, language) in [
            (&["python3", "send.py"][..], Some(Language::Python)),
            (&["/usr/bin/python3.11", "-u", "x"], Some(Language::Python)),
            (&["env", "A=b", "node", "send.js"], Some(Language::JavaScript)),
            (&["uv", "run", "python", "send.py"], Some(Language::Python)),
            (&["sh", "-c", "ruby send.rb"], Some(Language::Ruby)),
            (&["timeout", "5", "php8.2", "send.php"], Some(Language::Php)),
            (&["go", "run", "."], Some(Language::Go)),
            (&["java", "-cp", ".", "Send"], Some(Language::Java)),
            (&["dotnet", "run"], Some(Language::DotNet)),
            (&["cargo", "run", "--bin", "send"], Some(Language::Rust)),
            (&["perl", "send.pl"], Some(Language::Other)),
            (&["./send"], Some(Language::Python)),
            (&["./run.sh"], Some(Language::Other)),
            (&["./go-send"], Some(Language::Go)),
            (&["./c-send"], None),
            (&["true"], None),
            (&["pythonista"], None),
        ] {
            assert_eq!(facts(command, here.path()).language, language, "{command:?}");
        }
    }

    #[test]
    fn the_addresses_in_a_text_are_those_of_brokers() {
        let of = |text| -> Vec<String> {
            let shown = |address: Address| format!("{}|{}|{}", address.scheme, address.host, address.port.unwrap_or(0));
            addresses(text).into_iter().map(shown).collect()
        };
        assert_eq!(of("pika.ConnectionParameters('localhost')"), ["|localhost|0"]);
        assert_eq!(of("ConnectionParameters(\"127.0.0.1\", 5673)"), ["|127.0.0.1|5673"]);
        assert_eq!(of("host='rabbitmq', port=5672"), ["|rabbitmq|5672"]);
        assert_eq!(of("factory.setHost(\"localhost\");\nfactory.setPort(5999);"), ["|localhost|5999"]);
        assert_eq!(of("amqp.Dial(\"amqp://guest:guest@localhost:5672/\")"), ["amqp|localhost|5672"]);
        assert_eq!(of("URLParameters('http://localhost:15672/#/queues')"), ["http|localhost|15672"]);
        assert_eq!(of("# https://www.rabbitmq.com/tutorials/tutorial-one-python"), Vec::<String>::new());
        assert_eq!(of("amqps://broker.example.com"), ["amqps|broker.example.com|0"]);
    }

    #[test]
    fn what_a_shell_leaves_running_is_seen_in_its_script() {
        let script: &[u8] = b"#!/bin/bash\n# a & in a comment &\npython3 send.py &\n";
        let here = folder(&[("start", script), ("wait", b"#!/bin/sh\npython3 a.py && python3 b.py\n")]);
        for (command, expected) in [
            (&["sh", "-c", "python3 send.py &"][..], true),
            (&["sh", "-c", "nohup python3 send.py"], true),
            (&["sh", "-c", "python3 a.py && python3 b.py"], false),
            (&["./start"], true),
            (&["./wait"], false),
            (&["python3", "send.py"], false),
        ] {
            assert_eq!(facts(command, here.path()).backgrounds, expected, "{command:?}");
        }
    }

    #[test]
    fn a_package_is_rust_and_its_text_is_read() {
        let main: &[u8] = b"fn main() { connect(\"amqp://localhost:5672\") } // AMQP_URL";
        let here = folder(&[("src/main.rs", main)]);
        let command = vec!["/target/debug/send".to_owned()];
        let facts =
            of(&Program { command, folder: here.path().to_owned(), is_package: true, ..Program::default() }, None);
        assert_eq!((facts.language, facts.reads_address, facts.addresses.len()), (Some(Language::Rust), true, 1));
    }
}
