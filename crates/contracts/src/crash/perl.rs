//! Perl: the message ends with its place, `… at FILE line N.`

use super::{Crash, Place, frames, is_foreign, pattern};

const FOREIGN: [&str; 3] = ["/usr/share/perl", "/perl5/", "/perl/"];

pub(super) fn read(lines: &[String]) -> Option<Crash> {
    let died = pattern(r"^(?<message>\S.*) at (?<file>\S+) line (?<line>\d+)(?:, <\S+> (?:line|chunk) \d+)?\.$");
    let (index, found) = lines.iter().enumerate().find_map(|(index, line)| Some((index, died.captures(line)?)))?;
    let called = frames(&lines[index..], &pattern(r"^\t.* called at (?<file>\S+) line (?<line>\d+)"));
    let first = Place::new(&found["file"], &found["line"]);
    let mut places = std::iter::once(first).chain(called.into_iter().map(|(_, place)| place));
    // The list of folders that were searched for a module is as long as the rest of the message.
    let message = found["message"].split(" (@INC contains:").next().unwrap_or_default().to_owned();
    Some(Crash::new(index, message, places.find(|place| !is_foreign(&place.file, &FOREIGN))))
}
