//! The client of a program: its language and its client library. Hints take the names of calls from here.
//!
//! A hint is written once, with `[[publish]]` in place of a call, and `[[publish_to:hello]]` if the call takes a name.
//! `clients/words.toml` has the calls of each client library, and the differences between languages.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use wire::{
    Method,
    protocol::connection::{self, AMQPMethod as Connection},
    types::AMQPValue,
};

use recording::{
    Language::{self, DotNet, Go, Java, JavaScript, Other, Php, Python, Ruby, Rust},
    ProgramRun,
};

use crate::transcript::Transcript;

/// The words of a program's client and of its language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    language: Language,
    /// The name in `words.toml`; None for a library that is not listed there.
    library: Option<&'static str>,
}

/// The introductions of client libraries in `connection.start-ok`: the start of the product and of the platform, in any letter
/// case; empty if it does not matter. The first match counts.
const INTRODUCTIONS: [(&str, &str, Language, Option<&str>); 15] = [
    ("lapin", "", Rust, Some("lapin")),
    ("amqprs", "", Rust, Some("amqprs")),
    ("pika", "", Python, Some("pika")),
    ("aiormq", "", Python, Some("aio_pika")),
    ("amqplib", "node", JavaScript, Some("amqplib")),
    ("amqplib", "php", Php, Some("php_amqplib")),
    ("", "golang", Go, Some("amqp091")),
    ("rabbitmq", "java", Java, Some("java")),
    ("rabbitmq", ".net", DotNet, Some("dotnet")),
    ("bunny", "", Ruby, Some("bunny")),
    ("", "rust", Rust, None),
    ("", "node", JavaScript, None),
    ("", "ruby", Ruby, None),
    ("", "php", Php, None),
    ("", "", Other, None),
];

/// Products that name no platform, or the operating system instead.
const PYTHONS: [&str; 2] = ["py-amqp", "aioamqp"];

/// The client library that most programs of a language use, which is assumed for a program that never connects.
const USUAL: [(Language, &str); 8] = [
    (Rust, "lapin"),
    (Python, "pika"),
    (JavaScript, "amqplib"),
    (Go, "amqp091"),
    (Java, "java"),
    (DotNet, "dotnet"),
    (Ruby, "bunny"),
    (Php, "php_amqplib"),
];

impl Default for Client {
    /// Returns the kit's own client: lapin, in Rust.
    fn default() -> Client {
        Client::usual(Rust)
    }
}

impl Client {
    /// Returns the client of this program, from its introduction or else from the way it was started; lapin by default.
    #[must_use]
    pub fn of(seen: &ProgramRun) -> Client {
        let start = Transcript::of(seen).methods().find_map(|said| match said.method {
            Method::Connection(Connection::StartOk(start)) => Some(start),
            _ => None,
        });
        let by_start = || {
            let usual = seen.program.language.map(Client::usual).unwrap_or_default();
            Client { library: known(seen.program.library.as_deref()).or(usual.library), ..usual }
        };
        start.map_or_else(by_start, |start| Client::introduced(start, seen.program.language))
    }

    fn introduced(start: &connection::StartOk, language: Option<Language>) -> Client {
        let says = |key| match start.client_properties.inner().get(key) {
            Some(AMQPValue::LongString(text)) => String::from_utf8_lossy(text.as_bytes()).to_lowercase(),
            _ => String::new(),
        };
        let (product, platform) = (says("product"), says("platform"));
        if PYTHONS.contains(&product.as_str())
            || platform.contains("python") && !product.starts_with("pika") && product != "aiormq"
        {
            return Client { language: Python, library: None };
        }
        let fits = |(known, of, ..): &&(&str, &str, Language, Option<&str>)| {
            product.starts_with(known) && platform.starts_with(of)
        };
        let found = INTRODUCTIONS.iter().find(fits);
        match found {
            Some((.., Other, _)) | None => Client { language: language.unwrap_or(Other), library: None },
            Some((.., language, library)) => Client { language: *language, library: *library },
        }
    }

    fn usual(language: Language) -> Client {
        let library = USUAL.iter().find(|(other, _)| *other == language).map(|(_, library)| *library);
        Client { language, library }
    }

    /// Returns the language.
    #[must_use]
    pub fn language(self) -> Language {
        self.language
    }

    /// Returns the text with this client's words in place of its marks.
    #[must_use]
    pub fn say(self, text: &str) -> String {
        const DEEPEST: usize = 4;
        let mut said = text.to_owned();
        for _ in 0..DEEPEST {
            let filled = self.filled(&said);
            if filled == said {
                break;
            }
            said = filled;
        }
        if said == text { said } else { tidy(&said) }
    }

    /// Replaces one level of marks; the words may contain more.
    fn filled(self, text: &str) -> String {
        let mut parts = text.split("[[");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let word = part.split_once("]]").and_then(|(key, rest)| Some((self.word(key)?, rest)));
            match word {
                Some((word, rest)) => filled.extend([word.as_str(), rest]),
                // Brackets that mark no word.
                None => filled.extend(["[[", part]),
            }
        }
        filled
    }

    /// Returns the word for a key such as `publish` or `publish_to:hello`.
    fn word(self, key: &str) -> Option<String> {
        let (key, name) = key.split_once(':').unwrap_or((key, ""));
        let words = &*WORDS;
        let of_library = self.library.and_then(|library| words.library.get(library)?.get(key));
        let of_language = || words.language.get(section(self.language))?.get(key);
        let word = of_library.or_else(of_language).or_else(|| words.general.get(key))?;
        Some(word.replace("%NAME%", if name.is_empty() { "…" } else { name }))
    }
}

impl Client {
    /// Returns whether the library settles each message by itself when a confirm comes, also with `multiple`.
    #[must_use]
    pub fn settles_confirms(self) -> bool {
        matches!(self.library, Some("lapin" | "aio_pika" | "dotnet" | "bunny" | "amqp091"))
    }
}

/// Returns the library of this name, if it is in `words.toml`.
fn known(library: Option<&str>) -> Option<&'static str> {
    WORDS.library.get_key_value(library?).map(|(name, _)| name.as_str())
}

/// Returns a language's section in `words.toml`.
fn section(language: Language) -> &'static str {
    match language {
        Rust => "rust",
        Python => "python",
        JavaScript => "javascript",
        Go => "go",
        Java => "java",
        DotNet => "dotnet",
        Ruby => "ruby",
        Php => "php",
        Other => "other",
    }
}

/// Removes the blanks that an empty word leaves behind.
fn tidy(text: &str) -> String {
    let mut tidy = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    while tidy.contains(".  ") {
        tidy = tidy.replace(".  ", ". ");
    }
    tidy
}

type Section = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    general: Section,
    language: BTreeMap<String, Section>,
    library: BTreeMap<String, Section>,
}

#[expect(clippy::unwrap_used, reason = "the file is a part of this program, and every test reads it")]
static WORDS: LazyLock<Words> = LazyLock::new(|| toml::from_str(include_str!("clients/words.toml")).unwrap());

#[cfg(test)]
#[path = "clients/tests.rs"]
mod tests;
