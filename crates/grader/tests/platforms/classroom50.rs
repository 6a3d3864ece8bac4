//! Classroom 50: its runner starts `autograder.py` of the assignment's bundle in the student's checkout, then reads `result.json`.

use std::{fs, process::Output};

use crate::{
    schema,
    stand_in::{Machine, json, kit, right, text, wrong},
};

/// Puts the template's files into a bundle, and the student's files into a checkout. Returns the commit.
fn prepare(machine: &Machine, program: &str) -> String {
    for name in ["autograder.py", "grade.sh"] {
        let text = fs::read_to_string(kit().join("grading/classroom50").join(name)).unwrap();
        machine.write(&format!("bundle/{name}"), &text);
    }
    // A result of the student's own, which must not be taken for the grader's.
    let forged = r#"{"schema": "classroom50/result/v1", "score": 100, "max-score": 100}"#;
    machine.repository("checkout", &[("src/main.rs", program), ("result.json", forged), ("release-body.md", "forged")])
}

/// Runs the entrypoint as the runner does.
fn run(machine: &Machine, commit: &str) -> Output {
    let site = "https://github.com/school/cs-hello-ada";
    let mut run = machine.command("python3");
    run.arg(machine.path("bundle/autograder.py")).current_dir(machine.path("checkout"));
    for (name, value) in [
        ("CLASSROOM", "cs"),
        ("ASSIGNMENT", "hello"),
        ("ASSIGNMENT_TYPE", "individual"),
        ("SUBMISSION_TAG", "submit/2026-11-29T12-00-00Z-abcdef0"),
        ("PAGES_BASE_URL", "https://school.github.io/classroom50"),
        ("USERNAME", "ada"),
        ("COMMIT_URL", &format!("{site}/commit/{commit}")),
        ("RELEASE_URL", &format!("{site}/releases/tag/submit")),
        ("REVIEW_URL", &format!("{site}/compare/a...b")),
        ("GITHUB_REPOSITORY", "school/cs-hello-ada"),
        ("GITHUB_SHA", commit),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_ACTOR", "ada"),
        ("GITHUB_ACTOR_ID", "4711"),
    ] {
        run.env(name, value);
    }
    for name in ["GITHUB_OUTPUT", "GITHUB_ENV"] {
        machine.write(name, "");
        run.env(name, machine.path(name));
    }
    run.env("CLASSROOM50_BUNDLE_DIR", machine.path("bundle")).env("KIT", machine.path("kit"));
    fs::create_dir_all(machine.path("kit")).unwrap();
    run.output().unwrap()
}

pub fn grades_a_checkout() {
    for (program, score, hint) in [(right(), 5, None), (wrong(), 2, Some("only in capitalization"))] {
        let machine = Machine::new();
        let commit = prepare(&machine, &program);
        let output = run(&machine, &commit);
        assert_eq!(output.status.code(), Some(0), "a program that fails is graded, too: {}", text(&output));
        let result = json(&machine.path("checkout/result.json"));
        schema::classroom50(&result);
        assert_eq!((result["score"].as_u64(), result["max-score"].as_u64()), (Some(score), Some(5)));
        for (field, expected) in [("classroom", "cs"), ("assignment", "hello"), ("owner", "ada")] {
            assert_eq!(result[field], expected);
        }
        assert_eq!(result["datetime"], "2026-11-29T12:00:00Z", "the time of the commit, whenever it is graded");
        assert_eq!(result["submitted_by"], serde_json::json!({ "username": "ada", "id": 4711 }));
        let body = fs::read_to_string(machine.path("checkout/release-body.md")).unwrap();
        assert!(!body.contains("forged") && hint.is_none_or(|hint| body.contains(hint)), "{body}");
        // What a submission prints reaches no file of the runner, and its log obeys nothing.
        assert_eq!(crate::actions::obeyed(&text(&output)), [] as [String; 0], "{}", text(&output));
        for name in ["GITHUB_OUTPUT", "GITHUB_ENV"] {
            assert_eq!(fs::read_to_string(machine.path(name)).unwrap(), "", "{name}");
        }
    }
}

pub fn without_a_sandbox_there_is_no_score() {
    let machine = Machine::new();
    let commit = prepare(&machine, &right());
    machine.without_sandbox();
    let output = run(&machine, &commit);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let obeyed = crate::actions::obeyed(&text(&output));
    assert_eq!(obeyed.len(), 1, "{}", text(&output));
    assert!(obeyed[0].starts_with("error: The submission was not checked"), "{obeyed:?}");
    for name in ["result.json", "release-body.md"] {
        assert!(!machine.path("checkout").join(name).exists(), "the student's own {name} counts");
    }
}
