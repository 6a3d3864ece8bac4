//! The JUnit report: a suite for each lesson, and a test case for each step of each submission.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::{
    ReportError,
    plain::{flow, plain, plain_lines},
    view,
};
use crate::grade::{Grade, Grades, Step, Verdict};

/// Returns the file. Points are properties of the suites, because some schemas allow none in test cases.
pub fn report(grades: &Grades) -> Result<String, ReportError> {
    let mut report = Report::new("hello-rabbit");
    for lesson in &view::lessons(grades) {
        let mut suite = TestSuite::new(plain(&format!("lesson-{}", view::number_or_id(lesson))));
        property(&mut suite, "lesson", &lesson.id);
        property(&mut suite, "isolation", &grades.isolation);
        property(&mut suite, "broker", &grades.broker);
        property(&mut suite, "seed", &grades.seed.to_string());
        let mut took = 0;
        for grade in grades.grades.iter().filter(|grade| grade.lesson == lesson.id) {
            took += grade.took_ms;
            add(&mut suite, grades, grade, &format!("lesson-{}.{}", view::number_or_id(lesson), grade.key));
        }
        suite.set_time(Duration::from_millis(took));
        report.add_test_suite(suite);
    }
    let text = report.to_string();
    text.map_err(|error| ReportError::Format { format: "JUnit", problem: error.to_string() })
}

fn property(suite: &mut TestSuite, name: &str, value: &str) {
    suite.add_property(Property::new(line(name), line(value)));
}

fn line(text: &str) -> XmlString {
    XmlString::new(plain(text))
}

fn lines(text: &str) -> XmlString {
    XmlString::new(plain_lines(text))
}

fn add(suite: &mut TestSuite, grades: &Grades, grade: &Grade, class: &str) {
    let score = grade.score.map_or_else(|| "none".to_owned(), |score| score.to_string());
    property(suite, &format!("{}.score", grade.key), &score);
    property(suite, &format!("{}.max_score", grade.key), &grade.max_score.to_string());
    let steps = view::steps(grades, grade);
    for step in &steps {
        if step.max_points > 0 {
            let points = format!("{} of {}", step.points, step.max_points);
            property(suite, &format!("{}.{}.points", grade.key, step.id), &points);
        }
        let mut case = TestCase::new(line(&step.id), status(step, grade));
        case.set_classname(line(class));
        if step.verdict == "failed" {
            output(&mut case, grade);
        }
        suite.add_test_case(case);
    }
    // Each submission that was not checked has an error, even if no step says so.
    if grade.verdict == Verdict::NotChecked && !steps.iter().any(|step| step.verdict == "not_checked") {
        let mut case = TestCase::new("check", error(grade));
        case.set_classname(line(class));
        suite.add_test_case(case);
    }
}

fn status(step: &Step, grade: &Grade) -> TestCaseStatus {
    match step.verdict.as_str() {
        "passed" => TestCaseStatus::success(),
        "failed" => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let code = grade.fault.as_ref().filter(|fault| fault.step == step.id).map(|fault| fault.code.as_str());
            status.set_type(line(code.unwrap_or("failed"))).set_message(XmlString::new(flow(&step.message)));
            let parts = [&step.message, &step.hint, &step.evidence];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
            status.set_description(lines(&parts.join("\n\n")));
            status
        }
        "not_checked" => error(grade),
        _ => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("an earlier step failed");
            status
        }
    }
}

fn error(grade: &Grade) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let reason = grade.reason.as_deref().unwrap_or("the check could not be done");
    status.set_type("not_checked").set_message(XmlString::new(flow(reason))).set_description(lines(reason));
    status
}

fn output(case: &mut TestCase, grade: &Grade) {
    if !grade.stdout.is_empty() {
        case.set_system_out(lines(&grade.stdout.join("\n")));
    }
    if !grade.stderr.is_empty() {
        case.set_system_err(lines(&grade.stderr.join("\n")));
    }
}
