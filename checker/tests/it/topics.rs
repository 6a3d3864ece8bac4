//! The examples of topic patterns in `book/topics.json`: the contracts, the embedded broker and the page of the book have to
//! agree on them. A test of bookbuilder, in a browser, has the page's script judge the same examples.

use contracts::exchanges::Kind;
use serde::Deserialize;

use crate::reference::recorded;

/// A pattern, keys that match it, and keys that don't.
#[derive(Deserialize)]
struct Example {
    pattern: String,
    matches: Vec<String>,
    misses: Vec<String>,
}

fn examples() -> Vec<Example> {
    let examples: Vec<Example> = serde_json::from_str(include_str!("../../../book/topics.json")).unwrap();
    assert!(!examples.is_empty());
    examples
}

#[test]
fn the_contracts_and_the_embedded_broker_agree_on_the_examples() {
    for Example { pattern, matches, misses } in examples() {
        let keys = matches.iter().map(|key| (key, true)).chain(misses.iter().map(|key| (key, false)));
        for (key, expected) in keys {
            assert_eq!(Kind::Topic.takes(&pattern, key), expected, "the contracts: {pattern:?} and {key:?}");
            assert_eq!(broker::topic_matches(&pattern, key), expected, "the embedded broker: {pattern:?} and {key:?}");
        }
    }
}

#[test]
fn the_table_of_examples_is_that_of_the_book() {
    let mut table = "| pattern | matches | does not match |\n|---|---|---|\n".to_owned();
    for Example { pattern, matches, misses } in examples() {
        table += &format!("| {} | {} | {} |\n", code_list(&[pattern]), code_list(&matches), code_list(&misses));
    }
    recorded("topics.md", &table);
}

/// Returns keys as they stand in a cell.
fn code_list(keys: &[String]) -> String {
    let one = |key: &String| if key.is_empty() { "*(empty)*".to_owned() } else { format!("`{key}`") };
    if keys.is_empty() { "–".to_owned() } else { keys.iter().map(one).collect::<Vec<_>>().join(", ") }
}
