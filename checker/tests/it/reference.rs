//! The verdicts, exit codes, JSON reports and tasks in the book are those of the checker.
//!
//! The files are generated from the code. `SNAPSHOTS=overwrite cargo test -p checker --test it reference` writes them again;
//! read the difference before you commit it.

use std::{
    collections::BTreeMap,
    fmt::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::PoisonError,
};

use checker::{
    lessons,
    report::json::FIELDS,
    verdict::{Outcome, Verdict},
};
use cli::Exit;
use contracts::{
    catalogue::{self, Entry},
    clients::Client,
    translate::Chapter,
};
use serde_json::{Value, json};
use snapbox::{Assert, Data};

use crate::{
    shared::{render, snapshot},
    start::{BUILDS, checker, empty},
};

/// Compares a text with a file in book/recorded.
pub fn recorded(name: &str, text: &str) {
    Assert::new().action_env("SNAPSHOTS").eq(Data::text(text), Data::read_from(&in_the_book(name), None).raw());
}

fn in_the_book(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/recorded").join(name)
}

#[test]
fn exit_codes_are_those_of_the_book() {
    let mut table = "| exit code | in a word | what it says |\n|---|---|---|\n".to_owned();
    for exit in Exit::ALL {
        let _ = writeln!(table, "| {} | {} | {} |", exit.code(), exit.word(), exit.meaning());
    }
    recorded("exit-codes.md", &table);
}

#[test]
fn the_answer_to_an_unknown_lesson_is_that_of_the_book() {
    let output = checker(&empty("unknown-lesson"), &["check", "lesson", "99"]);
    assert_eq!(output.status.code(), Some(Exit::Usage.code().into()));
    let stderr = String::from_utf8(output.stderr).unwrap();
    recorded("unknown-lesson.txt", &format!("$ cargo xtask check lesson 99  # exit code 2\n{stderr}"));
}

#[test]
fn verdicts_are_those_of_the_book() {
    let mut table = "| verdict in JSON | in the text | exit code | what it says |\n|---|---|---|---|\n".to_owned();
    for verdict in [Verdict::Passed, Verdict::Failed, Verdict::NotChecked] {
        let exit = verdict.exit();
        assert_eq!(exit.word().replace(' ', "_"), verdict.word(), "the exit code and the verdict have two names");
        let _ = writeln!(table, "| `{}` | {} | {} | {} |", verdict.word(), exit.word(), exit.code(), verdict.meaning());
    }
    recorded("verdicts.md", &table);
    let mut table = "| verdict on a step | what it says |\n|---|---|\n".to_owned();
    for (word, meaning) in Outcome::WORDS {
        let _ = writeln!(table, "| `{word}` | {meaning} |");
    }
    recorded("step-verdicts.md", &table);
}

/// Returns a real report.
pub fn report(arguments: &[&str], exit: Exit) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_checker"))
        .args(["check", "lesson"])
        .args(arguments)
        .args(["--format", "json"])
        .env_remove("AMQP_URL")
        .env_remove("HELLO_RABBIT_IMAGE")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(exit.code().into()), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the report of a program that passes with a note: its queue is transient.
fn noted() -> Value {
    let _one_at_a_time = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = empty("noted");
    assert_eq!(checker(&folder, &["start", "lesson", "01"]).status.code(), Some(0));
    let lesson = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lessons/01-hello-send/src/main.rs");
    let program = std::fs::read_to_string(lesson).unwrap().replace("durable: true", "durable: false");
    std::fs::write(folder.join("work/01-hello-send/src/main.rs"), program).unwrap();
    let text = checker(&folder, &["check", "lesson", "01", "--broker", "embedded"]);
    snapshot("noted", &render(&text).replace(&*folder.to_string_lossy(), "[folder]"));
    let output = checker(&folder, &["check", "lesson", "01", "--broker", "embedded", "--format", "json"]);
    assert_eq!(output.status.code(), Some(Exit::Passed.code().into()));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Makes a package that does not compile, for a report whose first step is `build`.
pub fn broken() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = "[package]\nname = \"broken\"\nedition = \"2024\"\n[workspace]\n";
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/main.rs"), "fn main() { let x: u8 = \"text\"; }\n").unwrap();
    folder
}

#[test]
fn the_reports_fields_are_those_of_the_book() {
    let dead_address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let reports = [
        report(&["01", "--broker", "embedded"], Exit::Passed),
        report(&["02", "--broker", "embedded"], Exit::Passed),
        report(&["03", "--broker", "embedded"], Exit::Passed),
        noted(),
        report(&["01", "--broker", "embedded", "--program", "true"], Exit::Failed),
        report(&["01", "--broker", "embedded", "--path", &broken().to_string_lossy()], Exit::Failed),
        report(&["01", "--broker", &format!("amqp://{dead_address}"), "--program", "true"], Exit::NotChecked),
    ];
    let mut seen = BTreeMap::<String, Vec<&str>>::new();
    reports.iter().for_each(|report| fields("", report, &mut seen));
    for field in FIELDS {
        let types = seen.remove(field.path);
        let types = types.unwrap_or_else(|| panic!("no report has the field {}: json.rs lists it", field.path));
        for one in types {
            assert!(
                field.types.split(" or ").any(|known| known == one),
                "{} is {one}, not {}",
                field.path,
                field.types
            );
        }
    }
    assert!(seen.is_empty(), "reports have fields that FIELDS in checker/src/report/json.rs does not list: {seen:?}");

    let faults = std::fs::read_to_string(in_the_book("faults.md")).unwrap();
    let steps = reports.iter().flat_map(|report| report["steps"].as_array().unwrap());
    for (step, code) in steps.filter_map(|step| Some((step, step["code"].as_str()?))) {
        assert_eq!(step["explained"], format!("reference/faults.html#{code}"));
        assert!(faults.contains(&format!("{{#{code}}}")), "the page of faults has no {code}");
    }

    let mut table = "| field | type | what it says |\n|---|---|---|\n".to_owned();
    for field in FIELDS {
        let _ = writeln!(table, "| `{}` | {} | {} |", field.path, field.types, field.meaning);
    }
    recorded("report-fields.md", &table);
    let [passed, ..] = reports;
    recorded("report-example.json", &(serde_json::to_string_pretty(&example(passed)).unwrap() + "\n"));
}

/// Collects all fields in this value, with their types. The content of a method's arguments depends on the method, and is left
/// out.
fn fields(path: &str, value: &Value, seen: &mut BTreeMap<String, Vec<&'static str>>) {
    if !path.is_empty() && !path.ends_with("[]") {
        let types = seen.entry(path.to_owned()).or_default();
        types.push(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        });
    }
    match value {
        Value::Object(map) if !path.ends_with("wire[].args") && !path.ends_with("wire[].body") => {
            let name = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            map.iter().for_each(|(key, value)| fields(&name(key), value, seen));
        }
        Value::Array(items) => {
            let objects = items.iter().filter(|item| item.is_object());
            objects.for_each(|item| fields(&format!("{path}[]"), item, seen));
        }
        _ => {}
    }
}

/// Returns a report as the book shows it: with invented times, which stay the same, and with a part of the conversation.
fn example(mut report: Value) -> Value {
    report["timing_ms"] = json!({ "build": 52.1, "broker": 0.4, "run": 9.6, "total": 63.8 });
    let wire = report["wire"].as_array_mut().unwrap();
    wire.retain(|event| {
        let method = event["method"].as_str().unwrap();
        ["channel.open", "queue.declare", "queue.declare-ok", "basic.publish", "connection.close"].contains(&method)
    });
    for (index, event) in wire.iter_mut().enumerate() {
        event["at_ms"] = json!(4.0 + 0.5 * f64::from(u32::try_from(index).unwrap()));
    }
    // It would be a copy of the one above.
    report["programs"][0]["wire"] = json!([]);
    report
}

/// A chapter includes each step's task by the step's id.
#[test]
fn the_tasks_of_the_steps_are_in_the_book() {
    for lesson in lessons::all().unwrap() {
        let mut text = String::new();
        for step in &lesson.about.steps {
            let _ = writeln!(text, "<!-- ANCHOR: {} -->", step.id);
            let _ = writeln!(text, "> **Your task:** {}", step.task);
            let _ = writeln!(text, "<!-- ANCHOR_END: {} -->", step.id);
        }
        recorded(&format!("tasks-{}.md", lesson.number), &text);
    }
}

#[test]
fn what_errors_mean_is_in_the_book() {
    let mut page = String::new();
    let ours = |text: &str| Client::default().say(text);
    for chapter in Chapter::ALL {
        let _ = writeln!(page, "<!-- ANCHOR: {} -->", chapter.id);
        for error in chapter.examples() {
            let code = error.reply.map(|code| format!("{code} ")).unwrap_or_default();
            let fence = if error.text.contains('`') { "``" } else { "`" };
            let _ = writeln!(page, "{code}{fence}{}{fence}", error.text);
            let _ = writeln!(page, ": {}\n\n  {}\n", ours(&error.cause), ours(&error.remedy));
        }
        let _ = writeln!(page, "<!-- ANCHOR_END: {} -->", chapter.id);
    }
    recorded("errors.md", &page);
}

/// Each fault has a heading, to which `steps[].explained` in a report leads.
#[test]
fn what_the_checker_says_is_in_the_book() {
    let mut page = String::new();
    for (name, theme) in catalogue::themes() {
        let _ = writeln!(page, "## {} {{#{name}}}\n", theme.title);
        for (entry, words) in theme.entries.iter().filter(|(_, words)| !words.message.is_empty()) {
            page.push_str(&fault(&format!("{name}.{entry}"), words));
        }
    }
    recorded("faults.md", &page);
}

fn fault(code: &str, entry: &Entry) -> String {
    let message = Client::default().say(&catalogue::without_values(&entry.message));
    let mut text = format!("### `{code}` {{#{code}}}\n\n{message}\n\n");
    if !entry.why.is_empty() {
        let _ = writeln!(text, "{}\n", entry.why);
    }
    let examples = [("wrong", &entry.wrong), ("right", &entry.right)].map(|(label, line)| match line.as_str() {
        "" => String::new(),
        line => format!("// {label}\n{line}\n"),
    });
    let examples = examples.concat();
    if !examples.is_empty() {
        let _ = writeln!(text, "```rust,ignore\n{examples}```\n");
    }
    text
}
