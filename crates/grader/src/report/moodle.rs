//! Moodle's offline grading worksheet: the teacher's export, with grades and comments filled in.
//!
//! Its titles are in the language of the course, and importing needs them unchanged.

use std::{collections::BTreeMap, path::Path};

use super::{
    ReportError,
    gradebook::{Filled, choose, matching, parse, problem, row_name, scan, without_row},
    list::cell as no_formula,
    plain::plain,
    spans::Sheet,
    view,
};
use crate::grade::{Grade, Grades};

/// The title of the column with grades, in some languages.
const GRADE: [&str; 9] =
    ["grade", "bewertung", "note", "calificación", "valutazione", "beoordeling", "cijfer", "ocena", "nota"];

/// The title of the column with the highest grade.
const MAXIMUM: [&str; 6] =
    ["maximum grade", "bestwertung", "note maximale", "calificación máxima", "valutazione massima", "maximumcijfer"];

/// Fills in grades and comments. Every byte outside of these cells stays.
pub fn fill(path: &Path, bytes: &[u8], grades: &Grades, column: Option<&str>) -> Result<Filled, ReportError> {
    let sheet = scan(path, bytes)?;
    let [lesson] = &grades.lessons[..] else {
        return Err(ReportError::Lessons { platform: "Moodle", found: view::ids(grades) });
    };
    let header = Header::read(path, &sheet, column)?;
    let of: Vec<&Grade> = grades.grades.iter().filter(|grade| grade.lesson == lesson.id).collect();
    let (mut cells, mut skipped) = (BTreeMap::new(), Vec::new());
    for row in (1..sheet.rows()).filter(|row| !sheet.is_blank(*row)) {
        let joined = matching(&of, |grade| header.joins(&sheet, row, grade));
        let entry = match choose(&joined) {
            _ if sheet.cells(row) <= header.grade => Err("the row has too few cells".to_owned()),
            _ if header.is_locked(&sheet, row) => Err("Moodle does not allow this grade to be changed".to_owned()),
            Ok((grade, score)) => header.grade(&sheet, row, score, lesson.max_score).map(|text| (grade, text)),
            Err(reason) => Err(reason),
        };
        match entry {
            Ok((grade, text)) => {
                cells.insert((row, header.grade), sheet.cell(&text));
                if let Some(cell) = header.feedback.filter(|cell| *cell < sheet.cells(row)) {
                    if sheet.text(row, cell).trim().is_empty() {
                        cells.insert((row, cell), sheet.cell(&comment(grade)));
                    } else {
                        skipped.push(format!("{}: the comment that is there stays", name(&sheet, row)));
                    }
                }
            }
            Err(reason) => skipped.push(format!("{}: {reason}", name(&sheet, row))),
        }
    }
    let joined = |grade: &Grade| (1..sheet.rows()).any(|row| header.joins(&sheet, row, grade));
    skipped.extend(of.iter().filter(|grade| !joined(grade)).map(|grade| without_row(grade)));
    Ok(Filled { bytes: sheet.replaced(&cells), skipped })
}

fn name(sheet: &Sheet, row: usize) -> String {
    row_name(sheet, row, 0)
}

/// Returns a comment. Moodle reads it as HTML, and its CSV reader does not understand `\"`.
fn comment(grade: &Grade) -> String {
    let (code, message) = view::what(grade);
    let mut parts = vec![match grade.score {
        Some(score) => format!("{}: {score} of {}.", view::verdict(grade.verdict), grade.max_score),
        None => view::verdict(grade.verdict).to_owned(),
    }];
    if !message.is_empty() {
        parts.push(if code.is_empty() { message } else { format!("{message} ({code})") });
    }
    parts.extend(view::late(grade).map(|late| format!("{late}.")));
    super::html::text(&no_formula(&parts.join(" ")))
}

/// The columns that a worksheet has.
#[derive(Debug)]
struct Header {
    identifier: usize,
    grade: usize,
    maximum: Option<usize>,
    changeable: Option<usize>,
    feedback: Option<usize>,
}

impl Header {
    fn read(path: &Path, sheet: &Sheet, column: Option<&str>) -> Result<Header, ReportError> {
        let titles: Vec<String> = (0..sheet.cells(0)).map(|cell| sheet.text(0, cell).trim().to_lowercase()).collect();
        let find = |known: &[&str]| titles.iter().position(|title| known.contains(&title.as_str()));
        let rows: Vec<usize> = (1..sheet.rows()).filter(|row| !sheet.is_blank(*row)).collect();
        let all = |cell: usize, test: &dyn Fn(&str) -> bool| {
            let mut texts =
                rows.iter().map(|row| sheet.text(*row, cell)).filter(|text| !text.trim().is_empty()).peekable();
            texts.peek().is_some() && texts.all(|text| test(&text))
        };
        let found = || plain(&(0..sheet.cells(0)).map(|cell| sheet.text(0, cell)).collect::<Vec<_>>().join(", "));
        let numbered = |cell: usize| all(cell, &|text| id(text).is_some());
        let Some(identifier) = find(&["identifier"]).or_else(|| (0..titles.len()).find(|cell| numbered(*cell))) else {
            let expected = "expected a column Identifier with cells such as \"Participant 123\"";
            return Err(problem(path, 1, format!("{expected}; the columns are {}", found())));
        };
        let wanted = column.map(|title| title.trim().to_lowercase());
        let grade = match &wanted {
            Some(title) => find(&[title]),
            None => find(&GRADE),
        };
        let Some(grade) = grade else {
            let title = column.unwrap_or("Grade");
            return Err(problem(path, 1, format!("no column has the title {title:?}; the columns are {}", found())));
        };
        // In other languages the highest grade still stands behind the grade.
        let behind = Some(grade + 1).filter(|cell| *cell < titles.len() && all(*cell, &|text| parse(text).is_some()));
        Ok(Header {
            identifier,
            grade,
            maximum: find(&MAXIMUM).or(behind),
            changeable: find(&["grade can be changed"]),
            feedback: titles.iter().position(|title| title.contains("feedback")),
        })
    }

    /// Joins by the number at the end of the identifier, and by nothing else.
    fn joins(&self, sheet: &Sheet, row: usize, grade: &Grade) -> bool {
        let identifier = sheet.text(row, self.identifier);
        id(&identifier).is_some_and(|number| number == grade.student.id.trim())
    }

    fn is_locked(&self, sheet: &Sheet, row: usize) -> bool {
        self.changeable.is_some_and(|cell| sheet.text(row, cell).trim().eq_ignore_ascii_case("no"))
    }

    /// Returns the grade on the worksheet's scale, with two decimals at most.
    fn grade(&self, sheet: &Sheet, row: usize, score: u32, max_score: u32) -> Result<String, String> {
        let Some(text) = self.maximum.map(|cell| sheet.text(row, cell)).filter(|text| !text.trim().is_empty()) else {
            return Ok(score.to_string());
        };
        let maximum = parse(&text).filter(|maximum| *maximum > 0.0 && max_score > 0);
        let maximum = maximum.ok_or_else(|| format!("the highest grade {:?} is no number above 0", plain(&text)))?;
        let grade = format!("{:.2}", f64::from(score) * maximum / f64::from(max_score));
        let grade = grade.trim_end_matches('0').trim_end_matches('.').to_owned();
        Ok(if text.contains(',') { grade.replace('.', ",") } else { grade })
    }
}

/// Returns the digits at the end of an identifier.
fn id(text: &str) -> Option<&str> {
    let text = text.trim();
    let digits = &text[text.trim_end_matches(|char: char| char.is_ascii_digit()).len()..];
    Some(digits).filter(|digits| !digits.is_empty())
}
