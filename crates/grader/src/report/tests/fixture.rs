//! A class with everything in it that could break a report.

use crate::{
    class::{Layout, LeftAside, Student},
    grade::{Fault, Grade, Grades, Late, LessonAbout, Step, StepAbout, Verdict},
};

/// Parts of text that mean something to a terminal, a browser, a spreadsheet or a CI system.
pub const HOSTILE: [&str; 12] = [
    "=cmd|'/C calc'!A0",
    "<script>alert(1)</script>",
    "]]>",
    "::error::pwned",
    "##[error]pwned",
    "\u{9b}31mred",
    "\u{202e}txt.exe",
    "[[ATTACHMENT|/etc/passwd]]",
    "````",
    "a|b",
    "Points Possible",
    "<!-- --> ![x](http://example.com/x.png) &amp; \u{1b}[2J\u{0}\u{ffff}\u{2028}",
];

/// Returns all hostile parts, a line each.
pub fn hostile() -> String {
    HOSTILE.join("\n")
}

/// Returns the class.
pub fn class() -> Grades {
    let left = |path: &str, reason: &str| LeftAside { path: path.to_owned(), reason: reason.to_owned() };
    Grades {
        lessons: vec![lesson()],
        layout: Layout::Moodle,
        grades: vec![ada(), quotes(), evil(), late(), open()],
        left_aside: vec![left("notes<b>.txt", "a file, not a submission"), left("::error::x", "##[error] a name")],
        without_submission: vec![student("Grace `Hopper` | <i>", "2001", "grace"), student("", "", "")],
        not_joined: vec!["The roster has no student for `=1+1`".to_owned()],
        isolation: "docker".to_owned(),
        seed: 7,
        broker: "the embedded broker 0.1.0".to_owned(),
        graded_at: 1_796_019_600,
    }
}

/// Returns the lesson.
pub fn lesson() -> LessonAbout {
    let step = |id: &str, title: &str, points| StepAbout { id: id.to_owned(), title: title.to_owned(), points };
    LessonAbout {
        number: "01".to_owned(),
        id: "hello-send".to_owned(),
        title: "Hello World: sending".to_owned(),
        max_score: 10,
        steps: vec![
            step("connect", "connect and open a channel", 2),
            step("declare", "declare the queue `hello`", 3),
            step("publish", "publish the message", 5),
        ],
    }
}

/// Returns a student.
pub fn student(name: &str, id: &str, login: &str) -> Student {
    Student { name: name.to_owned(), id: id.to_owned(), login: login.to_owned() }
}

/// Returns a step.
pub fn step(id: &str, verdict: &str, points: u32, max_points: u32) -> Step {
    let about = lesson().steps.into_iter().find(|about| about.id == id);
    Step {
        id: id.to_owned(),
        title: about.map_or_else(String::new, |about| about.title),
        verdict: verdict.to_owned(),
        points,
        max_points,
        message: String::new(),
        hint: String::new(),
        evidence: String::new(),
        page: String::new(),
    }
}

/// Returns a submission that passed.
pub fn passed(key: &str, student: Student) -> Grade {
    Grade {
        key: key.to_owned(),
        student,
        paths: vec![format!("{key}.zip")],
        lesson: "hello-send".to_owned(),
        verdict: Verdict::Passed,
        steps: vec![step("connect", "passed", 2, 2), step("declare", "passed", 3, 3), step("publish", "passed", 5, 5)],
        score: Some(10),
        max_score: 10,
        late: None,
        override_reason: None,
        fault: None,
        reason: None,
        limits: Vec::new(),
        notes: Vec::new(),
        laid_aside: Vec::new(),
        unstable: false,
        isolation: "docker".to_owned(),
        broker: "the embedded broker 0.1.0".to_owned(),
        seed: 11,
        submitted_at: Some(1_795_996_800),
        stdout: Vec::new(),
        stderr: Vec::new(),
        conversation: Vec::new(),
        took_ms: 1250,
    }
}

fn ada() -> Grade {
    let mut grade = passed("ada", student("Ada Lovelace", "1001", "ada@example.org"));
    grade.stdout = vec![" [x] Sent 'Hello World!'".to_owned()];
    grade.conversation = vec!["→ connection.open vhost=/".to_owned(), "← connection.open-ok".to_owned()];
    grade.notes = vec!["The connection is not closed: call `connection.close` at the end".to_owned()];
    grade
}

/// A name with quotes and a line break, and a program that does not compile.
fn quotes() -> Grade {
    let mut grade = passed("quotes", student("Robert \"Bob\"\nO'Neil, Jr.", "1002", "bob"));
    let mut build = step("build", "failed", 0, 0);
    build.message = "`foo` is not defined in src/main.rs:3".to_owned();
    build.evidence = "error[E0425]: cannot find value `foo` in this scope\n --> src/main.rs:3:5".to_owned();
    fail(&mut grade, 0, "build.compile-error", &build.message.clone(), "build");
    grade.steps = vec![build];
    grade
}

/// A student whose every field is hostile.
fn evil() -> Grade {
    let name = HOSTILE.join(" ");
    let mut grade = passed("evil-1", student(&format!("=cmd|'/C calc'!A0 {name}"), "@1003", "+evil`|"));
    grade.paths = vec![hostile()];
    let mut publish = step("publish", "failed", 0, 5);
    publish.message = format!("The message is `{}`, not `Hello World!`", HOSTILE.join(" "));
    publish.hint = "Call `basic_publish` with `b\"Hello World!\"`.".to_owned();
    publish.evidence = hostile();
    publish.page = "01-hello-send.html#publish".to_owned();
    fail(&mut grade, 5, "publish.other-body", &publish.message.clone(), "publish");
    grade.steps = vec![step("connect", "passed", 2, 2), step("declare", "passed", 3, 3), publish];
    grade.override_reason = Some(hostile());
    grade.limits = vec![hostile()];
    grade.notes = vec![hostile(), "1. no list".to_owned(), "- no list".to_owned()];
    grade.laid_aside = vec![LeftAside { path: hostile(), reason: hostile() }];
    grade.unstable = true;
    let lines: Vec<String> = HOSTILE.iter().map(|line| (*line).to_owned()).collect();
    (grade.stdout, grade.stderr, grade.conversation) = (lines.clone(), lines.clone(), lines);
    grade
}

fn late() -> Grade {
    let mut grade = passed("zoe", student("Zoë 李小龍", "1004", "zoe"));
    grade.late = Some(Late { days: 2, points: 4 });
    grade.score = Some(6);
    grade
}

/// A submission that could not be checked.
fn open() -> Grade {
    let mut grade = passed("wang", student("Wang Wei", "1005", "wang"));
    (grade.verdict, grade.score) = (Verdict::NotChecked, None);
    grade.steps = vec![step("connect", "not_checked", 0, 2)];
    grade.reason = Some("the sandbox could not be started: no space left on the device".to_owned());
    grade
}

fn fail(grade: &mut Grade, score: u32, code: &str, message: &str, step: &str) {
    (grade.verdict, grade.score) = (Verdict::Failed, Some(score));
    grade.fault = Some(Fault { step: step.to_owned(), code: code.to_owned(), message: message.to_owned() });
}
