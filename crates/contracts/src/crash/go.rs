//! Go: `panic: …`, then the goroutines, each function above its file; the innermost comes first.

use super::{Crash, Place, is_foreign, pattern};

const FOREIGN: [&str; 7] =
    ["/usr/lib/go", "/usr/local/go/", "/pkg/mod/", "/share/gocode/", "/vendor/", "/src/runtime/", "/libexec/src/"];

pub(super) fn read(lines: &[String]) -> Option<Crash> {
    let error = pattern(r"^(?:panic|fatal error): ");
    let index = lines.iter().position(|line| error.is_match(line))?;
    lines[index..].iter().position(|line| line.starts_with("goroutine "))?;
    let frame = pattern(r"^\t(?<file>.+\.go):(?<line>\d+)(?: \+0x[0-9a-f]+)?$");
    let mut places = lines[index..].windows(2).filter_map(|pair| {
        let found = frame.captures(&pair[1])?;
        let place = Place::new(&found["file"], &found["line"]);
        let is_own = pair[0].starts_with("main.") || !is_foreign(&place.file, &FOREIGN);
        is_own.then_some(place)
    });
    Some(Crash::new(index, lines[index].clone(), places.next()))
}
