//! The step programs: a lesson's program with its first k steps passes exactly these, and fails at the next one.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use checker::lessons::{self, Lesson, anchors};
use libtest_mimic::Failed;

use crate::{
    brokers::{Check as _, Place, TestBroker},
    programs,
    shared::{render, snapshot},
};

/// A lesson's program with its first steps.
#[derive(Clone)]
pub struct StepProgram {
    lesson: Lesson,
    done: usize,
}

/// Returns those of all lessons, from none of the steps to all of them.
pub fn all() -> Vec<StepProgram> {
    let of =
        |lesson: Lesson| (0..=lesson.about.steps.len()).map(move |done| StepProgram { lesson: lesson.clone(), done });
    lessons::all().expect("the lessons can be read").into_iter().flat_map(of).collect()
}

impl StepProgram {
    /// Returns the name of its test.
    pub fn name(&self) -> String {
        format!("step_program::{}", self.binary())
    }

    fn binary(&self) -> String {
        format!("{}-{}", self.lesson.about.id, self.done)
    }
}

/// Judges a step program.
pub fn check(broker: &TestBroker, program: &StepProgram) -> Result<(), Failed> {
    let binary = folder()?.join(program.binary());
    let command = shell_words::join([binary.to_string_lossy()]);
    let arguments = ["lesson", &program.lesson.number, "--format", "json", "--seed", "1", "--program", &command];
    let output = broker.check(&arguments).output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let steps = report["steps"].as_array().ok_or("no steps")?;
    let passed = steps.iter().take_while(|step| step["verdict"] == "passed").count();
    let notes = report["notes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_not_checked =
        |note: &serde_json::Value| note["code"].as_str().is_some_and(|code| code.ends_with("not-checked"));
    if passed == steps.len() && program.done < passed && notes.iter().any(is_not_checked) {
        // The report says that this broker can't show the mistake.
        assert_eq!(report["verdict"], "passed");
        return Ok(());
    }
    assert_eq!(passed, program.done, "it should pass its {} steps: {report:#}", program.done);
    let Some(failed) = steps.get(passed) else {
        assert_eq!(output.status.code(), Some(0));
        return Ok(());
    };
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(failed["verdict"], "failed");
    assert!(steps[passed + 1..].iter().all(|step| step["verdict"] == "skipped"), "{report:#}");
    let field = |name: &str| failed[name].as_str().unwrap_or_default().to_owned();
    // How many messages are refused differs from broker to broker.
    if field("code").starts_with("confirm.refused") && broker.place != Place::Embedded {
        return Ok(());
    }
    snapshot(
        &format!("step_program_{}", program.binary()),
        &format!("{}: {}\nhint: {}", field("id"), field("message"), field("hint")),
    );
    Ok(())
}

/// The report in the README is that of lesson 01 with different texts in the message and in the printed line.
pub fn mistake(broker: &TestBroker) -> Result<(), Failed> {
    let binary = folder()?.join("hello-send-world");
    let command = shell_words::join([binary.to_string_lossy()]);
    let output = broker.check(&["lesson", "01", "--program", &command]).output()?;
    snapshot("mistake_report", &render(&output).replace(&command, "work/01-hello-send"));
    Ok(())
}

/// Returns the folder of the programs.
pub fn folder() -> Result<&'static Path, Failed> {
    built().as_ref().map(PathBuf::as_path).map_err(|error| Failed::from(error.as_str()))
}

/// Builds all of them, and the experiments of the book, once. Returns the folder of the programs.
fn built() -> &'static Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT.get_or_init(|| build().map_err(|error| error.to_string()))
}

fn build() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let mut sources = Vec::new();
    for program in all() {
        let text = fs::read_to_string(program.lesson.folder.join("src/main.rs"))?;
        let cut = anchors::step_program(&text, &program.lesson.about.steps, program.done)?;
        sources.push((format!("bin/{}.rs", program.binary()), cut));
    }
    for lesson in lessons::all()? {
        let text = fs::read_to_string(lesson.folder.join("src/main.rs"))?;
        for experiment in &lesson.about.experiments {
            let name = format!("bin/{}-{}.rs", lesson.about.id, experiment.id);
            sources.push((name, anchors::experiment(&text, experiment)?));
        }
    }
    programs::build("step-programs", &sources)
}
