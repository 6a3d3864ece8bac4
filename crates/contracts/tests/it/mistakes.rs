//! Each mistake gets its own message: recordings are judged without a broker and without a program.

mod calls;
mod confirms;
mod exchanges;
mod languages;
mod receiving;
mod script;
mod sending;
mod subscribing;
mod work_queues;

use contracts::{
    contract::{Contract, judge},
    lessons::hello_receive::{self, HelloReceive, Reached},
    lessons::hello_send::{self, HelloSend},
    verdict::Outcome,
};

use script::Script;

/// Returns the first step that fails, with its words.
fn render(outcomes: &[(&'static str, Outcome)]) -> String {
    let failed = outcomes.iter().find_map(|(id, outcome)| match outcome {
        Outcome::Failed(mistake) => {
            Some(format!("{id} ({}): {}\n{}\nhint: {}", mistake.code, mistake.message, mistake.evidence, mistake.hint))
        }
        _ => None,
    });
    failed.unwrap_or_else(|| "passed".to_owned())
}

/// Returns lesson 01's verdict on this script, with these bodies in the queue afterwards.
fn send(script: Script, queued: Option<&[&str]>) -> String {
    let queued = queued.map(|bodies| bodies.iter().map(|body| body.as_bytes()).collect());
    let runs = [script.seen];
    render(&judge::<HelloSend>(&hello_send::Evidence { run: &runs[0], queued }, &runs, &[]))
}

/// Returns lesson 02's verdict on this script.
fn receive(script: Script, sent: &[&str], reached: Reached) -> String {
    let sent = sent.iter().map(|body| (*body).to_owned()).collect();
    let runs = [script.seen];
    let last = "one".to_owned();
    let evidence = hello_receive::Evidence { run: &runs[0], sent, last, in_time: 0, reached, quiet: None };
    render(&judge::<HelloReceive>(&evidence, &runs, &[]))
}

fn render_all(cases: impl IntoIterator<Item = (&'static str, String)>) -> String {
    cases.into_iter().map(|(name, report)| format!("## {name}\n{report}\n\n")).collect()
}

#[test]
fn sending() {
    insta::assert_snapshot!(render_all(sending::cases()));
}

#[test]
fn calls() {
    insta::assert_snapshot!(render_all(calls::cases()));
}

#[test]
fn confirms() {
    insta::assert_snapshot!(render_all(confirms::cases()));
}

#[test]
fn receiving() {
    insta::assert_snapshot!(render_all(receiving::cases()));
}

#[test]
fn in_other_languages() {
    insta::assert_snapshot!(render_all(languages::cases()));
}

#[test]
fn a_receiver_that_leaves_without_goodbye_passes_with_a_note() {
    let notes = |script: Script| {
        HelloReceive::notes(&hello_receive::Evidence {
            run: &script.seen,
            sent: Vec::new(),
            last: String::new(),
            in_time: 0,
            reached: Reached::Stayed,
            quiet: None,
        })
    };
    assert_eq!(notes(Script::declared().consume(true).interrupted().close().exit(0)), []);
    let notes = notes(Script::declared().consume(true).ended_by_ctrl_c());
    assert_eq!(notes.len(), 1);
    let expected =
        "Ctrl-C ended the program without closing its connection. The lesson's program closes its connection first.";
    assert_eq!((notes[0].step.as_str(), notes[0].message.as_str()), ("stop", expected));
}
