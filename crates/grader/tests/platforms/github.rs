//! GitHub Actions: the steps of `grade.yml`, run one after the other in a job's folder.

use std::fs;

use crate::{
    actions::{Job, Workflow},
    stand_in::{Machine, right, text, wrong},
};

/// The bytes above which GitHub drops the summary of a step.
const MOST_BYTES: usize = 1 << 20;

/// Runs the workflow for a repository with this program.
fn run(machine: &Machine, program: &str) -> Job {
    machine.repository("work/class/submission", &[("src/main.rs", program)]);
    fs::create_dir_all(machine.path("work/kit")).unwrap();
    Workflow::read("grading/github/grade.yml").run(machine, &["class/submission", "kit"])
}

pub fn grades_a_repository() {
    let job = run(&Machine::new(), &right());
    assert_eq!(job.output.status.code(), Some(0), "{}", text(&job.output));
    assert!(job.summary.contains("1 submission: 1 passed, 0 failed, 0 not checked, sandbox bwrap."), "{}", job.summary);
    assert_eq!(job.obeyed, [] as [String; 0]);

    let machine = Machine::new();
    let job = run(&machine, &wrong());
    assert_eq!(job.output.status.code(), Some(1), "a failure makes the run red: {}", text(&job.output));
    assert!(job.summary.contains("<code>body.case</code>"), "{}", job.summary);
    assert!(job.summary.len() <= MOST_BYTES);
    // The student's own lines look like commands. Only the grader's is one.
    assert_eq!(job.obeyed.len(), 1, "{:?}", job.obeyed);
    assert!(job.obeyed[0].starts_with("error: body.case: "), "{:?}", job.obeyed);
    assert!(
        machine.calls().contains("sudo apt-get install --yes --no-install-recommends bubblewrap"),
        "{}",
        machine.calls()
    );
    assert!(machine.calls().contains("sudo sysctl --write kernel.apparmor_restrict_unprivileged_userns=0"));
}

pub fn without_a_sandbox_there_is_no_verdict() {
    let machine = Machine::new();
    machine.without_sandbox();
    let job = run(&machine, &right());
    assert_eq!(job.output.status.code(), Some(1), "{}", text(&job.output));
    assert_eq!(job.summary, "");
    assert_eq!(job.obeyed.len(), 1, "{:?}", job.obeyed);
    assert!(job.obeyed[0].starts_with("error: The program was not checked"), "{:?}", job.obeyed);
}

/// The workflow runs with a student's repository, so it may only read, and its actions can't change under it.
pub fn the_workflow_is_pinned() {
    let workflow = Workflow::read("grading/github/grade.yml");
    assert_eq!(workflow.permissions(), [("contents".to_owned(), "read".to_owned())]);
    let actions = workflow.actions();
    assert!(actions.len() >= 2);
    for action in actions {
        let version = action.split_once('@').map_or("", |(_, version)| version);
        assert!(version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action} is not pinned");
    }
}
