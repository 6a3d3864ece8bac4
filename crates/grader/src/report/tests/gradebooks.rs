//! Gradebooks: the right cells are filled, and every other byte stays.

use std::path::Path;

use super::fixture::{class, passed, student};
use crate::{
    grade::Grades,
    report::{Kind, ReportError, canvas, gradebook::Filled, moodle, write},
};
use proptest::prelude::*;

const CANVAS: &str = "\u{feff}Student,ID,SIS User ID,SIS Login ID,Section,Hello World: sending (77),Work (78),Final Score\r\n\
    \"    Points Possible\",,,,,10.00,5.00,(read only)\r\n\
    \"Lovelace, Ada\",1001,,ada@example.org,\"A, \"\"B\"\"\",,4.50,\r\n\
    \"=\"\"O'Neil\"\"\",9,,bob,A,\"3,00\",,\r\n\
    Zo\u{eb},1004,,zoe,A,EX,,\r\n\
    Wei,1005,,wang,A,7,,\r\n\
    A Points Possible name,1001,,,A,1,,\r\n\
    \"Student, Test\",999,,,A,,,\r\n";

fn fill_canvas(text: &str, grades: &Grades, column: Option<&str>) -> Result<Filled, ReportError> {
    canvas::fill(Path::new("grades.csv"), text.as_bytes(), grades, column)
}

#[test]
fn canvas_scores_are_filled_in() {
    let filled = fill_canvas(CANVAS, &class(), None).unwrap();
    let expected = CANVAS.replace("\"\"B\"\"\",,4.50", "\"\"B\"\"\",10,4.50").replace("bob,A,\"3,00\"", "bob,A,0");
    assert_eq!(String::from_utf8(filled.bytes).unwrap(), expected);
    insta::assert_snapshot!("canvas_skipped", filled.skipped.join("\n"));
}

#[test]
fn canvas_gradebooks_with_semicolons_are_read() {
    let text = "Student;ID;Section;L01 (5)\nAda;1001;A;\n";
    let filled = fill_canvas(text, &class(), None).unwrap();
    assert_eq!(filled.bytes, b"Student;ID;Section;L01 (5)\nAda;1001;A;10\n");
}

#[test]
fn canvas_errors_name_what_was_expected() {
    let mut errors = Vec::new();
    for (text, column) in [
        ("Name,ID,Section,x (1)\n", None),
        ("Student,ID,Section,Lab A (1),Lab B (2)\n", None),
        ("Student,ID,Section,Lab 1 (1),Task 01 (2)\n", None),
        ("Student,ID,Section,Lab 1 (1),Task 01 (2)\n", Some("Lab 2")),
        ("Student,ID,Section,Lab 1 (1)\n    Points Possible,,,100\n", None),
        ("Student,ID,Section,Lab 1 (1)\n\"Ada,1\n", None),
        ("", None),
    ] {
        errors.push(fill_canvas(text, &class(), column).unwrap_err().to_string());
    }
    errors.push(write(Kind::Canvas, &class(), Path::new("x"), None).unwrap_err().to_string());
    errors.push(canvas::fill(Path::new("g.csv"), b"a\n\xff", &class(), None).unwrap_err().to_string());
    insta::assert_snapshot!("canvas_errors", errors.join("\n"));
    let text = "Student,ID,Section,Lab 1 (1),Task 01 (2)\nAda,1001,A,,\n";
    let filled = fill_canvas(text, &class(), Some("Task 01")).unwrap();
    assert!(filled.bytes.ends_with(b"Ada,1001,A,,10\n"));
}

/// The column of a second lesson is not there yet: the first is filled in, and the other one is named.
#[test]
fn a_lesson_without_a_column_is_skipped() {
    let mut grades = class();
    let mut second = grades.lessons[0].clone();
    (second.number, second.id, second.title) = ("02".into(), "hello-receive".into(), "Receiving".into());
    grades.lessons.push(second);
    let filled = fill_canvas("Student,ID,Section,L01 (5)\nAda,1001,A,3\n", &grades, None).unwrap();
    assert!(filled.bytes.ends_with(b"Ada,1001,A,10\n"));
    let expected = "no column's title has the number, id or title of lesson hello-receive";
    assert!(filled.skipped.iter().any(|sentence| sentence == expected), "{:?}", filled.skipped);
}

#[test]
fn two_submissions_for_one_row_fill_nothing() {
    let mut grades = class();
    grades.grades.push(passed("ada-2", student("Ada Lovelace", "1001", "")));
    let text = "Student,ID,Section,L01 (5)\nAda,1001,A,3\n";
    let filled = fill_canvas(text, &grades, None).unwrap();
    assert_eq!(filled.bytes, text.as_bytes());
    assert!(filled.skipped[0].ends_with("several submissions belong to this row: ada, ada-2"), "{:?}", filled.skipped);
}

const MOODLE: &str = "Identifier,\"Full name\",\"Email address\",Status,Grade,\"Maximum Grade\",\"Grade can be changed\",\
    \"Last modified (grade)\",\"Feedback comments\"\n\
    \"Participant 1001\",\"Ada Lovelace\",ada@example.org,Submitted,,100.00,Yes,-,\n\
    \"Participant 1002\",\"Bob\",bob,Submitted,,100.00,Yes,-,\"Come and see me\"\n\
    \"Participant 1004\",\"Zo\u{eb}\",zoe,Submitted,5.00,\"100,00\",Yes,-,\n\
    \"Participant 1005\",\"Wei\",wang,Submitted,55.00,100.00,Yes,-,\n\
    \"Participant 11001\",\"Other\",other,,,100.00,Yes,-,\n";

fn fill_moodle(text: &str, column: Option<&str>) -> Result<Filled, ReportError> {
    moodle::fill(Path::new("worksheet.csv"), text.as_bytes(), &class(), column)
}

#[test]
fn moodle_grades_are_filled_in() {
    let filled = fill_moodle(MOODLE, None).unwrap();
    let (text, skipped) = (String::from_utf8(filled.bytes).unwrap(), filled.skipped.join("\n"));
    insta::assert_snapshot!("moodle", format!("{text}\n{skipped}"));
}

#[test]
fn moodle_worksheets_in_other_languages_are_read() {
    let text = "ID,Name,Bewertung,Bestwertung,Feedback als Kommentar\nTeilnehmer/in1001,Ada,,\"20,00\",\nTeilnehmer/in9,B,,,\n";
    let filled = fill_moodle(text, None).unwrap();
    let text = String::from_utf8(filled.bytes).unwrap();
    assert!(text.contains("in1001,Ada,20,\"20,00\",passed: 10 of 10."), "{text}");
    let error = fill_moodle("ID,Punkte\nX1,\n", None).unwrap_err().to_string();
    assert_eq!(error, "worksheet.csv:1: no column has the title \"Grade\"; the columns are ID, Punkte");
    assert!(fill_moodle("ID,Punkte\nX1001,\n", Some("Punkte")).unwrap().bytes.ends_with(b"X1001,10\n"));
}

#[test]
fn moodle_has_one_lesson() {
    let mut grades = class();
    grades.lessons.push(grades.lessons[0].clone());
    let error = moodle::fill(Path::new("w.csv"), MOODLE.as_bytes(), &grades, None).unwrap_err();
    assert!(matches!(error, ReportError::Lessons { platform: "Moodle", .. }), "{error}");
}

proptest! {
    /// Whatever is in the other cells, only the target cell changes.
    #[test]
    fn other_cells_stay(name in "[a-zü\"';=]{0,8}", section in "[a-z \"\n]{0,8}", old in "[0-9.]{0,4}") {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let before = format!("Student,ID,Section,Lesson 1 (5),Work (6)\r\n{},1001,{},", quoted(&name), quoted(&section));
        let after = ",\"x\"\"y\"\r\n";
        let filled = fill_canvas(&format!("{before}{old}{after}"), &class(), None).unwrap();
        prop_assert_eq!(String::from_utf8(filled.bytes).unwrap(), format!("{before}10{after}"));
    }
}
