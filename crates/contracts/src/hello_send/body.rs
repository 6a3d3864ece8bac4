//! A body that is not `Hello World!`, and what it is instead.

use super::{BODY, SENT};
use crate::{fault::Fault, printed};

/// The mistake in this body, of the publish that reads as `line`. `complete` tells whether all of it came.
pub(super) fn wrong(line: String, body: &[u8], complete: bool) -> Fault {
    if !complete {
        return Fault::new("The program stopped in the middle of its message.")
            .seen(line)
            .hint("Wait until all is sent: close the connection, and wait for the answer.");
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return Fault::new("The message's body is not the text `Hello World!`: it is not text at all.")
            .seen(line)
            .hint("Send the text's bytes: in [[language]], [[bytes]].");
    };
    if let Some(zeros) = text.strip_prefix(BODY).filter(|more| more.len() > 1 && more.chars().all(|c| c == '\0')) {
        return Fault::new(format!("The message's body has {} zero bytes after `Hello World!`.", zeros.len()))
            .seen(printed::difference(BODY, text))
            .hint("Send the text's own bytes: a buffer of fixed length brings along what is behind the text.");
    }
    if let Some(character) = printed::unseen(BODY, text).filter(|_| text.trim_end_matches(['\n', '\r', ' ']) != BODY) {
        return Fault::new(format!("The message's body has a character in it that nobody sees: {character}."))
            .seen(printed::difference(BODY, text))
            .hint("Type the text anew, or look at how it becomes bytes.");
    }
    if let Some(more) = text.strip_prefix(BODY).filter(|more| !more.is_empty() && more.trim().is_empty()) {
        return Fault::new(format!("The message's body has {} after `Hello World!`.", printed::white_space(more)))
            .seen(printed::difference(BODY, text))
            .hint("Send the text alone.");
    }
    let (message, hint) = if text.trim_matches(|c| c == '"' || c == '\'') == BODY {
        (
            "The message's body has quotes around `Hello World!`; they are no part of the message.",
            "Send the text itself, neither its JSON nor its Debug form.",
        )
    } else if text.eq_ignore_ascii_case(BODY) {
        ("The message's body differs from `Hello World!` in upper and lower case.", "Look at the marked letter.")
    } else if text.is_empty() {
        ("The message's body is empty.", "Send the text's bytes: in [[language]], [[bytes]].")
    } else if BODY.starts_with(text) {
        ("The message's body is only the start of `Hello World!`.", "Send all of it: the mark shows where it ends.")
    } else if printed::has_bytes_of(text, BODY) {
        (
            "The message's body is not `Hello World!`: it is a list of the bytes' numbers, their Debug form.",
            "Send the text's bytes themselves: in [[language]], [[bytes]].",
        )
    } else if text.trim_start().starts_with(SENT.trim_start()) {
        (
            "The message's body is not `Hello World!`: it is the line that the program prints.",
            "Send the text alone; the line around it is for who watches the program.",
        )
    } else if text.trim_start().starts_with(['{', '[']) && text.contains(BODY) {
        (
            "The message's body is not `Hello World!`: the text is wrapped up, in JSON it seems.",
            "Send the text's bytes as they are: in [[language]], [[bytes]].",
        )
    } else if text.starts_with(['/', '\\']) || text.get(1..3) == Some(":\\") {
        (
            "The message's body is not `Hello World!`: it begins with a path, most likely the program's own.",
            "[[skip_self]]",
        )
    } else {
        ("The message's body is not `Hello World!`.", "Look at the marked place.")
    };
    Fault::new(message).seen(printed::difference(BODY, text)).hint(hint)
}
