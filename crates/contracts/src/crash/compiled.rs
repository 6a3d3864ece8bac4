//! The remaining readers: .NET, C++, and compilers that run when the program is started.

use super::{Crash, Phase, Place, frames, is_foreign, named, pattern};

/// Reads `Unhandled exception. CLASS: MESSAGE`, then frames; those of a library name no file, or one on the machine that built
/// it.
pub(super) fn dotnet(lines: &[String]) -> Option<Crash> {
    let error = pattern(r"^Unhandled [Ee]xception[.:] (?<error>[\w.+`]+(?:: .*)?)$");
    let (index, found) = lines.iter().enumerate().find_map(|(index, line)| Some((index, error.captures(line)?)))?;
    let frames = frames(&lines[index..], &pattern(r"^\s+at .+ in (?<file>.+):line (?<line>\d+)$"));
    let own = frames.into_iter().map(|(_, place)| place).find(|place| !is_foreign(&place.file, &["/_/"]));
    Some(Crash::new(index, &found["error"], own))
}

/// Reads `terminate called after throwing an instance of 'CLASS'`, and the exception's text below it.
pub(super) fn cpp(lines: &[String]) -> Option<Crash> {
    let thrown = pattern(r"^terminate called after throwing an instance of '(?<class>[^']+)'$");
    let (index, found) = lines.iter().enumerate().find_map(|(index, line)| Some((index, thrown.captures(line)?)))?;
    let says = lines.get(index + 1).and_then(|line| line.trim().strip_prefix("what():"));
    Some(Crash::new(index, named(&found["class"], says.unwrap_or_default().trim()), None))
}

/// Reads a compiler's first error, if running compiles: `go run`, `java Send.java`, `dotnet run`, `cargo run`, `tsx`.
pub(super) fn compiler(lines: &[String]) -> Option<Crash> {
    let forms = [
        r"^(?<file>\S+\.go):(?<line>\d+):\d+: (?<message>.+)$",
        r"^(?<file>\S+\.(?:java|kt)):(?<line>\d+)(?::\d+)?: error: (?<message>.+)$",
        r"^(?<file>.+\.cs)\((?<line>\d+),\d+\): error CS\d+: (?<message>.+?)(?: \[.*\])?$",
        r"^(?<file>.+\.ts)[(:](?<line>\d+)[,:]\d+\)?(?: -|:) error TS\d+: (?<message>.+)$",
    ];
    for form in forms.map(pattern) {
        let first = lines.iter().enumerate().find_map(|(index, line)| Some((index, form.captures(line)?)));
        if let Some((index, found)) = first {
            let at = Place::new(&found["file"], &found["line"]);
            return Some(Crash { phase: Phase::Compiling, ..Crash::new(index, &found["message"], Some(at)) });
        }
    }
    let index = lines.iter().position(|line| line.starts_with("error[E"))?;
    let place = frames(&lines[index..], &pattern(r"^\s*--> (?<file>.+?):(?<line>\d+):\d+$"));
    let at = place.into_iter().map(|(_, place)| place).next();
    Some(Crash { phase: Phase::Compiling, ..Crash::new(index, &lines[index], at) })
}
