//! Erlang's notation of values, as it appears in RabbitMQ's reply texts: `<<"hello">>`, `{value_negative,-1}`.

use wire::types::AMQPValue;

/// Returns a binary in Erlang's notation: as text if it is printable, else as numbers.
pub(crate) fn binary(bytes: &[u8]) -> String {
    let printable = !bytes.is_empty() && bytes.iter().all(|byte| (0x20..0x7f).contains(byte));
    if printable {
        return format!("<<\"{}\">>", String::from_utf8_lossy(bytes).replace('\\', "\\\\").replace('"', "\\\""));
    }
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    format!("<<{}>>", numbers.join(","))
}

/// Returns RabbitMQ's name for the type of a value in a table.
pub(crate) fn type_name(value: &AMQPValue) -> &'static str {
    match value {
        AMQPValue::Boolean(_) => "bool",
        AMQPValue::ShortShortInt(_) => "byte",
        AMQPValue::ShortShortUInt(_) => "unsignedbyte",
        AMQPValue::ShortInt(_) => "short",
        AMQPValue::ShortUInt(_) => "unsignedshort",
        AMQPValue::LongInt(_) => "signedint",
        AMQPValue::LongUInt(_) => "unsignedint",
        AMQPValue::LongLongInt(_) => "long",
        AMQPValue::Float(_) => "float",
        AMQPValue::Double(_) => "double",
        AMQPValue::DecimalValue(_) => "decimal",
        AMQPValue::ShortString(_) | AMQPValue::LongString(_) => "longstr",
        AMQPValue::FieldArray(_) => "array",
        AMQPValue::Timestamp(_) => "timestamp",
        AMQPValue::FieldTable(_) => "table",
        AMQPValue::ByteArray(_) => "binary",
        AMQPValue::Void => "void",
    }
}

/// Returns a value as RabbitMQ puts it into a sentence: text unchanged, numbers in digits.
pub(crate) fn render(value: &AMQPValue) -> String {
    match value {
        AMQPValue::Boolean(value) => value.to_string(),
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        AMQPValue::ShortString(text) => text.to_string(),
        AMQPValue::Float(number) => format!("{number:?}"),
        AMQPValue::Double(number) => format!("{number:?}"),
        AMQPValue::Timestamp(number) => number.to_string(),
        AMQPValue::ByteArray(bytes) => binary(bytes.as_slice()),
        AMQPValue::Void => "undefined".to_owned(),
        other => match crate::state::message::as_integer(other) {
            Some(number) => number.to_string(),
            None => format!("a {}", type_name(other)),
        },
    }
}

/// Returns a frame's payload for an error text: all of it if it is short, else its start.
pub(crate) fn octets(payload: &[u8]) -> String {
    match payload.len() {
        0..=16 => format!("all octets = {}", binary(payload)),
        _ => format!("first 16 octets = {}", binary(&payload[..16])),
    }
}
