//! JSON as text without characters that a terminal would act on, because it contains output and messages of other programs.

use std::io;

use serde::Serialize;
use serde_json::{Serializer, Value, ser::Formatter};
use wire::words::is_acted_on;

/// Returns the value on one line, with a newline at its end.
#[must_use]
pub fn line(value: &Value) -> String {
    let mut bytes = Vec::new();
    // The keys of JSON values are text, and writing to memory does not fail.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut bytes, Escaping));
    bytes.push(b'\n');
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A formatter that also escapes the characters that JSON itself allows.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_acted_on) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let Some(c) = from.chars().next() else { break };
            // All of these are in the basic multilingual plane.
            write!(writer, "\\u{:04x}", u32::from(c))?;
            rest = &from[c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_escaped_and_reads_as_it_was() {
        let text = "plain \u{1b}[31m C1 \u{9b}31m del \u{7f} bidi \u{202e}\u{61c}\u{2066} line \u{2028} Grüße 🐇";
        let value = serde_json::json!({ text: [text, 1, null] });
        let written = line(&value);
        assert!(!written.trim_end().chars().any(is_acted_on), "{written:?}");
        assert!(written.contains("\\u009b31m") && written.contains("Grüße 🐇"), "{written}");
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
    }
}
