//! Tests that grade in a sandbox. Where there is none, they are reported as not run; `HELLO_RABBIT_SANDBOX=required` makes them fail
//! there.

// clippy's own exception for tests does not see a test without its harness.
#![allow(clippy::unwrap_used)]

mod shared;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::{Arguments, Failed, Trial};

use shared::{Class, MANIFEST, is_required, right, said};

/// One hostile program for each kind of attack.
const HOSTILE_SAMPLE: &str = "includes-the-secret-as-text,argument-file-as-a-program,program-outside-by-a-backslash,fork-bomb,memory-hog,floods-stdout,reads-the-secret,\
                   connects-to-the-host,writes-to-the-victims-folder,stops-its-parent,prints-without-sending";

/// The test that needs Docker.
const IN_CONTAINERS: &str = "containers_hold";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let has_sandbox = Command::new("bwrap").arg("--version").output().is_ok_and(|output| output.status.success());
    let has_docker = Command::new("docker").arg("version").output().is_ok_and(|output| output.status.success());
    let trials: [(&str, fn()); 11] = [
        ("ctrl_c_ends_it_and_leaves_nothing", ctrl_c_ends_it_and_leaves_nothing),
        ("the_table_in_the_book_is_that_of_a_class", the_table_in_the_book_is_that_of_a_class),
        ("a_class_has_the_expected_grades", a_class_has_the_expected_grades),
        ("an_exit_code_is_no_signal", an_exit_code_is_no_signal),
        ("finished_checks_are_kept_and_judged_again", finished_checks_are_kept_and_judged_again),
        ("a_killed_run_goes_on_where_it_was", a_killed_run_goes_on_where_it_was),
        ("two_on_one_folder_refuse_each_other", two_on_one_folder_refuse_each_other),
        ("wrong_files_are_named_before_anything_is_graded", wrong_files_are_named_before_anything_is_graded),
        ("a_sandbox_that_leaks_grades_nothing", a_sandbox_that_leaks_grades_nothing),
        ("the_sandbox_holds", the_sandbox_holds),
        (IN_CONTAINERS, containers_hold),
    ];
    let trials = trials.into_iter().map(|(name, test)| {
        let trial = Trial::test(name, move || {
            test();
            Ok::<(), Failed>(())
        });
        let is_there = has_sandbox && (name != IN_CONTAINERS || has_docker);
        trial.with_ignored_flag(!is_there && !is_required())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
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

fn an_exit_code_is_no_signal() {
    let class = Class::new();
    // 152 and 153 are also 128 and the numbers of SIGXCPU and SIGXFSZ.
    let ends_with = |text: &str| right().replace("\n    Ok(())\n", &format!("\n    {text}\n"));
    let exit = |code: u8| ends_with(&format!("std::process::exit({code})"));
    let file = "let _ = std::fs::write(\"/tmp/large\", vec![1; 20 << 20]);\n    Ok(())";
    class.add("ada", &[("main.rs", &exit(152))]);
    class.add("ben", &[("main.rs", &exit(153))]);
    class.add("cleo", &[("main.rs", &ends_with(file))]);
    class.add("dan", &[("main.rs", &ends_with("std::process::abort()"))]);
    let output = class.grade(&["--report", "students"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let limit = "It hit a limit of the sandbox: it wrote a file of more than 16 MiB.";
    for (student, expected, has_limit) in [
        ("ada", "exit code 152", false),
        ("ben", "exit code 153", false),
        ("cleo", "signal 25", true),
        ("dan", "signal 6", false),
    ] {
        let page = fs::read_to_string(class.journal().join(format!("students/{student}.md"))).unwrap();
        assert!(page.contains(expected), "{student}: {page}");
        assert_eq!(page.contains(limit), has_limit, "{student}: {page}");
    }
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

/// Kills `grade` at random moments, `HELLO_RABBIT_KILLS` of them or a few, and gives the same command again each time.
fn a_killed_run_goes_on_where_it_was() {
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let kills = number("HELLO_RABBIT_KILLS").unwrap_or(5);
    let seed = number("HELLO_RABBIT_SEED").unwrap_or_else(|| fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    let students = kills + 5;
    let [whole, class] = [Class::new(), Class::new()];
    for number in 0..students {
        let (right, name) = (format!("{}\n// {number}\n", right()), format!("student-{number:02}"));
        let main = match number % 5 {
            0 => right.replace("Hello World!", "Hello world!"),
            1 => right.replace("fn main", "fn other"),
            _ => right,
        };
        whole.add(&name, &[("main.rs", &main)]);
        class.add(&name, &[("main.rs", &main)]);
    }
    // Without a kill: the result, and how long it takes to begin and to do one check.
    let begin = Instant::now();
    assert_eq!(whole.grade(&["--report", "json"]).status.code(), Some(0));
    let all = begin.elapsed();
    let begin = Instant::now();
    assert_eq!(whole.grade(&["--rerun", "student-00"]).status.code(), Some(0));
    let first = begin.elapsed();
    let each = all.saturating_sub(first) / u32::try_from(students).unwrap();

    let temporary = class.folder.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let command = |more: &[&str]| {
        let mut grade = class.command(more);
        grade.env("TMPDIR", &temporary).stdout(Stdio::null());
        grade
    };
    let (mut pids, mut finished) = (Vec::new(), Vec::new());
    for _ in 0..kills {
        let moment = (first + each * 3).mul_f64(random.f64());
        let mut grade = command(&[]).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(moment);
        grade.kill().unwrap();
        grade.wait().unwrap();
        pids.push(grade.id());
        let now = class.finished();
        assert!(finished.iter().all(|one| now.contains(one)), "seed {seed}: a finished check was done again");
        println!("killed after {} ms, with {} of {students} checks finished", moment.as_millis(), now.len());
        finished = now;
    }
    let output = command(&["--report", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "seed {seed}: {}", said(&output));
    let now = class.finished();
    assert!(finished.iter().all(|one| now.contains(one)), "seed {seed}: a finished check was done again");
    assert_eq!((now.len(), class.lines()), (whole.finished().len(), whole.lines()), "seed {seed}");

    // Nothing of the killed runs is left: processes, folders, files, control groups.
    let deadline = Instant::now() + Duration::from_secs(10);
    while processes_with(&temporary.to_string_lossy(), "") > 0 {
        assert!(Instant::now() < deadline, "seed {seed}: a process is left");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(runs_in(&temporary), [] as [PathBuf; 0], "seed {seed}");
    for folder in ["checks", "recordings"] {
        let entries = fs::read_dir(class.journal().join(folder)).unwrap().flatten();
        let begun = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".tmp"));
        assert_eq!(begun.count(), 0, "seed {seed}: a file that was begun is left in {folder}");
    }
    let trees = ["", "pids", "memory", "cpu"].map(|tree| Path::new("/sys/fs/cgroup").join(tree));
    let groups = trees.iter().flat_map(|tree| fs::read_dir(tree).into_iter().flatten().flatten());
    let is_ours = |group: &String| pids.iter().any(|pid| group.starts_with(&format!("hello-rabbit-{pid}-")));
    let left: Vec<String> =
        groups.map(|group| group.file_name().to_string_lossy().into_owned()).filter(is_ours).collect();
    assert!(left.is_empty(), "seed {seed}: {left:?}");
}

/// Returns the folders of runs below a folder for temporary files.
fn runs_in(temporary: &Path) -> Vec<PathBuf> {
    let bases = fs::read_dir(temporary).unwrap().flatten().map(|base| base.path().join("runs"));
    let runs = bases.flat_map(|runs| fs::read_dir(runs).into_iter().flatten().flatten());
    runs.map(|run| run.path()).filter(|run| run.is_dir()).collect()
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
    let left = runs_in(&temporary);
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

/// A bubblewrap that shows each secret of the test, except in the short test before it.
const LEAKS: &str = r#"#!/bin/sh
case "$*" in
  --version) echo "bubblewrap in FOLDER"; exit ;;
  *probe-*) exec REAL "$@" ;;
esac
# After all other mounts, which the last of these options ends.
for word; do
  shift
  if [ "$word" = --chdir ]; then
    for secret in $(find FOLDER -path '*hostile-*' -name secret); do
      folders=
      above=$(dirname "$secret")
      while [ "$above" != / ]; do
        folders="--perms 0755 --dir $above $folders"
        above=$(dirname "$above")
      done
      set -- "$@" $folders --ro-bind "$secret" "$secret"
    done
  fi
  set -- "$@" "$word"
done
exec REAL "$@"
"#;

fn a_sandbox_that_leaks_grades_nothing() {
    let class = Class::new();
    class.add("ada", &[("main.rs", &right())]);
    let folder = tempfile::tempdir().unwrap();
    let path = env::var("PATH").unwrap();
    let real = env::split_paths(&path).map(|folder| folder.join("bwrap")).find(|bwrap| bwrap.is_file()).unwrap();
    let leaks = LEAKS.replace("REAL", &real.to_string_lossy()).replace("FOLDER", &folder.path().to_string_lossy());
    let bwrap = folder.path().join("bwrap");
    fs::write(&bwrap, leaks).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&bwrap, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut grade = class.command(&[]);
    grade.env("PATH", format!("{}:{path}", folder.path().display())).env("TMPDIR", folder.path());
    let output = grade.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let said = said(&output);
    assert!(said.contains("error: the sandbox `bwrap` does not hold:\n"), "{said}");
    assert!(
        said.contains("reads-the-secret: it got the secret") && said.contains("hint: nothing was graded"),
        "{said}"
    );
    assert_eq!(class.finished(), []);
    // What holds is tested once.
    let begun = "testing the sandbox `bwrap`, once on this machine";
    assert!(said.contains(begun), "{said}");
    assert_eq!(class.grade(&[]).status.code(), Some(0));
    let again = class.grade(&["--rerun", "ada"]);
    assert!(!self::said(&again).contains(begun), "{}", self::said(&again));
}

fn the_sandbox_holds() {
    holds("bwrap");
}

fn containers_hold() {
    holds("docker");
    let class = Class::new();
    class.add("ada", &[("main.rs", &right())]);
    class.add("ben", &[("main.rs", &right().replace("Hello World!", "Hello world!"))]);
    class.add("cleo", &[("main.rs", &right().replace("\n    Ok(())\n", "\n    std::process::abort()\n"))]);
    // Python prints line by line on a terminal alone.
    class.add("dan", &[("send.py", "import time\nprint(\" [x] Sent 'Hello World!'\")\ntime.sleep(60)\n")]);
    let output =
        class.grade(&["--report", "all", "--sandbox", "docker", "--program", "python3 send.py", "--timeout", "3"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let expected = [
        "ada passed 5 -",
        "ben failed 2 body.case",
        "cleo failed 4 end.signal",
        "dan failed 0 connect.never-connected",
    ];
    assert_eq!(class.lines(), expected, "{}", said(&output));
    let report = class.report();
    assert_eq!(report["submissions"][3]["stdout"][0], " [x] Sent 'Hello World!'", "{report:#}");
    assert_eq!(report["isolation"], "docker");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("0 not checked, sandbox docker"), "{table}");
    let listed =
        Command::new("docker").args(["ps", "--all", "--quiet", "--filter", "label=hello-rabbit.grade"]).output();
    assert_eq!(String::from_utf8_lossy(&listed.unwrap().stdout), "", "a container is left");
}

/// Runs one program for each kind of attack; with `HELLO_RABBIT_FULL`, all of them.
fn holds(sandbox: &str) {
    let mut test = Command::new(env!("CARGO_BIN_EXE_grader"));
    test.args(["grade", "--self-test", "--sandbox", sandbox]).stdin(Stdio::null());
    let mut count = "";
    if env::var_os("HELLO_RABBIT_FULL").is_none() {
        test.args(["--hostile", HOSTILE_SAMPLE]);
        count = "11 hostile programs";
    }
    let output = test.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}\n{}", said(&output));
    assert!(printed.contains(": 0 problems") && printed.contains(count), "{printed}");
    assert!(!printed.contains("not tested"), "{printed}");
}
