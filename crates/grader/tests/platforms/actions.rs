//! A stand-in of GitHub's runner: the commands that it obeys in a log, and the steps of a workflow.

use std::{fs, process::Output};

use saphyr::{LoadableYamlNode as _, Yaml};

use crate::stand_in::{Machine, kit, text};

/// Returns the lines of a log in which GitHub's runner looks for commands. After `::stop-commands::TOKEN`, these are none up to
/// `::TOKEN::`.
fn heard(log: &str) -> Vec<&str> {
    let (mut lines, mut stopped) = (Vec::new(), None::<String>);
    for line in log.split(['\n', '\r']).map(str::trim) {
        match &stopped {
            Some(token) if line == format!("::{token}::") => stopped = None,
            Some(_) => {}
            None => {
                stopped = line.strip_prefix("::stop-commands::").map(str::to_owned);
                lines.push(line);
            }
        }
    }
    assert_eq!(stopped, None, "commands stay stopped after the last line");
    lines
}

/// Returns the commands that GitHub's runner obeys in the log of a template: `error: message`. It takes a command at the start of a
/// line, behind any white space, and the old form `##[…]` anywhere in it. It does not hear what the grader prints about submissions.
pub fn obeyed(log: &str) -> Vec<String> {
    let command = |line: &&str| {
        assert!(!line.contains("submission: 1 passed") && !line.contains("submission: 0 passed"), "it hears {line}");
        if let Some((_, command)) = line.split_once("##[") {
            return Some(command.replacen(']', ": ", 1));
        }
        let (about, message) = line.strip_prefix("::")?.split_once("::")?;
        let name = about.split(' ').next()?;
        (name != "stop-commands").then(|| format!("{name}: {message}"))
    };
    heard(log).iter().filter_map(command).collect()
}

/// The end of a job.
pub struct Job {
    /// The output of the last step.
    pub output: Output,
    /// The summary of the last step.
    pub summary: String,
    /// The commands that were obeyed, of all steps.
    pub obeyed: Vec<String>,
}

/// The one job of a workflow.
pub struct Workflow {
    text: String,
}

impl Workflow {
    /// Reads a workflow of the kit.
    pub fn read(path: &str) -> Workflow {
        Workflow { text: fs::read_to_string(kit().join(path)).unwrap() }
    }

    fn root(&self) -> Yaml<'_> {
        Yaml::load_from_str(&self.text).unwrap().remove(0)
    }

    /// Returns the actions that it uses, with their versions.
    pub fn actions(&self) -> Vec<String> {
        let root = self.root();
        steps(&root).iter().filter_map(|step| part(step, "uses")).collect()
    }

    /// Returns its permissions.
    pub fn permissions(&self) -> Vec<(String, String)> {
        let root = self.root();
        pairs(root.as_mapping_get("permissions").unwrap())
    }

    /// Runs the steps up to the first that fails, as a job in a folder `work` of a machine. `checkouts` are the repositories that
    /// `actions/checkout` finds there, by the paths to which it writes.
    pub fn run(&self, machine: &Machine, checkouts: &[&str]) -> Job {
        let root = self.root();
        let env = pairs(root.as_mapping_get("env").unwrap());
        let mut job = None;
        let mut all = Vec::new();
        for step in steps(&root) {
            if let Some(action) = part(step, "uses") {
                let name = action.split('@').next().unwrap_or_default().to_owned();
                let path = step.as_mapping_get("with").and_then(|with| part(with, "path")).unwrap_or_default();
                match name.as_str() {
                    "actions/checkout" => assert!(checkouts.contains(&path.as_str()), "{path} is checked out"),
                    "Swatinem/rust-cache" => {}
                    other => panic!("the stand-in does not know the action {other}"),
                }
                continue;
            }
            let script = part(step, "run").expect("a step runs a script, or uses an action");
            assert!(!script.contains("${{"), "an expression in a script is a place to inject commands: {script}");
            machine.write("script.sh", &script);
            let mut shell = machine.command("bash");
            shell.arg("-e").arg(machine.path("script.sh")).envs(env.iter().cloned());
            shell.current_dir(machine.path("work").join(part(step, "working-directory").unwrap_or_default()));
            for file in FILES {
                machine.write(file, "");
                shell.env(file, machine.path(file));
            }
            fs::create_dir_all(machine.path("temporary")).unwrap();
            shell.env("RUNNER_TEMP", machine.path("temporary")).env("GITHUB_ACTIONS", "true").env("CI", "true");
            let output = shell.output().unwrap();
            all.extend(obeyed(&String::from_utf8_lossy(&output.stdout)));
            for file in FILES.into_iter().filter(|file| *file != "GITHUB_STEP_SUMMARY") {
                assert_eq!(fs::read_to_string(machine.path(file)).unwrap(), "", "{file}: {}", text(&output));
            }
            let summary = fs::read_to_string(machine.path("GITHUB_STEP_SUMMARY")).unwrap();
            let is_over = !output.status.success();
            job = Some(Job { output, summary, obeyed: all.clone() });
            if is_over {
                break;
            }
        }
        job.expect("the job has no script")
    }
}

/// The files by which a step speaks to the runner.
const FILES: [&str; 5] = ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"];

/// Returns the steps of the only job.
fn steps<'a>(root: &'a Yaml<'a>) -> &'a [Yaml<'a>] {
    let jobs = root.as_mapping_get("jobs").and_then(Yaml::as_mapping).unwrap();
    assert_eq!(jobs.len(), 1);
    let (_, job) = jobs.iter().next().unwrap();
    job.as_mapping_get("steps").and_then(Yaml::as_sequence).unwrap()
}

fn part(node: &Yaml, name: &str) -> Option<String> {
    node.as_mapping_get(name)?.as_str().map(str::to_owned)
}

/// Returns the entries of a mapping of texts.
fn pairs(node: &Yaml) -> Vec<(String, String)> {
    let text = |node: &Yaml| node.as_str().expect("a text").to_owned();
    node.as_mapping().unwrap().iter().map(|(name, value)| (text(name), text(value))).collect()
}
