//! Scenes: one or two programs behind the tap, and the recordings of them.

use std::{fs, path::Path, sync::LazyLock, time::Duration};

use broker::Alarm;
use checker::{
    brokers::{Broker, Names},
    cleanup::Run,
    lessons::{self, anchors},
    program::Program,
    stage::{RunningProgram, SpawnOptions, Stage},
};
use cli::{BrokerArgs, BrokerChoice};
use libtest_mimic::Failed;
use recording::ProgramRun;
use regex::Regex;
use similar::TextDiff;
use wire::{sequence, words};

use crate::{
    book::{
        calls::{self, Calls},
        compare,
        confirms::{self, Confirms},
        events, receivers,
        routed::{self, Routed},
        routing, workers,
    },
    brokers::{Check as _, TestBroker, runtime},
    step_programs,
};

/// The time limit of a program in a scene.
const LIMIT: Duration = Duration::from_secs(20);

/// A recording of a scene.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The difference between the lesson's program and this one: `NAME.diff`.
    Diff,
    /// The code of its last step, before the steps inside it are written: `NAME.rs`.
    Code(&'static str),
    /// The conversation in words: `NAME.wire.txt`.
    Wire,
    /// The conversation as a picture, with this title: `NAME.svg`.
    Picture(&'static str),
    /// The same picture, with the seconds since the first delivery at each arrow.
    Timed(&'static str),
    /// The output of the program: `NAME.printed.txt`.
    Printed,
    /// The report of a check of the program: `NAME.report.txt`.
    Report,
}

/// A scene: a program of [`step_programs`], and the events around it.
#[derive(Clone, Copy)]
pub struct Scene {
    /// The name of the program and of the recordings.
    pub name: &'static str,
    /// The number of times that the sender of lesson 01 ran before.
    pub(super) sent_before: usize,
    /// The programs that ran before, and ended with success.
    pub(super) ran_before: &'static [&'static str],
    /// The tasks that the sender of lesson 03 sent before.
    pub(super) tasks: &'static [&'static str],
    /// The arguments of the program.
    pub(super) words: &'static [&'static str],
    /// The end of the scene for a worker; None for a program that ends by itself.
    pub(super) until: Option<Until>,
    /// The number of messages that the program prints before Ctrl-C is pressed; None for a program that ends by itself.
    pub(super) receives: Option<usize>,
    /// The messages that two receivers, side by side, get after they subscribed.
    pub(super) side_by_side: Option<&'static [&'static str]>,
    /// The scene of two workers, side by side.
    pub(super) workers: Option<workers::Two>,
    /// The scene of receivers of an exchange.
    pub(super) routed: Option<&'static Routed>,
    /// The scene of one or two receivers of the exchange `logs`.
    pub(super) receivers: Option<receivers::Audience>,
    /// The scene of servers and clients.
    pub(super) calls: Option<&'static Calls>,
    /// The scene of a publisher with confirms.
    pub(super) confirms: Option<&'static Confirms>,
    /// The recordings.
    pub(super) kept: &'static [Kept],
}

/// The condition under which a worker is ended.
#[derive(Clone, Copy)]
pub enum Until {
    /// The worker has acknowledged this many tasks. It is ended with Ctrl-C.
    Acknowledged(usize),
    /// This many tasks were delivered, and nothing was sent or printed for longer than a task takes. The worker is ended with
    /// Ctrl-C.
    Rests(usize),
    /// This many tasks were delivered, and the first is printed. The worker is killed.
    Killed(usize),
}

use Kept::{Code, Diff, Picture, Printed, Report, Timed, Wire};
use Until::{Acknowledged, Killed, Rests};

pub(super) const PLAIN: Scene = Scene {
    name: "",
    sent_before: 0,
    ran_before: &[],
    tasks: &[],
    words: &[],
    until: None,
    receives: None,
    side_by_side: None,
    workers: None,
    routed: None,
    receivers: None,
    calls: None,
    confirms: None,
    kept: &[Wire],
};

/// The tasks that wait for a worker in most scenes: a second of work, and two.
const TASKS: &[&str] = &["First message.", "Second message.."];

/// The scenes that need more than a program that ends by itself, or a picture. The others are in the chapters: see [`all`].
const SCENES: &[Scene] = &[
    Scene {
        name: "hello-send-5",
        kept: &[Wire, Report, Picture("The whole conversation of lesson 01: connect, declare, publish, close.")],
        ..PLAIN
    },
    Scene {
        name: "hello-send-mandatory",
        kept: &[Diff, Picture("The broker returns a mandatory message that no queue wants.")],
        ..PLAIN
    },
    Scene { name: "hello-send-transient", sent_before: 1, kept: &[Diff, Wire], ..PLAIN },
    Scene {
        name: "hello-receive-7",
        sent_before: 2,
        receives: Some(2),
        kept: &[
            Wire,
            Printed,
            Report,
            Picture("The whole conversation of lesson 02: connect, declare, consume, two deliveries, close."),
        ],
        ..PLAIN
    },
    Scene { name: "hello-receive-no-stop", sent_before: 1, receives: Some(1), kept: &[Diff, Wire], ..PLAIN },
    Scene { name: "hello-receive-crash", sent_before: 2, kept: &[Diff, Wire], ..PLAIN },
    Scene { name: "hello-receive-crash-with-ack", sent_before: 2, kept: &[Diff], ..PLAIN },
    Scene {
        name: "hello-receive-several",
        side_by_side: Some(&["one", "two", "three", "four"]),
        kept: &[Picture("Four messages for two receivers: the broker gives each the next in turn.")],
        ..PLAIN
    },
    Scene { name: "new-task-4", words: &["First", "message."], ..PLAIN },
    Scene {
        name: "new-task-6",
        words: &["First", "message."],
        kept: &[
            Wire,
            Report,
            Picture(
                "The whole conversation of lesson 03: connect, declare a durable queue, publish a persistent message, close.",
            ),
        ],
        ..PLAIN
    },
    Scene { name: "new-task-transient", words: &["Second", "message.."], kept: &[Diff, Wire], ..PLAIN },
    Scene { name: "new-task-transient-queue", tasks: &["First message."], kept: &[Diff, Wire], ..PLAIN },
    Scene { name: "worker-2", tasks: TASKS, ..PLAIN },
    Scene { name: "worker-3", tasks: TASKS, ..PLAIN },
    Scene { name: "worker-6", tasks: TASKS, until: Some(Rests(1)), kept: &[Code("receive"), Wire], ..PLAIN },
    Scene {
        name: "worker-10",
        tasks: TASKS,
        until: Some(Acknowledged(2)),
        kept: &[
            Wire,
            Printed,
            Report,
            Timed(
                "The whole conversation of lesson 04: one task comes, and is acknowledged when it is done; then the next.",
            ),
        ],
        ..PLAIN
    },
    Scene {
        name: "worker-round-robin",
        workers: Some(workers::Two::Tasks("worker-no-prefetch")),
        kept: &[Timed(
            "Without a limit the broker deals four tasks out in turn, although the first worker is busy and the second idle.",
        )],
        ..PLAIN
    },
    Scene {
        name: "worker-fair",
        workers: Some(workers::Two::Tasks("worker-10")),
        kept: &[Timed("With prefetch 1, the busy worker gets no second task; the idle one gets them.")],
        ..PLAIN
    },
    Scene {
        name: "worker-killed",
        workers: Some(workers::Two::Killed("worker-10")),
        kept: &[Timed(
            "The first worker dies in the middle of a task; the broker delivers it to the second, marked as redelivered.",
        )],
        ..PLAIN
    },
    Scene {
        name: "worker-twice",
        workers: Some(workers::Two::Ends("worker-done-twice", "worker-10")),
        kept: &[Timed(
            "The first worker does all of the task and ends without an acknowledgement; the broker delivers it to the second.",
        )],
        ..PLAIN
    },
    Scene { name: "worker-no-ack", tasks: TASKS, until: Some(Killed(2)), kept: &[Diff, Wire], ..PLAIN },
    Scene { name: "worker-early-ack", tasks: TASKS, until: Some(Killed(2)), kept: &[Diff, Wire], ..PLAIN },
    Scene { name: "worker-forgotten-ack", tasks: TASKS, until: Some(Rests(1)), kept: &[Diff, Wire], ..PLAIN },
    Scene { name: "worker-no-prefetch", tasks: TASKS, until: Some(Killed(2)), kept: &[Diff, Wire], ..PLAIN },
    Scene { name: "worker-crash", tasks: TASKS, kept: &[Diff], ..PLAIN },
    Scene { name: "worker-done-twice", tasks: &["First message."], kept: &[Diff, Wire], ..PLAIN },
    Scene { name: "worker-ack-twice", tasks: &["First message."], kept: &[Diff, Wire, Printed], ..PLAIN },
    Scene {
        name: "emit-log-6",
        kept: &[
            Wire,
            Report,
            Picture("The whole conversation of lesson 05: connect, declare an exchange, publish to it, close."),
        ],
        ..PLAIN
    },
    Scene { name: "emit-log-other-type", ran_before: &["emit-log-6"], kept: &[Diff, Wire], ..PLAIN },
    Scene {
        name: "receive-logs-8",
        receivers: Some(receivers::Audience::Alone { gets: 2 }),
        kept: &[
            Wire,
            Printed,
            Report,
            Picture(
                "The whole conversation of lesson 06: connect, declare an exchange and a queue, bind, consume, two deliveries, close.",
            ),
        ],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-both",
        receivers: Some(receivers::Audience::Both { program: "receive-logs-8", share: false }),
        kept: &[Picture("Two receivers with a queue each: both get both messages.")],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-shared",
        receivers: Some(receivers::Audience::Both { program: "receive-logs-shared", share: true }),
        kept: &[Diff, Picture("Two receivers with one queue: each message goes to only one of them.")],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-no-bind",
        receivers: Some(receivers::Audience::Alone { gets: 0 }),
        kept: &[Diff, Wire],
        ..PLAIN
    },
];

/// The scene of [`play_alarm`].
pub const ALARM: Scene = Scene { name: "hello-send-alarm", ..PLAIN };

impl Scene {
    /// Returns whether it needs faults on demand, which only the embedded broker has.
    pub fn needs_faults(&self) -> bool {
        self.confirms.is_some_and(|confirms| !confirms.faults.is_empty())
    }

    /// Returns the names of its recordings.
    pub fn files(&self) -> Vec<String> {
        self.kept.iter().map(|kept| self.file(*kept)).collect()
    }

    fn file(&self, kept: Kept) -> String {
        let ending = match kept {
            Diff => "diff",
            Code(_) => "rs",
            Wire => "wire.txt",
            Picture(_) | Timed(_) => "svg",
            Printed => "printed.txt",
            Report => "report.txt",
        };
        format!("{}.{ending}", self.name)
    }
}

/// Plays a scene, and compares its recordings.
pub fn play(broker: &TestBroker, scene: &Scene) -> Result<(), Failed> {
    let run = Run::begin()?;
    let played = runtime().block_on(perform(broker, scene, &run));
    runtime().block_on(run.end());
    keep(scene, played?, || report(broker, scene))
}

/// Plays the scene of a sender whose broker's disk is nearly full. The broker is its own, so that no other test is blocked.
pub fn play_alarm() -> Result<(), Failed> {
    let run = Run::begin()?;
    let played = runtime().block_on(async {
        let args = BrokerArgs { broker: BrokerChoice::Embedded, image: None };
        let broker = Broker::find(&args, &run).await.map_err(|reason| reason.message)?;
        let server = broker.server.clone().ok_or("the embedded broker is not in this process")?;
        let stage = Stage::set(&broker, &run, Names::default(), LIMIT, None).await.map_err(|reason| reason.message)?;
        server.with(|broker| broker.raise(Alarm::Disk));
        let running = start(&stage, "hello-send-5").await?;
        let says = |seen: &ProgramRun, name| seen.events.iter().any(|event| words::line(&event.what).starts_with(name));
        assert!(running.until(|seen| says(seen, "connection.blocked")).await, "the sender is not blocked");
        server.with(|broker| broker.clear(Alarm::Disk));
        Ok::<_, Failed>(vec![running.end().await])
    });
    runtime().block_on(run.end());
    keep(&ALARM, played?, || Err("there is no report of a blocked sender".into()))
}

/// Returns all scenes: those above, and one for each other program of a lesson whose recordings a page includes, such as
/// `recorded/emit-log-3.wire.txt`. That program ends by itself.
///
/// # Errors
///
/// When the lessons or the book's pages can't be read.
pub fn all() -> Result<Vec<Scene>, Failed> {
    let own: Vec<Scene> = [SCENES, routing::SCENES, calls::SCENES, confirms::SCENES].concat();
    let mut all = own.clone();
    let include = Regex::new(r"recorded/([a-z0-9-]+)\.(diff|wire\.txt|printed\.txt|report\.txt)\b")?;
    let lessons = checker::lessons::all()?;
    let is_of_a_lesson = |name: &str| lessons.iter().any(|lesson| name.starts_with(&*format!("{}-", lesson.about.id)));
    for page in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/src"))? {
        let page = page?.path();
        if page.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        for found in include.captures_iter(&fs::read_to_string(page)?) {
            let (name, kept) = (&found[1], kept(&found[2]));
            let has_own_scene = own.iter().chain([&ALARM]).any(|scene| scene.name == name);
            if has_own_scene || !is_of_a_lesson(name) {
                continue;
            }
            match all.iter_mut().find(|scene| scene.name == name) {
                Some(scene) if scene.kept.contains(&kept) => {}
                Some(scene) => scene.kept = [scene.kept, &[kept]].concat().leak(),
                None => all.push(Scene { name: name.to_owned().leak(), kept: vec![kept].leak(), ..PLAIN }),
            }
        }
    }
    Ok(all)
}

/// Returns the recording with this ending.
fn kept(ending: &str) -> Kept {
    match ending {
        "diff" => Diff,
        "wire.txt" => Wire,
        "printed.txt" => Printed,
        _ => Report,
    }
}

/// Compares the recordings of a scene.
fn keep(
    scene: &Scene,
    mut performances: Vec<ProgramRun>,
    report: impl Fn() -> Result<String, Failed>,
) -> Result<(), Failed> {
    for (index, seen) in performances.iter_mut().enumerate() {
        seen.events = events::steady(&seen.events, index);
    }
    let Some(first) = performances.first() else { return Err("no program played".into()) };
    let picture = format!("wire-{}", scene.name);
    for kept in scene.kept {
        let text = match kept {
            Diff => difference(scene.name)?,
            Code(step) => code(scene.name, step)?,
            Wire => words::conversation(&first.events, false).join("\n") + "\n",
            Picture(title) => sequence::svg(&picture, title, &parts(scene, &performances)),
            Timed(title) => sequence::timed(&picture, title, &parts(scene, &performances)),
            Printed => printed(scene, first),
            Report => report()?,
        };
        compare(&scene.file(*kept), &text)?;
    }
    Ok(())
}

/// Returns the parts of a picture.
fn parts<'a>(scene: &Scene, performances: &'a [ProgramRun]) -> Vec<sequence::Part<'a>> {
    if let Some(routed) = scene.routed {
        return routed.parts(performances);
    }
    if let Some(calls) = scene.calls {
        return calls.parts(performances);
    }
    let names = if performances.len() == 1 { vec![short(lesson(scene.name))] } else { vec!["first", "second"] };
    let named = names.into_iter().zip(performances);
    named.map(|(program, seen)| sequence::Part { program, events: &seen.events }).collect()
}

async fn perform(broker: &TestBroker, scene: &Scene, run: &Run) -> Result<Vec<ProgramRun>, Failed> {
    let stage =
        Stage::set(&broker.broker, run, Names::default(), LIMIT, None).await.map_err(|reason| reason.message)?;
    for _ in 0..scene.sent_before {
        sent(start(&stage, "hello-send-5").await?).await?;
    }
    for name in scene.ran_before {
        sent(start(&stage, name).await?).await?;
    }
    for task in scene.tasks {
        sent(call(&stage, "new-task-6", &[task]).await?).await?;
    }
    if let Some(messages) = scene.side_by_side {
        return side_by_side(&stage, messages).await;
    }
    if let Some(two) = scene.workers {
        return workers::play(&stage, two).await;
    }
    if let Some(routed) = scene.routed {
        return routed::play(&stage, routed).await;
    }
    if let Some(calls) = scene.calls {
        return calls::play(&stage, calls).await;
    }
    if let Some(confirms) = scene.confirms {
        return confirms::play(&stage, confirms).await;
    }
    if let Some(audience) = scene.receivers {
        return receivers::play(&stage, scene.name, audience).await;
    }
    let running = call(&stage, scene.name, scene.words).await?;
    match scene.until {
        Some(Acknowledged(count)) => workers::acknowledged(&running, count).await?,
        Some(Killed(count)) => workers::came(&running, count).await?,
        Some(Rests(count)) => {
            workers::came(&running, count).await?;
            workers::rests(&running).await;
        }
        None => {}
    }
    match scene.until {
        Some(Killed(_)) => return Ok(vec![running.kill().await]),
        Some(_) => assert!(running.interrupt(), "Ctrl-C can't be pressed here"),
        None => {}
    }
    if let Some(messages) = scene.receives {
        received(&running, messages).await?;
        assert!(running.interrupt(), "Ctrl-C can't be pressed here");
    }
    Ok(vec![running.end().await])
}

/// Plays a scene with two receivers. Each message is printed by the receiver whose turn it is before the next one is sent. Only
/// the subscriptions and the deliveries are kept.
async fn side_by_side(stage: &Stage<'_>, messages: &[&str]) -> Result<Vec<ProgramRun>, Failed> {
    let receivers = [start(stage, "hello-receive-7").await?, start(stage, "hello-receive-7").await?];
    for (number, message) in messages.iter().enumerate() {
        stage.client.publish("hello", message.as_bytes()).await?;
        received(&receivers[number % 2], number / 2 + 1).await?;
    }
    let mut performances = Vec::new();
    for receiver in receivers {
        assert!(receiver.interrupt(), "Ctrl-C can't be pressed here");
        let mut seen = receiver.end().await;
        events::keep_only(&mut seen, &["basic.consume ", "basic.deliver"]);
        performances.push(seen);
    }
    Ok(performances)
}

/// Starts a program, and waits until a receiver has subscribed: a later receiver then subscribes after it.
pub(super) async fn start(stage: &Stage<'_>, name: &str) -> Result<RunningProgram, Failed> {
    call(stage, name, &[]).await
}

/// Starts a program as [`start`] does, with these arguments.
pub(super) async fn call(stage: &Stage<'_>, name: &str, words: &[&str]) -> Result<RunningProgram, Failed> {
    let folder = step_programs::folder()?;
    let command = vec![folder.join(name).to_string_lossy().into_owned()];
    let program = Program { command, folder: folder.to_owned(), ..Program::default() };
    let called =
        SpawnOptions { arguments: words.iter().map(|word| (*word).to_owned()).collect(), ..SpawnOptions::default() };
    let running = stage.spawn_with(&program, &called).await.map_err(|reason| reason.message)?;
    if ["hello-receive-7", "worker-10", "worker-done-twice", "worker-no-prefetch"].contains(&name) {
        let waits = |seen: &ProgramRun| seen.stdout.lines().iter().any(|line| line.contains("[*] Waiting"));
        assert!(running.until(waits).await, "the receiver does not wait");
    }
    Ok(running)
}

/// Checks that a sender ends with success. Returns its run.
pub(super) async fn sent(sender: RunningProgram) -> Result<ProgramRun, Failed> {
    let seen = sender.end().await;
    assert_eq!(seen.exit.and_then(|exit| exit.code), Some(0), "{:?}", seen.stderr.lines());
    Ok(seen)
}

/// Waits until the program has printed this many messages.
async fn received(running: &RunningProgram, messages: usize) -> Result<(), Failed> {
    let count = |seen: &ProgramRun| seen.stdout.lines().iter().filter(|line| line.contains("Received")).count();
    if running.until(|seen| count(seen) >= messages).await {
        return Ok(());
    }
    Err(format!("{messages} messages should have come").into())
}

/// The ids and the numbers of the lessons.
static LESSONS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let all = lessons::all().unwrap_or_else(|error| panic!("{error}"));
    all.into_iter().map(|lesson| (lesson.about.id, lesson.number)).collect()
});

/// Returns the lesson of a program, by its name: `hello-send` of `hello-send-no-queue`. A lesson's id may begin with that of
/// another, as `emit-log-topic` does.
fn lesson(name: &str) -> &'static str {
    of(name).map_or("", |(lesson, _)| lesson)
}

fn number(name: &str) -> &'static str {
    of(name).map_or("", |(_, number)| number)
}

/// Returns the id and the number of the lesson of a program.
fn of(name: &str) -> Option<&'static (String, String)> {
    let all = LESSONS.iter().filter(|(lesson, _)| name.strip_prefix(lesson).is_some_and(|rest| rest.starts_with('-')));
    all.max_by_key(|(lesson, _)| lesson.len())
}

/// Returns the name of a program above its lifeline, where thirteen characters fit.
fn short(lesson: &str) -> &str {
    if lesson.len() <= 13 { lesson } else { "program" }
}

/// Returns the folder of a learner's own program.
fn own_folder(name: &str) -> String {
    format!("work/{}-{}", number(name), lesson(name))
}

/// Returns the text of a terminal after a learner's own program was run in its folder: the command, stdout, stderr.
fn printed(scene: &Scene, seen: &ProgramRun) -> String {
    let words = if scene.words.is_empty() {
        String::new()
    } else {
        format!(" --{}", scene.words.iter().map(|word| quoted(word)).collect::<String>())
    };
    let mut lines = vec![format!("$ cargo run -q{words}")];
    lines.extend(seen.stdout.lines());
    if seen.interrupted_at.is_some() {
        lines.push("^C".to_owned());
    }
    lines.extend(seen.stderr.lines());
    lines.join("\n") + "\n"
}

/// Returns a word with a blank before it, as all shells take it: in quotes, if it has more than letters, digits and dots.
fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || letter == '.');
    if is_plain { format!(" {word}") } else { format!(" \"{word}\"") }
}

/// Returns the report of a check of the program, as if it were the lesson's own.
fn report(broker: &TestBroker, scene: &Scene) -> Result<String, Failed> {
    let binary = step_programs::folder()?.join(scene.name);
    let command = shell_words::join([binary.to_string_lossy()]);
    let (number, folder) = (number(scene.name), own_folder(scene.name));
    let output = broker.check(&["lesson", number, "--seed", "1", "--program", &command]).output()?;
    let said = String::from_utf8_lossy(&output.stdout).replace(&command, &folder);
    assert!(!said.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut said = without_workers_stdout(&said);
    // At its address, the embedded broker announces the RabbitMQ that it imitates. A report of what no RabbitMQ does names it.
    if scene.needs_faults() {
        let announced = regex::Regex::new("judged by  RabbitMQ .*").unwrap();
        said = announced.replace(&said, "judged by  the embedded broker 0.1.0 (as RabbitMQ 4.3.6)").into_owned();
    }
    Ok(format!("$ cargo xtask check lesson {number}\n{said}"))
}

/// Cuts the output of the workers: which of two idle workers gets a task is a matter of chance.
fn without_workers_stdout(said: &str) -> String {
    let parts = said
        .split_once("\n  worker 1's stdout")
        .and_then(|(above, rest)| Some((above, rest.rfind("\nfailed:")?, rest)));
    match parts {
        Some((above, end, rest)) => format!("{above}\n  …\n{}", &rest[end..]),
        None => said.to_owned(),
    }
}

/// Returns the code of a step in a step program, whose name ends with the number of its steps.
fn code(name: &str, step: &str) -> Result<String, Failed> {
    let lessons = lessons::all()?;
    let lesson = lessons.iter().find(|other| other.about.id == lesson(name)).ok_or("no such lesson")?;
    let done = name.rsplit('-').next().and_then(|done| done.parse().ok()).ok_or("no number of steps")?;
    let whole = fs::read_to_string(lesson.folder.join("src/main.rs"))?;
    let program = anchors::step_program(&whole, &lesson.about.steps, done)?;
    let begin = program.find(&format!("// ANCHOR: {step}\n")).ok_or("the step does not begin")?;
    let end = program.find(&format!("// ANCHOR_END: {step}\n")).ok_or("the step does not end")?;
    let code = anchors::without_marks(&program[begin..end]);
    // The steps that were left out leave blank lines.
    let lines = code.lines().filter(|line| !line.is_empty());
    Ok(lines.map(|line| format!("{line}\n")).collect::<String>().trim_end().to_owned() + "\n")
}

/// Returns the changes of an experiment, as a difference with one line around each change.
fn difference(name: &str) -> Result<String, Failed> {
    let lessons = lessons::all()?;
    let of = |lesson: &lessons::Lesson| {
        let id = name.strip_prefix(&lesson.about.id)?.strip_prefix('-')?;
        let experiment = lesson.about.experiments.iter().find(|experiment| experiment.id == id)?;
        Some((lesson.folder.join("src/main.rs"), experiment.clone()))
    };
    let (path, experiment) = lessons.iter().find_map(of).ok_or("no lesson has this experiment")?;
    let before = fs::read_to_string(path)?;
    let after = anchors::without_marks(&anchors::experiment(&before, &experiment)?);
    let before = anchors::without_marks(&before);
    let difference = TextDiff::from_lines(&before, &after);
    let mut text = difference.unified_diff().context_radius(1).to_string();
    // The line numbers depend on the rest of the program.
    text = text.lines().filter(|line| !line.starts_with("@@")).map(|line| format!("{line}\n")).collect();
    // A blank line at an end has no meaning.
    while let Some(rest) = text.strip_prefix(" \n") {
        text = rest.to_owned();
    }
    Ok(text.trim_end().to_owned() + "\n")
}
