//! A command line of `--program`, with a check for its file: a typing mistake must not count as a fault of the program.

use recording::NotChecked;
use std::path::{Path, PathBuf};

use cli::CommandLine;

use crate::program::Program;

/// The extensions of source files for interpreters.
const SCRIPTS: [&str; 21] = [
    "py", "pyw", "js", "mjs", "cjs", "ts", "mts", "rb", "php", "pl", "sh", "bash", "go", "jar", "java", "lua", "ex",
    "exs", "kts", "cs", "csx",
];

/// The least similarity at which one name counts as a misspelling of another.
const ALIKE: f64 = 0.6;

/// Returns the program of a command line, in the current folder.
///
/// # Errors
///
/// When its file or the current folder does not exist.
pub(super) fn program(line: &CommandLine) -> Result<Program, NotChecked> {
    let folder = std::env::current_dir().map_err(|error| NotChecked {
        message: format!("The current folder can't be used: {error}."),
        hints: vec!["Change to a folder that exists".to_owned()],
    })?;
    match missing(&line.words, &folder).or_else(|| without_interpreter(&line.words, &folder)) {
        Some(reason) => Err(reason),
        None => Ok(Program { command: line.words.clone(), folder, ..Program::default() }),
    }
}

/// Returns the reason why nothing can be run: the file of the program, or the script for an interpreter, does not exist.
fn missing(words: &[String], folder: &Path) -> Option<NotChecked> {
    let (first, rest) = words.split_first()?;
    // On Windows, `send` also starts `send.exe`.
    let is_there = |name: &str| {
        [name, &format!("{name}{}", std::env::consts::EXE_SUFFIX)].iter().any(|name| folder.join(name).exists())
    };
    let file = if first.contains(std::path::is_separator) && !is_there(first) {
        Path::new(first)
    } else {
        script(rest).filter(|script| !folder.join(script).exists())?
    };
    let place = folder.join(file).parent().map_or_else(|| folder.to_owned(), Path::to_owned);
    let mut hints = vec!["Give its path from the current folder".to_owned()];
    if let Some(other) = nearest(file, &place) {
        hints.insert(0, format!("Check the name: did you mean {}?", file.with_file_name(other).display()));
    }
    Some(NotChecked {
        message: format!("There is no file {} in {}, so nothing was run.", file.display(), folder.display()),
        hints,
    })
}

/// Returns the reason why the shell would run a script in another language: its first line does not name an interpreter.
fn without_interpreter(words: &[String], folder: &Path) -> Option<NotChecked> {
    let name = words.first()?;
    let language = Path::new(name).extension()?.to_str().filter(|extension| SCRIPTS.contains(extension))?;
    let start = std::fs::read(folder.join(name)).ok()?;
    let is_run = ["sh", "bash", "jar"].contains(&language) || start.starts_with(b"#!");
    (!is_run).then(|| NotChecked {
        message: format!("The first line of {name} does not name an interpreter, so nothing was run."),
        hints: vec![format!(
            "Name the interpreter: --program 'python3 {name}' for Python, or #!/usr/bin/env python3 as the first line"
        )],
    })
}

/// Returns the script among an interpreter's arguments: the first that is not a flag, if it looks like a source file.
fn script(arguments: &[String]) -> Option<&Path> {
    let first = arguments.iter().find(|argument| !argument.starts_with('-') && *argument != "run")?;
    let path = Path::new(first);
    let extension = path.extension()?.to_str()?;
    SCRIPTS.contains(&extension).then_some(path)
}

/// Returns the file in this folder with the name most similar to that of `file`.
fn nearest(file: &Path, folder: &Path) -> Option<PathBuf> {
    let wanted = file.file_name()?.to_str()?;
    let names = folder.read_dir().ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let alike = names.map(|name| (strsim::normalized_damerau_levenshtein(&name, wanted), name));
    let (_, name) = alike.filter(|(alike, _)| *alike >= ALIKE).max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    Some(PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn described(line: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        for file in ["send.py", "sub/send.js", "send"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let reason = missing(&words, folder.path())?;
        let described = format!("{} {}", reason.message.split(" in ").next().unwrap(), reason.hints[0]);
        Some(described.replace('\\', "/"))
    }

    #[test]
    fn a_file_that_is_not_there_is_named_and_the_one_that_was_meant() {
        for (line, expected) in [
            ("python3 sned.py", "There is no file sned.py Check the name: did you mean send.py?"),
            ("python3 -u sned.py 5672", "There is no file sned.py Check the name: did you mean send.py?"),
            ("node sub/sendd.js", "There is no file sub/sendd.js Check the name: did you mean sub/send.js?"),
            ("./sent", "There is no file ./sent Check the name: did you mean ./send?"),
            ("go run cmd/xyzzy.go", "There is no file cmd/xyzzy.go Give its path from the current folder"),
        ] {
            assert_eq!(described(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_script_that_names_no_interpreter_is_not_run_by_the_shell() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text, is_run) in [
            ("bare.py", "import pika", false),
            ("named.py", "#!/usr/bin/env python3\nimport pika", true),
            ("script.sh", "echo hello", true),
            ("compiled", "\x7fELF", true),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
            assert_eq!(without_interpreter(&[format!("./{name}")], folder.path()).is_none(), is_run, "{name}");
        }
    }

    #[test]
    fn what_is_there_or_no_file_at_all_is_run() {
        for line in [
            "python3 send.py",
            "python3 -u send.py nothing.py",
            "./send",
            "cargo run",
            "python3 -m sender",
            "python3 -c print(1.py)",
            "go run .",
            "go run ./cmd/send",
            "env A=b python3 sned",
            "sh",
        ] {
            assert_eq!(described(line), None, "{line}");
        }
    }
}
