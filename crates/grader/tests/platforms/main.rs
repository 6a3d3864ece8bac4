//! The templates in `grading/`, each run by a stand-in of its platform, and the reports, read by programs that are not ours.
//!
//! The stand-ins keep the platforms' contracts: folders, variables, commands in the output, schemas of results. They have no
//! network: installing packages and Rust is left out, and recorded. The tests need a sandbox. Where there is none, they are reported
//! as not run; `HELLO_RABBIT_SANDBOX=required` makes them fail there.

// clippy's own exception for tests does not see a test without its harness.
#![allow(clippy::unwrap_used)]

#[cfg(target_os = "linux")]
mod actions;
#[cfg(target_os = "linux")]
mod classroom50;
#[cfg(target_os = "linux")]
mod github;
#[cfg(target_os = "linux")]
mod gradescope;
#[cfg(target_os = "linux")]
mod readers;
#[cfg(target_os = "linux")]
mod schema;
#[cfg(target_os = "linux")]
mod stand_in;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use std::{env, process::Command};

    use libtest_mimic::{Arguments, Failed, Trial};

    let arguments = Arguments::from_args();
    let runs =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    let is_required = env::var("HELLO_RABBIT_SANDBOX").is_ok_and(|value| value == "required");
    let (sandbox, python) = (runs("bwrap") && runs("git"), runs("python3"));
    let is_full = env::var_os("HELLO_RABBIT_FULL").is_some();
    let trials: [(&str, bool, fn()); 10] = [
        ("gradescope::a_packaged_kit_compiles", sandbox && is_full, gradescope::a_packaged_kit_compiles),
        ("readers::take_every_report", sandbox && python, readers::take_every_report),
        ("gradescope::grades_a_submission", sandbox, gradescope::grades_a_submission),
        ("classroom50::grades_a_checkout", sandbox && python, classroom50::grades_a_checkout),
        ("github::grades_a_repository", sandbox, github::grades_a_repository),
        ("gradescope::without_a_sandbox_there_is_no_score", sandbox, gradescope::without_a_sandbox_there_is_no_score),
        (
            "classroom50::without_a_sandbox_there_is_no_score",
            sandbox && python,
            classroom50::without_a_sandbox_there_is_no_score,
        ),
        ("github::without_a_sandbox_there_is_no_verdict", sandbox, github::without_a_sandbox_there_is_no_verdict),
        ("gradescope::wrong_choices_are_named", sandbox, gradescope::wrong_choices_are_named),
        ("github::the_workflow_is_pinned", sandbox, github::the_workflow_is_pinned),
    ];
    let trials = trials.into_iter().map(|(name, is_there, test)| {
        let must = is_required && (is_full || !name.ends_with("a_packaged_kit_compiles"));
        let trial = Trial::test(name, move || {
            test();
            Ok::<(), Failed>(())
        });
        trial.with_ignored_flag(!is_there && !must)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
