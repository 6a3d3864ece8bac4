//! Programs in other languages.

use std::path::PathBuf;

use super::{error::IntakeError, path, role, tree::Tree};
use crate::class::Program;

/// A rule for programs in another language, from `--program 'python3 send.py'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRule {
    /// The ending of the program's file, without the dot: `py`.
    pub ending: String,
    /// The command, as words. The last word with this ending stands for the program's file.
    pub command: Vec<String>,
}

impl ProgramRule {
    /// Reads a rule from a command that names the program's file.
    ///
    /// # Errors
    ///
    /// Returns an error if no word of the command has an ending.
    pub fn parse(command: &str) -> Result<ProgramRule, IntakeError> {
        let failed = || IntakeError::Program { command: command.to_owned() };
        let words = shell_words::split(command).map_err(|_| failed())?;
        let ending = words.iter().rev().find_map(|word| {
            let ending = ending(path::split(word).1)?;
            (!word.starts_with('-') && ending.starts_with(|letter: char| letter.is_ascii_alphabetic()))
                .then_some(ending)
        });
        let ending = ending.ok_or_else(failed)?.to_owned();
        Ok(ProgramRule { ending, command: words })
    }

    fn file_word(&self) -> Option<usize> {
        self.command.iter().rposition(|word| self.is_for(word))
    }

    /// Returns true if a file has the rule's ending.
    pub(super) fn is_for(&self, file: &str) -> bool {
        ending(path::split(file).1).is_some_and(|ending| ending.eq_ignore_ascii_case(&self.ending))
    }
}

/// Returns the ending of a file's name.
fn ending(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    (!stem.is_empty() && !ending.is_empty() && ending.chars().all(char::is_alphanumeric)).then_some(ending)
}

/// Finds a program in another language. None if no rule has a file.
///
/// # Errors
///
/// A sentence, if there are several files, and none of them is named like the rule's or the lesson's.
pub(super) fn find(tree: &Tree, rules: &[ProgramRule], lesson: &str) -> Result<Option<Program>, String> {
    for rule in rules {
        let Some(word) = rule.file_word() else { continue };
        let files: Vec<&str> = tree.files.keys().map(String::as_str).filter(|file| rule.is_for(file)).collect();
        if files.is_empty() {
            continue;
        }
        let wanted = path::split(&rule.command[word]).1.to_owned();
        let named = |name: &str| {
            let mut named = files.iter().copied().filter(|file| path::split(file).1.eq_ignore_ascii_case(name));
            named.next().filter(|_| named.next().is_none())
        };
        let main = format!("main.{}", rule.ending);
        let only = if let [only] = files[..] { Some(only) } else { None };
        let found = only.or_else(|| named(&wanted)).or_else(|| named(&main));
        let found = found.or_else(|| role::for_lesson(files.iter().copied(), lesson, |file| vec![stem(file)]));
        let Some(file) = found else {
            let list = super::choose::list(&files);
            return Err(format!(
                "It has several files that can be the program: {list}. Hand in one, or name it {wanted}."
            ));
        };
        let (folder, name) = path::split(file);
        let mut command = rule.command.clone();
        // A name that begins with a dash would be an option of the interpreter.
        command[word] = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
        return Ok(Some(Program::Command { command, folder: PathBuf::from(folder) }));
    }
    Ok(None)
}

fn stem(file: &str) -> &str {
    let name = path::split(file).1;
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let rule = ProgramRule::parse("python3 -u send.py").unwrap();
        assert_eq!((rule.ending.as_str(), rule.command.len()), ("py", 3));
        for bad in ["python3", "", "'open", "python3.11", "dotnet run"] {
            assert!(ProgramRule::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn files() {
        let rules = [ProgramRule::parse("python3 send.py").unwrap()];
        let find = |files: &[&str]| {
            let mut tree = Tree::default();
            tree.files.extend(files.iter().map(|file| ((*file).to_owned(), b"caf\xe9".to_vec())));
            find(&tree, &rules, "hello-send")
        };
        let is = |name: &str, folder: &str| {
            let command = vec!["python3".into(), name.into()];
            Ok(Some(Program::Command { command, folder: folder.into() }))
        };
        assert_eq!(find(&["a/my program.py"]), is("my program.py", "a"));
        assert_eq!(find(&["util.py", "send.py"]), is("send.py", ""));
        assert_eq!(find(&["util.py", "main.py"]), is("main.py", ""));
        assert_eq!(find(&["util.py", "sender.py"]), is("sender.py", ""));
        assert_eq!(find(&["-c.py"]), is("./-c.py", ""));
        assert_eq!(find(&["a.txt"]), Ok(None));
        assert!(find(&["a.py", "b.py"]).unwrap_err().contains("a.py and b.py"));
    }
}
