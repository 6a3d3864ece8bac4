//! The most telling line on stderr: an error's own line, or else the last one that is more than decoration.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::crash;

/// Lines that mean nothing by themselves, each with its source.
const NOISE: [&str; 19] = [
    r"^\s*$",
    r"^[\s^~|+-]*$",                                                        // carets below code, margins
    r"^Node\.js v\d",                                                       // Node
    r"^\(Use `node --",                                                     // Node
    r"^\(node:\d+\) ",                                                      // Node's warnings
    r"^\s+at ",                                                             // frames of Node, Java, .NET
    r"^\s*(?:from|\.\.\.) .*(?::\d+:in |\d+ (?:more|lines))",               // frames of Ruby, Java
    r#"^\s+File "[^"]+", line \d+"#,                                        // frames of Python
    r"^#\d+ .*(?:\(\d+\): |\{main\})",                                      // frames of PHP
    r"^\t\S+\.go:\d+",                                                      // frames of Go
    r"^(?:goroutine \d+ \[|exit status \d+|\[signal SIG)",                  // Go
    r"^(?:Stack trace:|\s+thrown in .* on line \d+)$",                      // PHP
    r"^Did you mean\?",                                                     // Ruby
    r"^(?:BEGIN failed--|Execution of .* aborted)",                         // Perl
    r"^(?:note: |stack backtrace:|\s+\d+: \S|\s+at /rustc/)",               // Rust
    r"^\s*\},?$|^\s{2,}[\w\[\]]+: .*$",                                     // Node's list of an error's fields
    r"^(?:\d+ errors?|error: compilation failed)$",                         // javac
    r"Warning: |^\s+warnings\.warn\(", // Python's warnings, and the code below them
    r"^(?:During handling of the above exception|The above exception was)", // Python
];

#[expect(clippy::unwrap_used, reason = "the patterns are constants, and a test compiles each")]
static READY: LazyLock<Vec<Regex>> = LazyLock::new(|| NOISE.iter().map(|form| Regex::new(form).unwrap()).collect());

/// Returns whether this line means nothing by itself.
fn is_noise(line: &str) -> bool {
    READY.iter().any(|form| form.is_match(line))
}

/// Returns the most telling line of a program's stderr, and whether it is the last one.
#[must_use]
pub fn telling(lines: &[String]) -> Option<(String, bool)> {
    let last = lines.iter().rfind(|line| !line.trim().is_empty())?;
    let line = crash::find(lines).map(|crash| crash.error);
    let line = line.unwrap_or_else(|| lines.iter().rfind(|line| !is_noise(line)).unwrap_or(last).clone());
    let is_last = line == *last;
    Some((line, is_last))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    fn chosen(text: &str) -> Option<String> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        telling(&lines).map(|(line, _)| line)
    }

    #[test]
    fn no_recording_is_represented_by_its_noise() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/crashes");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let line = chosen(&fs::read_to_string(&path).unwrap()).unwrap();
            assert!(!is_noise(&line), "{}: {line}", path.display());
        }
    }

    #[test]
    fn the_line_that_says_most_is_chosen() {
        for (text, expected) in [
            ("cannot send\n/x/warn.py:4: UserWarning: old\n  warnings.warn('old')\n", "cannot send"),
            (
                "2026/11/29 15:05:37 Failed to connect: refused\nexit status 1\n",
                "2026/11/29 15:05:37 Failed to connect: refused",
            ),
            ("no broker\n\n   \n", "no broker"),
            ("error: no broker\n    at send (/x/send.js:1:2)\n", "error: no broker"),
            ("Error: gone\n  code: 'E',\n  port: 5672\n}\n\nNode.js v20.20.2\n", "Error: gone"),
            ("no broker\n\nNode.js v20.20.2\n", "no broker"),
            ("}\n", "}"),
            ("thread 'main' panicked at src/main.rs:1:1:\nno reason\nnote: run with `RUST_BACKTRACE=1`", "no reason"),
        ] {
            assert_eq!(chosen(text).as_deref(), Some(expected));
        }
        assert_eq!(chosen(""), None);
        assert_eq!(chosen("\n  \n"), None);
    }
}
