//! The student to whom an entry belongs, by the entry's name.

use regex_lite::Regex;

use super::{
    archive,
    entries::{Entry, Kind},
    error::IntakeError,
    key,
    options::Options,
};
use crate::class::{Layout, Student};

/// The student, and the file, that an entry's name says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claim {
    /// The student.
    pub(super) student: Student,
    /// The file's name on the student's machine, if the entry is a file.
    pub(super) file: String,
    /// True if the platform marked it as late.
    pub(super) late: bool,
    /// The reason why it is no file of a program: text that was typed into the platform.
    pub(super) text: Option<&'static str>,
    /// The base of the name for files.
    pub(super) base: String,
    /// True if several entries of one student are parts of one submission.
    pub(super) merges: bool,
    /// The kind of its id or login.
    pub(super) kind: Known,
}

/// The kinds of ids and logins in entries' names. Each kind is joined with roster columns of that kind only: numbers of different
/// kinds can be equal by chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Known {
    /// Whatever the teacher made of it: a folder's name, or a group of a pattern.
    #[default]
    Any,
    /// Moodle's number of a participant of one assignment.
    Moodle,
    /// Canvas's number of a user.
    Canvas,
    /// Canvas's id of a student who is not named. Letters of different case are different.
    Anonymous,
    /// The login of a platform of repositories.
    Repository,
}

/// Reads entries' names by one layout.
pub(super) struct Claims {
    /// The layout.
    pub(super) layout: Layout,
    pattern: Option<Regex>,
    endings: Vec<String>,
    prefix: String,
    logins: Vec<String>,
}

impl Claims {
    /// Creates one for a class. `logins` are those of the roster, in lower case.
    ///
    /// # Errors
    ///
    /// Returns an error if the pattern is not usable.
    pub(super) fn new(options: &Options, entries: &[Entry], logins: Vec<String>) -> Result<Claims, IntakeError> {
        let pattern = options.pattern.as_ref().map(|pattern| {
            let failed = |reason: String| IntakeError::Pattern { reason };
            let regex = Regex::new(pattern).map_err(|error| failed(error.to_string()))?;
            let is_usable = regex.capture_names().flatten().any(|name| matches!(name, "name" | "id" | "login"));
            if is_usable { Ok(regex) } else { Err(failed("no such group".to_owned())) }
        });
        let folders = entries.iter().filter(|entry| entry.kind == Kind::Folder && !entry.name.starts_with('.'));
        let names: Vec<&str> = folders.map(|entry| entry.name.as_str()).collect();
        Ok(Claims {
            layout: Layout::Plain,
            pattern: pattern.transpose()?,
            endings: options.programs.iter().map(|rule| rule.ending.to_lowercase()).collect(),
            prefix: repository_prefix(&names, &options.lesson_id),
            logins,
        })
    }

    /// Reads an entry's name.
    ///
    /// # Errors
    ///
    /// The reason why it is no submission, without a full stop.
    pub(super) fn of(&self, entry: &Entry) -> Result<Claim, String> {
        match entry.kind {
            Kind::Link => return Err("a link, which is never followed".to_owned()),
            Kind::Other => return Err("neither a file nor a folder".to_owned()),
            Kind::Folder | Kind::File if entry.name.starts_with('.') || entry.name == "__MACOSX" => {
                return Err("a hidden entry".to_owned());
            }
            Kind::Folder | Kind::File => {}
        }
        if let Some(pattern) = &self.pattern {
            return by_pattern(pattern, &entry.name).ok_or_else(|| "its name does not match the pattern".to_owned());
        }
        match self.layout {
            Layout::Plain => self.plain(entry),
            Layout::Moodle => moodle(&entry.name).ok_or_else(|| "not a name of a Moodle download".to_owned()),
            Layout::Canvas if entry.kind == Kind::Folder => {
                Err("a folder, which a Canvas download does not have".to_owned())
            }
            Layout::Canvas => canvas(&entry.name).ok_or_else(|| "not a name of a Canvas download".to_owned()),
            Layout::Github | Layout::Classroom50 => self.repository(entry),
        }
    }

    /// Returns true if a folder has the prefix of the others, or ends with a login of the roster.
    pub(super) fn is_repository(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        (!self.prefix.is_empty() && name.starts_with(&self.prefix)) || self.login_at_end(&name).is_some()
    }

    /// Returns the length of the longest login of the roster with which a name ends.
    fn login_at_end(&self, name: &str) -> Option<usize> {
        self.logins.iter().filter(|login| name.ends_with(&format!("-{login}"))).map(String::len).max()
    }

    fn plain(&self, entry: &Entry) -> Result<Claim, String> {
        let name = &entry.name;
        let stem = if entry.kind == Kind::Folder {
            name.as_str()
        } else if let Some((stem, _)) = archive::Kind::split(name) {
            stem
        } else {
            let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
            let ending = ending.to_lowercase();
            if ending != "rs" && !self.endings.contains(&ending) {
                return Err(match ending.as_str() {
                    "pdf" => "a PDF, and no program".to_owned(),
                    "png" | "jpg" | "jpeg" | "gif" | "heic" | "webp" => "an image, and no program".to_owned(),
                    _ => "neither a program nor an archive".to_owned(),
                });
            }
            stem
        };
        let name = key::composed(stem);
        let student = Student { name: name.clone(), ..Student::default() };
        Ok(Claim { student, file: entry.name.clone(), base: name, ..Claim::default() })
    }

    fn repository(&self, entry: &Entry) -> Result<Claim, String> {
        if entry.kind != Kind::Folder {
            return Err("a file, and this layout has a folder for each student".to_owned());
        }
        let name = entry.name.to_ascii_lowercase();
        // All that stands after the prefix is the login: a login of the roster may be the end of another student's.
        let is_prefixed = !self.prefix.is_empty() && name.starts_with(&self.prefix) && name.len() > self.prefix.len();
        let length = match self.login_at_end(&name).filter(|_| !is_prefixed) {
            Some(length) => length,
            None if name.starts_with(&self.prefix) => entry.name.len() - self.prefix.len(),
            None => return Err(format!("a folder without the prefix {} of the others", self.prefix)),
        };
        let login = entry.name.get(entry.name.len() - length..).unwrap_or(&entry.name).to_owned();
        let student = Student { name: login.clone(), login, ..Student::default() };
        Ok(Claim { student, base: entry.name.clone(), kind: Known::Repository, ..Claim::default() })
    }
}

fn by_pattern(pattern: &Regex, name: &str) -> Option<Claim> {
    let composed = key::composed(name);
    let found = pattern.captures(&composed)?;
    let group = |key: &str| found.name(key).map(|group| group.as_str().trim().to_owned()).unwrap_or_default();
    let file = group("file");
    let mut student = Student { name: group("name"), id: group("id"), login: group("login") };
    if student == Student::default() {
        return None;
    }
    let base = [&student.name, &student.id, &student.login].map(String::as_str).join(" ");
    if student.name.is_empty() {
        student.name = if student.login.is_empty() { student.id.clone() } else { student.login.clone() };
    }
    let merges = !file.is_empty();
    Some(Claim { student, file: if merges { file } else { name.to_owned() }, base, merges, ..Claim::default() })
}

/// Reads a name of a Moodle download: `<name>_<id>_assignsubmission_file_…`.
pub(super) fn moodle(name: &str) -> Option<Claim> {
    let (who, rest) = name.split_once("_assignsubmission_")?;
    let (who, id) = who.rsplit_once('_')?;
    if !is_number(id) || who.is_empty() {
        return None;
    }
    let (plugin, file) = rest.split_once('_').unwrap_or((rest, ""));
    let who = key::composed(who);
    let text = (plugin == "onlinetext").then_some("text that was typed into Moodle");
    let name = if who == "Participant" { format!("Participant {id}") } else { who.clone() };
    Some(Claim {
        student: Student { name, id: id.to_owned(), login: String::new() },
        file: file.to_owned(),
        text,
        base: format!("{who} {id}"),
        merges: true,
        kind: Known::Moodle,
        ..Claim::default()
    })
}

/// Reads a name of a Canvas download: `<name>[_LATE]_<user>_<attachment>_<file>`.
///
/// The student's name may be empty, or have underscores.
pub(super) fn canvas(name: &str) -> Option<Claim> {
    let parts: Vec<&str> = name.split('_').collect();
    let is_anonymous = matches!(parts[..], ["anon", ..] | ["LATE", "anon", ..]);
    let is_text = |part: &str| part == "text.html" || part == "link.html";
    let user = (0..parts.len().saturating_sub(1)).find(|&at| {
        let is_user = if is_anonymous { !matches!(parts[at], "anon" | "LATE" | "") } else { is_number(parts[at]) };
        is_user
            && ((is_number(parts[at + 1]) && at + 2 < parts.len()) || (at + 2 == parts.len() && is_text(parts[at + 1])))
    })?;
    let late = parts[..user].first() == Some(&"LATE") || (user > 0 && parts[user - 1] == "LATE");
    let who: Vec<&str> = parts[..user].iter().copied().filter(|part| !matches!(*part, "" | "LATE")).collect();
    let who = key::composed(&who.join(" "));
    let id = parts[user].to_owned();
    let text = is_text(parts[user + 1]).then_some("text that was typed into Canvas, or a link");
    let file = if text.is_some() { parts[user + 1].to_owned() } else { parts[user + 2..].join("_") };
    let name = if who.is_empty() || is_anonymous { format!("User {id}") } else { who.clone() };
    let base = format!("{who} {id}");
    let kind = if is_anonymous { Known::Anonymous } else { Known::Canvas };
    Some(Claim { student: Student { name, id, login: String::new() }, file, late, text, base, merges: true, kind })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() < 20 && text.chars().all(|letter| letter.is_ascii_digit())
}

/// Returns the common beginning of repositories' names, in lower case: up to the lesson's id, or else up to a dash.
fn repository_prefix(names: &[&str], lesson: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let with_lesson = |name: &String| {
        let lesson = format!("{lesson}-");
        let at = name.find(&lesson)?;
        (!lesson.starts_with('-') && (at == 0 || name[..at].ends_with('-')))
            .then(|| name[..at + lesson.len()].to_owned())
    };
    let mut prefixes: Vec<String> = names.iter().filter_map(with_lesson).collect();
    prefixes.sort();
    let count = |prefix: &str| names.iter().filter(|name| name.starts_with(prefix)).count();
    if let Some(prefix) =
        prefixes.iter().max_by_key(|prefix| count(prefix)).filter(|prefix| count(prefix) * 2 > names.len())
    {
        return prefix.clone();
    }
    // The prefix of the majority: the longest one, up to a dash, that more than half of the names have.
    let candidates = names.iter().flat_map(|name| name.match_indices('-').map(|(at, _)| &name[..=at]));
    let common = candidates.filter(|prefix| names.len() > 1 && count(prefix) * 10 >= names.len() * 8);
    common.max_by_key(|prefix| prefix.len()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canvas_names() {
        for (name, who, id, file, late) in [
            ("lovelaceada_101_2001_main.rs", "lovelaceada", "101", "main.rs", false),
            ("lovelaceada_LATE_101_2001_my_file.zip", "lovelaceada", "101", "my_file.zip", true),
            ("_101_2001_main.rs", "User 101", "101", "main.rs", false),
            ("de_la_cruz_101_2001_main.rs", "de la cruz", "101", "main.rs", false),
            ("anon_bT5xQ_2001_main.rs", "User bT5xQ", "bT5xQ", "main.rs", false),
            ("LATE_anon_77_2001_main.rs", "User 77", "77", "main.rs", true),
        ] {
            let claim = canvas(name).unwrap();
            let student = &claim.student;
            assert_eq!((&*student.name, &*student.id, &*claim.file, claim.late), (who, id, file, late), "{name}");
        }
        assert!(canvas("lovelaceada_101_text.html").unwrap().text.is_some());
        for name in ["main.rs", "ada_lovelace", "ada_1_2", "lesson_01_notes.md"] {
            assert_eq!(canvas(name), None, "{name}");
        }
    }

    #[test]
    fn moodle_names() {
        for (name, who, id, file) in [
            ("Ada Lovelace_123_assignsubmission_file", "Ada Lovelace", "123", ""),
            ("Ada Lovelace_123_assignsubmission_file_", "Ada Lovelace", "123", ""),
            ("Ada_Lovelace_123_assignsubmission_file_my_main.rs", "Ada_Lovelace", "123", "my_main.rs"),
            ("Participant_9_assignsubmission_file", "Participant 9", "9", ""),
        ] {
            let claim = moodle(name).unwrap();
            assert_eq!((&*claim.student.name, &*claim.student.id, &*claim.file), (who, id, file), "{name}");
        }
        assert!(moodle("A_1_assignsubmission_onlinetext").unwrap().text.is_some());
        assert_eq!(moodle("Ada_assignsubmission_file"), None);
    }

    #[test]
    fn prefixes() {
        for (names, prefix) in [
            (&["hello-send-ada", "hello-send-bob"][..], "hello-send-"),
            (&["hello-send-ann-lee", "hello-send-ann-may"], "hello-send-"),
            (&["cs50-hello-send-ada"], "cs50-hello-send-"),
            (&["task-one-ada", "task-one-bob", "task-one-eve"], "task-one-"),
            (&["alone"], ""),
        ] {
            assert_eq!(repository_prefix(names, "hello-send"), prefix, "{names:?}");
        }
    }
}
