//! A script whose first line names a program that does not exist, because the script has Windows line endings.

use recording::NotChecked;
use std::{fs, path::Path};

use crate::program::Program;

/// Returns the reason why such a script could not be started. None for everything else.
#[must_use]
pub fn has_windows_line_ends(program: &Program) -> Option<NotChecked> {
    let name = program.command.first()?;
    let text = fs::read(program.folder.join(name)).ok()?;
    let first = text.split(|byte| *byte == b'\n').next()?;
    let interpreter = first.strip_prefix(b"#!")?.strip_suffix(b"\r")?;
    let interpreter = String::from_utf8_lossy(interpreter).trim().to_owned();
    let file = Path::new(name).display();
    Some(NotChecked {
        message: format!(
            "{file} could not be started. It has Windows line endings (CR LF), so its first line names a program `{interpreter}\\r`."
        ),
        hints: vec![format!(
            "Save it with Unix line endings (LF), for example on Linux and macOS with sed -i.bak 's/\\r$//' {file}"
        )],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_with_a_carriage_return_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let reason = |text: &str| {
            fs::write(folder.path().join("send"), text).unwrap();
            has_windows_line_ends(&Program {
                command: vec!["./send".to_owned()],
                folder: folder.path().to_owned(),
                ..Program::default()
            })
        };
        let found = reason("#!/usr/bin/python3\r\nprint(1)\r\n").unwrap();
        assert!(found.message.contains("`/usr/bin/python3\\r`"), "{found:?}");
        assert_eq!(reason("#!/usr/bin/python3\nprint(1)\n"), None);
        assert_eq!(reason("print(1)\r\n"), None);
    }
}
