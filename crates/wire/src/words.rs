//! A conversation for people: one line an event, with the handshake and the heartbeats folded away.

use std::fmt::Write;

use amq_protocol::{
    protocol::{AMQPClass, connection},
    types::{AMQPValue, FieldTable},
};
use serde_json::Value;

use crate::{
    fields,
    listen::{Content, Event, Peer, What},
};

/// The number of characters of a body that a line shows.
const SHOWN: usize = 60;

/// One event in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Described<'a> {
    /// The event. An entry for a whole handshake has its last event, and an entry for several heartbeats has the first.
    pub event: &'a Event,
    /// The method's name, then its arguments, a message's properties and its body, if there are any.
    pub parts: Vec<String>,
}

/// The start of the one entry that stands for a whole handshake.
const HANDSHAKE: &str = "handshake done";

impl Described<'_> {
    /// Returns whether this entry stands for a whole handshake.
    #[must_use]
    pub fn is_handshake(&self) -> bool {
        is_open_ok(&self.event.what) && self.parts.first().is_some_and(|first| first.starts_with(HANDSHAKE))
    }
}

/// Returns a conversation in words, one entry an event. A successful handshake becomes one entry, and so do consecutive
/// heartbeats.
#[must_use]
pub fn describe(events: &[Event]) -> Vec<Described<'_>> {
    let said = |(index, event)| Some(Described { event, parts: parts_of(events, index)? });
    events.iter().enumerate().filter_map(said).collect()
}

/// Returns a conversation as lines, one for each entry of [`describe`].
///
/// `times` puts milliseconds in front; without them the same conversation gives the same lines, whenever it took place.
#[must_use]
pub fn conversation(events: &[Event], times: bool) -> Vec<String> {
    let several = events.iter().any(|event| event.connection > 1);
    let mut lines = Vec::new();
    for Described { event, parts } in describe(events) {
        let mut line = String::new();
        if times {
            let _ = write!(line, "{:>8.1} ms  ", event.at.as_secs_f64() * 1000.0);
        }
        if several {
            let _ = write!(line, "{}  ", event.connection);
        }
        let who = match event.from {
            Peer::Program => "program",
            Peer::Broker => "broker ",
        };
        let _ = write!(line, "{who}  {}", parts.join("  "));
        lines.push(line);
    }
    lines
}

/// Returns the event at `index` in words; None when another entry covers it.
fn parts_of(events: &[Event], index: usize) -> Option<Vec<String>> {
    let event = &events[index];
    let this_connection = |other: &&Event| other.connection == event.connection;
    match &event.what {
        What::Method { method: AMQPClass::Connection(connection::AMQPMethod::OpenOk(_)), .. } => {
            Some(vec![handshake(&events[..=index], event.connection)])
        }
        what if belongs_to_handshake(what) => {
            let open_ok_follows = events[index..].iter().filter(this_connection).any(|later| is_open_ok(&later.what));
            (!open_ok_follows).then(|| parts(what))
        }
        // After `connection.close-ok` the end of the socket is expected.
        What::Ended { .. } => {
            let closed = events[..index].iter().filter(this_connection).any(|earlier| is_close_ok(&earlier.what));
            (!closed).then(|| parts(&event.what))
        }
        What::Heartbeat => {
            let is_mine = |other: &&Event| this_connection(other) && other.from == event.from;
            let before = events[..index].iter().rev().find(is_mine);
            if before.is_some_and(|before| before.what == What::Heartbeat) {
                return None;
            }
            let more = events[index..].iter().filter(is_mine).take_while(|later| later.what == What::Heartbeat).count();
            Some(vec![if more == 1 { "heartbeat".to_owned() } else { format!("heartbeat ({more} times)") }])
        }
        what => Some(parts(what)),
    }
}

fn is_open_ok(what: &What) -> bool {
    matches!(what, What::Method { method: AMQPClass::Connection(connection::AMQPMethod::OpenOk(_)), .. })
}

fn is_close_ok(what: &What) -> bool {
    matches!(what, What::Method { method: AMQPClass::Connection(connection::AMQPMethod::CloseOk(_)), .. })
}

fn belongs_to_handshake(what: &What) -> bool {
    use connection::AMQPMethod::{Open, Secure, SecureOk, Start, StartOk, Tune, TuneOk};
    match what {
        What::Connected | What::ProtocolHeader(_) => true,
        What::Method { method: AMQPClass::Connection(method), .. } => {
            matches!(method, Start(_) | StartOk(_) | Secure(_) | SecureOk(_) | Tune(_) | TuneOk(_) | Open(_))
        }
        _ => false,
    }
}

/// Describes the whole handshake of one connection in a line: the server, the user and the vhost.
fn handshake(events: &[Event], connection: u32) -> String {
    let (mut user, mut vhost, mut server) = (String::new(), String::new(), String::new());
    for event in events.iter().filter(|event| event.connection == connection) {
        let What::Method { method: AMQPClass::Connection(method), .. } = &event.what else { continue };
        match method {
            connection::AMQPMethod::Start(start) => {
                let (product, version) = product(&start.server_properties);
                server = format!("{product} {version}");
            }
            connection::AMQPMethod::StartOk(start) => user = login(start).unwrap_or_default(),
            connection::AMQPMethod::Open(open) => vhost = open.virtual_host.to_string(),
            _ => {}
        }
    }
    format!("{HANDSHAKE}: {server}, user {}, vhost {}", quoted(user.as_bytes()), quoted(vhost.as_bytes()))
}

/// Returns product and version from the server properties of `connection.start`: `RabbitMQ` and `4.3.6`.
#[must_use]
pub fn product(server_properties: &FieldTable) -> (String, String) {
    let text = |key: &str| match server_properties.inner().get(key) {
        Some(AMQPValue::LongString(text)) => text.to_string(),
        _ => "unknown".to_owned(),
    };
    (text("product"), text("version"))
}

/// Returns the user's name in a PLAIN or AMQPLAIN login; never the password.
#[must_use]
pub fn login(start_ok: &connection::StartOk) -> Option<String> {
    let response = start_ok.response.as_bytes();
    match start_ok.mechanism.as_str() {
        "PLAIN" => response.split(|byte| *byte == 0).nth(1).map(|user| String::from_utf8_lossy(user).into_owned()),
        "AMQPLAIN" => {
            // A field table without its size: key length, "LOGIN", type 'S', length, value.
            let at = response.windows(7).position(|window| window == b"\x05LOGINS")? + 7;
            let size = u32::from_be_bytes(response.get(at..at + 4)?.try_into().ok()?) as usize;
            response.get(at + 4..at + 4 + size).map(|user| String::from_utf8_lossy(user).into_owned())
        }
        _ => None,
    }
}

/// Returns one event in one line.
#[must_use]
pub fn line(what: &What) -> String {
    parts(what).join("  ")
}

/// Returns one event in its parts.
fn parts(what: &What) -> Vec<String> {
    vec![match what {
        What::Connected => "opens a connection".to_owned(),
        What::Unreachable(why) => format!("can't be reached: {why}"),
        What::ProtocolHeader(header) => {
            format!("protocol header: AMQP {}-{}-{}", header[5], header[6], header[7])
        }
        What::Method { method, content, .. } => return method_parts(method, content.as_deref()),
        What::Strange { why, .. } => why.clone(),
        What::Heartbeat => "heartbeat".to_owned(),
        What::Garbage(error) => error.to_string(),
        What::Ended { reset: false } => "closes the socket".to_owned(),
        What::Ended { reset: true } => "cuts the connection".to_owned(),
    }]
}

/// Returns a method in one line: `basic.publish  exchange "" routing-key "hello"  "Hello World!"`.
#[must_use]
pub fn method_line(method: &AMQPClass, content: Option<&Content>) -> String {
    method_parts(method, content).join("  ")
}

fn method_parts(method: &AMQPClass, content: Option<&Content>) -> Vec<String> {
    let described = fields::describe(method);
    let mut parts = vec![described.name.to_owned(), arguments(&described.args)];
    if let Some(content) = content {
        parts.extend([arguments(&fields::properties(&content.properties)), body(content)]);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns the arguments worth showing: flags that are set, names and numbers; an empty name only where it has a meaning.
fn arguments(args: &[(&'static str, Value)]) -> String {
    let mut shown = Vec::new();
    for (name, value) in args {
        match value {
            Value::Bool(false) => {}
            Value::Bool(true) => shown.push((*name).to_owned()),
            Value::String(text) if text.is_empty() && !matches!(*name, "exchange" | "routing-key" | "queue") => {}
            Value::String(text) => shown.push(format!("{name} {}", quoted(text.as_bytes()))),
            Value::Object(table) if table.is_empty() => {}
            // Product and version; the rest of the properties is in the JSON.
            Value::Object(about) if matches!(*name, "server-properties" | "client-properties") => {
                let text = |key: &str| about.get(key).and_then(Value::as_str).unwrap_or("unknown");
                shown.push(quoted(format!("{} {}", text("product"), text("version")).as_bytes()));
            }
            // In a close, the method that is to blame; zero if there is none.
            Value::Number(number) if number.as_u64() == Some(0) && matches!(*name, "class-id" | "method-id") => {}
            other => shown.push(format!("{name} {other}")),
        }
    }
    shown.join(" ")
}

/// Returns a body, or its start.
fn body(content: &Content) -> String {
    let mut text = bytes(&content.body);
    if !content.complete {
        text.push_str(&format!(" (cut off: {} of {} bytes came)", content.body.len(), content.size));
    }
    text
}

/// Returns bytes for people: text in quotes, other bytes in hexadecimal; long ones are cut, and show their size.
#[must_use]
pub fn bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')) => {
            if text.chars().count() <= SHOWN {
                return quoted(bytes);
            }
            let start: String = text.chars().take(SHOWN).collect();
            format!("{}… ({} bytes)", quoted(start.as_bytes()), bytes.len())
        }
        _ => {
            let hex: Vec<String> = bytes.iter().take(SHOWN / 3).map(|byte| format!("{byte:02x}")).collect();
            let more = if bytes.len() > SHOWN / 3 { " …" } else { "" };
            format!("{} bytes: {}{more}", bytes.len(), hex.join(" "))
        }
    }
}

/// Returns whether a terminal or a browser would act on this character instead of showing it: control characters (C0, DEL
/// and C1), line separators, and characters that change the direction of writing.
#[must_use]
pub fn is_acted_on(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Escapes every character that [would be acted on](is_acted_on), except tabs.
#[must_use]
pub fn harmless(text: &str) -> String {
    let escape = |c: char| {
        if is_acted_on(c) && c != '\t' { c.escape_unicode().to_string() } else { c.to_string() }
    };
    text.chars().map(escape).collect()
}

/// Returns text in double quotes. Characters that could mislead (quotes, backslashes, control characters) are escaped.
#[must_use]
pub fn quoted(text: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '"' | '\\' | '\n' | '\r' | '\t' => quoted.extend(c.escape_default()),
            c => quoted.push_str(&harmless(c.encode_utf8(&mut [0; 4]))),
        }
    }
    quoted.push('"');
    quoted
}
