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
    /// Where it is: `steps[].verdict` is in each of the steps.
    pub path: &'static str,
    /// The JSON types it can have, with ` or ` between them: `string or null`.
    pub types: &'static str,
    /// What it says.
    pub meaning: &'static str,
}

/// All fields, in the report's order. What is inside `wire[].args` depends on the method, and is not listed.
pub const FIELDS: &[Field] = &[
    field("format", "string", "`hello-rabbit/check/v1`: fields may be added to it, and none is changed"),
    field("lesson", "string", "the lesson's id, which stays the same when lessons get other numbers"),
    field("program", "string", "which program was judged: a folder, or a command line"),
    field("verdict", "string", "`passed`, `failed` or `not_checked`"),
    field("reason", "string or null", "why nothing could be told, for `not_checked`"),
    field("ways_out", "array or null", "what to do about that, a string each"),
    field("broker", "object or null", "what judged; null when there was no broker"),
    field("broker.kind", "string", "`embedded`, `docker`, `local` or `amqp`"),
    field("broker.product", "string", "the product, as the broker names itself"),
    field("broker.version", "string", "its version, as the broker tells it"),
    field("broker.detail", "string", "which one: an image, or an address without its password"),
    field("steps", "array", "the lesson's steps, in the lesson's order; `build` first when a program does not compile"),
    field(
        "steps[].id",
        "string",
        "the step's id: also an anchor in the lesson's program, and a heading's in its chapter",
    ),
    field("steps[].title", "string", "what the step is about"),
    field("steps[].verdict", "string", "`passed`, `failed`, `skipped` or `not_checked`"),
    field(
        "steps[].code",
        "string or null",
        "what is wrong, as a code that never changes its meaning: `cargo xtask explain CODE`; null unless the step failed",
    ),
    field("steps[].evidence", "string", "what was seen, several lines at times; empty where nothing was"),
    field("steps[].message", "string", "what is wrong; empty unless the step failed"),
    field("steps[].hint", "string", "what to do about it; empty where there is no hint"),
    field(
        "steps[].page",
        "string",
        "the book's section about it, below the book's own address; empty where there is none",
    ),
    field(
        "steps[].explained",
        "string",
        "the book's explanation of the code, below the book's own address, as in `reference/faults.html#publish.other-key`; empty where there is no code",
    ),
    field("steps[].read", "string", "the address of a page that has more about it"),
    field("notes", "array", "what to know about a program that passed; empty for any other verdict"),
    field("notes[].step", "string", "the id of the step that the note is about"),
    field(
        "notes[].code",
        "string",
        "which note it is, as a code that never changes its meaning: `cargo xtask explain CODE`",
    ),
    field("notes[].message", "string", "the note"),
    field("notes[].read", "string", "the address of a page that has more about it"),
    field(
        "role",
        "string",
        "which run of the program the fields below are of, as in `programs`: the one in which the failed step was seen, else the first; empty where there is one",
    ),
    field("stdout", "array", "what the program printed, a string for each line, without colours"),
    field("stderr", "array", "what it printed on stderr, likewise"),
    field("exit", "object or null", "how the program ended; null when it did not run"),
    field("exit.code", "number or null", "its exit code; null when a signal ended it"),
    field("exit.signal", "number or null", "the number of the signal that ended it"),
    field(
        "exit.overdue",
        "boolean",
        "whether the checker ended it: its time was over, or it said more than is kept (`wire_cut`)",
    ),
    field(
        "seed",
        "number or null",
        "what `--seed` takes to choose the same message bodies again; null where none are chosen",
    ),
    field("wire", "array", "the conversation, in its order"),
    field("wire[].at_ms", "number", "when it was said: milliseconds since a moment before the program started"),
    field("wire[].connection", "number", "on which of the program's connections, from 1"),
    field("wire[].from", "string", "`program` or `broker`"),
    field("wire[].channel", "number", "on which channel; 0 is the connection itself"),
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
        "a message's body: text, or `base64` in an object where it is none",
    ),
    field("wire_cut", "boolean", "whether more was said than was kept"),
    field("programs", "array", "all runs of the program, in the order of their starts"),
    field("programs[].role", "string", "what it was: `worker 2`; empty where there is one"),
    field("programs[].arguments", "array", "what was typed after the program's name, a string for each word"),
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
    field("timing_ms", "object", "how long it took, in milliseconds"),
    field("timing_ms.build", "number", "building the program"),
    field("timing_ms.broker", "number", "finding or starting the broker, as far as that took longer than building"),
    field("timing_ms.run", "number", "the program's run, from its start to its end"),
    field("timing_ms.total", "number", "all of it"),
];

const fn field(path: &'static str, types: &'static str, meaning: &'static str) -> Field {
    Field { path, types, meaning }
}

/// The report as JSON.
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
        "steps": report.steps.iter().map(step).collect::<Vec<_>>(),
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

/// A conversation, as the report has it.
#[must_use]
pub fn wire(events: &[Event]) -> Vec<Value> {
    events.iter().map(readable).collect()
}

fn step(step: &Step) -> Value {
    let (evidence, message, hint, code) = match &step.outcome {
        Outcome::Passed(evidence) => (evidence.as_str(), "", "", None),
        Outcome::Failed(mistake) => (&*mistake.evidence, &*mistake.message, &*mistake.hint, Some(mistake.code)),
        Outcome::Skipped(_) | Outcome::NotChecked => ("", "", "", None),
    };
    json!({
        "id": step.id,
        "title": step.title,
        "verdict": step.outcome.word(),
        "code": code,
        "evidence": evidence,
        "message": message,
        "hint": hint,
        "page": step.page,
        "explained": code.map(explained).unwrap_or_default(),
        "read": step.read,
    })
}

/// The address of the code's explanation, below the book's own address.
fn explained(code: &str) -> String {
    format!("{FAULTS}#{code}")
}

fn note(note: &Note) -> Value {
    json!({ "step": note.step, "code": note.code, "message": note.message, "read": note.read })
}
