//! The recordings of the gallery's programs, judged without a program and without a broker. The reports are those of the live
//! runs in `checker/tests/real_broker/gallery.rs`, which also makes the recordings (`cargo xtask bless recordings`).

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use contracts::{catalogue, contract, verdict::Outcome};
use fastrand::Rng;
use recording::{Mark, Recording};
use serde_json::{Value, json};
use testkit::{gallery, snapshots::snapshot};

/// Returns the recordings of a lesson's programs, by their names.
fn recordings(lesson: &str) -> BTreeMap<String, Recording> {
    let recordings = gallery::recordings(lesson).unwrap_or_else(|error| panic!("{error}"));
    recordings.unwrap_or_else(|| panic!("{lesson} has no recordings: run `cargo xtask bless recordings`"))
}

/// Returns the step that failed, and its report as in a snapshot; None if all steps passed.
fn failed(recording: &Recording) -> Option<(String, String, [String; 3])> {
    let judgement = contract::of(&recording.lesson).unwrap().judge(recording).unwrap();
    judgement.outcomes.into_iter().find_map(|(step, outcome)| match outcome {
        Outcome::Failed(mistake) => {
            Some((step.to_owned(), mistake.code.to_owned(), [mistake.message, mistake.evidence, mistake.hint]))
        }
        _ => None,
    })
}

#[test]
fn every_program_has_a_recording_that_comes_to_what_the_gallery_says() {
    let (mut wrong, mut snapshots) = (Vec::new(), Vec::new());
    for exhibition in gallery::all().unwrap() {
        let lesson = &exhibition.lesson.about.id;
        let recordings = recordings(lesson);
        let names: BTreeSet<&String> = exhibition.exhibits.iter().map(|exhibit| &exhibit.name).collect();
        let recorded: BTreeSet<&String> = recordings.keys().collect();
        let differ: Vec<_> = recorded.symmetric_difference(&names).collect();
        assert!(differ.is_empty(), "{lesson}: {differ:?}: run `cargo xtask bless recordings`");
        for exhibit in &exhibition.exhibits {
            let recording = &recordings[&exhibit.name];
            let (step, said) = match failed(recording) {
                Some((step, code, [message, evidence, hint])) => {
                    let text = exhibit.snapshot(&code, &message, &evidence, &hint);
                    snapshots.push((format!("gallery/{lesson}/{}", exhibit.name), text));
                    (step, format!("{message}\n{hint}").to_lowercase())
                }
                None => Default::default(),
            };
            let unsaid: Vec<_> = exhibit.says.iter().filter(|words| !said.contains(&words.to_lowercase())).collect();
            if step != exhibit.step || !unsaid.is_empty() {
                let expected = format!("expected {:?} and the words {unsaid:?}", exhibit.step);
                wrong.push(format!("{lesson}/{}: {expected}, found {step:?}: {said}", exhibit.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    for (name, text) in snapshots {
        snapshot(&name, &text);
    }
}

#[test]
fn a_recording_is_judged_alike_after_it_was_written_and_read() {
    for exhibition in gallery::all().unwrap() {
        for (name, recording) in recordings(&exhibition.lesson.about.id) {
            let mut text = Vec::new();
            recording.write(&mut text).unwrap();
            let again = Recording::read(text.as_slice()).unwrap();
            assert_eq!(failed(&again), failed(&recording), "{name}");
        }
    }
}

/// Changes one place in this value.
fn tamper(value: &mut Value, rng: &mut Rng) {
    let here = rng.u8(..4) == 0;
    match value {
        Value::Array(items) if !items.is_empty() => {
            let (one, other) = (rng.usize(..items.len()), rng.usize(..items.len()));
            match rng.u8(..3) {
                _ if !here => tamper(&mut items[one], rng),
                0 => drop(items.remove(one)),
                1 => items.insert(other, items[one].clone()),
                _ => items.swap(one, other),
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            let name = fields.keys().nth(rng.usize(..fields.len())).cloned().unwrap_or_default();
            if here {
                fields.remove(&name);
            } else {
                tamper(&mut fields[&name], rng);
            }
        }
        Value::Number(number) => {
            let is = number.as_u64().unwrap_or_default();
            *value = json!([0, 1, 2, is.wrapping_add(1), is.saturating_mul(1000), u64::MAX][rng.usize(..6)]);
        }
        Value::Bool(is) => *is = !*is,
        Value::Null => *value = json!(0),
        _ => *value = [json!(""), json!("worker 2"), json!("🐇\n"), json!([]), Value::Null][rng.usize(..5)].clone(),
    }
}

/// Checks edited recordings: a recording is a file that anyone can edit.
#[test]
fn an_edited_recording_is_refused_or_judged() {
    let mut rng = Rng::with_seed(11);
    let (mut read, mut refused) = (0, 0);
    for exhibition in gallery::all().unwrap() {
        for (name, recording) in recordings(&exhibition.lesson.about.id) {
            let mut text = Vec::new();
            recording.write(&mut text).unwrap();
            let whole: Value = serde_json::from_slice(&text).unwrap();
            if text.len() > 100_000 {
                continue;
            }
            for _ in 0..3 {
                let mut edited = whole.clone();
                (0..rng.u8(1..4)).for_each(|_| tamper(&mut edited, &mut rng));
                let edited = edited.to_string();
                let Ok(recording) = Recording::read(edited.as_bytes()) else {
                    refused += 1;
                    continue;
                };
                read += 1;
                let Some(contract) = contract::of(&recording.lesson) else { continue };
                let judged = catch_unwind(AssertUnwindSafe(|| contract.judge(&recording)));
                assert!(judged.is_ok(), "{name} can't be judged as {edited}");
            }
        }
    }
    assert!(read > 200 && refused > 200, "{read} read, {refused} refused");
}

#[test]
fn marks_that_contradict_the_runs_are_judged() {
    let recordings = recordings("worker");
    let right: Vec<_> = recordings.values().filter(|recording| failed(recording).is_none()).collect();
    assert!(!right.is_empty());
    for recording in right {
        for name in ["start", "subscribed", "waiting", "shared", "killed", "survived"] {
            let mut edited = recording.clone();
            edited.marks.retain(|mark| !mark.role.is_empty());
            edited.marks.push(Mark { name: name.to_owned(), ..Mark::default() });
            let steps = contract::of("worker").unwrap().judge(&edited).unwrap().outcomes;
            assert_eq!(steps.len(), 10, "{name}");
        }
    }
}

/// Checks that every fault that a rule can return has a program in the gallery, or that the catalogue gives the reason why not.
#[test]
fn every_fault_of_the_catalogue_is_in_the_gallery_or_says_why_not() {
    let mut shown = BTreeSet::new();
    for exhibition in gallery::all().unwrap() {
        shown.extend(recordings(&exhibition.lesson.about.id).values().filter_map(failed).map(|(_, code, _)| code));
    }
    let mut without = Vec::new();
    for (theme, entries) in catalogue::themes() {
        for (name, entry) in entries.entries.iter().filter(|(_, entry)| !entry.message.is_empty()) {
            let code = format!("{theme}.{name}");
            match (shown.contains(&code), entry.not_in_gallery.is_empty()) {
                (false, true) => {
                    without.push(format!("{code} is in no program: add one, or say `not_in_gallery = \"why\"`"))
                }
                (true, false) => without.push(format!("{code} is in a program: `not_in_gallery` is out of date")),
                _ => {}
            }
        }
    }
    assert!(without.is_empty(), "{}", without.join("\n"));
}
