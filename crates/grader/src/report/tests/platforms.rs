//! The formats of platforms, read back.

use super::fixture::{class, lesson, passed, student};
use crate::{
    grade::Grades,
    report::{Kind, Options, ReportError, Written, classroom50::Classroom50, json, junit, view, write, write_with},
};

#[test]
fn kinds_have_names() {
    for (kind, name) in Kind::ALL {
        assert_eq!(name.parse::<Kind>().unwrap(), kind);
        assert!("x".parse::<Kind>().unwrap_err().to_string().contains(name));
    }
}

#[test]
fn the_json_report_is_as_its_schema_says() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../schema/grade-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for grades in [class(), Grades::default()] {
        let report = serde_json::from_str(&json::report(&grades).unwrap()).unwrap();
        let problems: Vec<String> =
            validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(problems, Vec::<String>::new());
    }
    let mut wrong: serde_json::Value = serde_json::from_str(&json::report(&class()).unwrap()).unwrap();
    wrong["submissions"][4]["score"] = 0.into();
    assert!(!validator.is_valid(&wrong), "a missing check has no score");
}

/// The text is escaped, and its content is exactly what the student wrote.
#[test]
fn the_json_report_keeps_the_content() {
    let report: serde_json::Value = serde_json::from_str(&json::report(&class()).unwrap()).unwrap();
    let evil = class().grades.remove(2);
    assert_eq!(report["submissions"][2]["student"]["name"], evil.student.name);
    assert_eq!(report["submissions"][2]["stdout"], serde_json::json!(evil.stdout));
    assert_eq!(report["graded_at"], "2026-11-30T06:20:00Z");
}

#[test]
fn times_are_in_utc() {
    for (seconds, time) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ] {
        assert_eq!(view::rfc3339(seconds), time);
    }
}

#[test]
fn the_junit_report_can_be_read() {
    let text = junit::report(&class()).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&text).unwrap();
    let suite = &report.test_suites[0];
    assert_eq!(suite.name.as_str(), "lesson-01");
    // A submission that does not compile has a case for `build`, too.
    assert_eq!((suite.tests, suite.failures, suite.errors, suite.skipped), (16, 2, 3, 3));
    let mut names: Vec<_> = suite.test_cases.iter().map(|case| (&case.classname, &case.name)).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 16);
    assert!(suite.test_cases.iter().all(|case| case.properties.is_empty() && case.extra.is_empty()));
}

fn alone(grades: Grades, kind: Kind) -> (Written, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let about = Classroom50::from_env(|name| Some(format!("the {name}"))).unwrap();
    let options = Options { classroom50: Some(about), ..Options::default() };
    (write_with(kind, &grades, folder.path(), &options).unwrap(), folder)
}

#[test]
fn one_student_gets_one_file() {
    let mut grades = class();
    grades.grades.truncate(1);
    let (written, folder) = alone(grades.clone(), Kind::Gradescope);
    assert_eq!(written.files, [folder.path().join("results.json")]);
    let result: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&written.files[0]).unwrap()).unwrap();
    assert_eq!(result["score"], 10);
    assert_eq!(result["tests"][1]["number"], "01.2");
    assert_eq!(result["extra_data"]["without_submission"], serde_json::json!([]), "nothing of other students");
    let (written, folder) = alone(grades, Kind::Classroom50);
    assert_eq!(written.files, [folder.path().join("result.json"), folder.path().join("release-body.md")]);
}

#[test]
fn a_missing_check_gets_no_result() {
    for kind in [Kind::Gradescope, Kind::Classroom50] {
        let (written, folder) = alone(class(), kind);
        assert!(!folder.path().join("wang").exists());
        assert_eq!(written.skipped.len(), 1);
        assert!(written.skipped[0].contains("no space left on the device"), "{:?}", written.skipped);
    }
}

#[test]
fn missing_variables_are_named() {
    let error = Classroom50::from_env(|name| (name == "COMMIT_URL").then(|| "url".to_owned())).unwrap_err();
    let expected = "CLASSROOM, ASSIGNMENT, OWNER or USERNAME, SUBMISSION_TAG, RELEASE_URL";
    assert!(error.to_string().ends_with(expected), "{error}");
}

/// The file has only what the schema of Classroom 50 allows at the top level.
#[test]
fn a_result_for_classroom_50_is_closed() {
    let (written, _folder) = alone(class(), Kind::Classroom50);
    let result: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&written.files[0]).unwrap()).unwrap();
    let allowed = "schema classroom assignment assignment_type owner submission commit release review datetime graded_at \
                   score max-score tests submitted_by";
    for name in result.as_object().unwrap().keys() {
        assert!(allowed.split(' ').any(|known| known == name), "{name}");
    }
    assert_eq!(result["datetime"].as_str().unwrap().len(), 20);
}

#[test]
fn at_most_ten_annotations_of_a_type() {
    let mut grades = class();
    let failed = grades.grades[1].clone();
    grades.grades = vec![failed; 25];
    let annotations = crate::report::github::annotations(&grades);
    assert_eq!(annotations.lines().count(), 10);
    assert!(
        annotations.ends_with("::error title=More%3A failed::16 more submissions failed: the summary has them all\n")
    );
}

#[test]
fn one_lesson_can_be_selected() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { lesson: Some("01"), ..Options::default() };
    assert!(write_with(Kind::Json, &class(), folder.path(), &options).is_ok());
    let options = Options { lesson: Some("02"), ..Options::default() };
    let error = write_with(Kind::Json, &class(), folder.path(), &options).unwrap_err();
    assert_eq!(error.to_string(), "lesson \"02\" was not graded; these were: hello-send");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let to = folder.path().join("file").join("grades.json");
    let error = write(Kind::Json, &class(), &to, None).unwrap_err();
    assert!(matches!(&error, ReportError::Write { path, .. } if *path == to), "{error}");
}

/// A student with two lessons has one file: its score is the sum, and its tests have the numbers of both.
#[test]
fn lessons_of_one_student_stand_together() {
    let mut grades = class();
    let mut second = lesson();
    (second.number, second.id, second.title) = ("02".into(), "hello-receive".into(), "Receiving".into());
    grades.lessons.push(second);
    let mut other = passed("ada", student("Ada Lovelace", "1001", ""));
    (other.lesson, other.score) = ("hello-receive".to_owned(), Some(7));
    grades.grades = vec![grades.grades[0].clone(), other];
    let (written, _folder) = alone(grades.clone(), Kind::Gradescope);
    let result: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&written.files[0]).unwrap()).unwrap();
    let numbers: Vec<&str> =
        result["tests"].as_array().unwrap().iter().flat_map(|test| test["number"].as_str()).collect();
    assert_eq!((result["score"].as_u64(), numbers), (Some(17), vec!["01.1", "01.2", "01.3", "02.1", "02.2", "02.3"]));
    let (written, folder) = alone(grades.clone(), Kind::Students);
    assert_eq!(written.files, [folder.path().join("ada.html"), folder.path().join("ada.md")]);
    let text = std::fs::read_to_string(&written.files[1]).unwrap();
    assert!(text.contains("## Lesson 01: ") && text.contains("## Lesson 02: Receiving"), "{text}");
    let made = write(Kind::Json, &grades, &folder.path().join("new/"), None).unwrap();
    assert_eq!(made.files, [folder.path().join("new").join("grades.json")]);
    let (written, _folder) = alone(grades, Kind::Junit);
    let text = std::fs::read_to_string(&written.files[0]).unwrap();
    assert_eq!(quick_junit::Report::deserialize_from_str(&text).unwrap().test_suites.len(), 2);
}

#[test]
fn mistakes_are_counted_by_code() {
    let mut grades = class();
    let mut again = grades.grades[2].clone();
    again.fault.as_mut().unwrap().message = "B".to_owned();
    grades.grades.extend([again.clone(), again]);
    let counted = view::mistakes(&grades.grades);
    let counted: Vec<_> = counted.iter().map(|mistake| (mistake.code.as_str(), mistake.count)).collect();
    assert_eq!(counted, [("publish.other-body", 3), ("build.compile-error", 1)]);
    assert_eq!(view::mistakes(&grades.grades)[0].message, "B");
}
