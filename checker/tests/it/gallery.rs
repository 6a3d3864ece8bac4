//! Tests of the gallery's definition. Its programs are judged in `real_broker/gallery.rs`.

use std::{collections::BTreeSet, fs, path::PathBuf};

use testkit::gallery::{self, LessonGallery};

#[test]
fn every_program_can_be_made_and_every_step_has_one_that_fails() {
    for exhibition in gallery::all().unwrap() {
        let problems = problems(&exhibition);
        assert!(problems.is_empty(), "{}", problems.join("\n"));
        let (id, count) = (&exhibition.lesson.about.id, exhibition.exhibits.len());
        assert!(count >= 20, "the gallery of {id} has {count} programs, and needs 20: add what learners write");
    }
}

#[test]
fn every_report_is_of_a_program_that_is_there() {
    let mut expected = BTreeSet::new();
    for exhibition in gallery::all().unwrap() {
        expected.extend(
            exhibition
                .exhibits
                .iter()
                .filter(|exhibit| !exhibit.step.is_empty())
                .map(|exhibit| format!("{}/{}.snap", exhibition.lesson.about.id, exhibit.name)),
        );
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/gallery");
    let mut found = BTreeSet::new();
    for lesson in fs::read_dir(&folder).unwrap().flatten() {
        for report in fs::read_dir(lesson.path()).unwrap().flatten() {
            let names = [lesson.file_name(), report.file_name()].map(|name| name.to_string_lossy().into_owned());
            found.insert(names.join("/"));
        }
    }
    assert_eq!(found, expected, "reports in {} that no program gets, or programs without one", folder.display());
}

/// Returns the problems of a gallery, a sentence each.
fn problems(exhibition: &LessonGallery) -> Vec<String> {
    let id = &exhibition.lesson.about.id;
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    let steps: BTreeSet<&str> = exhibition.lesson.about.steps.iter().map(|step| step.id.as_str()).collect();
    for exhibit in &exhibition.exhibits {
        let name = &exhibit.name;
        let mut problem = |what: &str| problems.push(format!("{name}, in the gallery of {id}, {what}"));
        if !names.insert(name) {
            problem("is there twice");
        }
        if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            problem("has a name of other letters than a-z, 0-9 and -");
        }
        if !exhibit.step.is_empty() && !steps.contains(&*exhibit.step) {
            problem(&format!("fails at {}, which is no step", exhibit.step));
        }
        if exhibit.step.is_empty() != exhibit.says.is_empty() {
            problem("says something and passes, or fails and says nothing");
        }
        if exhibit.step.is_empty() && exhibit.varies {
            problem("passes, so it has no report that varies");
        }
        if exhibit.transient && exhibit.step == "connect" {
            problem("fails before its transient queue matters");
        }
        if exhibit.program.is_some() && !(exhibit.change.is_empty() && exhibit.leave_out.is_empty()) {
            problem("is a whole program and a patch");
        }
        if !exhibit.about.ends_with('.') || exhibit.about.contains('\n') {
            problem("is not described in one sentence");
        }
        if let Err(error) = exhibition.source(exhibit) {
            problem(&format!("can't be made: {error}"));
        }
    }
    for step in steps {
        if !exhibition.exhibits.iter().any(|exhibit| exhibit.step == step) {
            problems.push(format!("no program in the gallery of {id} fails at {step}"));
        }
    }
    problems
}
