//! A line that has to be printed.

use recording::ProgramRun;

use crate::{ending, fault::Fault, printed, receiving};

/// A line that must be among the lines on stdout, where a program is expected to have printed it.
///
/// # Errors
///
/// The mistake: printed elsewhere, printed differently, not printed.
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
        return Err(Fault::new("The line is printed to stderr; it belongs on stdout.")
            .seen(line.clone())
            .hint("[[streams]]"));
    }
    if let Some(line) = stderr.iter().find(stands_in) {
        return Err(logged(line));
    }
    let goes_on = |line: &String| line.strip_prefix(expected).is_some_and(|rest| rest.trim_start().starts_with('['));
    if let Some(line) = stdout.iter().find(|line| goes_on(line)) {
        return Err(Fault::new(
            "The program prints its line without an end, and what it prints next goes on after it.",
        )
        .seen(line.clone())
        .hint("End the line with a newline: [[newline]]"));
    }
    if let Some(line) = stdout.iter().find(|line| printed::is_overwritten(line) && stands_in(line)) {
        return Err(overwritten(line));
    }
    if let Some(line) = stdout.iter().find(stands_in) {
        return Err(Fault::new("The line has something in front of it: most likely a logger prints it.")
            .seen(line.clone())
            .hint("Print the line alone: [[print]] puts nothing in front."));
    }
    Err(match printed::nearest(&stdout, expected) {
        Some(line) => {
            let (message, hint) = how_it_differs(expected, line, fits);
            Fault::new(message).seen(printed::difference(expected, line)).hint(hint)
        }
        None => never_printed(seen, expected, stdout.first()),
    })
}

/// A line on stderr with a line of the lesson's in it: a logger's, most likely.
#[must_use]
pub fn logged(line: &str) -> Fault {
    Fault::new("The line is printed to stderr, with something in front of it; the line alone belongs on stdout.")
        .seen(receiving::shown(line, 100))
        .hint("Print the line alone, with [[print]]. [[streams]]")
}

/// A line behind a progress bar, which goes back to the start of the line with a carriage return.
#[must_use]
pub fn overwritten(line: &str) -> Fault {
    Fault::new("The line has a progress bar in front of it, whose carriage return (`\\r`) ends no line.")
        .seen(line.replace('\r', "\\r"))
        .hint("End the progress bar with a newline, and print the lesson's line on a line of its own.")
}

fn never_printed(seen: &ProgramRun, expected: &str, first: Option<&String>) -> Fault {
    let (got, more) = match first {
        Some(line) => (format!("its first line on stdout: {line}"), ""),
        None => (nothing_on_stdout(seen), "[[lost_buffer]]"),
    };
    Fault::new("The program never prints the lesson's line.")
        .seen(format!("expected: {expected}\n{got}"))
        .hint(format!("Print it with [[print]], with the space in front.{more}"))
}

fn nothing_on_stdout(seen: &ProgramRun) -> String {
    match ending::telling(&ending::complaints(seen)) {
        Some((line, true)) => format!("nothing on stdout; its last line on stderr: {line}"),
        Some((line, false)) => format!("nothing on stdout; on its stderr: {line}"),
        None => "nothing on stdout".to_owned(),
    }
}

/// What is wrong with a line that comes near, and what to do.
fn how_it_differs(expected: &str, line: &str, fits: impl Fn(&str) -> bool) -> (&'static str, String) {
    const LETTER_FOR_LETTER: &str = "Make it the same, letter for letter: the mark shows where it differs.";
    let told = line.trim();
    if fits(&format!(" {told}")) || told == expected.trim() {
        return if !line.starts_with(char::is_whitespace) {
            ("The line lacks the space in front.", "The space belongs to the line: print it, too.".to_owned())
        } else if line.starts_with(' ') && line.trim_start().len() + 1 == line.len() {
            ("The line has something at its end that nobody sees.", "End it where the mark is.".to_owned())
        } else {
            ("The line begins with something else than one space.", LETTER_FOR_LETTER.to_owned())
        };
    }
    if let Some(character) = printed::unseen(expected, line) {
        let hint = format!("It is {character}: type the line anew.");
        return ("The line has a character in it that nobody sees.", hint);
    }
    if line.eq_ignore_ascii_case(expected) {
        return ("The line differs from the lesson's in upper and lower case.", LETTER_FOR_LETTER.to_owned());
    }
    if let Some(inner) = told.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'))
        && inner.trim() == expected.trim()
    {
        return ("The line has quotes around it, its Debug form.", "[[not_debug]]".to_owned());
    }
    if expected.starts_with(line) {
        return ("The line ends too early.", "Print all of it, on one line.".to_owned());
    }
    if line.starts_with(expected) {
        return ("The line goes on where the lesson's ends.", "End it where the mark is.".to_owned());
    }
    if let Some(name) = name_in_braces(line) {
        let hint = format!("[[interpolate:{name}]]");
        return ("The line has a variable's name in braces, and not what is in it.", hint);
    }
    if line.contains(['‘', '’', '“', '”']) {
        return ("The line has curly quotes.", "Type straight ones: '.".to_owned());
    }
    ("The program prints a line that differs from the lesson's.", LETTER_FOR_LETTER.to_owned())
}

/// `text`, in a line with `{text}` in it.
fn name_in_braces(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('{')?;
    let (name, _) = rest.split_once('}')?;
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then_some(name)
}
