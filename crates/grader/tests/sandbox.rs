//! Tests that grade in a sandbox. Where there is none, they are reported as not run; `HELLO_RABBIT_SANDBOX=required` makes them fail
//! there.

// clippy's own exception for tests does not see a test without its harness.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Output, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// One hostile program for each kind of attack.
const FEW: &str = "includes-the-secret-as-text,argument-file-as-a-program,program-outside-by-a-backslash,fork-bomb,memory-hog,floods-stdout,reads-the-secret,\
                   connects-to-the-host,writes-to-the-victims-folder,stops-its-parent,prints-without-sending";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let has_sandbox = Command::new("bwrap").arg("--version").output().is_ok_and(|output| output.status.success());
    let is_required = env::var("HELLO_RABBIT_SANDBOX").is_ok_and(|value| value == "required");
    let trials: [(&str, fn()); 8] = [
        ("ctrl_c_ends_it_and_leaves_nothing", ctrl_c_ends_it_and_leaves_nothing),
        ("the_table_in_the_book_is_that_of_a_class", the_table_in_the_book_is_that_of_a_class),
        ("a_class_has_the_expected_grades", a_class_has_the_expected_grades),
        ("finished_checks_are_kept_and_judged_again", finished_checks_are_kept_and_judged_again),
        ("a_killed_run_goes_on_where_it_was", a_killed_run_goes_on_where_it_was),
        ("two_on_one_folder_refuse_each_other", two_on_one_folder_refuse_each_other),
        ("wrong_files_are_named_before_anything_is_graded", wrong_files_are_named_before_anything_is_graded),
        ("the_sandbox_holds", the_sandbox_holds),
    ];
    let trials = trials.into_iter().map(|(name, test)| {
        let trial = Trial::test(name, move || {
            test();
            Ok::<(), Failed>(())
        });
        trial.with_ignored_flag(!has_sandbox && !is_required)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

const MANIFEST: &str = "[package]\nname = \"my-program\"\nedition = \"2021\"\n\n[dependencies]\nlapin = \"4\"\n";

/// Returns the program of lesson 01.
fn right() -> String {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(kit.join("lessons/01-hello-send/src/main.rs")).unwrap()
}

/// A class in a folder of its own.
struct Class {
    folder: tempfile::TempDir,
}

impl Class {
    fn new() -> Class {
        Class { folder: tempfile::tempdir().unwrap() }
    }

    fn add(&self, student: &str, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = self.class().join(student).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn class(&self) -> PathBuf {
        self.folder.path().join("class")
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("class-grades")
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut grade = Command::new(env!("CARGO_BIN_EXE_grader"));
        grade.arg("grade").arg(self.class()).args(["--lesson", "01", "--seed", "1"]).args(more);
        grade.env("COLUMNS", "100").stdin(Stdio::null()).current_dir(self.folder.path());
        grade
    }

    fn grade(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    /// Returns a line for each submission in the JSON report.
    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.journal().join("grades.json")).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap();
        let line = |one: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let (name, verdict) = (text(&one["student"]["name"]), text(&one["verdict"]));
            format!("{name} {verdict} {} {}", one["score"], text(&one["fault"]["code"]))
        };
        report["submissions"].as_array().unwrap().iter().map(line).collect()
    }

    /// Returns the files of finished checks, with their times.
    fn finished(&self) -> Vec<(PathBuf, SystemTime)> {
        let entries = fs::read_dir(self.journal().join("checks")).into_iter().flatten().flatten();
        let mut all: Vec<_> =
            entries.map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap())).collect();
        all.retain(|(path, _)| path.extension().is_some_and(|ending| ending == "json"));
        all.sort();
        all
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn a_class_has_the_expected_grades() {
    let class = Class::new();
    class.add("ada", &[("src/main.rs", &right()), ("Cargo.toml", MANIFEST)]);
    class.add("ben", &[("main.rs", &right().replace("Hello World!", "Hello world!"))]);
    class.add("cleo", &[("main.rs", "fn main() { let number: u8 = \"one\"; }")]);
    class.add("dan", &[("main.rs", "fn main() { println!(\" [x] Sent 'Hello World!'\"); }")]);
    class.add("eve", &[("essay.pdf", "%PDF-1.4")]);
    class.add("fay", &[("src/main.rs", &right()), ("Cargo.toml", &MANIFEST.replace("\"4\"", "\"2\""))]);
    class.add("gus", &[("src/main.rs", &right()), ("Cargo.toml", MANIFEST), ("build.rs", "fn main() { panic!() }")]);
    class.add("hal", &[("send.py", "print(\" [x] Sent 'Hello World!'\", flush=True)\n")]);
    let output = class.grade(&["--report", "all", "--program", "python3 send.py"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let expected = [
        "ada passed 5 -",
        "ben failed 2 body.case",
        "cleo failed 0 build.does-not-compile",
        "dan failed 0 connect.printed-without",
        "eve failed 0 submission.not-gradable",
        "fay failed 0 submission.not-gradable",
        "gus passed 5 -",
        "hal failed 0 connect.printed-without",
    ];
    assert_eq!(class.lines(), expected, "{}", said(&output));
    for (student, expected) in [("fay", "lapin 2"), ("gus", "build.rs"), ("ben", "only in capitalization")] {
        let page = fs::read_to_string(class.journal().join(format!("students/{student}.md"))).unwrap();
        assert!(page.contains(expected), "{page}");
    }
    for report in ["class.html", "grades.csv", "junit.xml", "github/summary.md", "gradescope/ada/results.json"] {
        assert!(class.journal().join(report).is_file(), "{report}");
    }
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("8 submissions: 2 passed, 6 failed, 0 not checked"), "{table}");
}

fn the_table_in_the_book_is_that_of_a_class() {
    let class = Class::new();
    let moodle = |name: &str, id: u32| format!("{name}_{id}_assignsubmission_file");
    class.add(&moodle("Ada Lovelace", 4711), &[("src/main.rs", &right()), ("Cargo.toml", MANIFEST)]);
    class.add(&moodle("Ben Bitdiddle", 4712), &[("main.rs", &right().replace("World", "world"))]);
    class.add(&moodle("Cy Essay", 4713), &[("essay.pdf", "%PDF-1.4")]);
    let output = class.grade(&[]);
    assert!(said(&output).starts_with("layout moodle: 3 submissions\n"), "{}", said(&output));
    let table = String::from_utf8(output.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/recorded/grade/first.txt");
    if env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        return fs::write(path, table).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), table, "accept it with SNAPSHOTS=overwrite");
}

fn finished_checks_are_kept_and_judged_again() {
    let class = Class::new();
    class.add("ada", &[("main.rs", &right())]);
    class.add("ben", &[("main.rs", "fn main() {}")]);
    assert_eq!(class.grade(&["--report", "json"]).status.code(), Some(0));
    let (before, lines) = (class.finished(), class.lines());
    assert_eq!(before.len(), 2);
    // Nothing is run again, and judging needs no sandbox.
    let output = class.command(&["--report", "json", "--regrade"]).env("PATH", "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!((class.finished(), class.lines()), (before.clone(), lines));
    // A change of one submission, or asking for it, runs that one again.
    class.add("ben", &[("main.rs", "fn main() { println!() }")]);
    let output = class.grade(&["--report", "json"]);
    assert!(said(&output).contains("1 of 2 checks are done already"), "{}", said(&output));
    let after = class.finished();
    assert_eq!((before[0] == after[0], before[1] == after[1]), (true, false));
    class.grade(&["--rerun", "ada"]);
    assert_ne!(class.finished()[0], after[0]);
    let output = class.grade(&["--rerun", "nadia"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("there is no submission of \"nadia\""), "{}", said(&output));
}

fn a_killed_run_goes_on_where_it_was() {
    let class = Class::new();
    for student in ["ada", "ben", "cleo", "dan", "eve", "fay"] {
        class.add(student, &[("main.rs", &format!("{}\n// {student}\n", right()))]);
    }
    // Killed at several moments: before, between and in the middle of checks.
    for moment in [150, 700, 1500] {
        let mut grade = class.command(&["--jobs", "1"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(moment));
        grade.kill().unwrap();
        grade.wait().unwrap();
    }
    let before = class.finished();
    let output = class.grade(&["--report", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let after = class.finished();
    assert!(before.iter().all(|one| after.contains(one)), "a finished check was done again");
    assert_eq!(after.len(), 6);
    assert!(class.lines().iter().all(|line| line.ends_with("passed 5 -")), "{:?}", class.lines());
    // Nothing of the killed runs is left.
    let deadline = Instant::now() + Duration::from_secs(10);
    while processes_with(&class.folder.path().to_string_lossy(), "") > 0 {
        assert!(Instant::now() < deadline, "a process is left");
        thread::sleep(Duration::from_millis(50));
    }
}

fn ctrl_c_ends_it_and_leaves_nothing() {
    let class = Class::new();
    let sleeps = "fn main() { println!(\"asleep\"); std::thread::sleep(std::time::Duration::from_secs(60)) }";
    class.add("ada", &[("main.rs", sleeps)]);
    // The folders of all runs are in a place of their own.
    let temporary = class.folder.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let mut grade = class.command(&["--timeout", "60"]);
    let grade = grade.env("TMPDIR", &temporary).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let program = "program/program";
    let deadline = Instant::now() + Duration::from_secs(60);
    while processes_with(&temporary.to_string_lossy(), program) == 0 {
        assert!(Instant::now() < deadline, "the program does not begin");
        thread::sleep(Duration::from_millis(20));
    }
    let interrupted = Command::new("kill").args(["-INT", &grade.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let output = grade.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(said(&output).contains("the same command goes on with the others"), "{}", said(&output));
    assert_eq!(processes_with(&temporary.to_string_lossy(), ""), 0, "a process is left");
    let bases = fs::read_dir(&temporary).unwrap().flatten().map(|base| base.path().join("runs"));
    let runs = bases.flat_map(|runs| fs::read_dir(runs).unwrap().flatten());
    let left: Vec<PathBuf> = runs.map(|run| run.path()).filter(|run| run.is_dir()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Returns the number of processes with both texts in their command lines.
fn processes_with(one: &str, other: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let has_both = |line: &Vec<u8>| {
        let line = String::from_utf8_lossy(line);
        line.contains(one) && line.contains(other)
    };
    lines.filter(has_both).count()
}

fn two_on_one_folder_refuse_each_other() {
    let class = Class::new();
    class.add("ada", &[("main.rs", "fn main() { std::thread::sleep(std::time::Duration::from_secs(3)) }")]);
    let mut first = class.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !class.journal().join("journal.json").exists() {
        assert!(Instant::now() < deadline, "the first one does not begin");
        thread::sleep(Duration::from_millis(20));
    }
    let second = class.grade(&[]);
    assert_eq!(second.status.code(), Some(3));
    assert!(said(&second).contains("another `grade` is working on"), "{}", said(&second));
    assert_eq!(first.wait().unwrap().code(), Some(0));
}

fn wrong_files_are_named_before_anything_is_graded() {
    let class = Class::new();
    class.add("ada", &[("main.rs", &right())]);
    fs::write(class.folder.path().join("rubric.toml"), "[lessons.01]\nsend = 3\n").unwrap();
    fs::write(class.folder.path().join("roster.csv"), "colour\nred\n").unwrap();
    let wrong: [(&[&str], &str); 6] = [
        (&["--rubric", "rubric.toml"], "rubric.toml: lesson 01 has no step \"send\""),
        (&["--roster", "roster.csv"], "roster.csv"),
        (&["--due", "tomorrow"], "\"tomorrow\" is not a date"),
        (&["--report", "excel"], "there is no report \"excel\""),
        (&["--report", "moodle"], "needs --gradebook FILE"),
        (&["--match", "("], "("),
    ];
    for (flags, expected) in wrong {
        let output = class.grade(flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", said(&output));
        assert!(said(&output).starts_with("error: ") && said(&output).contains(expected), "{}", said(&output));
        assert!(said(&output).contains("\nhint: "), "{}", said(&output));
        assert_eq!(class.finished(), [], "{flags:?}");
    }
}

/// One program for each kind of attack; with `HELLO_RABBIT_FULL`, all of them.
fn the_sandbox_holds() {
    let mut test = Command::new(env!("CARGO_BIN_EXE_grader"));
    test.args(["grade", "--self-test"]).stdin(Stdio::null());
    let mut count = "";
    if env::var_os("HELLO_RABBIT_FULL").is_none() {
        test.args(["--hostile", FEW]);
        count = "11 hostile programs";
    }
    let output = test.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}\n{}", said(&output));
    assert!(printed.contains(": 0 problems") && printed.contains(count), "{printed}");
    assert!(!printed.contains("not tested"), "{printed}");
}
