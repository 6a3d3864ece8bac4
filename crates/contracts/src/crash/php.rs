//! PHP: `Fatal error:  Uncaught CLASS: MESSAGE in FILE:LINE`, on stderr or stdout depending on its settings, then the frames.

use super::{Crash, Place, frames, is_foreign, named, pattern};

const FOREIGN: [&str; 3] = ["/usr/share/php/", "/vendor/", "phar://"];

pub(super) fn read(lines: &[String]) -> Option<Crash> {
    let uncaught = pattern(
        r"^(?:PHP )?Fatal error:\s+Uncaught (?<class>[\w\\]+)(?:: (?<message>.*?))?(?: in (?<file>\S+):(?<line>\d+))?$",
    );
    let other =
        pattern(r"^(?:PHP )?(?<class>Fatal|Parse) error:\s+(?<message>.+) in (?<file>.+) on line (?<line>\d+)$");
    let (index, line) =
        lines.iter().enumerate().rev().find(|(_, line)| uncaught.is_match(line) || other.is_match(line))?;
    if let Some(found) = uncaught.captures(line) {
        let part = |name| found.name(name).map_or("", |part| part.as_str());
        let first = Place::new(part("file"), part("line"));
        let rest = &lines[index + 1..];
        let frames = frames(rest, &pattern(r"^#\d+ (?<file>.+?)\((?<line>\d+)\): "));
        let thrown = super::frames(rest, &pattern(r"^\s+thrown in (?<file>.+) on line (?<line>\d+)$"));
        let places = std::iter::once(first).chain(frames.into_iter().chain(thrown).map(|(_, place)| place));
        let own = { places }.find(|place| !place.file.is_empty() && !is_foreign(&place.file, &FOREIGN));
        return Some(Crash::new(index, named(part("class"), part("message")), own));
    }
    let found = other.captures(line)?;
    let error =
        if &found["class"] == "Parse" { named("Parse error", &found["message"]) } else { found["message"].to_owned() };
    Some(Crash::new(index, error, Some(Place::new(&found["file"], &found["line"]))))
}
