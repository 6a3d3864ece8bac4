//! The gallery's programs, judged: each mistake fails at its step, with the report in its snapshot.
//!
//! There is one program for each lesson, which behaves as the program by whose name it is called: linking nearly two hundred
//! programs would take too long.

use std::{
    collections::{BTreeMap, HashSet},
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

use checker::{
    lessons,
    report::{json, json_text},
    verdict::Report,
};
use libtest_mimic::Failed;
use recording::Recording;
use testkit::gallery::{self, Exhibit, LessonGallery};
use wire::{
    Event, Method, Peer, What,
    protocol::{basic, channel, connection},
};

use crate::{
    brokers::{Check as _, Place, TestBroker},
    programs,
    shared::snapshot,
};

/// The time limit of a program, in seconds. Most of what a check waits for here never comes, and the rest takes milliseconds.
const TIME_LIMIT: &str = "6";

/// The steps of lesson 13 that fail only on a broker with faults on demand, which RabbitMQ has not.
const NEED_FAULTS: [&str; 5] = ["batch", "asynchronously", "refused", "returned", "lost"];

/// A program of the gallery, and the lesson's number and id.
#[derive(Clone)]
pub struct Wrong {
    exhibit: Exhibit,
    /// Set when the broker answered it in words, by a refusal or a returned message.
    is_answered_in_words: bool,
    number: String,
    lesson: String,
}

/// Returns the names of a lesson's programs whose recordings contain words of the broker. None when there are no recordings
/// yet.
fn answered_in_words(lesson: &str) -> Option<HashSet<String>> {
    let recordings = gallery::recordings(lesson).unwrap_or_else(|error| panic!("{error}"))?;
    let in_words = |recording: &Recording| recording.runs.iter().any(|run| run.events.iter().any(has_words));
    Some(recordings.into_iter().filter(|(_, recording)| in_words(recording)).map(|(name, _)| name).collect())
}

/// Returns whether the broker sends words of its own.
fn has_words(event: &Event) -> bool {
    let What::Method { method, .. } = &event.what else { return false };
    let is_in_words = matches!(
        method,
        Method::Connection(connection::AMQPMethod::Close(_) | connection::AMQPMethod::Blocked(_))
            | Method::Channel(channel::AMQPMethod::Close(_))
            | Method::Basic(basic::AMQPMethod::Return(_) | basic::AMQPMethod::Cancel(_))
    );
    event.from == Peer::Broker && is_in_words
}

/// Returns all programs.
pub fn all() -> Vec<Wrong> {
    let of = |LessonGallery { lesson, exhibits }: LessonGallery| {
        let in_words = answered_in_words(&lesson.about.id);
        exhibits.into_iter().map(move |exhibit| Wrong {
            is_answered_in_words: in_words.as_ref().is_none_or(|names| names.contains(&exhibit.name)),
            exhibit,
            number: lesson.number.clone(),
            lesson: lesson.about.id.clone(),
        })
    };
    gallery::all().unwrap_or_else(|error| panic!("{error}")).into_iter().flat_map(of).collect()
}

impl Wrong {
    /// Returns whether its result depends on whether the broker denies transient queues.
    pub fn is_transient(&self) -> bool {
        self.exhibit.transient
    }

    /// Returns whether it runs at this place. All run on the embedded broker. On RabbitMQ, those run that the broker answered in
    /// words, which may differ between versions, and on the newest also those that are right.
    pub fn is_for(&self, place: &Place) -> bool {
        if place.is_a_variant() {
            return self.is_transient();
        }
        if *place != Place::Embedded
            && self.lesson == "publisher-confirms"
            && NEED_FAULTS.contains(&&*self.exhibit.step)
        {
            return false;
        }
        let is_right = self.exhibit.step.is_empty();
        place.tries_everything() || self.is_answered_in_words || (is_right && place.tries_lessons())
    }

    /// Returns the name of its test.
    pub fn name(&self) -> String {
        format!("gallery::{}::{}", self.lesson, self.exhibit.name)
    }
}

/// Judges a program.
pub fn check(broker: &TestBroker, wrong: &Wrong) -> Result<(), Failed> {
    let Exhibit { name, about, step, says, transient, notes: expected, .. } = &wrong.exhibit;
    let command = shell_words::join([program(&wrong.lesson, name)?.to_string_lossy()]);
    let arguments = ["lesson", &wrong.number, "--format", "json", "--seed", "1", "--timeout", TIME_LIMIT];
    let recording = recordings(broker, &wrong.lesson)?.join(format!("{name}.json"));
    let record = ["--record".as_ref(), recording.as_os_str()];
    let checked =
        broker.check(&arguments).args(["--program", &command]).args(record).env("RUST_BACKTRACE", "0").output();
    let output = checked?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    judged_again(&recording, &output.stdout)?;
    if broker.place == Place::Embedded && env::var_os("RECORDINGS").is_some() {
        keep(&recording, &wrong.lesson, name)?;
    }
    let failed = report["steps"].as_array().ok_or("no steps")?.iter().find(|step| step["verdict"] == "failed");
    if *transient && broker.denies_transient {
        let failed = failed.ok_or("it failed at no step, on a broker that denies its queue")?;
        assert_eq!(failed["id"], "declare", "{report:#}");
        let message = failed["message"].as_str().unwrap_or_default();
        assert!(message.contains("neither durable nor exclusive"), "{message}");
        return Ok(());
    }
    if step.is_empty() {
        assert_eq!(report["verdict"], "passed", "{about} That is right: {report:#}");
        let notes = report["notes"].as_array().ok_or("no notes")?;
        let noted = |step: &str| notes.iter().any(|note| note["step"] == step);
        assert_eq!(noted("declare"), *transient || expected == "declare", "{about} Its notes: {}", report["notes"]);
        assert!(expected.is_empty() || noted(expected), "{about} Its notes: {}", report["notes"]);
        if wrong.lesson == "hello-receive" {
            let mut wire = report["wire"].as_array().ok_or("no conversation")?.iter();
            let closed = wire.any(|said| said["method"] == "connection.close" && said["from"] == "program");
            assert_eq!(noted("stop"), !closed, "{about} Its notes: {}", report["notes"]);
        }
        return Ok(());
    }
    assert_eq!(report["verdict"], "failed", "{about} That is wrong: {report:#}");
    let failed = failed.ok_or("it failed at no step")?;
    let field = |name: &str| failed[name].as_str().unwrap_or_default();
    assert_eq!(field("id"), step, "{about} The step that failed is another one: {report:#}");
    let report_text = format!("{}\n{}", field("message"), field("hint")).to_lowercase();
    for words in says {
        assert!(
            report_text.contains(&words.to_lowercase()),
            "{about} The report does not say {words:?}:\n{report_text}"
        );
    }
    let text = wrong.exhibit.snapshot(field("code"), field("message"), field("evidence"), field("hint"));
    snapshot(&format!("gallery/{}/{name}", wrong.lesson), &text);
    Ok(())
}

/// Returns the folder of the recordings that are made on this broker.
fn recordings(broker: &TestBroker, lesson: &str) -> io::Result<PathBuf> {
    let place = format!("{:?}", broker.place).replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recordings").join(place).join(lesson);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Checks that the recording, judged without a program and a broker, gives the same report, byte for byte.
fn judged_again(recording: &Path, reported: &[u8]) -> Result<(), Failed> {
    let recording = Recording::read(fs::File::open(recording)?)?;
    let lessons = lessons::all()?;
    let lesson = lessons.iter().find(|lesson| lesson.about.id == recording.lesson).ok_or("no such lesson")?;
    let again = json_text::line(&json::report(&Report::of(lesson, recording)));
    assert_eq!(again.as_bytes(), reported, "judged again, it is another report: {again}");
    Ok(())
}

/// The recordings to keep, by lesson and name. They are written after the last program.
static KEPT: Mutex<BTreeMap<(String, String), Recording>> = Mutex::new(BTreeMap::new());

/// Keeps this recording of a program.
fn keep(recording: &Path, lesson: &str, name: &str) -> Result<(), Failed> {
    let recording = Recording::read(fs::File::open(recording)?)?;
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.insert((lesson.to_owned(), name.to_owned()), recording);
    Ok(())
}

/// Writes the recordings that were kept. Those of programs that were not judged now stay as they are, and those of programs
/// that are no longer in the gallery are removed.
pub fn write_kept() -> Result<(), String> {
    let kept = std::mem::take(&mut *KEPT.lock().unwrap_or_else(PoisonError::into_inner));
    if kept.is_empty() {
        return Ok(());
    }
    for LessonGallery { lesson, exhibits } in gallery::all()? {
        let id = lesson.about.id;
        let mut all = gallery::recordings(&id)?.unwrap_or_default();
        all.extend(kept.iter().filter(|((of, _), _)| *of == id).map(|((_, name), kept)| (name.clone(), kept.clone())));
        all.retain(|name, _| exhibits.iter().any(|exhibit| exhibit.name == *name));
        gallery::write_recordings(&id, all)?;
    }
    Ok(())
}

/// Returns a program of the gallery, built.
pub fn program(lesson: &str, name: &str) -> Result<PathBuf, Failed> {
    Ok(folder()?.join(lesson).join(name))
}

/// Builds all programs, once. Returns the folder that contains a folder of programs for each lesson.
fn folder() -> Result<&'static Path, Failed> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|error| error.to_string()));
    built.as_ref().map(PathBuf::as_path).map_err(|error| Failed::from(error.as_str()))
}

fn build() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let galleries = gallery::all()?;
    let mut sources = Vec::new();
    for gallery in &galleries {
        let lesson = &gallery.lesson.about.id;
        let (mut modules, mut arms) = (String::new(), String::new());
        for exhibit in &gallery.exhibits {
            let name = &exhibit.name;
            let module = format!("r#{}", name.replace('-', "_"));
            let _ = writeln!(modules, "#[path = \"{name}.rs\"]\npub mod {module};");
            let _ = writeln!(arms, "        \"{name}\" => {module}::main().report(),");
            sources.push((format!("bin/{}/{name}.rs", binary(lesson)), with_public_main(&gallery.source(exhibit)?)));
        }
        sources.push((format!("bin/{}/main.rs", binary(lesson)), MAIN.replace("// ARMS\n", &arms) + &modules));
    }
    let built = programs::build("gallery", &sources)?;
    let folder = built.join("gallery-programs");
    let _ = fs::remove_dir_all(&folder);
    for gallery in &galleries {
        let programs = folder.join(&gallery.lesson.about.id);
        fs::create_dir_all(&programs)?;
        let all = programs.join("all");
        fs::copy(built.join(binary(&gallery.lesson.about.id)), &all)?;
        for exhibit in &gallery.exhibits {
            link(&all, &programs.join(&exhibit.name))?;
        }
    }
    Ok(folder)
}

/// Returns the name of the one program that contains all of a lesson's. The lesson's own program is in the same folder, named
/// after the lesson's id.
fn binary(lesson: &str) -> String {
    format!("gallery-{lesson}")
}

/// The main function, which selects a program by the name that it was called by.
const MAIN: &str = "
use std::{env, path::Path, process::{ExitCode, Termination}};

fn main() -> ExitCode {
    let called = env::args().next().unwrap_or_default();
    match Path::new(&called).file_stem().and_then(|name| name.to_str()).unwrap_or_default() {
// ARMS
        other => panic!(\"no program is called {other}\"),
    }
}

";

fn with_public_main(program: &str) -> String {
    let public = |line: &str| {
        let is_main = line.starts_with("fn main(") || line.starts_with("async fn main(");
        if is_main { format!("pub {line}\n") } else { format!("{line}\n") }
    };
    program.lines().map(public).collect()
}

/// Makes another name for a file, or a copy where that is not possible.
fn link(file: &Path, name: &Path) -> io::Result<()> {
    fs::hard_link(file, name).or_else(|_| fs::copy(file, name).map(|_| ()))
}
