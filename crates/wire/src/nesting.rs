//! The nesting depth of tables in a frame.
//!
//! A field table may hold tables and arrays, which may hold tables and arrays again; a frame of 128 KiB has room for 26,000
//! levels. Code that reads or frees such a value recursively needs a stack that deep. So the depth is checked first, by a
//! walk that keeps its position in a list instead of on the stack.

use crate::frame::{FrameKind, SHORT_STRINGS};

/// The largest accepted number of levels. People need two or three; RabbitMQ's own `x-death` is an array of tables of
/// arrays.
pub const DEEPEST: usize = 64;

/// Returns whether a frame's payload has a table that is nested deeper than [`DEEPEST`].
///
/// Bytes that can't be walked do not count as too deep: a parser can't read them either, and stops where the walk stops.
#[must_use]
pub fn is_too_deep(kind: FrameKind, payload: &[u8]) -> bool {
    match kind {
        FrameKind::Method => table_of_method(payload).is_some_and(table_is_too_deep),
        FrameKind::Header => payload.get(12..).is_some_and(properties_are_too_deep),
        FrameKind::Body | FrameKind::Heartbeat => false,
    }
}

/// Returns whether the table `headers` in these bytes (property flags and properties) is nested too deep.
#[must_use]
pub fn properties_are_too_deep(properties: &[u8]) -> bool {
    table_of_properties(properties).is_some_and(table_is_too_deep)
}

/// Returns the bytes from the table `headers` on, if the properties have one.
fn table_of_properties(properties: &[u8]) -> Option<&[u8]> {
    let (&[high, _], mut rest) = properties.split_first_chunk::<2>()?;
    // Bits 15 and 14: content-type and content-encoding stand before the headers, which are bit 13.
    for flag in [0x80, 0x40] {
        if high & flag != 0 {
            rest = skip_short(rest)?;
        }
    }
    (high & 0x20 != 0).then_some(rest)
}

/// Returns the key and the type of the value that makes a frame's table unreadable: the last short string, or else the last
/// value. None when the frame has no table, or a readable one.
#[must_use]
pub fn unread_value(kind: FrameKind, payload: &[u8]) -> Option<(String, u8)> {
    let table = match kind {
        FrameKind::Method => table_of_method(payload)?,
        FrameKind::Header => table_of_properties(payload.get(12..)?)?,
        FrameKind::Body | FrameKind::Heartbeat => return None,
    };
    let mut values: Vec<(&[u8], u8)> = Vec::new();
    if walk(table, |key, kind| values.push((key, kind))).is_some() {
        return None;
    }
    let short = values.iter().rfind(|(_, kind)| SHORT_STRINGS.contains(kind));
    let (key, kind) = short.or(values.last())?;
    Some((String::from_utf8_lossy(key).into_owned(), *kind))
}

/// Returns whether a method's payload is long enough for its whole table. If it can't be read nevertheless, the table is to
/// blame.
#[must_use]
pub fn has_whole_table(payload: &[u8]) -> bool {
    table_of_method(payload).is_some_and(|table| size_at(table, 0).is_some_and(|size| table.len() >= 4 + size))
}

/// Returns whether one of the names before a method's table is not UTF-8.
#[must_use]
pub fn has_malformed_name(payload: &[u8]) -> bool {
    let Some((arguments, shape)) = shape(payload) else { return false };
    let mut rest = arguments.get(shape.before..).unwrap_or_default();
    for _ in 0..shape.names {
        let Some((name, after)) = split_short(rest) else { return false };
        if std::str::from_utf8(name).is_err() {
            return true;
        }
        rest = after;
    }
    false
}

/// The fields before a method's table: a number of bytes, a number of names (short strings), a number of bytes.
struct Shape {
    before: usize,
    names: usize,
    after: usize,
}

/// Returns a method's arguments and the fields before its table; None for a method without a table.
fn shape(payload: &[u8]) -> Option<(&[u8], Shape)> {
    let (&[class_high, class, method_high, method], arguments) = payload.split_first_chunk::<4>()?;
    let shape = |before, names, after| Some((arguments, Shape { before, names, after }));
    match (class_high, class, method_high, method) {
        (0, 10, 0, 10) => shape(2, 0, 0),      // connection.start
        (0, 10, 0, 11) => shape(0, 0, 0),      // connection.start-ok
        (0, 40, 0, 10) => shape(2, 2, 1),      // exchange.declare
        (0, 40, 0, 30 | 40) => shape(2, 3, 1), // exchange.bind, exchange.unbind
        (0, 50, 0, 10) => shape(2, 1, 1),      // queue.declare
        (0, 50, 0, 20) => shape(2, 3, 1),      // queue.bind
        (0, 50, 0, 50) => shape(2, 3, 0),      // queue.unbind
        (0, 60, 0, 20) => shape(2, 2, 1),      // basic.consume
        _ => None,
    }
}

/// Returns the bytes from a method's table on. No method has more than one.
fn table_of_method(payload: &[u8]) -> Option<&[u8]> {
    let (arguments, shape) = shape(payload)?;
    let mut rest = arguments.get(shape.before..)?;
    for _ in 0..shape.names {
        rest = skip_short(rest)?;
    }
    rest.get(shape.after..)
}

pub(crate) fn split_short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&size, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(size))
}

fn skip_short(bytes: &[u8]) -> Option<&[u8]> {
    split_short(bytes).map(|(_, rest)| rest)
}

/// Walks a table, starting at its size.
fn table_is_too_deep(bytes: &[u8]) -> bool {
    walk(bytes, |_, _| {}).unwrap_or(false)
}

/// Walks a table, and calls `tell` with each key and the type of its value. Returns None when the bytes are shorter than
/// their sizes announce, or contain an unknown type.
fn walk<'a>(bytes: &'a [u8], mut tell: impl FnMut(&'a [u8], u8)) -> Option<bool> {
    // The end of each open level, and whether the level is a table: only tables have keys.
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut at = 4;
    open.push((at + size_at(bytes, 0)?, true));
    while let Some(&(end, is_table)) = open.last() {
        if at >= end {
            open.pop();
            continue;
        }
        let mut key = &bytes[..0];
        if is_table {
            let end = at + 1 + usize::from(*bytes.get(at)?);
            key = bytes.get(at + 1..end)?;
            at = end;
        }
        let kind = *bytes.get(at)?;
        tell(key, kind);
        at += 1;
        match kind {
            b't' | b'b' | b'B' => at += 1,
            b's' | b'U' | b'u' => at += 2,
            b'I' | b'i' | b'f' => at += 4,
            b'D' => at += 5,
            b'L' | b'l' | b'd' | b'T' => at += 8,
            b'S' | b'x' => at += 4 + size_at(bytes, at)?,
            b'V' => {}
            b'F' | b'A' => {
                let end = at + 4 + size_at(bytes, at)?;
                at += 4;
                open.push((end, kind == b'F'));
                if open.len() > DEEPEST {
                    return Some(true);
                }
            }
            _ => return None,
        }
    }
    Some(false)
}

fn size_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a table with arrays in arrays, `levels` in all.
    fn nested(levels: usize) -> Vec<u8> {
        let mut inner = Vec::new();
        for _ in 1..levels {
            let size = u32::try_from(inner.len()).unwrap().to_be_bytes();
            inner = [b"A".to_vec(), size.to_vec(), inner].concat();
        }
        let entry = [b"\x01k".to_vec(), if inner.is_empty() { b"V".to_vec() } else { inner }].concat();
        [u32::try_from(entry.len()).unwrap().to_be_bytes().to_vec(), entry].concat()
    }

    /// Returns the payload of a `queue.declare` with this table.
    fn declare(table: &[u8]) -> Vec<u8> {
        [b"\x00\x32\x00\x0a\x00\x00\x05hello\x00".to_vec(), table.to_vec()].concat()
    }

    /// Returns properties with a content type and these headers.
    fn headers(table: &[u8]) -> Vec<u8> {
        [b"\xa0\x00\x04text".to_vec(), table.to_vec()].concat()
    }

    #[test]
    fn the_deepest_that_is_taken_is_taken_and_one_more_is_not() {
        for (levels, too_deep) in [(1, false), (2, false), (DEEPEST, false), (DEEPEST + 1, true), (20_000, true)] {
            let table = nested(levels);
            assert_eq!(is_too_deep(FrameKind::Method, &declare(&table)), too_deep, "{levels} levels in a method");
            let header = [vec![0; 12], headers(&table)].concat();
            assert_eq!(is_too_deep(FrameKind::Header, &header), too_deep, "{levels} levels in a header");
        }
    }

    /// Returns the payload of a `queue.declare` with one argument, a short string, as lapin 4 writes it.
    fn with_short_string() -> Vec<u8> {
        let entry = b"\x0cx-queue-type_\x06quorum";
        declare(&[&u32::try_from(entry.len()).unwrap().to_be_bytes()[..], entry].concat())
    }

    #[test]
    fn the_value_behind_which_nothing_can_be_read_is_named() {
        let short = with_short_string();
        assert_eq!(unread_value(FrameKind::Method, &short), Some(("x-queue-type".to_owned(), b'_')));
        let old = declare(b"\0\0\0\x15\x0cx-queue-types\x06quorum");
        assert_eq!(unread_value(FrameKind::Method, &old), Some(("x-queue-type".to_owned(), b's')));
        let header = [vec![0; 12], headers(&short[13..])].concat();
        assert_eq!(unread_value(FrameKind::Header, &header), Some(("x-queue-type".to_owned(), b'_')));
        // The rest of a short string may look like a value, but the program did not write that value.
        let rest = declare(b"\0\0\0\x0a\x01as\x04\0\x01kV\x09x");
        assert_eq!(unread_value(FrameKind::Method, &rest), Some(("a".to_owned(), b's')));
        let unknown = declare(b"\0\0\0\x04\x01kZ\0");
        assert_eq!(unread_value(FrameKind::Method, &unknown), Some(("k".to_owned(), b'Z')));
        assert_eq!(unread_value(FrameKind::Method, &declare(&nested(3))), None);
        for size in 0..short.len() {
            let _ = unread_value(FrameKind::Method, &short[..size]);
        }
    }

    #[test]
    fn what_is_cut_off_is_not_too_deep() {
        let whole = declare(&nested(10));
        for size in 0..whole.len() {
            assert!(!is_too_deep(FrameKind::Method, &whole[..size]));
        }
    }
}
