//! Canvas's gradebook: the teacher's export, with the scores filled in.

use std::{collections::BTreeMap, path::Path};

use super::{
    ReportError,
    gradebook::{Filled, choose, matching, parse, problem, row_name, same, scan, without_row},
    plain::plain,
    spans::Sheet,
};
use crate::grade::{Grade, Grades, LessonAbout};

/// The words by which Canvas knows the row with the points: in any first cell, even in a student's name.
const POINTS: &str = "Points Possible";

/// Fills in the scores. Every byte outside of the students' cells in the lessons' columns stays.
pub fn fill(path: &Path, bytes: &[u8], grades: &Grades, column: Option<&str>) -> Result<Filled, ReportError> {
    let sheet = scan(path, bytes)?;
    let header = Header::read(path, &sheet)?;
    let points = (1..sheet.rows().min(4)).find(|row| is_points(&sheet, &header, *row));
    let (mut cells, mut skipped, mut filled) = (BTreeMap::new(), Vec::new(), 0);
    if column.is_some() && grades.lessons.len() != 1 {
        return Err(ReportError::Lessons { platform: "Canvas with a given column", found: super::view::ids(grades) });
    }
    for lesson in &grades.lessons {
        let of: Vec<&Grade> = grades.grades.iter().filter(|grade| grade.lesson == lesson.id).collect();
        let found = match column {
            Some(title) => Some(header.titled(path, &sheet, title)?),
            None => header.column(path, &sheet, lesson)?,
        };
        let Some(column) = found else {
            skipped.push(format!("no column's title has the number, id or title of lesson {}", lesson.id));
            continue;
        };
        filled += 1;
        check_points(path, &sheet, points, column, lesson)?;
        for row in points.map_or(1, |row| row + 1)..sheet.rows() {
            match value(&sheet, &header, row, column, &of) {
                Some(Ok(score)) => {
                    cells.insert((row, column), score.to_string().into_bytes());
                }
                Some(Err(reason)) => skipped.push(format!("{}: {reason}", row_name(&sheet, row, 0))),
                None => {}
            }
        }
        let rows = points.map_or(1, |row| row + 1)..sheet.rows();
        let joined = |grade: &Grade| rows.clone().any(|row| header.joins(&sheet, row, grade));
        skipped.extend(of.iter().filter(|grade| !joined(grade)).map(|grade| without_row(grade)));
    }
    if filled == 0 {
        let candidates = header.titles(&sheet);
        return Err(problem(path, 1, format!("no column belongs to a lesson; the columns are {candidates}")));
    }
    Ok(Filled { bytes: sheet.replaced(&cells), skipped })
}

fn is_points(sheet: &Sheet, header: &Header, row: usize) -> bool {
    sheet.text(row, 0).trim() == POINTS && sheet.text(row, header.id).trim().is_empty()
}

/// Returns the score for a row, or the reason why its cell stays; None if the row is no student.
fn value(sheet: &Sheet, header: &Header, row: usize, column: usize, of: &[&Grade]) -> Option<Result<u32, String>> {
    if sheet.is_blank(row) {
        return None;
    }
    if sheet.text(row, 0).contains(POINTS) {
        return Some(Err(format!(
            "Canvas takes each row with {POINTS:?} in its first cell for the row with the points"
        )));
    }
    if sheet.cells(row) <= column {
        return Some(Err("the row has too few cells".to_owned()));
    }
    // An id joins before a login does.
    let by_id = matching(of, |grade| header.joins_by_id(sheet, row, grade));
    let joined = if by_id.is_empty() { matching(of, |grade| header.joins(sheet, row, grade)) } else { by_id };
    let chosen = choose(&joined).map(|(_, score)| score);
    let old = sheet.text(row, column);
    if chosen.is_ok() && old.trim().eq_ignore_ascii_case("ex") {
        return Some(Err("the student is excused".to_owned()));
    }
    Some(chosen)
}

fn check_points(
    path: &Path,
    sheet: &Sheet,
    points: Option<usize>,
    column: usize,
    lesson: &LessonAbout,
) -> Result<(), ReportError> {
    let Some(row) = points else { return Ok(()) };
    let text = sheet.text(row, column);
    match parse(&text) {
        Some(points) if points != f64::from(lesson.max_score) => Err(ReportError::Points {
            path: path.to_owned(),
            line: sheet.line(row),
            column: plain(&sheet.text(0, column)),
            gradebook: plain(text.trim()),
            lesson: lesson.id.clone(),
            ours: lesson.max_score,
        }),
        _ => Ok(()),
    }
}

/// The columns that a gradebook has.
#[derive(Debug)]
struct Header {
    id: usize,
    sis_id: Option<usize>,
    login: Option<usize>,
    /// The columns of assignments.
    assignments: Vec<usize>,
}

impl Header {
    fn read(path: &Path, sheet: &Sheet) -> Result<Header, ReportError> {
        let titles: Vec<String> = (0..sheet.cells(0)).map(|cell| sheet.text(0, cell).trim().to_owned()).collect();
        let find = |title: &str| titles.iter().position(|known| known == title);
        let first = titles.first().is_some_and(|title| title.contains("Student") || title.contains("LastName"));
        let (Some(id), Some(section), true) = (find("ID"), find("Section"), first) else {
            let found = plain(&titles.join(", "));
            let expected = "expected Canvas's titles Student, ID, …, Section, …";
            return Err(problem(path, 1, format!("{expected}, found {found}")));
        };
        let after: Vec<usize> = (section + 1..titles.len()).collect();
        let numbered: Vec<usize> = after.iter().copied().filter(|cell| number(&titles[*cell]).is_some()).collect();
        let own = |cell: &usize| {
            let words =
                ["Current Points", "Final Points", "Current Score", "Final Score", "Current Grade", "Final Grade"];
            !words.iter().any(|word| titles[*cell].ends_with(word)) && !titles[*cell].starts_with("Override ")
        };
        // Only assignments have a number at the end; without any number, Canvas's own columns are left out.
        let assignments = if numbered.is_empty() { after.into_iter().filter(own).collect() } else { numbered };
        Ok(Header { id, sis_id: find("SIS User ID"), login: find("SIS Login ID"), assignments })
    }

    fn joins_by_id(&self, sheet: &Sheet, row: usize, grade: &Grade) -> bool {
        let has = |cell: usize| same(&grade.student.id, &sheet.text(row, cell));
        has(self.id) || self.sis_id.is_some_and(has)
    }

    fn joins(&self, sheet: &Sheet, row: usize, grade: &Grade) -> bool {
        let login = |cell: usize| same(&grade.student.login, &sheet.text(row, cell));
        self.joins_by_id(sheet, row, grade) || self.login.is_some_and(login)
    }

    fn titles(&self, sheet: &Sheet) -> String {
        list(sheet, &self.assignments)
    }

    /// Returns the column with this title, with or without the number at its end.
    fn titled(&self, path: &Path, sheet: &Sheet, title: &str) -> Result<usize, ReportError> {
        let has = |cell: &usize| {
            let found = sheet.text(0, *cell);
            found.trim() == title.trim() || bare(&found) == title.trim()
        };
        let found: Vec<usize> = self.assignments.iter().copied().filter(has).collect();
        match found[..] {
            [cell] => Ok(cell),
            [] => {
                let all = self.titles(sheet);
                Err(problem(path, 1, format!("no column has the title {title:?}; the columns are {all}")))
            }
            _ => Err(problem(path, 1, format!("several columns have the title {title:?}: {}", list(sheet, &found)))),
        }
    }

    /// Returns the only column whose title has the lesson's title, or else its id, or else its number.
    fn column(&self, path: &Path, sheet: &Sheet, lesson: &LessonAbout) -> Result<Option<usize>, ReportError> {
        let contains = |cell: usize, part: &str| {
            !part.trim().is_empty() && bare(&sheet.text(0, cell)).to_lowercase().contains(&part.trim().to_lowercase())
        };
        let tests: [&dyn Fn(usize) -> bool; 4] = [
            &|cell| same(&bare(&sheet.text(0, cell)), &lesson.title),
            &|cell| contains(cell, &lesson.title),
            &|cell| contains(cell, &lesson.id),
            &|cell| has_number(&bare(&sheet.text(0, cell)), &lesson.number),
        ];
        for test in tests {
            let found: Vec<usize> = self.assignments.iter().copied().filter(|cell| test(*cell)).collect();
            match found[..] {
                [] => {}
                [cell] => return Ok(Some(cell)),
                _ => {
                    let (id, titles) = (&lesson.id, list(sheet, &found));
                    return Err(problem(path, 1, format!("several columns could be lesson {id}: {titles}; name one")));
                }
            }
        }
        Ok(None)
    }
}

fn list(sheet: &Sheet, cells: &[usize]) -> String {
    let titles: Vec<String> = cells.iter().map(|cell| format!("{:?}", plain(&sheet.text(0, *cell)))).collect();
    if titles.is_empty() { "none".to_owned() } else { titles.join(", ") }
}

/// Returns the number at the end of an assignment's title: `Title (123)`.
fn number(title: &str) -> Option<&str> {
    let (_, number) = title.trim().strip_suffix(')')?.rsplit_once('(')?;
    Some(number).filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns a title without the number at its end.
fn bare(title: &str) -> String {
    let title = title.trim();
    let bare = number(title).and_then(|number| title.strip_suffix(&format!("({number})")));
    bare.unwrap_or(title).trim().to_owned()
}

/// Returns true if a title has the lesson's number, with or without leading zeros, as a number of its own.
fn has_number(title: &str, number: &str) -> bool {
    let Ok(number) = number.parse::<u32>() else { return false };
    title.split(|char: char| !char.is_ascii_digit()).any(|found| found.parse() == Ok(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_have_numbers() {
        assert_eq!((number("Lesson 1 (42)"), bare("Lesson 1 (42)").as_str()), (Some("42"), "Lesson 1"));
        assert_eq!((number("Lesson (one)"), bare("Lesson (one)").as_str()), (None, "Lesson (one)"));
        assert!(has_number("Homework 1: hello", "01") && has_number("L01", "01") && !has_number("L10", "01"));
    }
}
