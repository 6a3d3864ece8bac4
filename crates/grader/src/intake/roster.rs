//! The roster: a CSV of the class's students. Submissions are joined to it by id or login, never by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{
    claim::{Claim, Known},
    error::IntakeError,
    key,
};
use crate::class::Student;

/// The students of a class.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// The students, by line.
    pub(super) lines: Vec<Line>,
    /// The ids: kind of the column, and id as it is written.
    ids: BTreeMap<(Id, String), usize>,
    /// The same in lower case; None if several students have it.
    ids_in_lower_case: BTreeMap<(Id, String), Option<usize>>,
    logins: BTreeMap<String, usize>,
    /// The logins that are names on GitHub.
    github: BTreeMap<String, usize>,
    /// The parts of e-mail addresses before the `@`; None if several students have it.
    local_parts: BTreeMap<String, Option<usize>>,
}

/// The kinds of ids, by the titles of their columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    /// A column `id`, which can be anything.
    Any,
    /// A number of the school.
    School,
    /// Moodle's number of a participant.
    Moodle,
    /// Canvas's number of a user.
    Canvas,
}

/// A student of the roster.
#[derive(Debug)]
pub(super) struct Line {
    /// The line in the file, from 1.
    pub(super) number: u64,
    /// The student.
    pub(super) student: Student,
}

/// The meaning of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    First,
    Last,
    Id(Id),
    Login,
    Github,
    Email,
}

impl Column {
    /// Returns the columns of a header. Canvas's own export has a column `ID` beside `SIS User ID`.
    fn all(header: &csv::StringRecord) -> Vec<Option<Column>> {
        let is_of_canvas = header.iter().any(|title| key::comparable(title).starts_with("sis "));
        let of = |title: &str| match Column::of(title) {
            Some(Column::Id(Id::Any)) if is_of_canvas => Some(Column::Id(Id::Canvas)),
            column => column,
        };
        header.iter().map(of).collect()
    }

    fn of(header: &str) -> Option<Column> {
        let header = key::comparable(header).replace(['_', '-'], " ");
        Some(match header.as_str() {
            "name" | "student" | "student name" | "full name" | "fullname" | "display name" => Column::Name,
            "first name" | "firstname" | "given name" => Column::First,
            "last name" | "lastname" | "surname" | "family name" => Column::Last,
            "id" | "number" | "user id" => Column::Id(Id::Any),
            "student number" | "student id" | "sis user id" | "id number" | "idnumber" | "matriculation number" => {
                Column::Id(Id::School)
            }
            "identifier" | "participant" | "participant number" => Column::Id(Id::Moodle),
            "canvas user id" | "canvas id" => Column::Id(Id::Canvas),
            "login" | "username" | "user name" | "user" | "sis login id" | "login id" => Column::Login,
            "github username" | "github" | "github login" | "github user" => Column::Github,
            "email" | "e mail" | "email address" | "mail" => Column::Email,
            _ => return None,
        })
    }
}

impl Roster {
    /// Reads a roster.
    ///
    /// # Errors
    ///
    /// Returns an error that names the line and the expectation.
    pub(super) fn read(path: &Path) -> Result<Roster, IntakeError> {
        let bytes = fs::read(path).map_err(|source| IntakeError::Io { path: path.to_owned(), source })?;
        let failed = |line: u64, problem: &str, expected: &str| IntakeError::Roster {
            path: path.to_owned(),
            line,
            problem: problem.to_owned(),
            expected: expected.to_owned(),
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
            failed(line, "it is not UTF-8", "a CSV saved as UTF-8")
        })?;
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter(text))
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut columns: Vec<Option<Column>> = Vec::new();
        let mut roster = Roster::default();
        for record in reader.records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(1, csv::Position::line);
                failed(line, &error.to_string(), "a line of a CSV")
            })?;
            let line = record.position().map_or(1, |at| line_of(text, at.byte()));
            if columns.is_empty() {
                columns = Column::all(&record);
                let has_key =
                    |it: &Column| matches!(it, Column::Id(_) | Column::Login | Column::Github | Column::Email);
                if !columns.iter().flatten().any(has_key) {
                    let expected = "a header with a column `id`, `login` or `email` next to `name`";
                    return Err(failed(line, "no column has an id or a login", expected));
                }
                continue;
            }
            let cells: Vec<(Column, &str)> =
                columns.iter().zip(&record).filter_map(|(it, cell)| it.map(|it| (it, cell))).collect();
            let is_points =
                cells.iter().any(|(column, cell)| *column == Column::Name && cell.contains("Points Possible"));
            if record.iter().all(str::is_empty) || is_points {
                continue;
            }
            roster.add(line, &cells).map_err(|(problem, expected)| failed(line, &problem, &expected))?;
        }
        if columns.is_empty() {
            return Err(failed(1, "it is empty", "a header such as `name,id,email`"));
        }
        Ok(roster)
    }

    fn add(&mut self, number: u64, cells: &[(Column, &str)]) -> Result<(), (String, String)> {
        let all = |wanted: Column| {
            cells.iter().filter(move |(column, cell)| *column == wanted && !cell.is_empty()).map(|(_, cell)| *cell)
        };
        let first = |wanted: Column| all(wanted).next().unwrap_or_default().to_owned();
        let name = match first(Column::Name) {
            name if !name.is_empty() => name,
            _ => format!("{} {}", first(Column::First), first(Column::Last)),
        };
        let mut logins = all(Column::Login).chain(all(Column::Github)).chain(all(Column::Email));
        let login = logins.next().unwrap_or_default().to_owned();
        let ids: Vec<(Id, String)> = cells
            .iter()
            .filter_map(|(column, cell)| match column {
                Column::Id(_) if cell.is_empty() => None,
                // Moodle's worksheet names its own numbers.
                Column::Id(_) if without_prefix(cell) != *cell => {
                    Some((Id::Moodle, key::composed(without_prefix(cell))))
                }
                Column::Id(kind) => Some((*kind, key::composed(cell))),
                _ => None,
            })
            .collect();
        let id = ids.first().map(|(_, id)| id.clone()).unwrap_or_default();
        let student = Student { name: key::composed(&name), id, login };
        if student.id.is_empty() && student.login.is_empty() {
            return Err((format!("{} has neither an id nor a login", student.name), "one of the two".to_owned()));
        }
        let at = self.lines.len();
        let lines = &self.lines;
        let taken = |what: &str, value: &str, other: usize| {
            let other = lines.get(other).map_or(number, |line| line.number);
            (format!("the {what} {value} is also in line {other}"), format!("an own {what} in each line"))
        };
        for (kind, id) in BTreeSet::from_iter(ids) {
            let slot = self.ids_in_lower_case.entry((kind, comparable(&id))).or_insert(Some(at));
            if *slot != Some(at) {
                *slot = None;
            }
            if let Some(other) = self.ids.insert((kind, id.clone()), at) {
                return Err(taken("id", &id, other));
            }
        }
        for login in all(Column::Github).map(comparable) {
            if let Some(other) = self.github.insert(login.clone(), at) {
                return Err(taken("login", &login, other));
            }
        }
        let own: BTreeSet<String> = all(Column::Login).chain(all(Column::Email)).map(comparable).collect();
        for login in own {
            if let Some((local, _)) = login.split_once('@') {
                let slot = self.local_parts.entry(local.to_owned()).or_insert(Some(at));
                if *slot != Some(at) {
                    *slot = None;
                }
            }
            if let Some(other) = self.logins.insert(login.clone(), at) {
                return Err(taken("login", &login, other));
            }
        }
        self.lines.push(Line { number, student });
        Ok(())
    }

    /// Returns all logins of repositories, in lower case.
    pub(super) fn logins(&self) -> Vec<String> {
        let known = if self.github.is_empty() { &self.logins } else { &self.github };
        known.keys().filter(|login| !login.contains('@')).cloned().collect()
    }

    /// Finds the student with an id or a login of the claim's kind. An entry's whole name, as `base`, may be either.
    pub(super) fn find(&self, claim: &Claim, base: Option<&str>) -> Option<usize> {
        let student = &claim.student;
        match claim.kind {
            Known::Moodle => self.by_id(Id::Moodle, &student.id).or_else(|| self.by_id_and_name(student)),
            Known::Canvas => self.by_id(Id::Canvas, &student.id).or_else(|| self.by_id_and_name(student)),
            Known::Anonymous => {
                [Id::Any, Id::Canvas].iter().find_map(|kind| self.ids.get(&(*kind, student.id.clone())).copied())
            }
            Known::Repository => {
                let login = comparable(&student.login);
                // The part of an e-mail address before the `@` can be the login of another person there.
                let known = if self.github.is_empty() { &self.logins } else { &self.github };
                known.get(&login).copied().filter(|_| !login.is_empty())
            }
            Known::Any => {
                let by_base = || base.and_then(|base| self.by_any_id(base).or_else(|| self.by_login(base)));
                self.by_any_id(&student.id).or_else(|| self.by_login(&student.login)).or_else(by_base)
            }
        }
    }

    fn by_id(&self, kind: Id, id: &str) -> Option<usize> {
        let exact = self.ids.get(&(kind, key::composed(id))).copied();
        let found = exact.or_else(|| self.ids_in_lower_case.get(&(kind, comparable(id))).copied().flatten());
        found.filter(|_| !id.is_empty())
    }

    /// Finds the only line that has an id, in columns of any kind.
    fn by_any_id(&self, id: &str) -> Option<usize> {
        let kinds = [Id::Any, Id::School, Id::Moodle, Id::Canvas];
        let lines: BTreeSet<usize> = kinds.iter().filter_map(|kind| self.by_id(*kind, id)).collect();
        if lines.len() == 1 { lines.first().copied() } else { None }
    }

    /// Finds a platform's number in a column `id`, which can have numbers of another kind: the names must fit as well.
    fn by_id_and_name(&self, student: &Student) -> Option<usize> {
        let at = self.by_id(Id::Any, &student.id)?;
        let name = self.lines[at].student.name.trim();
        (name.is_empty() || are_alike(name, &student.name)).then_some(at)
    }

    fn by_login(&self, login: &str) -> Option<usize> {
        let login = comparable(login);
        let found = match (self.logins.get(&login), self.github.get(&login)) {
            (Some(one), Some(other)) if one != other => return None,
            (one, other) => one.or(other).copied(),
        };
        found.or_else(|| self.local_parts.get(&login).copied().flatten()).filter(|_| !login.is_empty())
    }

    /// Builds the sentence about a submission that is in no line.
    pub(super) fn not_joined(&self, claim: &Claim, path: &str) -> String {
        let student = &claim.student;
        let has = |wanted: Id| self.ids.keys().any(|(kind, _)| *kind == wanted);
        let sentence = match claim.kind {
            Known::Moodle if !has(Id::Moodle) => format!(
                "{path}: the roster has no line with Moodle's number {}. Moodle's grading worksheet has it, in the column \
                 `Identifier`.",
                student.id
            ),
            Known::Canvas if !has(Id::Canvas) => format!(
                "{path}: the roster has no line with Canvas's number {}. Canvas's exported gradebook has it, in the column \
                 `ID`.",
                student.id
            ),
            _ => format!("{path}: the roster has no line with its id or login."),
        };
        let name = key::comparable(&student.name);
        match self.lines.iter().find(|line| !name.is_empty() && key::comparable(&line.student.name) == name) {
            Some(line) => {
                format!(
                    "{sentence} Line {} has the same name, {}, which is not enough.",
                    line.number, line.student.name
                )
            }
            None => sentence,
        }
    }
}

fn comparable(text: &str) -> String {
    key::comparable(text)
}

/// Returns whether two names can be those of one person: a word of the roster's name is in the other one. Platforms drop
/// spaces, accents and apostrophes.
fn are_alike(name: &str, other: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.nfkd().filter(|letter| !is_combining_mark(*letter) && *letter != '\'');
        letters.collect::<String>().to_lowercase()
    };
    let other: String = plain(other).chars().filter(|letter| letter.is_alphanumeric()).collect();
    let name = plain(name);
    let words = name.split(|letter: char| !letter.is_alphanumeric());
    // One letter of an alphabet is in most names.
    words.filter(|word| word.len() > 1).any(|word| other.contains(word))
}

/// Takes off the word before a number, as in Moodle's `Participant 123`.
fn without_prefix(id: &str) -> &str {
    match id.rsplit_once(' ') {
        Some((_, number)) if number.chars().all(|letter| letter.is_ascii_digit()) && !number.is_empty() => number,
        _ => id,
    }
}

/// Returns the line of a record, from the byte at which it begins. Line ends before its text belong to earlier lines.
fn line_of(text: &str, byte: u64) -> u64 {
    let start = usize::try_from(byte).unwrap_or(usize::MAX).min(text.len());
    let ends = text.as_bytes()[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + text.as_bytes()[..start + ends].iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Guesses the delimiter from the header.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}
