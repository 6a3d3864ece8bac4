//! A line that must be printed.

use recording::ProgramRun;

use crate::{
    ending,
    fault::{Fault, faults::line as faults},
    printed, receiving,
};

/// Checks that an expected line is among the lines on stdout.
///
/// # Errors
///
/// The fault: printed elsewhere, printed differently, not printed.
pub fn line_on_stdout(seen: &ProgramRun, expected: &str, fits: impl Fn(&str) -> bool) -> Result<(), Fault> {
    let stdout = seen.stdout.lines();
    if stdout.iter().any(|line| fits(line)) {
        return Ok(());
    }
    let stands_in = |line: &&String| {
        let words_in_front =
            line.find(expected.trim_start()).is_some_and(|at| line[..at].contains(char::is_alphanumeric));
        words_in_front || printed::behind_other_text(line).is_some_and(|line| fits(&line))
    };
    let stderr = seen.stderr.lines();
    if let Some(line) = stderr.iter().find(|line| fits(line)) {
        return Err(faults::on_stderr().seen(line));
    }
    if let Some(line) = stderr.iter().find(stands_in) {
        return Err(logged(line));
    }
    let goes_on = |line: &String| line.strip_prefix(expected).is_some_and(|rest| rest.trim_start().starts_with('['));
    if let Some(line) = stdout.iter().find(|line| goes_on(line)) {
        return Err(faults::no_newline().seen(line));
    }
    if let Some(line) = stdout.iter().find(|line| printed::is_overwritten(line) && stands_in(line)) {
        return Err(overwritten(line));
    }
    if let Some(line) = stdout.iter().find(stands_in) {
        return Err(faults::prefixed().seen(line));
    }
    Err(match printed::nearest(&stdout, expected) {
        Some(line) => how_it_differs(expected, line, fits).seen(printed::difference(expected, line)),
        None => match stdout.iter().find_map(|line| Some((line, named(line, expected)?))) {
            Some((line, name)) => faults::variable_name(name).seen(printed::difference(expected, line)),
            None => never_printed(seen, expected, stdout.first()),
        },
    })
}

/// Returns the fault of a line on stderr that contains a line of the lesson's: most likely a logger's.
#[must_use]
pub fn logged(line: &str) -> Fault {
    faults::logged().seen(receiving::shorten(line, 100))
}

/// Returns the fault of a line after a progress bar, which goes back to the start of the line with a carriage return.
#[must_use]
pub fn overwritten(line: &str) -> Fault {
    faults::overwritten().seen(line.replace('\r', "\\r"))
}

fn never_printed(seen: &ProgramRun, expected: &str, first: Option<&String>) -> Fault {
    let (fault, got) = match first {
        Some(line) => (faults::never_printed(), format!("first line on stdout: {line}")),
        None => (faults::nothing_printed(), nothing_on_stdout(seen)),
    };
    fault.seen(format!("expected: {expected}\n{got}"))
}

fn nothing_on_stdout(seen: &ProgramRun) -> String {
    match ending::telling(&ending::complaints(seen)) {
        Some((line, true)) => format!("nothing on stdout; last line on stderr: {line}"),
        Some((line, false)) => format!("nothing on stdout; on stderr: {line}"),
        None => "nothing on stdout".to_owned(),
    }
}

/// Returns the fault of a line that is almost the expected one.
fn how_it_differs(expected: &str, line: &str, fits: impl Fn(&str) -> bool) -> Fault {
    let trimmed = line.trim();
    if fits(&format!(" {trimmed}")) || trimmed == expected.trim() {
        return if !line.starts_with(char::is_whitespace) {
            faults::no_space_in_front()
        } else if line.starts_with(' ') && line.trim_start().len() + 1 == line.len() {
            faults::trailing_space()
        } else {
            faults::other_space_in_front()
        };
    }
    if let Some(character) = printed::unseen(expected, line) {
        return faults::invisible_character(character);
    }
    if line.eq_ignore_ascii_case(expected) {
        return faults::letter_case();
    }
    if let Some(inner) = trimmed.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'))
        && inner.trim() == expected.trim()
    {
        return faults::debug_form();
    }
    if expected.starts_with(line) {
        return faults::too_short();
    }
    if line.starts_with(expected) {
        return faults::too_long();
    }
    if let Some(name) = name_in_braces(line) {
        return faults::variable_name(name);
    }
    if line.contains(['‘', '’', '“', '”']) {
        return faults::curly_quotes();
    }
    faults::different()
}

/// Returns the `text` of a line with `{text}` in it that begins as the expected one does.
fn named<'a>(line: &'a str, expected: &str) -> Option<&'a str> {
    let (before, _) = line.split_once('{')?;
    (before.starts_with(" [x] ") && expected.starts_with(before)).then(|| name_in_braces(line)).flatten()
}

/// Returns the `text` of a line with `{text}` in it.
fn name_in_braces(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('{')?;
    let (name, _) = rest.split_once('}')?;
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then_some(name)
}
