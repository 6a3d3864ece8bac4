//! Java, and Kotlin and Scala on the same virtual machine: `Exception in thread "main" CLASS: MESSAGE`, then frames, innermost
//! first.

use super::{Crash, Place, is_foreign, pattern};

/// The packages of the platform and of libraries: the starts of their methods' names.
const FOREIGN: [&str; 9] =
    ["com.rabbitmq.", "java.", "javax.", "jdk.", "sun.", "org.slf4j.", "kotlin.", "scala.", "org.springframework."];

pub(super) fn read(lines: &[String]) -> Option<Crash> {
    let error = pattern(
        r#"^(?:Exception in thread "[^"]*" (?<error>[\w.$]+(?:: .*)?)|Error: (?<main>(?:Could not find or load|Unable to initialize) main class .*))$"#,
    );
    let (index, found) =
        lines.iter().enumerate().rev().find_map(|(index, line)| Some((index, error.captures(line)?)))?;
    // This error names what was to be started; its cause names the reason why it was not.
    let error = found.name("error").or(found.name("main")).map_or("", |part| part.as_str());
    let frame = pattern(r"^\s+at (?<module>[\w.@]+/)*(?<method>[\w.$<>]+)\((?<file>[^:()]+):(?<line>\d+)\)");
    let is_own = |line: &String| {
        let found = frame.captures(line)?;
        let foreign = found.name("module").is_some() || FOREIGN.iter().any(|start| found["method"].starts_with(start));
        (!foreign && !is_foreign(&found["file"], &["Unknown Source"]))
            .then(|| Place::new(&found["file"], &found["line"]))
    };
    Some(Crash::new(index, error, lines[index..].iter().find_map(is_own)))
}
