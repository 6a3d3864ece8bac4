//! The lines of a conversation: the same for all brokers that behave alike.
//!
//! `->` marks what the client sent, `<-` what the broker sent; then follow the channel, the method and its arguments. Flags
//! are shown if they are set. Numbers in tables carry their type's letter (`1:l`), because clients see the difference.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use regex::{Captures, Regex};
use serde_json::Value;
use wire::{
    Method, fields,
    protocol::{basic, basic::AMQPProperties, connection, exchange, queue},
    types::{AMQPValue, FieldTable},
    words::{bytes, quoted},
};

/// The lines in their order, shared by the connections of one conversation.
#[derive(Clone, Default)]
pub struct Log(Rc<RefCell<Vec<(char, String)>>>);

impl Log {
    /// Adds a line of this connection.
    pub fn add(&self, connection: char, line: impl Into<String>) {
        self.0.borrow_mut().push((connection, line.into()));
    }

    /// Returns the number of lines.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Sorts the lines from this one on.
    pub fn sort(&self, from: usize) {
        self.0.borrow_mut()[from..].sort();
    }

    /// Returns all lines, with everything replaced that differs between runs.
    pub fn text(&self, vhost: &str) -> String {
        let lines = self.0.borrow();
        let several = lines.iter().any(|(connection, _)| *connection > 'a');
        let mut text = String::new();
        for (connection, line) in lines.iter() {
            if several {
                text.push(*connection);
                text.push(' ');
            }
            text.push_str(line);
            text.push('\n');
        }
        normalised(&text, vhost)
    }
}

/// Replaces generated names with numbers in their order, and the vhost with `/`, and removes times and versions.
fn normalised(text: &str, vhost: &str) -> String {
    // Users and vhosts belong to the whole broker, so those of a conversation contain its vhost's name.
    let text = text.replace(&format!("-{vhost}"), "").replace(vhost, "/");
    let mut text = text;
    for (pattern, name) in [
        (r"amq\.gen-[A-Za-z0-9_-]{22}", "amq.gen"),
        (r"amq\.ctag-[A-Za-z0-9_-]{22}", "amq.ctag"),
        (r"amq\.rabbitmq\.reply-to\.[A-Za-z0-9_.+/=-]+", "amq.rabbitmq.reply-to"),
    ] {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let replaced = Regex::new(pattern).unwrap().replace_all(&text, |found: &Captures| {
            let next = seen.len() + 1;
            let number = *seen.entry(found[0].to_owned()).or_insert(next);
            format!("{name}-({number})")
        });
        text = replaced.into_owned();
    }
    for (pattern, with) in [
        (r#""(cluster_name|copyright|platform|version)": "[^"]*""#, r#""$1": "(varies)""#),
        (r#""time": [0-9]+:T"#, r#""time": (now):T"#),
        (r#""timestamp_in_ms": [0-9]+:l"#, r#""timestamp_in_ms": (now):l"#),
        // It is a race between the vhost's end and its deletion which of the two a client gets.
        (r"vhost '/' is (deleted|down)", "vhost '/' is deleted or down"),
        (r"<[0-9]+\.[0-9]+\.[0-9]+>", "<pid>"),
        (r"rabbit@[A-Za-z0-9-]+", "rabbit@host"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, with).into_owned();
    }
    text
}

/// Returns a method in a line.
pub fn method(channel: u16, method: &Method) -> String {
    let described = fields::describe(method);
    let mut line = format!("{channel} {}", described.name);
    let table = table_of(method);
    for (name, value) in &described.args {
        match (name, value) {
            (_, Value::Bool(false)) => {}
            (_, Value::Bool(true)) => line.push_str(&format!(" {name}")),
            // RabbitMQ lists them in no particular order.
            (&"mechanisms", Value::String(text)) => {
                let mut mechanisms: Vec<&str> = text.split(' ').collect();
                mechanisms.sort_unstable();
                line.push_str(&format!(" mechanisms {mechanisms:?}"));
            }
            (&"response", _) => {
                if let Method::Connection(connection::AMQPMethod::StartOk(start)) = method {
                    line.push_str(&format!(" response {}", start.response.as_bytes().escape_ascii()));
                }
            }
            (_, Value::Object(_)) => {
                let shown = table.map(values).unwrap_or_default();
                if shown != "{}" {
                    line.push_str(&format!(" {shown}"));
                }
            }
            (_, Value::String(text)) => line.push_str(&format!(" {name} {}", quoted(text.as_bytes()))),
            (_, other) => line.push_str(&format!(" {name} {other}")),
        }
    }
    line
}

/// Returns the only table of a method.
fn table_of(method: &Method) -> Option<&FieldTable> {
    use Method::{Basic, Connection, Exchange, Queue};
    Some(match method {
        Connection(connection::AMQPMethod::Start(start)) => &start.server_properties,
        Connection(connection::AMQPMethod::StartOk(start)) => &start.client_properties,
        Exchange(exchange::AMQPMethod::Declare(declare)) => &declare.arguments,
        Exchange(exchange::AMQPMethod::Bind(bind)) => &bind.arguments,
        Exchange(exchange::AMQPMethod::Unbind(unbind)) => &unbind.arguments,
        Queue(queue::AMQPMethod::Declare(declare)) => &declare.arguments,
        Queue(queue::AMQPMethod::Bind(bind)) => &bind.arguments,
        Queue(queue::AMQPMethod::Unbind(unbind)) => &unbind.arguments,
        Basic(basic::AMQPMethod::Consume(consume)) => &consume.arguments,
        _ => return None,
    })
}

/// Returns a content: the properties that are set, the body, and the sizes of its frames if there are several.
pub fn content(properties: &AMQPProperties, body: &[u8], frames: &[usize]) -> String {
    let mut text = String::new();
    for (name, value) in fields::properties(properties) {
        let shown = match (name, value) {
            ("headers", _) => properties.headers().as_ref().map(values).unwrap_or_default(),
            (_, Value::String(text)) => quoted(text.as_bytes()),
            (_, other) => other.to_string(),
        };
        text.push_str(&format!(" | {name} {shown}"));
    }
    text.push_str(&format!(" | {}", bytes(body)));
    if frames.len() > 1 {
        text.push_str(&format!(" in frames of {frames:?} bytes"));
    }
    text
}

/// Returns a table, its values with their types.
pub fn values(table: &FieldTable) -> String {
    let pairs: Vec<String> = table
        .inner()
        .iter()
        .map(|(key, value)| format!("{}: {}", quoted(key.as_str().as_bytes()), one(value)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

fn one(value: &AMQPValue) -> String {
    let letter = value.get_type().get_id();
    match value {
        AMQPValue::Boolean(value) => value.to_string(),
        AMQPValue::LongString(text) => match std::str::from_utf8(text.as_bytes()) {
            Ok(text) => quoted(text.as_bytes()),
            Err(_) => format!("\"{}\":S", text.as_bytes().escape_ascii()),
        },
        AMQPValue::FieldArray(values) => {
            format!("[{}]", values.as_slice().iter().map(one).collect::<Vec<_>>().join(", "))
        }
        AMQPValue::FieldTable(table) => values(table),
        AMQPValue::ByteArray(bytes) => format!("\"{}\":x", bytes.as_slice().escape_ascii()),
        AMQPValue::DecimalValue(value) => format!("{}e-{}:D", value.value, value.scale),
        AMQPValue::Void => "void".to_owned(),
        AMQPValue::ShortShortInt(value) => format!("{value}:{letter}"),
        AMQPValue::ShortShortUInt(value) => format!("{value}:{letter}"),
        AMQPValue::ShortInt(value) => format!("{value}:{letter}"),
        AMQPValue::ShortUInt(value) => format!("{value}:{letter}"),
        AMQPValue::LongInt(value) => format!("{value}:{letter}"),
        AMQPValue::LongUInt(value) => format!("{value}:{letter}"),
        AMQPValue::LongLongInt(value) => format!("{value}:{letter}"),
        AMQPValue::Timestamp(value) => format!("{value}:{letter}"),
        AMQPValue::Float(value) => format!("{value}:{letter}"),
        AMQPValue::Double(value) => format!("{value}:{letter}"),
        AMQPValue::ShortString(text) => format!("{text}:_"),
    }
}
