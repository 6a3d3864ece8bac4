//! A body that is not `Hello World!`, and what it is instead.

use super::BODY;
use crate::{
    lessons::{printed, sending::SENT},
    verdict::Mistake,
};

/// The mistake in this body, of the publish that reads as `line`. `complete` tells whether all of it came.
pub(super) fn wrong(line: String, body: &[u8], complete: bool) -> Mistake {
    if !complete {
        return Mistake::new("The program stopped in the middle of its message.")
            .seen(line)
            .hint("Wait until all is sent: close the connection, and wait for the answer.");
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return Mistake::new("The message's body is not the text `Hello World!`: it is not text at all.")
            .seen(line)
            .hint("Send the text's bytes: in Rust, `b\"Hello World!\"`.");
    };
    if let Some(character) = printed::unseen(BODY, text).filter(|_| text.trim_end_matches(['\n', '\r', ' ']) != BODY) {
        return Mistake::new(format!("The message's body has a character in it that nobody sees: {character}."))
            .seen(printed::difference(BODY, text))
            .hint("Type the text anew, or look at how it becomes bytes.");
    }
    let (message, hint) = if text.trim_end() == BODY {
        (
            "The message's body has something behind `Hello World!` that is not seen: a newline, or a blank.",
            "Send the text without the line end.",
        )
    } else if text.trim_matches(|c| c == '"' || c == '\'') == BODY {
        (
            "The message's body has quotes around `Hello World!`; they are no part of the message.",
            "Send the text itself, neither its JSON nor its Debug form.",
        )
    } else if text.eq_ignore_ascii_case(BODY) {
        ("The message's body differs from `Hello World!` in upper and lower case.", "Look at the marked letter.")
    } else if text.is_empty() {
        ("The message's body is empty.", "Send the text's bytes: in Rust, `b\"Hello World!\"`.")
    } else if printed::has_bytes_of(text, BODY) {
        (
            "The message's body is not `Hello World!`: it is a list of the bytes' numbers, their Debug form.",
            "Send the text's bytes themselves: in Rust, `b\"Hello World!\"`.",
        )
    } else if text.trim_start().starts_with(SENT.trim_start()) {
        (
            "The message's body is not `Hello World!`: it is the line that the program prints.",
            "Send the text alone; the line around it is for who watches the program.",
        )
    } else if text.trim_start().starts_with(['{', '[']) && text.contains(BODY) {
        (
            "The message's body is not `Hello World!`: the text is wrapped up, in JSON it seems.",
            "Send the text's bytes as they are: in Rust, `b\"Hello World!\"`.",
        )
    } else {
        ("The message's body is not `Hello World!`.", "Look at the marked place.")
    };
    Mistake::new(message).seen(printed::difference(BODY, text)).hint(hint)
}
