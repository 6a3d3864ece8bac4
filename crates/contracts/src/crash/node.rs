//! JavaScript: Node, and Deno and Bun, which write as Node does. The error stands above its frames, the innermost first.

use super::{Crash, Place, frames, is_foreign, pattern};

const FOREIGN: [&str; 5] = ["/node_modules/", "node:", "<anonymous>", "ext:", "internal/"];

pub(super) fn read(lines: &[String]) -> Option<Crash> {
    let error = pattern(
        r"^\[?(?:error: )?(?:Uncaught )?(?:\(in promise\) )?(?<error>[\w$]*(?:Error|Exception|Rejection)(?: \[[A-Z_0-9]+\])?(?:: .*)?)$",
    );
    let at = pattern(r"^\s+at ");
    let is_its_end = |line: &String| at.is_match(line) || line.starts_with("Node.js v");
    let found = lines.iter().enumerate().rev().find_map(|(index, line)| {
        let error = error.captures(line)?["error"].to_owned();
        lines[index..].iter().any(is_its_end).then_some((index, error))
    });
    let (index, error) = found?;
    let frames = frames(&lines[index..], &pattern(r"^\s+at (?:.*\()?(?:file://)?(?<file>[^()]+?):(?<line>\d+):\d+\)?"));
    let own = frames.into_iter().map(|(_, place)| place).find(|place| !is_foreign(&place.file, &FOREIGN));
    Some(Crash::new(
        index,
        rejected(error),
        own.or_else(|| headed(&lines[..index])).or_else(|| imported(&lines[index])),
    ))
}

/// Returns the reason of a rejected promise, if that is no error: Node adds a long explanation.
fn rejected(error: String) -> String {
    let reason = pattern(r#"^UnhandledPromiseRejection.* with the reason "(?<reason>.*)"\.\]?$"#);
    reason
        .captures(&error)
        .map_or_else(|| error.clone(), |found| format!("UnhandledPromiseRejection: {}", &found["reason"]))
}

/// Returns the place that Node prints above the code: a file that can't be parsed is in no frame.
fn headed(before: &[String]) -> Option<Place> {
    let head = pattern(r"^(?:file://)?(?<file>/.+|[A-Za-z]:\\.+):(?<line>\d+)$");
    let places = before.iter().rev().filter_map(|line| head.captures(line));
    places.map(|found| Place::new(&found["file"], &found["line"])).find(|place| !is_foreign(&place.file, &FOREIGN))
}

/// Returns the file that imports a missing module.
fn imported(error: &str) -> Option<Place> {
    let found = pattern(r"imported from (?<file>\S+)").captures(error)?;
    Some(Place::new(&found["file"], ""))
}
