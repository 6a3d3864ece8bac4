//! The roster: a CSV of the class's students. Submissions are joined to it by id or login, never by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{error::IntakeError, key};
use crate::class::Student;

/// The students of a class.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// The students, by line.
    pub(super) lines: Vec<Line>,
    ids: BTreeMap<String, usize>,
    logins: BTreeMap<String, usize>,
    /// The parts of e-mail addresses before the `@`; None if several students have it.
    local_parts: BTreeMap<String, Option<usize>>,
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
    Id,
    Login,
    Email,
}

impl Column {
    fn of(header: &str) -> Option<Column> {
        let header = key::comparable(header).replace(['_', '-'], " ");
        Some(match header.as_str() {
            "name" | "student" | "student name" | "full name" | "fullname" | "display name" => Column::Name,
            "first name" | "firstname" | "given name" => Column::First,
            "last name" | "lastname" | "surname" | "family name" => Column::Last,
            "id"
            | "number"
            | "student number"
            | "student id"
            | "sis user id"
            | "id number"
            | "idnumber"
            | "identifier"
            | "user id"
            | "matriculation number" => Column::Id,
            "login" | "username" | "user name" | "user" | "sis login id" | "login id" | "github username"
            | "github" => Column::Login,
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
                columns = record.iter().map(Column::of).collect();
                if !columns.iter().flatten().any(|it| matches!(it, Column::Id | Column::Login | Column::Email)) {
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
        let login = all(Column::Login).chain(all(Column::Email)).next().unwrap_or_default().to_owned();
        let id = first(Column::Id);
        let student = Student { name: key::composed(&name), id: without_prefix(&id).to_owned(), login };
        if student.id.is_empty() && student.login.is_empty() {
            return Err((format!("{} has neither an id nor a login", student.name), "one of the two".to_owned()));
        }
        let at = self.lines.len();
        let lines = &self.lines;
        let taken = |what: &str, value: &str, other: usize| {
            let other = lines.get(other).map_or(number, |line| line.number);
            (format!("the {what} {value} is also in line {other}"), format!("an own {what} in each line"))
        };
        let own: BTreeSet<String> = all(Column::Id).map(|id| comparable(without_prefix(id))).collect();
        for id in own {
            if let Some(other) = self.ids.insert(id.clone(), at) {
                return Err(taken("id", &id, other));
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

    /// Returns all logins, in lower case.
    pub(super) fn logins(&self) -> Vec<String> {
        self.logins.keys().filter(|login| !login.contains('@')).cloned().collect()
    }

    /// Finds the student with an id or a login. An entry's whole name, as `base`, may be either.
    pub(super) fn find(&self, student: &Student, base: Option<&str>) -> Option<usize> {
        let by_id = |id: &str| self.ids.get(&comparable(id)).copied().filter(|_| !id.is_empty());
        let by_login = |login: &str| {
            let login = comparable(login);
            let found = self.logins.get(&login).copied();
            found.or_else(|| self.local_parts.get(&login).copied().flatten()).filter(|_| !login.is_empty())
        };
        let by_base = || base.and_then(|base| by_id(base).or_else(|| by_login(base)));
        by_id(&student.id).or_else(|| by_login(&student.login)).or_else(by_base)
    }

    /// Builds the sentence about a submission that is in no line.
    pub(super) fn not_joined(&self, student: &Student, path: &str) -> String {
        let sentence = format!("{path}: the roster has no line with its id or login.");
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
