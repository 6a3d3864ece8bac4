//! A report as one JSON object, `hello-rabbit/check/v1`. Fields are added freely, and never changed.

use recording::ProgramRun;
use serde_json::{Value, json};
use wire::{
    Event,
    json::{milliseconds, readable},
};

use crate::verdict::{Note, Outcome, Report, Step};

/// The version of the format.
pub const FORMAT: &str = "hello-rabbit/check/v1";

/// The book's page that explains codes.
const FAULTS: &str = "reference/faults.html";

/// A field of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The path: `steps[].verdict` is in each step.
    pub path: &'static str,
    /// The JSON types it can have, with ` or ` between them: `string or null`.
    pub types: &'static str,
    /// The meaning of its value.
    pub meaning: &'static str,
}

/// All fields, in the report's order. The fields of `wire[].args` depend on the method, and are not listed.
pub const FIELDS: &[Field] = &[
    field("format", "string", "`hello-rabbit/check/v1`: fields may be added, but none is changed"),
    field("lesson", "string", "the lesson's id, which stays the same when lessons are renumbered"),
    field("program", "string", "the program that was judged: a folder, or a command line"),
    field("verdict", "string", "`passed`, `failed` or `not_checked`"),
    field("reason", "string or null", "the reason for `not_checked`"),
    field("ways_out", "array or null", "the hints for `not_checked`, a string each"),
    field("broker", "object or null", "the broker of the check; null when there was none"),
    field("broker.kind", "string", "`embedded`, `docker`, `local` or `amqp`"),
    field("broker.product", "string", "the product's name, as the broker reports it"),
    field("broker.version", "string", "its version, as the broker reports it"),
    field("broker.detail", "string", "more about the broker, such as an image, or an address without its password"),
    field("steps", "array", "the lesson's steps, in the lesson's order; `build` first when a program does not compile"),
    field("steps[].id", "string", "the step's id, which is also an anchor in the lesson's program and in its chapter"),
    field("steps[].title", "string", "the step's title"),
    field("steps[].verdict", "string", "`passed`, `failed`, `skipped` or `not_checked`"),
    field(
        "steps[].code",
        "string or null",
        "the fault's code, which never changes its meaning (`cargo xtask explain CODE`); null unless the step failed",
    ),
    field("steps[].evidence", "string", "the evidence, sometimes of several lines; empty when there is none"),
    field(
        "steps[].events",
        "array",
        "the numbers, from 0, of the events in `wire` that show the fault; empty when the step did not fail, or something else shows it",
    ),
    field("steps[].message", "string", "the fault, in words; empty unless the step failed"),
    field("steps[].hint", "string", "the hint; empty when there is none"),
    field(
        "steps[].page",
        "string",
        "the book's section about the step, as a path below the book's address; empty when there is none",
    ),
    field(
        "steps[].explained",
        "string",
        "the book's explanation of the code, as a path below the book's address, such as `reference/faults.html#publish.other-key`; empty when there is no code",
    ),
    field("steps[].read", "string", "the address of a page with more about it"),
    field("notes", "array", "the notes on a program that passed; empty for any other verdict"),
    field("notes[].step", "string", "the id of the step that the note is about"),
    field("notes[].code", "string", "the note's code, which never changes its meaning (`cargo xtask explain CODE`)"),
    field("notes[].message", "string", "the note"),
    field("notes[].read", "string", "the address of a page with more about it"),
    field(
        "role",
        "string",
        "the role, as in `programs`, of the run in the fields below: the run in which the step failed, else the first; empty when there is only one",
    ),
    field("stdout", "array", "the program's output on stdout, a string for each line, without colours"),
    field("stderr", "array", "its output on stderr, likewise"),
    field("exit", "object or null", "how the program ended; null when it did not run"),
    field("exit.code", "number or null", "its exit code; null when a signal ended it"),
    field("exit.signal", "number or null", "the number of the signal that ended it"),
    field(
        "exit.overdue",
        "boolean",
        "whether the checker ended it: at its time limit, or because its conversation grew too long (`wire_cut`)",
    ),
    field(
        "seed",
        "number or null",
        "the value for `--seed` that chooses the same message bodies again; null when none are chosen",
    ),
    field("wire", "array", "the conversation, in order"),
    field("wire[].at_ms", "number", "the time, in milliseconds since a moment before the program started"),
    field("wire[].connection", "number", "the number of the program's connection, from 1"),
    field("wire[].from", "string", "`program` or `broker`"),
    field("wire[].channel", "number", "the number of the channel; 0 is the connection itself"),
    field(
        "wire[].method",
        "string",
        "an AMQP method such as `queue.declare`; a word without a dot is about the socket",
    ),
    field(
        "wire[].args",
        "object",
        "its arguments, by their names in AMQP; a message's properties are under `properties`",
    ),
    field(
        "wire[].body",
        "string or object or null",
        "a message's body: text, or an object with `base64` when it is not text",
    ),
    field("wire_cut", "boolean", "whether the conversation is longer than the part that is kept"),
    field("programs", "array", "all runs of the program, in the order of their starts"),
    field("programs[].role", "string", "the run's role, such as `worker 2`; empty when there is only one run"),
    field("programs[].arguments", "array", "the program's arguments, a string each"),
    field("programs[].stdout", "array", "as above, for this program"),
    field("programs[].stderr", "array", "likewise"),
    field("programs[].exit", "object or null", "likewise"),
    field("programs[].exit.code", "number or null", "likewise"),
    field("programs[].exit.signal", "number or null", "likewise"),
    field("programs[].exit.overdue", "boolean", "likewise"),
    field("programs[].wire", "array", "its conversation; all of them have the same time axis"),
    field("programs[].wire[].at_ms", "number", "as above"),
    field("programs[].wire[].connection", "number", "likewise"),
    field("programs[].wire[].from", "string", "likewise"),
    field("programs[].wire[].channel", "number", "likewise"),
    field("programs[].wire[].method", "string", "likewise"),
    field("programs[].wire[].args", "object", "likewise"),
    field("programs[].wire[].body", "string or object or null", "likewise"),
    field("programs[].wire_cut", "boolean", "likewise"),
    field("timing_ms", "object", "the duration of the check, in milliseconds"),
    field("timing_ms.build", "number", "building the program"),
    field("timing_ms.broker", "number", "finding or starting the broker, as far as that took longer than building"),
    field("timing_ms.run", "number", "the program's run, from its start to its end"),
    field("timing_ms.total", "number", "the whole check"),
];

const fn field(path: &'static str, types: &'static str, meaning: &'static str) -> Field {
    Field { path, types, meaning }
}

/// Returns the report as JSON.
#[must_use]
pub fn report(report: &Report) -> Value {
    let recording = &report.recording;
    let none = ProgramRun::default();
    let run = report.primary().unwrap_or(&none);
    json!({
        "format": FORMAT,
        "lesson": recording.lesson,
        "program": recording.program.name,
        "verdict": report.verdict.word(),
        "reason": report.reason.as_ref().map(|reason| &reason.message),
        "ways_out": report.reason.as_ref().map(|reason| &reason.hints),
        "broker": recording.broker.as_ref().map(|broker| json!({
            "kind": broker.kind,
            "product": broker.product,
            "version": broker.version,
            "detail": broker.detail,
        })),
        "steps": report.steps.iter().map(|of| step(of, &run.events)).collect::<Vec<_>>(),
        "notes": report.notes.iter().map(note).collect::<Vec<_>>(),
        "role": run.role,
        "stdout": run.stdout.lines(),
        "stderr": run.stderr.lines(),
        "exit": exit(run),
        "seed": recording.seed,
        "wire": wire(&run.events),
        "wire_cut": run.events_cut,
        "programs": report.runs().iter().map(program).collect::<Vec<_>>(),
        "timing_ms": {
            "build": milliseconds(recording.timing.build),
            "broker": milliseconds(recording.timing.broker),
            "run": milliseconds(recording.timing.run),
            "total": milliseconds(recording.timing.total),
        },
    })
}

fn program(run: &ProgramRun) -> Value {
    json!({
        "role": run.role,
        "arguments": run.arguments,
        "stdout": run.stdout.lines(),
        "stderr": run.stderr.lines(),
        "exit": exit(run),
        "wire": wire(&run.events),
        "wire_cut": run.events_cut,
    })
}

fn exit(run: &ProgramRun) -> Option<Value> {
    let exit = run.exit?;
    Some(json!({ "code": exit.code, "signal": exit.signal, "overdue": exit.overdue }))
}

/// Returns a conversation as it is in the report.
#[must_use]
pub fn wire(events: &[Event]) -> Vec<Value> {
    events.iter().map(readable).collect()
}

/// Returns a step. `events` are the conversation of the run in which it failed.
fn step(step: &Step, events: &[Event]) -> Value {
    let (evidence, message, hint, code) = match &step.outcome {
        Outcome::Passed(evidence) => (evidence.as_str(), "", "", None),
        Outcome::Failed(mistake) => (&*mistake.evidence, &*mistake.message, &*mistake.hint, Some(mistake.code)),
        Outcome::Skipped(_) | Outcome::NotChecked => ("", "", "", None),
    };
    let shown_by = match &step.outcome {
        Outcome::Failed(mistake) => mistake.events.as_slice(),
        Outcome::Passed(_) | Outcome::Skipped(_) | Outcome::NotChecked => &[],
    };
    let place = |order: &u64| events.iter().position(|event| event.order == *order);
    json!({
        "id": step.id,
        "title": step.title,
        "verdict": step.outcome.word(),
        "code": code,
        "evidence": evidence,
        "events": shown_by.iter().filter_map(place).collect::<Vec<_>>(),
        "message": message,
        "hint": hint,
        "page": step.page,
        "explained": code.map(explained).unwrap_or_default(),
        "read": step.read,
    })
}

/// Returns the address of the code's explanation, relative to the book's own address.
fn explained(code: &str) -> String {
    format!("{FAULTS}#{code}")
}

fn note(note: &Note) -> Value {
    json!({ "step": note.step, "code": note.code, "message": note.message, "read": note.read })
}
