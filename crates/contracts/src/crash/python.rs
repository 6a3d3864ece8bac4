//! Python, 2 and 3: `Traceback (most recent call last):`, frames, and the exception. The last of several ended the program.

use super::{Crash, frames, is_foreign, pattern};

const FOREIGN: [&str; 5] = ["/site-packages/", "/dist-packages/", "/lib/python", "<frozen", "<string>"];

pub(super) fn read(lines: &[String]) -> Option<Crash> {
    // Groups of exceptions have a margin.
    let margin = pattern(r"^\s+[|+] ?");
    let lines: Vec<String> = lines.iter().map(|line| margin.replace(line, "").into_owned()).collect();
    let frames = frames(&lines, &pattern(r#"^\s+File "(?<file>[^"]+)", line (?<line>\d+)"#));
    let (last, _) = frames.last()?;
    let error = pattern(r"^[A-Za-z_][\w.]*(?:: .*)?$");
    let (line, text) = lines.iter().enumerate().skip(last + 1).find(|(_, line)| error.is_match(line))?;
    // A frame of this exception is best, but one of an earlier exception is better than none.
    let own = frames.iter().rfind(|(_, place)| !is_foreign(&place.file, &FOREIGN));
    let at = own.map(|(index, place)| {
        let code = lines.get(index + 1).map(|code| code.trim().to_owned());
        super::Place { code: code.filter(|code| !code.is_empty()), ..place.clone() }
    });
    Some(Crash::new(line, text.clone(), at))
}
