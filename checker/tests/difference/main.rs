//! The embedded broker against RabbitMQ: the same conversations, and what differs is listed, each with its reason.
//!
//! `DIFFERENCE_BROKERS` names the brokers: `4.3=amqp://127.0.0.1:35743,4.0=amqp://127.0.0.1:35740`; without it every test is
//! reported as ignored. `DIFFERENCE_WRITE=DIR` also writes the transcripts to `DIR/VERSION/THEME__NAME.txt`.
//! `DIFFERENCE_ACCEPT=1` writes what differs to `known/VERSION.txt`, where somebody has to say why.

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

use checker::brokers::address::Address;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::{conversations::Conversation, stage::Stage};

/// Whose transcripts the others are measured by, until there is the embedded broker.
const YARDSTICK: &str = "4.3";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most of the time is spent waiting.
    arguments.test_threads = arguments.test_threads.or(Some(8));
    let brokers = brokers();
    let accept = env::var("DIFFERENCE_ACCEPT").is_ok();
    let accepted: Arc<Mutex<HashMap<String, known::All>>> = Arc::default();
    let yardstick = yardstick(&brokers);
    let mut trials = Vec::new();
    for conversation in conversations::all() {
        let expected: Arc<OnceLock<Result<String, String>>> = Arc::default();
        for (version, address) in &brokers {
            let name = format!("{version}::{}", conversation.name());
            let Some(address) = address.clone() else {
                trials.push(Trial::test(name, || Ok(())).with_ignored_flag(true));
                continue;
            };
            let (version, yardstick, expected, accepted) =
                (version.clone(), yardstick.clone(), expected.clone(), accepted.clone());
            trials.push(Trial::test(name, move || {
                let expected = || expected.get_or_init(|| play(&yardstick, conversation, YARDSTICK)).clone();
                if version == YARDSTICK {
                    return expected().map(drop).map_err(Failed::from);
                }
                let heard = play(&address, conversation, &version)?;
                let lines = known::difference(&expected()?, &heard);
                if accept {
                    let known = known::Known { why: String::new(), lines };
                    accepted.lock().unwrap().entry(version).or_default().insert(conversation.name(), known);
                    return Ok(());
                }
                judge(known::read(&version).get(&conversation.name()), &lines)
            }));
        }
    }
    for (version, _) in brokers.iter().filter(|(version, _)| version != YARDSTICK) {
        let version = version.clone();
        trials.push(Trial::test(format!("{version}::every_known_difference_has_its_conversation"), move || {
            let names: Vec<String> = conversations::all().iter().map(Conversation::name).collect();
            match known::read(&version).keys().find(|name| !names.contains(name)) {
                Some(name) => Err(format!("there is no conversation {name}").into()),
                None => Ok(()),
            }
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    for (version, fresh) in accepted.lock().unwrap().drain() {
        keep(&version, fresh);
    }
    conclusion.exit_code()
}

/// The broker that is the measure. This is where the embedded broker comes in: started once, its address goes here.
fn yardstick(brokers: &[(String, Option<Address>)]) -> Address {
    let of_version = brokers.iter().find(|(version, _)| version == YARDSTICK);
    of_version.and_then(|(_, address)| address.clone()).unwrap_or_else(|| Address::loopback(5672))
}

/// What `DIFFERENCE_BROKERS` names; without it, all that there could be.
fn brokers() -> Vec<(String, Option<Address>)> {
    let Ok(named) = env::var("DIFFERENCE_BROKERS") else {
        return ["4.3", "4.0", "3.10"].map(|version| (version.to_owned(), None)).to_vec();
    };
    let parse = |one: &str| {
        let (version, url) = one.trim().split_once('=').expect("DIFFERENCE_BROKERS: expected VERSION=URL,…");
        (version.to_owned(), Some(Address::parse(url).expect("an AMQP address")))
    };
    named.split(',').map(parse).collect()
}

/// Plays a conversation; its transcript.
fn play(address: &Address, conversation: Conversation, version: &str) -> Result<String, String> {
    let mut stage = Stage::set(address);
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

/// What differs must be what is known to differ, for a reason.
fn judge(known: Option<&known::Known>, lines: &[String]) -> Result<(), Failed> {
    match known {
        None if lines.is_empty() => Ok(()),
        None => Err(format!("a difference that is not listed:\n{}", lines.join("\n")).into()),
        Some(_) if lines.is_empty() => Err("listed as different, and is not any more".into()),
        Some(known) if known.lines != lines => {
            let change = known::difference(&known.lines.join("\n"), &lines.join("\n"));
            Err(format!("another difference than the one listed:\n{}", change.join("\n")).into())
        }
        Some(known) if known.why.is_empty() || known.why == "?" => Err("listed, and nobody says why".into()),
        Some(_) => Ok(()),
    }
}

/// Writes down what differs now; the reasons that were given stay.
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
