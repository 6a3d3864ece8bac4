//! Ruby: the exception's line begins with its place and ends with its class. The first exception ended the program; its causes
//! follow.

use super::{Crash, Place, frames, is_foreign, named, pattern};

const FOREIGN: [&str; 4] = ["<internal:", "/gems/", "/lib/ruby/", "/rubygems"];

pub(super) fn read(lines: &[String]) -> Option<Crash> {
    let raised = pattern(
        r"^(?<file>(?:<internal:[^>]+>|[^\s:<][^:]*)):(?<line>\d+):in [`'](?<in>.*?)': (?<message>.*) \((?<class>[A-Z]\w*(?:::\w+)*)\)$",
    );
    let syntax = pattern(r"^(?<file>[^\s:][^:]*\.rb):(?<line>\d+): (?<message>syntax error.*)$");
    for (index, line) in lines.iter().enumerate() {
        if let Some(found) = raised.captures(line) {
            let first = Place::new(&found["file"], &found["line"]);
            let rest = lines[index + 1..].iter().take_while(|line| !raised.is_match(line));
            let rest: Vec<String> = rest.cloned().collect();
            let frames = frames(&rest, &pattern(r"^\s+from (?<file>.+?):(?<line>\d+):in "));
            let mut places = std::iter::once(first).chain(frames.into_iter().map(|(_, place)| place));
            let own = places.find(|place| !is_foreign(&place.file, &FOREIGN));
            return Some(Crash::new(index, named(&found["class"], &found["message"]), own));
        }
        if let Some(found) = syntax.captures(line) {
            let at = Place::new(&found["file"], &found["line"]);
            return Some(Crash::new(index, named("SyntaxError", &found["message"]), Some(at)));
        }
    }
    None
}
