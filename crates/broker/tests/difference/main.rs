//! The embedded broker against RabbitMQ: the same conversations, and a list of the differences, each with its reason.
//!
//! Each conversation is played on the embedded broker and on every available RabbitMQ (`HELLO_RABBIT_TEST_BROKERS` names
//! them, as for the tests on real brokers), each time in a fresh vhost. `DIFFERENCE_WRITE=DIR` also writes the transcripts
//! to `DIR/VERSION/THEME__NAME.txt`. `DIFFERENCE_ACCEPT=1` writes the differences to `known/VERSION.txt`, and leaves it to
//! the author to fill in the reasons.

// clippy's own exception for tests does not see helper functions.
#![allow(clippy::unwrap_used)]

mod client;
mod conversations;
mod known;
mod methods;
mod stage;
mod transcript;

use std::{
    collections::HashMap,
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex, OnceLock},
};

use harness::brokers::address::Address;
use libtest_mimic::{Arguments, Failed, Trial};
use testkit::brokers::{InUse, Place};

use crate::{conversations::Conversation, stage::Stage};

/// The tests contain the path of their build folder; this variable makes cargo build them again when the kit was moved.
const _: Option<&str> = option_env!("HELLO_RABBIT_BUILT_IN");

/// The versions whose differences are listed.
const VERSIONS: [&str; 3] = ["4.3", "4.0", "3.10"];

/// The folder for the embedded broker's transcripts.
const EMBEDDED: &str = "embedded";

/// The factor for silence when a conversation is repeated.
const PATIENTLY: u32 = 5;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most of the time is spent waiting.
    arguments.test_threads = arguments.test_threads.or(Some(8));
    let accept = env::var("DIFFERENCE_ACCEPT").is_ok();
    let accepted: Arc<Mutex<HashMap<String, known::All>>> = Arc::default();
    let in_use = Arc::new(InUse::default());
    let mut trials = Vec::new();
    for conversation in conversations::all() {
        let transcripts: Arc<[OnceLock<Result<String, String>>; 2]> = Arc::default();
        // The installed RabbitMQ is left out, because its version has an image, too.
        for place in Place::all().into_iter().filter(|place| *place != Place::Local) {
            if place.denies_transient() && !conversation.is_about_declaring() {
                continue;
            }
            let name = format!("{}::{}", place.name(), conversation.name());
            let ignored = place.is_not_at_hand();
            let (transcripts, accepted, in_use) = (transcripts.clone(), accepted.clone(), in_use.clone());
            let trial = Trial::test(name, move || {
                let rabbit = in_use.broker(&place)?;
                // It is compared with an embedded broker that denies the same features.
                let like_it = if rabbit.denies_transient { Place::EmbeddedDenying } else { Place::Embedded };
                let broker = in_use.broker(&like_it)?;
                let play_once = || play(&broker.broker.address, conversation, EMBEDDED, 1);
                let embedded = transcripts[usize::from(rabbit.denies_transient)].get_or_init(play_once).clone();
                if place == like_it {
                    return Ok(embedded.map(drop)?);
                }
                let version = short(&rabbit.broker.identity.version);
                let heard = play(&rabbit.broker.address, conversation, &version, 1);
                if accept {
                    let lines = known::difference(&embedded?, &heard?);
                    let known = known::Known { why: String::new(), lines };
                    accepted.lock().unwrap().entry(version).or_default().insert(conversation.name(), known);
                    return Ok(());
                }
                let known = known::read(&version);
                let judge = |embedded: Result<String, String>, heard: Result<String, String>| {
                    judge(known.get(&conversation.name()), &known::difference(&embedded?, &heard?))
                };
                let Err(first) = judge(embedded, heard) else { return Ok(()) };
                // On a busy machine an answer may come too late. A real difference appears again.
                let again = |address, name| play(address, conversation, name, PATIENTLY);
                judge(again(&broker.broker.address, EMBEDDED), again(&rabbit.broker.address, &version))?;
                let why = first.message().unwrap_or_default();
                eprintln!(
                    "{}::{} differed, and did not when more patiently heard:\n{why}",
                    place.name(),
                    conversation.name()
                );
                Ok(())
            });
            trials.push(trial.with_ignored_flag(ignored));
        }
    }
    for version in VERSIONS {
        trials.push(Trial::test(format!("known::{version}::every_difference_has_its_conversation"), move || {
            let names: Vec<String> = conversations::all().iter().map(Conversation::name).collect();
            match known::read(version).keys().find(|name| !names.contains(name)) {
                Some(name) => Err(format!("there is no conversation {name}").into()),
                None => Ok(()),
            }
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    in_use.end();
    for (version, fresh) in accepted.lock().unwrap().drain() {
        keep(&version, fresh);
    }
    conclusion.exit_code()
}

/// Returns the short version, such as `4.3`.
fn short(version: &str) -> String {
    version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

/// Plays a conversation and returns its transcript. `ears` has the same meaning as in [`Stage::set`].
fn play(address: &Address, conversation: Conversation, version: &str, ears: u32) -> Result<String, String> {
    let mut stage = Stage::set(address, ears);
    let played = catch_unwind(AssertUnwindSafe(|| (conversation.play)(&mut stage)));
    let transcript = stage.transcript();
    if let Err(panic) = played {
        let why = panic.downcast_ref::<String>().cloned();
        let why = why.or_else(|| panic.downcast_ref::<&str>().map(|why| (*why).to_owned())).unwrap_or_default();
        return Err(format!("{version}: {why}\n{transcript}"));
    }
    if let Ok(folder) = env::var("DIFFERENCE_WRITE") {
        let folder = Path::new(&folder).join(version);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{}__{}.txt", conversation.theme, conversation.name)), &transcript).unwrap();
    }
    Ok(transcript)
}

/// Checks that the differences are the known ones, and that they have a reason.
fn judge(known: Option<&known::Known>, lines: &[String]) -> Result<(), Failed> {
    match known {
        None if lines.is_empty() => Ok(()),
        None => Err(format!("a difference that is not listed:\n{}", lines.join("\n")).into()),
        Some(_) if lines.is_empty() => Err("listed as different, and is not any more".into()),
        Some(known) if known.lines != lines => {
            let change = known::difference(&known.lines.join("\n"), &lines.join("\n"));
            Err(format!("another difference than the one listed:\n{}", change.join("\n")).into())
        }
        Some(known) if known.why.is_empty() || known.why == "?" => Err("listed, without a reason".into()),
        Some(_) => Ok(()),
    }
}

/// Writes the current differences, and keeps the existing reasons.
fn keep(version: &str, fresh: known::All) {
    let mut all = known::read(version);
    for (name, known) in fresh {
        let why = all.remove(&name).map(|before| before.why).filter(|why| !why.is_empty());
        if !known.lines.is_empty() {
            all.insert(name, known::Known { why: why.unwrap_or_else(|| "?".to_owned()), ..known });
        }
    }
    known::write(version, &all);
}
