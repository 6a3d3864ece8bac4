//! Headers exchanges: a binding's arguments describe the headers that a message must have.
//!
//! RabbitMQ's [headers exchange](https://www.rabbitmq.com/docs/exchanges#headers): `x-match` is `all` (the default), `any`,
//! `all-with-x` or `any-with-x`. Without `-with-x`, arguments that start with `x-` don't count.

use wire::types::{AMQPValue, FieldTable};

use crate::state::{
    erlang,
    message::{as_integer, as_text},
    refusal::{Done, Refusal},
};

/// The rule in `x-match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    any: bool,
    with_x: bool,
}

fn rule(arguments: &FieldTable) -> Option<Rule> {
    let (any, with_x) = match arguments.inner().get("x-match") {
        None => (false, false),
        Some(value) => match as_text(value)? {
            "all" => (false, false),
            "any" => (true, false),
            "all-with-x" => (false, true),
            "any-with-x" => (true, true),
            _ => return None,
        },
    };
    Some(Rule { any, with_x })
}

/// Checks the `x-match` of a binding.
pub(crate) fn check(arguments: &FieldTable) -> Done {
    if rule(arguments).is_some() {
        return Ok(());
    }
    let given = arguments.inner().get("x-match");
    Err(match given.and_then(as_text) {
        Some(word) => Refusal::precondition_failed(format!(
            "Invalid x-match field value {}; expected all, any, all-with-x, or any-with-x",
            erlang::binary(word.as_bytes())
        )),
        None => Refusal::precondition_failed(format!(
            "Invalid x-match field type {} (value {}); expected longstr",
            given.map_or("void", erlang::type_name),
            given.map_or_else(String::new, erlang::render)
        )),
    })
}

/// Returns whether a message with these headers matches a binding with these arguments.
pub(crate) fn matches(arguments: &FieldTable, headers: &FieldTable) -> bool {
    let Some(rule) = rule(arguments) else { return false };
    let counts = |key: &str| key != "x-match" && (rule.with_x || !key.starts_with("x-"));
    let mut wanted = arguments.inner().iter().filter(|(key, _)| counts(key.as_str()));
    let mut holds = |(key, wanted): (_, &AMQPValue)| {
        let key: &wire::types::ShortString = key;
        headers.inner().get(key).is_some_and(|found| is_met(wanted, found))
    };
    if rule.any { wanted.any(&mut holds) } else { wanted.all(&mut holds) }
}

/// Returns whether a header meets an argument. A void argument only requires the header to exist. Values count, not their
/// types: whole numbers of different widths are equal, and text equals bytes.
fn is_met(wanted: &AMQPValue, found: &AMQPValue) -> bool {
    match (wanted, found) {
        (AMQPValue::Void, _) => true,
        (AMQPValue::LongString(text), AMQPValue::ByteArray(bytes))
        | (AMQPValue::ByteArray(bytes), AMQPValue::LongString(text)) => text.as_bytes() == bytes.as_slice(),
        _ => match (as_integer(wanted), as_integer(found)) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => wanted == found,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::message::text;

    fn table(entries: &[(&str, AMQPValue)]) -> FieldTable {
        let mut table = FieldTable::default();
        for (key, value) in entries {
            table.insert((*key).into(), value.clone());
        }
        table
    }

    #[test]
    fn all_any_and_those_that_start_with_x() {
        let headers = table(&[("format", text("pdf")), ("pages", AMQPValue::LongInt(3)), ("x-id", text("7"))]);
        for (arguments, expect) in [
            (table(&[]), true),
            (table(&[("format", text("pdf"))]), true),
            (table(&[("format", text("pdf")), ("pages", AMQPValue::LongLongInt(3))]), true),
            (table(&[("format", text("pdf")), ("pages", AMQPValue::LongInt(4))]), false),
            (table(&[("x-match", text("any")), ("format", text("pdf")), ("pages", AMQPValue::LongInt(4))]), true),
            (table(&[("x-match", text("any"))]), false),
            (table(&[("format", AMQPValue::Void)]), true),
            (table(&[("title", AMQPValue::Void)]), false),
            (table(&[("x-id", text("8"))]), true),
            (table(&[("x-match", text("all-with-x")), ("x-id", text("8"))]), false),
            (table(&[("x-match", text("any-with-x")), ("x-id", text("7"))]), true),
        ] {
            assert_eq!(matches(&arguments, &headers), expect, "{arguments:?}");
        }
        assert!(check(&table(&[("x-match", text("some"))])).is_err());
    }
}
