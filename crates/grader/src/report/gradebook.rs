//! Questions about an exported gradebook that Canvas's and Moodle's reports share.

use std::path::Path;

use super::{
    ReportError,
    plain::plain,
    spans::{Sheet, Unclosed},
    view,
};
use crate::grade::{Grade, Verdict};

/// A gradebook with grades filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The file's content.
    pub bytes: Vec<u8>,
    /// The rows and submissions without a new grade, a sentence each.
    pub skipped: Vec<String>,
}

/// Finds the cells of a file, which has a header and UTF-8 text.
pub fn scan<'a>(path: &Path, bytes: &'a [u8]) -> Result<Sheet<'a>, ReportError> {
    if let Err(error) = std::str::from_utf8(bytes) {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        return Err(problem(path, line, "a character is not UTF-8: export the file again, and save it as UTF-8"));
    }
    let sheet = Sheet::scan(bytes)
        .map_err(|Unclosed(line)| problem(path, line, "a cell begins with a quotation mark and does not end"))?;
    if sheet.rows() == 0 {
        return Err(problem(path, 1, "the file is empty: expected a line with the titles of the columns"));
    }
    Ok(sheet)
}

/// Returns the error about a line of the file.
pub fn problem(path: &Path, line: usize, problem: impl Into<String>) -> ReportError {
    ReportError::Gradebook { path: path.to_owned(), line, problem: problem.into() }
}

/// Returns a number as a gradebook writes it, with a point or a comma.
pub fn parse(number: &str) -> Option<f64> {
    number.trim().replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite())
}

/// Returns the score for a gradebook. It is None if there is none, which leaves the cell as it was.
pub fn score(grade: &Grade) -> Option<u32> {
    grade.score.filter(|_| grade.verdict != Verdict::NotChecked)
}

/// Returns the grades of the submissions that a test selects.
pub fn matching<'a>(grades: &[&'a Grade], test: impl Fn(&Grade) -> bool) -> Vec<&'a Grade> {
    grades.iter().copied().filter(|grade| test(grade)).collect()
}

/// Returns true if two names of a student are the same, and not empty.
pub fn same(ours: &str, theirs: &str) -> bool {
    !ours.trim().is_empty() && ours.trim() == theirs.trim()
}

/// Returns a row's name for a sentence.
pub fn row_name(sheet: &Sheet, row: usize, cell: usize) -> String {
    let name = plain(sheet.text(row, cell).trim());
    let line = sheet.line(row);
    if name.is_empty() { format!("line {line}") } else { format!("line {line} ({name})") }
}

/// Returns the sentence about a submission that no row has.
pub fn without_row(grade: &Grade) -> String {
    let name = view::name(&grade.student, &grade.key);
    format!("{name} ({}, lesson {}): no row of the gradebook has this student", grade.key, plain(&grade.lesson))
}

/// Returns the only grade of a row that has a score, or the reason why the row stays as it was.
pub fn choose<'a>(of: &[&'a Grade]) -> Result<(&'a Grade, u32), String> {
    match of {
        [] => Err("no submission is joined to this row".to_owned()),
        [grade] => score(grade).map(|score| (*grade, score)).ok_or_else(|| {
            let (_, reason) = view::what(grade);
            format!("{} was not checked: {reason}", grade.key)
        }),
        several => {
            let keys: Vec<&str> = several.iter().map(|grade| grade.key.as_str()).collect();
            Err(format!("several submissions belong to this row: {}", keys.join(", ")))
        }
    }
}
