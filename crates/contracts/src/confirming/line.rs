//! The line that a program prints when it is done with a way, and what it says about single messages.

use std::{sync::LazyLock, time::Duration};

use recording::ProgramRun;
use regex_lite::Regex;

use super::Way;

/// A line of a program.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// Its time, if it is known: on stdout.
    pub at: Option<Duration>,
}

/// Returns all lines of a run: those on stdout, and those on stderr.
#[must_use]
pub fn all(run: &ProgramRun) -> Vec<Line> {
    let out = run.stdout.lines().into_iter().enumerate();
    let out = out.map(|(index, text)| Line { text, at: run.stdout_at.get(index).copied() });
    out.chain(run.stderr.lines().into_iter().map(|text| Line { text, at: None })).collect()
}

/// Returns the times of the lines that say how many messages were published, as far as they are known.
#[must_use]
pub fn times(run: &ProgramRun) -> Vec<Duration> {
    all(run).into_iter().filter(|line| is_total(&line.text)).filter_map(|line| line.at).collect()
}

/// Returns whether a line says how many messages were published.
fn is_total(line: &str) -> bool {
    let line = line.to_lowercase();
    let names_a_way = WAYS.iter().any(|word| line.contains(word));
    let is_about_all = line.contains("published") && line.contains("message") && !numbers(&line).is_empty();
    is_about_all && (names_a_way || !is_complaint(&line))
}

/// The words for the ways, in their order.
const WAYS: [&str; 3] = ["individual", "batch", "async"];

/// Returns the line about a way: by its word, or else by its place.
#[must_use]
pub fn total(lines: &[Line], way: Way) -> Option<Line> {
    let totals: Vec<&Line> = lines.iter().filter(|line| is_total(&line.text)).collect();
    let word = WAYS[way.index()];
    let named = |line: &Line, word: &str| line.text.to_lowercase().contains(word);
    let any_named = totals.iter().any(|line| WAYS.iter().any(|word| named(line, word)));
    if any_named {
        // `in batches, asynchronously` would be both.
        return totals.iter().find(|line| named(line, word)).map(|line| (*line).clone());
    }
    totals.get(way.index()).map(|line| (*line).clone())
}

/// A number, with its fraction and its unit.
#[expect(clippy::unwrap_used, reason = "the pattern is constant, and the tests compile it")]
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?P<number>[0-9]{1,3}(?:[,'_\u{a0}\u{202f}][0-9]{3})+|[0-9]+)(?P<fraction>[.,][0-9]+)?(?P<unit>[ ]?(?:ms|s|sec|secs|seconds|milliseconds|µs|us|ns|%)\b|[ ]?/[ ]?s|[ ]?messages/s|[ ]?messages per)?",
    )
    .unwrap()
});

/// Returns the whole numbers in a line that are no times: `50,000` is one number, and `12 ms` and `1.5 s` are none.
#[must_use]
pub fn numbers(line: &str) -> Vec<u64> {
    let numbers =
        NUMBER.captures_iter(line).filter(|found| found.name("unit").is_none() && found.name("fraction").is_none());
    numbers
        .filter_map(|found| found["number"].chars().filter(char::is_ascii_digit).collect::<String>().parse().ok())
        .collect()
}

/// Returns all runs of digits in a line: in a list such as `120,121`, each number.
fn digits(line: &str) -> Vec<u64> {
    line.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// The words of lines about what went wrong.
const COMPLAINTS: [&str; 22] = [
    "nack",
    "refus",
    "reject",
    "return",
    "came back",
    "comes back",
    "not confirm",
    "unconfirm",
    "not publish",
    "undeliver",
    "unrout",
    "no route",
    "fail",
    "error",
    "lost",
    "clos",
    "cut",
    "gone",
    "again",
    "resen",
    "retr",
    "exception",
];

/// Returns whether a line says that something went wrong.
#[must_use]
pub fn is_complaint(line: &str) -> bool {
    let line = line.to_lowercase();
    COMPLAINTS.iter().any(|word| line.contains(word))
}

/// Returns whether these lines report one message, by its body or its number: or all of them, by their count.
#[must_use]
pub fn reports(lines: &[Line], body: &str, number: Option<u64>, count: usize) -> bool {
    let others = || lines.iter().filter(|line| !is_total(&line.text));
    let names = |line: &Line| {
        let found = digits(&line.text);
        let in_range = found.windows(2).any(|pair| {
            let is_range =
                [format!("{}..", pair[0]), format!("{}-{}", pair[0], pair[1]), format!("{} to {}", pair[0], pair[1])];
            let wanted = body.parse::<u64>();
            is_range.iter().any(|text| line.text.contains(text))
                && wanted.is_ok_and(|wanted| (pair[0]..=pair[1]).contains(&wanted))
        });
        in_range
            || number.is_some_and(|number| found.contains(&number))
            || match body.parse::<u64>() {
                Ok(wanted) => found.contains(&wanted),
                Err(_) => line.text.contains(body),
            }
    };
    let counts = |line: &Line| is_complaint(&line.text) && numbers(&line.text).contains(&(count as u64));
    others().any(names) || lines.iter().any(counts)
}

/// Returns whether a line has one number, and that is this body.
#[must_use]
pub fn names_only(line: &str, body: &str) -> bool {
    let found = digits(line);
    matches!(found[..], [number] if body.parse() == Ok(number))
}

/// Returns the body of the message that a line calls confirmed: `Message 7 confirmed`. None for any other line.
#[must_use]
pub fn confirmed(line: &str) -> Option<u64> {
    let line = line.to_lowercase();
    let negated = ["not ", "un", "wait", "pending", "outstanding", "nack", "?"].iter().any(|word| line.contains(word));
    let rest = line.split_once("message ").filter(|_| !negated)?.1;
    let is_confirmed = ["confirmed", "acked", "acknowledged"].iter().any(|word| rest.contains(word));
    let [number] = numbers(rest)[..] else { return None };
    (is_confirmed && rest.trim_start_matches(['"', '\'', '#']).starts_with(|letter: char| letter.is_ascii_digit()))
        .then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(all: &[&str]) -> Vec<Line> {
        all.iter().map(|text| Line { text: (*text).to_owned(), at: None }).collect()
    }

    #[test]
    fn numbers_are_found_however_they_are_written_and_times_are_none() {
        for (line, found) in [
            ("Published 50,000 messages individually in 5,549 ms", vec![50_000]),
            ("Published 250 messages in batch in 12.25 s", vec![250]),
            ("Published 248 of 250 messages in batches of 100 in 7ms", vec![248, 250, 100]),
            ("published 50000 messages and handled confirms asynchronously in 1.2s", vec![50_000]),
            ("Message 8 was nacked", vec![8]),
            ("250 messages, 12000 messages/s", vec![250]),
            ("nothing", vec![]),
        ] {
            assert_eq!(numbers(line), found, "{line}");
        }
    }

    #[test]
    fn a_total_is_found_by_its_word_or_by_its_place() {
        let named = lines(&[
            "Publishing 250 messages individually",
            " Published 250 messages individually in 12 ms",
            "Published 249 messages in batch in 3 ms",
            "Published 248 messages and handled confirms asynchronously in 2 ms",
        ]);
        let text = |lines: &[Line], way| total(lines, way).map(|line| line.text).unwrap_or_default();
        assert!(text(&named, Way::Individually).contains(" 250 "));
        assert!(text(&named, Way::Batch).contains(" 249 "));
        assert!(text(&named, Way::Asynchronously).contains(" 248 "));
        let plain = lines(&["Published 1 messages", "Published 2 messages", "Published 3 messages"]);
        assert_eq!(text(&plain, Way::Batch), "Published 2 messages");
        assert!(total(&named[..2], Way::Batch).is_none());
    }

    #[test]
    fn a_message_is_reported_by_its_body_its_number_or_all_by_their_count() {
        let reported = |line: &str| reports(&lines(&[line]), "120", Some(121), 4);
        for line in [
            "Message with body 120 has been nack-ed",
            "Message 121 was nacked by the broker",
            "nack: 120..=123",
            "refused: 119-123",
            "4 messages were refused",
            "refused: 119,120,121",
            "message 120 was not published: nack",
            "Published 246 messages in batch in 5 ms (4 not confirmed)",
        ] {
            assert!(reported(line), "{line}");
        }
        for line in ["Message 123 was nacked", "something was refused", "Published 120 messages in batch in 5 ms"] {
            assert!(!reported(line), "{line}");
        }
    }

    #[test]
    fn a_line_about_a_confirmed_message_is_known() {
        assert_eq!(confirmed("Message 7 confirmed"), Some(7));
        assert_eq!(confirmed(" [x] message '12' was acked"), Some(12));
        for line in ["7 messages confirmed", "Message 7 is not confirmed", "message 7 sent", "messages confirmed: 7"] {
            assert_eq!(confirmed(line), None, "{line}");
        }
    }
}
