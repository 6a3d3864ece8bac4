//! The CSV report: a line for each submission and lesson.

use super::{ReportError, plain::plain, view};
use crate::grade::Grades;

/// The titles of the columns.
pub const COLUMNS: [&str; 11] =
    ["name", "id", "login", "lesson", "verdict", "score", "max_score", "late_days", "fault", "message", "sandbox"];

/// Returns the file. A spreadsheet takes none of its cells for a formula.
pub fn csv(grades: &Grades) -> Result<Vec<u8>, ReportError> {
    let failed = |error: csv::Error| ReportError::Format { format: "CSV", problem: error.to_string() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(failed)?;
    for grade in &grades.grades {
        let (code, message) = view::what(grade);
        writer
            .write_record([
                cell(&grade.student.name),
                cell(&grade.student.id),
                cell(&grade.student.login),
                cell(&grade.lesson),
                view::verdict(grade.verdict).to_owned(),
                grade.score.map(|score| score.to_string()).unwrap_or_default(),
                grade.max_score.to_string(),
                grade.late.map(|late| late.days.to_string()).unwrap_or_default(),
                cell(&code),
                cell(&message),
                cell(&grade.isolation),
            ])
            .map_err(failed)?;
    }
    writer.into_inner().map_err(|error| ReportError::Format { format: "CSV", problem: error.to_string() })
}

/// Returns a cell's text: made harmless, with an apostrophe if a spreadsheet would calculate it.
pub fn cell(text: &str) -> String {
    let (text, before) = (plain(text), text);
    let begins = |text: &str, with: &[char]| text.trim_start().starts_with(with);
    let formula = begins(&text, &['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula || before.starts_with(['\t', '\r', '\n']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell(" @SUM(A1)"), "' @SUM(A1)");
        assert_eq!(cell("\t=1"), "'\\t=1");
        assert_eq!(cell("Ada-Marie"), "Ada-Marie");
    }
}
