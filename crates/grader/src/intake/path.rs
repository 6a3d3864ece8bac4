//! Paths inside a submission: refused, skipped, or kept.

use super::HAND_IN;

/// The place of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A path that is kept, with `/` between its parts.
    Keep(String),
    /// A part that is skipped: its path, and the reason.
    Skip(String, &'static str),
    /// The top folder itself.
    Top,
}

/// Folders that are skipped wherever they are, and the reason. On macOS and Windows, `.Cargo` is `.cargo`.
const SKIPPED_FOLDERS: [(&str, &str); 9] = [
    (".git", "the history of git, which is not used"),
    (".cargo", "settings of cargo, which can run programs and are never used"),
    ("node_modules", "packages of npm, which are not used"),
    ("__pycache__", "compiled Python, which is not used"),
    ("__MACOSX", "data of the macOS Finder"),
    (".venv", "a Python environment, which is not used"),
    (".vscode", "settings of an editor"),
    (".idea", "settings of an editor"),
    (".vs", "settings of an editor"),
];

/// Files that are skipped wherever they are, and the reason.
const SKIPPED_FILES: [(&str, &str); 6] = [
    (".DS_Store", "data of the macOS Finder"),
    ("Thumbs.db", "data of the Windows Explorer"),
    ("desktop.ini", "data of the Windows Explorer"),
    ("rust-toolchain", "the choice of a toolchain, which is never used"),
    ("rust-toolchain.toml", "the choice of a toolchain, which is never used"),
    ("Cargo.lock", "versions of dependencies; the lesson's own are used"),
];

/// The longest path, in bytes. Longer ones can't be written everywhere.
const LONGEST: usize = 1024;

/// Decides on a path of an archive or folder. Backslashes are separators, as in zips that Windows made.
///
/// # Errors
///
/// A sentence, if the path is absolute, leads upwards, or can't be a file's name.
pub(super) fn classify(raw: &str) -> Result<Place, String> {
    if raw.len() > LONGEST {
        return Err(format!("The archive has a path of {} bytes. {HAND_IN}", raw.len()));
    }
    let path = raw.replace('\\', "/");
    let quoted = raw.escape_debug();
    let bytes = path.as_bytes();
    let has_drive = bytes.len() >= 2 && bytes[1] == b':' && bytes[0].is_ascii_alphabetic();
    if path.starts_with('/') || has_drive {
        return Err(format!("The archive has the absolute path `{quoted}`. {HAND_IN}"));
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(format!("The archive has the path `{quoted}`, which leads out of it. {HAND_IN}")),
            part if part.len() > 255 || part.chars().any(char::is_control) => {
                return Err(format!("The name `{quoted}` can't be a file's name everywhere. Rename the file."));
            }
            part => parts.push(part),
        }
    }
    if parts.len() > 32 {
        return Err(format!("The path `{quoted}` is more than 32 folders deep. {HAND_IN}"));
    }
    let is_folder = path.ends_with('/');
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        if (!is_last || is_folder)
            && let Some(reason) = skipped_folder(part, &parts[..at])
        {
            return Ok(Place::Skip(format!("{}/", parts[..=at].join("/")), reason));
        }
        if is_last && let Some(reason) = skipped_file(part) {
            return Ok(Place::Skip(parts.join("/"), reason));
        }
    }
    Ok(if parts.is_empty() { Place::Top } else { Place::Keep(parts.join("/")) })
}

/// Returns the reason why a folder of this name is skipped. A folder `target` inside of `src` is a module.
pub(super) fn skipped_folder(name: &str, above: &[&str]) -> Option<&'static str> {
    if name == "target" && !above.contains(&"src") {
        return Some("build results, which are never used");
    }
    SKIPPED_FOLDERS.iter().find(|(folder, _)| folder.eq_ignore_ascii_case(name)).map(|(_, reason)| *reason)
}

/// Returns the reason why a file of this name is skipped.
fn skipped_file(name: &str) -> Option<&'static str> {
    if name.starts_with("._") {
        return Some("data of the macOS Finder");
    }
    if name == ".git" {
        return Some("a link to a history of git, which is not used");
    }
    SKIPPED_FILES.iter().find(|(file, _)| file.eq_ignore_ascii_case(name)).map(|(_, reason)| *reason)
}

/// Splits a path into its folder, which is empty at the top, and its name.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Joins a folder, which may be empty, and a path.
pub(super) fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// Resolves `.` and `..` in a path relative to a folder. None if it leads out of the submission.
pub(super) fn resolve(folder: &str, path: &str) -> Option<String> {
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with(['/', '\\']) || has_drive {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for path in ["src/main.rs", "./src/main.rs", "src\\main.rs", "src//main.rs"] {
            assert_eq!(classify(path), Ok(Place::Keep("src/main.rs".into())), "{path}");
        }
        for path in ["/etc/passwd", "../a", "a/../../b", "C:\\a", "c:/a", "..\\a", "a\0b", "\\\\host\\share"] {
            assert!(classify(path).is_err(), "{path}");
        }
        for (path, skipped) in [
            ("target/debug/app", "target/"),
            ("a/target/", "a/target/"),
            (".git/config", ".git/"),
            ("a/.cargo/config.toml", "a/.cargo/"),
            (".Cargo/config.toml", ".Cargo/"),
            ("a/.DS_Store", "a/.DS_Store"),
            ("__MACOSX/a/._b", "__MACOSX/"),
            ("rust-toolchain.toml", "rust-toolchain.toml"),
        ] {
            assert!(matches!(classify(path), Ok(Place::Skip(at, _)) if at == skipped), "{path}");
        }
        for path in ["src/target/mod.rs", "target", "build.rs", "ärger/Größe.rs"] {
            assert_eq!(classify(path), Ok(Place::Keep(path.into())));
        }
        assert_eq!(classify("./"), Ok(Place::Top));
        assert_eq!(resolve("a", "../b/./c.rs").as_deref(), Some("b/c.rs"));
        assert_eq!(resolve("a", "../../b"), None);
        for outside in ["/etc/passwd", "\\..\\etc\\passwd", "C:\\a", "c:a"] {
            assert_eq!(resolve("a", outside), None, "{outside}");
        }
    }
}
