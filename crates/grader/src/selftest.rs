//! The proof that the sandbox holds: hostile programs, each with what must hold (`hostile/corpus.toml`).
//!
//! The programs take the way of every submission: intake, compiler, check, verdict. Canaries are outside: a secret file, a folder
//! that must stay as it is, sockets that count connections. Right programs run among the hostile ones, and must pass.

mod canaries;
mod corpus;
mod held;
mod holds;

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use contracts::lesson::Lesson;
use harness::cleanup::Run;
use tokio::sync::Semaphore;

use crate::{
    base::{self, Base},
    broker::ClassBroker,
    class::{Layout, NoContent, Submission},
    grade::{Grade, Verdict},
    intake::{self, Options},
    journal::{Check, CheckKey},
    judge::{self, Circumstances, Rules},
    points::Rubric,
    pool::{BoxFuture, Checked, Order, Workshop, in_slots},
    sandbox::{Isolation, pinned},
};

use canaries::Canaries;
use corpus::Hostile;

/// The time limit of one run of a hostile program, in seconds.
const TIME_LIMIT: u64 = 5;

/// The most that a check may take on top of the time limits of the compiler and of the program.
const MARGIN: Duration = Duration::from_secs(15);

/// The seed of the checks.
const SEED: u64 = 1;

/// One right program runs beside this number of hostile ones.
const BESIDE: usize = 8;

/// A program of the test, and its result.
struct Tested {
    hostile: Option<Hostile>,
    canaries: Canaries,
    grade: Grade,
    /// The recording as text, in which the secret is searched.
    text: String,
    /// Set when the program was run.
    was_run: bool,
    took: Duration,
}

/// The programs that are tested before a class is graded: one for each promise of the sandbox.
const FIRST: [&str; 12] = [
    "includes-the-secret-as-text",
    "includes-the-environment-of-process-1",
    "reads-the-secret",
    "reads-the-environment",
    "writes-to-the-victims-folder",
    "mounts-in-new-namespaces",
    "connects-to-the-host",
    "connects-to-unix-sockets",
    "talks-to-docker",
    "daemon-outlives-the-program",
    "fork-bomb",
    "memory-hog",
];

/// Runs all hostile programs, and prints what does not hold. Returns whether everything holds.
///
/// # Errors
///
/// When the corpus can't be read, or a file can't be written.
pub async fn run(
    base: Base,
    (isolation, broker): (Isolation, ClassBroker),
    lesson: &Lesson,
    run: &Run,
    args: &cli::GradeArgs,
) -> io::Result<bool> {
    let begin = Instant::now();
    let mut programs = corpus::read()?;
    programs.retain(|program| args.hostile.is_empty() || args.hostile.contains(&program.name));
    eprintln!("testing the sandbox `{}` with {} hostile programs …", isolation.name(), programs.len());
    let slots = args.jobs.map_or(cores() * 3, usize::from);
    let Findings { count, problems, not_run } = test(base, (isolation, broker), lesson, run, programs, slots).await?;
    for problem in &problems {
        println!("{problem}");
    }
    for name in &not_run {
        println!("not tested, because it did not run: {name}");
    }
    let seconds = begin.elapsed().as_secs();
    println!("{count} hostile programs on `{}` in {seconds} s: {} problems", isolation.name(), problems.len());
    Ok(problems.is_empty() && not_run.is_empty())
}

/// Tests the sandbox with one hostile program for each promise, unless that was done on this machine with this grader. Returns a
/// sentence for each one that got through, or that did not run.
///
/// # Errors
///
/// When the corpus can't be read, or a file can't be written.
pub async fn before(base: &Base, isolation: Isolation, lesson: &Lesson, run: &Run) -> io::Result<Vec<String>> {
    let key = held::key(isolation)?;
    if held::is_known(isolation, &key) {
        return Ok(Vec::new());
    }
    let mut programs = corpus::read()?;
    programs.retain(|program| FIRST.contains(&program.name.as_str()));
    eprintln!("testing the sandbox `{}`, once on this machine …", isolation.name());
    let Findings { problems, not_run, .. } =
        test(base.clone(), (isolation, ClassBroker::Embedded), lesson, run, programs, cores() * 3).await?;
    let not_run = not_run.into_iter().map(|name| format!("not tested, because it did not run: {name}"));
    let all: Vec<String> = problems.into_iter().chain(not_run).collect();
    if all.is_empty() {
        held::remember(isolation, &key)?;
    }
    Ok(all)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// The findings about some hostile programs.
struct Findings {
    count: usize,
    /// A sentence for each thing that does not hold.
    problems: Vec<String>,
    /// The programs that did not run, and why.
    not_run: Vec<String>,
}

/// Runs these programs, among right ones.
async fn test(
    base: Base,
    (isolation, broker): (Isolation, ClassBroker),
    lesson: &Lesson,
    run: &Run,
    programs: Vec<Hostile>,
    slots: usize,
) -> io::Result<Findings> {
    let secret: String = std::iter::repeat_with(fastrand::alphanumeric).take(24).collect();
    let workshop = Workshop {
        base,
        own: pinned(run.folder())?,
        broker,
        isolation,
        is_root: rustix::process::geteuid().is_root(),
        readable: Vec::new(),
        time_limit: TIME_LIMIT,
        compilers: Semaphore::new(cores()),
        environment: BTreeMap::from([(canaries::VARIABLE.to_owned(), secret.clone())]),
    };
    let right = fs::read_to_string(lesson.folder.join("src/main.rs"))?;
    let mut queue: Vec<Option<Hostile>> = Vec::new();
    for (index, program) in programs.into_iter().enumerate() {
        if index % BESIDE == 0 {
            queue.push(None);
        }
        queue.push(Some(program));
    }
    let field = Arc::new(Field { workshop, lesson: lesson.clone(), right, secret, run: run.child()? });
    let start = |(index, hostile): &(usize, Option<Hostile>), slot: u32| -> BoxFuture<io::Result<Tested>> {
        let (field, index, hostile) = (field.clone(), *index, hostile.clone());
        Box::pin(async move { field.test(slot, hostile, index).await })
    };
    let mut all = Vec::new();
    in_slots(slots, queue.into_iter().enumerate(), start, |_, tested| {
        all.push(tested.map_err(io::Error::other).and_then(|tested| tested));
    })
    .await;
    let mut problems = Vec::new();
    let (mut count, mut not_run) = (0, Vec::new());
    for tested in all {
        let tested = tested?;
        problems.extend(holds::problems(&tested));
        if let Some(hostile) = &tested.hostile {
            count += 1;
            if hostile.is_run && !tested.was_run {
                not_run.push(format!("{}: {}", hostile.name, holds::what(&tested.grade)));
            }
        }
    }
    problems.extend(holds::survivors(field.run.folder()));
    problems.sort();
    Ok(Findings { count, problems, not_run })
}

/// All that the programs of a test have in common.
struct Field {
    workshop: Workshop,
    lesson: Lesson,
    /// The text of a right program.
    right: String,
    secret: String,
    run: Run,
}

impl Field {
    /// Tests one program, or a right one, in this slot.
    async fn test(&self, slot: u32, hostile: Option<Hostile>, index: usize) -> io::Result<Tested> {
        let Field { workshop, lesson, .. } = self;
        let place = self.run.folder().join(format!("hostile-{index}"));
        fs::create_dir(&place)?;
        let canaries = Canaries::set(&place, &self.secret).await?;
        let class = place.join("class");
        let name = hostile.as_ref().map_or("right", |hostile| hostile.name.as_str());
        match &hostile {
            Some(hostile) => hostile.write(&class.join(name), &canaries)?,
            None => corpus::write(&class.join(name), "src/main.rs", &self.right)?,
        }
        let submission = take_in(&class, lesson, &place)?;
        let about = Rubric::default().about(lesson);
        let rules = Rules { about: &about, late: None, overridden: None };
        let (isolation, broker) = (workshop.isolation.name(), &workshop.broker.name());
        let content = match &submission.content {
            Ok(content) => content.load()?,
            Err(NoContent::NotRead(why)) => return Err(io::Error::other(why.clone())),
            Err(NoContent::Refused(why)) => {
                let grade = judge::refused(&submission, why, rules, Circumstances { isolation, broker, seed: SEED });
                return Ok(Tested {
                    hostile,
                    canaries,
                    grade,
                    text: String::new(),
                    was_run: false,
                    took: Duration::ZERO,
                });
            }
        };
        let order = Order { name: &submission.key, content: &content, lesson, seed: SEED, slot, run: &self.run };
        let Checked { recording, limits, compile_limit, attempts, took } = workshop.check(order).await;
        let key = CheckKey {
            source: content.hash(),
            lesson: lesson.about.id.clone(),
            seed: SEED,
            isolation: isolation.to_owned(),
            broker: broker.clone(),
            time_limit: TIME_LIMIT,
            contracts: String::new(),
        };
        let check =
            Check { key, limits, compile_limit, attempts, unstable: false, took_ms: 0, recording: String::new() };
        let grade = judge::checked(&submission, lesson, &check, &recording, rules);
        let mut text = Vec::new();
        recording.write(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Tested { hostile, canaries, grade, text, was_run: !recording.runs.is_empty(), took })
    }
}

/// Reads the only submission of a class, as `grade` does.
fn take_in(class: &Path, lesson: &Lesson, store: &Path) -> io::Result<Submission> {
    let options = Options {
        layout: Some(Layout::Plain),
        lesson_id: lesson.about.id.clone(),
        offered: base::offered().map_err(io::Error::other)?,
        ..Options::default()
    };
    let mut class = intake::read(class, &options, store).map_err(io::Error::other)?;
    class.submissions.pop().ok_or_else(|| io::Error::other(format!("no submission was found: {:?}", class.left_aside)))
}

/// Returns whether a grade is a pass.
fn passed(grade: &Grade) -> bool {
    grade.verdict == Verdict::Passed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_programs_are_in_the_corpus() {
        let programs = corpus::read().unwrap();
        for name in FIRST {
            assert!(programs.iter().any(|program| program.name == name), "{name}");
        }
    }
}
