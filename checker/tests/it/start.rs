//! The starters: they compile, they contain the tasks, and no file of a learner is ever lost.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, PoisonError},
};

use checker::lessons::{self, Lesson};

use crate::{
    reference::recorded,
    shared::{render, snapshot},
};

/// Makes an empty folder for one test.
pub fn empty(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("start").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the checker in this folder, where learners' programs are in `work/`. cargo builds beside the checker, where the
/// lessons' dependencies are already compiled.
pub fn checker(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Returns the command that [`checker`] runs.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    command.args(arguments).current_dir(folder).env_remove("AMQP_URL").env_remove("HELLO_RABBIT_IMAGE");
    command.env("HELLO_RABBIT_WORK", folder.join("work"));
    command.env("NO_COLOR", "1").env("COLUMNS", "80").env("CARGO_TARGET_DIR", target());
    command
}

/// The lock for tests that build learners' programs: these have the same name in every folder, and share a target folder.
pub static BUILDS: Mutex<()> = Mutex::new(());

/// Returns the folder that cargo builds into.
pub fn target() -> &'static Path {
    // <target>/debug/checker
    Path::new(env!("CARGO_BIN_EXE_checker")).ancestors().nth(2).unwrap()
}

/// Returns the path of a lesson's starter in these tests, as a learner sees it.
fn display_place(lesson: &Lesson) -> String {
    format!("work/{}", lesson.folder.file_name().unwrap().to_str().unwrap())
}

fn start(folder: &Path, lesson: &Lesson, more: &[&str]) -> Output {
    checker(folder, &[&["start", "lesson", &lesson.number], more].concat())
}

fn first() -> Lesson {
    lessons::all().unwrap().remove(0)
}

/// Returns the names of a folder's entries.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_starter_compiles_without_warnings_and_fails_at_its_first_step() {
    let _one_at_a_time = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = empty("compiles");
    for lesson in lessons::all().unwrap() {
        assert_eq!(start(&folder, &lesson, &[]).status.code(), Some(0), "lesson {}", lesson.number);
        let package = folder.join(display_place(&lesson));
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--offline"]).current_dir(&package).env("CARGO_TARGET_DIR", target());
        let built = cargo.output().unwrap();
        let said = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success() && !said.contains("warning"), "the starter of {}:\n{said}", lesson.number);

        let arguments = ["check", "lesson", &lesson.number, "--broker", "embedded", "--format", "json"];
        let checked = checker(&folder, &arguments);
        assert_eq!(checked.status.code(), Some(1), "{}", render(&checked));
        let report: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
        assert!(report["program"].as_str().unwrap().ends_with(&display_place(&lesson)), "{report:#}");
        assert_eq!(report["steps"][0]["id"], lesson.about.steps[0].id.as_str());
        assert_eq!(report["steps"][0]["verdict"], "failed", "{report:#}");
    }
}

#[test]
fn a_starter_tells_every_task_in_order_and_has_no_code_of_a_step() {
    let folder = empty("tasks");
    for lesson in lessons::all().unwrap() {
        start(&folder, &lesson, &[]);
        let starter = fs::read_to_string(folder.join(display_place(&lesson)).join("src/main.rs")).unwrap();
        assert!(!starter.contains("ANCHOR"), "{starter}");
        let wide = starter.lines().find(|line| line.chars().count() > 88);
        assert_eq!(wide, None, "lines that are wider than those of the lessons");

        // The comments, with continued lines joined.
        let comments =
            starter.lines().map(|line| line.trim_start().trim_start_matches("// ")).collect::<Vec<_>>().join(" ");
        let mut from = 0;
        for (index, step) in lesson.about.steps.iter().enumerate() {
            let number = format!("Step {} of {}", index + 1, lesson.about.steps.len());
            let expected = format!("{number}, {}: {}. {}", step.id, step.title, step.task);
            let found = comments[from..].find(&expected);
            from += found.unwrap_or_else(|| panic!("not there, or too early: {expected}\n{starter}")) + expected.len();
        }

        let program = fs::read_to_string(lesson.folder.join("src/main.rs")).unwrap();
        for step in &lesson.about.steps {
            let (_, code) = program.split_once(&format!("// ANCHOR: {}\n", step.id)).unwrap();
            let (code, _) = code.split_once(&format!("// ANCHOR_END: {}\n", step.id)).unwrap();
            // A line with only a name, as of the channel, gives nothing away.
            let says_more =
                |line: &&str| !line.chars().all(char::is_alphanumeric) && line.contains(char::is_alphabetic);
            for line in code.lines().map(str::trim).filter(says_more) {
                assert!(!starter.contains(line), "the starter of {} gives {} away: {line}", lesson.number, step.id);
            }
        }
    }
}

/// A learner's code replaces the blank lines between a starter's comments, and the result is the lesson's program.
#[test]
fn code_that_is_written_where_the_comments_stand_makes_the_lessons_program() {
    let folder = empty("written");
    for lesson in lessons::all().unwrap() {
        start(&folder, &lesson, &[]);
        let starter = fs::read_to_string(folder.join(display_place(&lesson)).join("src/main.rs")).unwrap();
        let program = fs::read_to_string(lesson.folder.join("src/main.rs")).unwrap();
        let code = steps_code(&program);
        let mut written = Vec::new();
        // The part whose comment has begun, until the blank line after it.
        let mut at: Option<&Part> = None;
        for line in starter.lines() {
            let comment = line.trim_start().strip_prefix("// Step ").and_then(|rest| rest.split_once(", "));
            // "Step 4 stands inside …" is about where a step's comment is.
            let comment = comment.filter(|(number, _)| !number.contains(" stands inside"));
            if let Some((_, rest)) = comment {
                let (id, is_end) = match rest.split_once([',', ':']) {
                    Some((id, rest)) => (id, rest == " ends here."),
                    None => (rest, false),
                };
                at = code.iter().find(|part| part.step == id && part.is_end == is_end);
                assert!(at.is_some(), "lesson {}: {line}", lesson.number);
                assert_eq!(
                    at.unwrap().indent,
                    line.len() - line.trim_start().len(),
                    "lesson {}: {line}",
                    lesson.number
                );
            }
            if line.trim().is_empty() {
                written.extend(at.take().into_iter().flat_map(|part| &part.lines).map(String::as_str));
            }
            written.push(line);
        }
        assert_eq!(
            without_comments(written.into_iter()),
            without_comments(program.lines()),
            "lesson {}",
            lesson.number
        );
    }
}

/// A part of a step's code: up to the first step inside it, or after the last of these.
struct Part {
    step: String,
    /// Set when it follows the steps inside.
    is_end: bool,
    /// The number of blanks before the step's anchor.
    indent: usize,
    lines: Vec<String>,
}

fn steps_code(program: &str) -> Vec<Part> {
    let (mut parts, mut open) = (Vec::<Part>::new(), Vec::<usize>::new());
    for line in program.lines() {
        let indent = line.len() - line.trim_start().len();
        let part = |step: &str, is_end| Part { step: step.to_owned(), is_end, indent, lines: Vec::new() };
        match line.trim().strip_prefix("// ANCHOR: ") {
            Some("program") => {}
            Some(step) => {
                open.push(parts.len());
                parts.push(part(step, false));
            }
            None => {}
        }
        if let Some(step) = line.trim().strip_prefix("// ANCHOR_END: ")
            && let Some(index) = open.iter().rposition(|&index| parts[index].step == step)
        {
            open.truncate(index);
            // The next lines are the end of the surrounding step.
            if let Some(&outer) = open.last() {
                let (step, indent) = (parts[outer].step.clone(), parts[outer].indent);
                match parts.iter_mut().position(|part| part.step == step && part.is_end) {
                    Some(end) => assert!(
                        parts[end].lines.iter().all(|line| line.is_empty()),
                        "code between two steps inside {step}"
                    ),
                    None => parts.push(Part { step, is_end: true, indent, lines: Vec::new() }),
                }
            }
        } else if let Some(&index) = open.last()
            && !line.contains("// ANCHOR")
        {
            let step = parts[index].step.clone();
            let is_end = parts.iter().any(|part| part.step == step && part.is_end);
            let part = parts.iter_mut().find(|part| part.step == step && part.is_end == is_end).unwrap();
            part.lines.push(line.to_owned());
        }
    }
    parts
}

/// Returns the lines of code, with their indentation.
fn without_comments<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let is_code =
        |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//") && !line.starts_with("#![");
    lines.filter(is_code).collect()
}

#[test]
fn what_is_there_is_never_overwritten() {
    let (folder, lesson) = (empty("kept"), first());
    start(&folder, &lesson, &[]);
    let program = folder.join(display_place(&lesson)).join("src/main.rs");
    fs::write(&program, "mine").unwrap();

    let again = start(&folder, &lesson, &[]);
    assert_eq!(again.status.code(), Some(2));
    snapshot("start_is_there", &render(&again));
    assert_eq!(fs::read_to_string(&program).unwrap(), "mine");

    let forced = start(&folder, &lesson, &["--force"]);
    assert_eq!(forced.status.code(), Some(0));
    snapshot("start_force", &steady(&render(&forced)));
    assert!(fs::read_to_string(&program).unwrap().contains("Step 1 of"));
    let kept = folder.join(display_place(&lesson) + ".1");
    assert_eq!(fs::read_to_string(kept.join("src/main.rs")).unwrap(), "mine");

    start(&folder, &lesson, &["--force"]);
    let base = "01-hello-send";
    assert_eq!(names(&folder.join("work")), [base.to_owned(), format!("{base}.1"), format!("{base}.2")]);
    assert_eq!(fs::read_to_string(kept.join("src/main.rs")).unwrap(), "mine");
}

#[test]
fn nothing_half_written_remains() {
    let (folder, lesson) = (empty("fails"), first());
    fs::write(folder.join("work"), "a file where a folder should be").unwrap();
    let output = start(&folder, &lesson, &[]);
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("work") && stderr.contains("(nothing was changed)"), "{stderr}");
    assert_eq!(output.stdout, b"");
    assert_eq!(names(&folder), ["work"]);
}

#[test]
fn a_folder_with_a_blank_in_its_name_can_be_typed_again() {
    let folder = empty("blank");
    let output = checker(&folder, &["start", "lesson", "hello-send", "--to", "my work/send it"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("--path 'my work/send it'\n"), "{stdout}");
    assert_eq!(names(&folder.join("my work/send it")), [".cargo", "Cargo.lock", "Cargo.toml", "src"]);
}

/// Returns a cargo command in this folder.
fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).current_dir(folder).env_remove("CARGO_TARGET_DIR");
    cargo
}

#[test]
fn the_commands_work_in_the_folders_of_a_program() {
    let folder = empty("alias");
    let outside = std::env::temp_dir().join(format!("hello-rabbit alias-{}", std::process::id()));
    checker(&folder, &["start", "lesson", "01"]);
    checker(&folder, &["start", "lesson", "01", "--to", outside.to_str().unwrap()]);
    let metadata = cargo(&outside, &["metadata", "--offline", "--no-deps", "--format-version", "1"]).output().unwrap();
    let inside = folder.join("work/01-hello-send");
    for place in [&inside, &inside.join("src"), &outside, &outside.join("src")] {
        let help = cargo(place, &["xtask", "--help"]).env("CARGO_TARGET_DIR", target()).output().unwrap();
        assert!(
            String::from_utf8_lossy(&help.stdout).contains("Usage: cargo xtask"),
            "{}: {}",
            place.display(),
            render(&help)
        );
    }
    fs::remove_dir_all(&outside).unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_eq!(metadata["target_directory"].as_str(), kit.join("target").to_str());
    let name = metadata["packages"][0]["name"].as_str().unwrap();
    assert!(
        name.starts_with("my-hello-send-"),
        "{name} is the name of the usual program, which shares the target folder"
    );
}

/// Returns a text in which the kit's folders are relative to the kit.
fn steady(text: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    text.replace(&format!("{}{}", root.display(), std::path::MAIN_SEPARATOR), "")
}

#[test]
fn book_shows_what_a_start_prints_and_writes() {
    let (folder, lesson) = (empty("book"), first());
    let output = start(&folder, &lesson, &[]);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    let printed = steady(&String::from_utf8(output.stdout).unwrap());
    recorded("start.txt", &format!("$ cargo xtask start lesson {}\n{printed}", lesson.number));
    let program = fs::read_to_string(folder.join(display_place(&lesson)).join("src/main.rs")).unwrap();
    recorded(&format!("starter-{}.rs", lesson.number), &program);
}
