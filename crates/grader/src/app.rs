//! The command `grade`: flags in, reports out, and nothing left behind.

mod package;
mod progress;
mod reports;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use cli::{Exit, GradeArgs, GradeWhat, LayoutChoice};
use contracts::lesson::{self, Lesson};
use harness::{
    cleanup::{self, Run},
    kit,
};
use recording::Recording;
use tokio::sync::Semaphore;

use crate::{
    base::{self, Base},
    broker::ClassBroker,
    class::{Class, Layout, NoContent, Stored, Submission},
    grade::{Grade, Grades, LessonAbout, Verdict},
    intake::{self, Options, ProgramRule},
    journal::{self, Check, CheckKey, Journal},
    judge::{self, Circumstances, Rules},
    points::{self, Override, Rubric},
    pool::{BoxFuture, Checked, Order, Workshop, in_slots},
    sandbox::{self, Isolation, container, control_group, probe},
    seed, selftest,
};

use progress::Progress;
use reports::Reports;

/// An error that ends the command, with a hint.
#[derive(Debug)]
struct Stop {
    error: String,
    hint: String,
    exit: Exit,
}

impl Stop {
    fn usage(error: impl ToString, hint: impl Into<String>) -> Stop {
        Stop { error: error.to_string(), hint: hint.into(), exit: Exit::Usage }
    }

    fn failed(error: impl ToString, hint: impl Into<String>) -> Stop {
        Stop { error: error.to_string(), hint: hint.into(), exit: Exit::NotChecked }
    }
}

impl Stop {
    /// Prints the error and the hint.
    fn print(self) -> Exit {
        eprintln!("error: {}\nhint: {}", self.error, self.hint);
        self.exit
    }
}

/// Grades a class, tests the sandbox, or writes a package for a platform.
pub async fn grade(args: GradeArgs) -> ExitCode {
    if let Some(GradeWhat::Package(package)) = &args.what {
        return package::write(package).unwrap_or_else(Stop::print).into();
    }
    // Programs in a sandbox have other user ids, and must be able to read their sources and the compiled crates.
    rustix::process::umask(rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH);
    control_group::reap();
    let done = cleanup::in_a_run(warn, async |run| work(&args, run).await).await;
    let done = done.map_err(|error| Stop::failed(error, NO_FOLDER));
    // A check is a process with a run of its own, which an interruption ends without its cleaning up.
    warn(&cleanup::reap().await);
    control_group::reap();
    container::reap();
    match done {
        Ok(Some(Ok(exit))) => exit,
        Ok(Some(Err(stop))) | Err(stop) => stop.print(),
        Ok(None) => {
            eprintln!("interrupted; the finished checks are kept, and the same command goes on with the others");
            Exit::Interrupted
        }
    }
    .into()
}

/// The advice when there is no folder for temporary files.
const NO_FOLDER: &str = "name another folder for temporary files in TMPDIR";

fn warn(problems: &[String]) {
    problems.iter().for_each(|problem| eprintln!("warning: {problem}"));
}

async fn work(args: &GradeArgs, run: &Run) -> Result<Exit, Stop> {
    let known = known_lessons()?;
    if args.self_test {
        return self_test(args, &known, run).await;
    }
    // All that a teacher wrote is read before anything is graded.
    let lessons = lessons(&args.lesson, &known)?;
    let class_path = args.class.as_deref().unwrap_or(Path::new("."));
    let rubric = rubric(args.rubric.as_deref(), &known)?;
    let due = args.due.as_deref().map(points::date).transpose();
    let due = due.map_err(|error| Stop::usage(error, "give the date to --due"))?;
    let reports = Reports::parse(args).map_err(|error| Stop::usage(error, "see cargo xtask grade --help"))?;
    let store = run.folder().join("class");
    std::fs::create_dir_all(&store).map_err(|error| Stop::failed(error, NO_FOLDER))?;
    let classes = classes(args, class_path, &lessons, &store)?;
    let out = args.out.clone().unwrap_or_else(|| beside(class_path));
    let journal = Journal::open(&out).map_err(|error| Stop::failed(&error, error.hint()))?;
    let overrides = overrides(args, &journal)?;
    let abouts: Vec<LessonAbout> = lessons.iter().map(|lesson| rubric.about(lesson)).collect();
    for one in &overrides {
        test_override(one, &known, &classes, &abouts)
            .map_err(|error| Stop::usage(error, "fix the overrides, and give the same command again"))?;
    }
    reports.test(&abouts).map_err(|error| Stop::usage(error, "fix this, and give the same command again"))?;
    let class_seed = journal.seed(args.seed).map_err(|error| Stop::failed(&error, error.hint()))?;
    say_class(&classes[0].1);

    let isolation = if args.regrade { None } else { Some(isolation(args, run).await?) };
    let broker = if args.regrade { ClassBroker::default() } else { broker(args, run).await? };
    let mut grading = Grading {
        args,
        lessons: &lessons,
        classes: &classes,
        journal: &journal,
        rubric: &rubric,
        overrides: &overrides,
        due,
        readable: readable(args)?,
        contracts: journal::contracts_version(),
        class_seed,
        isolation: isolation.unwrap_or(Isolation::Bwrap),
        broker,
        failures: BTreeMap::new(),
    };
    if isolation.is_some() {
        grading.check_all(&known[0], run).await?;
    }
    let grades = grading.grades();
    reports
        .write(&grades, &out)
        .map_err(|error| Stop::failed(error, "the checks are kept; fix this, and give the same command again"))?;
    let complete = grades.grades.iter().all(|grade| grade.verdict != Verdict::NotChecked);
    Ok(if complete { Exit::Passed } else { Exit::NotChecked })
}

/// Returns all lessons of the kit.
fn known_lessons() -> Result<Vec<Lesson>, Stop> {
    cli::kit().map_err(|no_kit| Stop::failed(no_kit, cli::NoKit::HINT))?;
    lesson::all(kit::root()).map_err(|error| Stop::failed(error, "get an unchanged copy of the kit"))
}

/// Reads the rubric, if there is one.
fn rubric(path: Option<&Path>, known: &[Lesson]) -> Result<Rubric, Stop> {
    let rubric = path.map(|path| Rubric::read(path, known)).transpose();
    let rubric = rubric.map_err(|error| Stop::usage(error, "fix the rubric, and give the same command again"))?;
    Ok(rubric.unwrap_or_default())
}

/// Chooses the sandbox, and tests it.
async fn isolation(args: &GradeArgs, run: &Run) -> Result<Isolation, Stop> {
    let chosen = probe::choose(args.sandbox, args.unsafe_no_sandbox, run.folder()).await;
    chosen.map_err(|error| Stop::failed(&error, error.hint()))
}

/// Finds or starts the broker.
async fn broker(args: &GradeArgs, run: &Run) -> Result<ClassBroker, Stop> {
    ClassBroker::find(args, run).await.map_err(|error| Stop::failed(&error, error.hint()))
}

/// Compiles the crates of the lessons.
async fn base() -> Result<Base, Stop> {
    Base::prepare().await.map_err(|error| Stop::failed(error, "fix this, and give the same command again"))
}

/// Returns the lessons with these names, in order.
fn lessons(names: &[String], known: &[Lesson]) -> Result<Vec<Lesson>, Stop> {
    let find = |name: &String| {
        let found = known.iter().find(|lesson| cli::is_lesson(name, &lesson.number, &lesson.about.id));
        found.cloned().ok_or_else(|| {
            let all: Vec<&str> = known.iter().map(|lesson| lesson.number.as_str()).collect();
            Stop::usage(
                format!("there is no lesson {name:?}; the lessons are {}", all.join(", ")),
                "give one to --lesson, or several with commas",
            )
        })
    };
    let mut found = names.iter().map(find).collect::<Result<Vec<Lesson>, Stop>>()?;
    found.sort_by(|one, other| one.number.cmp(&other.number));
    found.dedup_by(|one, other| one.number == other.number);
    Ok(found)
}

/// Reads the class once for each lesson, because the lesson decides which program of a submission is taken.
fn classes(args: &GradeArgs, path: &Path, lessons: &[Lesson], store: &Path) -> Result<Vec<(Lesson, Class)>, Stop> {
    let offered = base::offered().map_err(|error| Stop::failed(error, "get an unchanged copy of the kit"))?;
    let rule = |line: &cli::CommandLine| {
        ProgramRule::parse(&line.typed).map_err(|error| Stop::usage(error, "see --program in cargo xtask grade --help"))
    };
    let programs = args.program.iter().map(rule).collect::<Result<Vec<_>, Stop>>()?;
    let layout = match args.layout {
        LayoutChoice::Auto => None,
        LayoutChoice::Plain => Some(Layout::Plain),
        LayoutChoice::Moodle => Some(Layout::Moodle),
        LayoutChoice::Canvas => Some(Layout::Canvas),
        LayoutChoice::Github => Some(Layout::Github),
        LayoutChoice::Classroom50 => Some(Layout::Classroom50),
    };
    let read = |lesson: &Lesson| {
        let options = Options {
            layout,
            pattern: args.pattern.clone(),
            roster: args.roster.clone(),
            programs: programs.clone(),
            lesson_id: lesson.about.id.clone(),
            offered: offered.clone(),
            ..Options::default()
        };
        let class = intake::read(path, &options, store);
        class
            .map(|class| (lesson.clone(), class))
            .map_err(|error| Stop::usage(error, "fix this, and give the same command again"))
    };
    lessons.iter().map(read).collect()
}

fn overrides(args: &GradeArgs, journal: &Journal) -> Result<Vec<Override>, Stop> {
    let own = journal.folder().join("overrides.toml");
    let path = args.overrides.clone().or_else(|| own.is_file().then_some(own));
    let all = path.as_deref().map(points::overrides).transpose();
    Ok(all.map_err(|error| Stop::usage(error, "fix the file, and give the same command again"))?.unwrap_or_default())
}

/// Tests that an override names a lesson and a submission, and has a reason. Overrides for lessons that are not graded now are left
/// alone.
fn test_override(
    one: &Override,
    known: &[Lesson],
    classes: &[(Lesson, Class)],
    abouts: &[LessonAbout],
) -> Result<(), String> {
    let Override { student, lesson, score, reason } = one;
    if !known.iter().any(|it| cli::is_lesson(lesson, &it.number, &it.about.id)) {
        return Err(format!("the override of {student:?} names the lesson {lesson:?}, which does not exist"));
    }
    if reason.trim().is_empty() {
        return Err(format!("the override of {student:?} in lesson {lesson} has no reason"));
    }
    let graded = classes.iter().zip(abouts).find(|(_, about)| cli::is_lesson(lesson, &about.number, &about.id));
    let Some(((_, class), about)) = graded else { return Ok(()) };
    let most = about.max_score;
    if *score > most {
        return Err(format!("the override of {student:?} has {score} points, and lesson {lesson} has {most}"));
    }
    let all = std::slice::from_ref(one);
    let is_for = |it: &Submission| points::override_of(all, &it.key, &it.student, about).is_some();
    if class.submissions.iter().any(is_for) {
        return Ok(());
    }
    Err(format!(
        "there is no submission of {student:?} in lesson {lesson}: an override needs the student's number or login, \
         or a key of the reports"
    ))
}

/// Returns the folders that submissions may read, as absolute paths.
fn readable(args: &GradeArgs) -> Result<Vec<PathBuf>, Stop> {
    let absolute = |path: &PathBuf| {
        let found = path.canonicalize().ok();
        found.ok_or_else(|| {
            Stop::usage(format!("--readable {}: there is no such folder", path.display()), "name an existing folder")
        })
    };
    args.readable.iter().map(absolute).collect()
}

/// Returns the folder for the journal of a class: beside the class, with `-grades` after its name.
fn beside(class: &Path) -> PathBuf {
    let absolute = std::path::absolute(class).unwrap_or_else(|_| class.to_owned());
    let name = if absolute.is_dir() { absolute.file_name() } else { absolute.file_stem() };
    let name = name.unwrap_or_default().to_string_lossy().into_owned();
    absolute.with_file_name(format!("{name}-grades"))
}

fn say_class(class: &Class) {
    let layout = serde_json::to_value(class.layout).ok().and_then(|layout| Some(layout.as_str()?.to_owned()));
    let (count, aside) = (class.submissions.len(), class.left_aside.len());
    let aside = if aside == 0 { String::new() } else { format!(", {aside} left aside") };
    let submissions = if count == 1 { "submission" } else { "submissions" };
    eprintln!("layout {}: {count} {submissions}{aside}", layout.unwrap_or_default());
}

/// One class, while it is graded.
struct Grading<'a> {
    args: &'a GradeArgs,
    lessons: &'a [Lesson],
    classes: &'a [(Lesson, Class)],
    journal: &'a Journal,
    rubric: &'a Rubric,
    overrides: &'a [Override],
    due: Option<i64>,
    readable: Vec<PathBuf>,
    /// The version of the contracts.
    contracts: String,
    class_seed: u64,
    isolation: Isolation,
    broker: ClassBroker,
    /// The checks that could not be done or kept, by submission and lesson, with the reason.
    failures: BTreeMap<(String, String), String>,
}

/// A check to do.
struct Job<'a> {
    submission: &'a Submission,
    content: &'a Stored,
    lesson: &'a Lesson,
    key: CheckKey,
}

impl<'a> Grading<'a> {
    fn key(&self, content: &Stored, lesson: &Lesson) -> CheckKey {
        let source = content.hash().to_owned();
        let lesson = lesson.about.id.clone();
        let seed = seed::of(self.class_seed, &source, &lesson);
        CheckKey {
            source,
            lesson,
            seed,
            isolation: self.isolation.name().to_owned(),
            broker: self.broker.name(),
            time_limit: self.args.timeout,
            contracts: self.contracts.clone(),
        }
    }

    /// Returns the checks that are not done yet, or that are asked for again.
    fn jobs(&self) -> Result<Vec<Job<'a>>, Stop> {
        let mut unknown: BTreeSet<&String> = self.args.rerun.iter().collect();
        let mut jobs = Vec::new();
        for (lesson, class) in self.classes {
            for submission in &class.submissions {
                let student = &submission.student;
                let names = [&submission.key, &student.id, &student.login, &student.name];
                let asked = self.args.rerun.iter().filter(|name| names.contains(name)).inspect(|name| {
                    unknown.remove(name);
                });
                let is_asked = asked.count() > 0;
                let Ok(content) = &submission.content else { continue };
                let key = self.key(content, lesson);
                let done = self.journal.check(&submission.key, &key);
                let done = done.map_err(|error| Stop::failed(&error, error.hint()))?;
                let recording = done.as_ref().and_then(|done| self.journal.recording(&submission.key, done));
                let has_verdict = recording.is_some_and(|recording| recording.not_checked.is_none())
                    || done.as_ref().is_some_and(|done| done.compile_limit.is_some());
                if !has_verdict || is_asked {
                    jobs.push(Job { submission, content, lesson, key });
                }
            }
        }
        match unknown.first() {
            Some(name) => Err(Stop::usage(
                format!("there is no submission of {name:?}"),
                "give --rerun a number, a login, or a name of the table",
            )),
            None => Ok(jobs),
        }
    }

    /// Does the checks that are not done. `first` is the lesson whose programs test the sandbox.
    async fn check_all(&mut self, first: &Lesson, run: &Run) -> Result<(), Stop> {
        let jobs = self.jobs()?;
        let all: usize = self
            .classes
            .iter()
            .map(|(_, class)| class.submissions.iter().filter(|one| one.content.is_ok()).count())
            .sum();
        if jobs.is_empty() {
            return Ok(());
        }
        if jobs.len() < all {
            eprintln!("{} of {all} checks are done already, and kept", all - jobs.len());
        }
        let base = base().await?;
        if self.isolation != Isolation::None {
            let held = selftest::before(&base, self.isolation, first, run).await;
            let escaped = held.map_err(|error| Stop::failed(error, "fix this, and give the same command again"))?;
            if !escaped.is_empty() {
                let error = format!("the sandbox `{}` does not hold:\n{}", self.isolation.name(), escaped.join("\n"));
                return Err(Stop::failed(error, DOES_NOT_HOLD));
            }
        }
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let slots = self.args.jobs.map_or(cores * 2, usize::from).min(jobs.len());
        let workshop = Arc::new(Workshop {
            base,
            own: sandbox::pinned(run.folder()).map_err(|error| Stop::failed(error, NO_FOLDER))?,
            broker: self.broker.clone(),
            isolation: self.isolation,
            is_root: rustix::process::geteuid().is_root(),
            readable: self.readable.clone(),
            time_limit: self.args.timeout,
            environment: BTreeMap::new(),
            compilers: Semaphore::new(cores),
        });
        let mut progress = Progress::new(jobs.len());
        let run = Arc::new(run.child().map_err(|error| Stop::failed(error, NO_FOLDER))?);
        for lesson in self.lessons {
            let proved = workshop.prove(lesson, &run).await;
            proved.map_err(|why| Stop::failed(why, "fix this, and give the same command again"))?;
        }
        let start = |job: &Job<'_>, slot: u32| -> BoxFuture<io::Result<Checked>> {
            let (workshop, run) = (workshop.clone(), run.clone());
            let (name, content, lesson) = (job.submission.key.clone(), job.content.clone(), job.lesson.clone());
            let seed = job.key.seed;
            Box::pin(async move {
                // Only the submissions that are checked right now are in memory.
                let content = &content.load()?;
                let order = Order { name: &name, content, lesson: &lesson, seed, slot, run: &run };
                Ok(workshop.check(order).await)
            })
        };
        in_slots(slots, jobs, start, |job, ended| {
            match ended.map_err(io::Error::other).and_then(|checked| checked) {
                Ok(checked) => self.keep(job, checked),
                Err(error) => self.lose(&job, &format!("The check could not be done: {error}.")),
            }
            progress.one_more();
        })
        .await;
        progress.end();
        Ok(())
    }

    /// Notes that a check gave nothing to keep.
    fn lose(&mut self, job: &Job<'_>, why: &str) {
        eprintln!("warning: {}: {why}", job.submission.key);
        self.failures.insert((job.submission.key.clone(), job.lesson.about.id.clone()), why.to_owned());
    }

    /// Keeps a check in the journal. A check that can't be kept counts as not done, and a check without a verdict does not replace
    /// one that has a verdict.
    fn keep(&mut self, job: Job<'_>, checked: Checked) {
        let Checked { recording, limits, compile_limit, attempts, took } = checked;
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let mut check = Check {
            key: job.key.clone(),
            limits,
            compile_limit,
            attempts,
            unstable: false,
            took_ms,
            recording: String::new(),
        };
        let has_verdict =
            |check: &Check, recording: &Recording| recording.not_checked.is_none() || check.compile_limit.is_some();
        let earlier = self.earlier(&job);
        if !has_verdict(&check, &recording)
            && earlier.as_ref().is_some_and(|(check, recording)| has_verdict(check, recording))
        {
            eprintln!("warning: {}: it could not be checked again, so the earlier verdict stays", job.submission.key);
            return;
        }
        check.unstable =
            earlier.is_some_and(|(earlier, before)| self.differs(&job, &check, &recording, &earlier, &before));
        if let Err(error) = self.journal.keep(&job.submission.key, &check, &recording) {
            self.lose(&job, &format!("The check could not be kept: {error}."));
        }
    }

    /// Returns the check that was kept with the same key before, and its recording.
    fn earlier(&self, job: &Job<'_>) -> Option<(Check, Recording)> {
        let check = self.journal.check(&job.submission.key, &job.key).ok()??;
        let recording = self.journal.recording(&job.submission.key, &check)?;
        Some((check, recording))
    }

    /// Returns whether two checks of the same sources, with the same seed, have different verdicts.
    fn differs(
        &self,
        job: &Job<'_>,
        check: &Check,
        recording: &Recording,
        earlier: &Check,
        before: &Recording,
    ) -> bool {
        let about = self.rubric.about(job.lesson);
        let rules = Rules { about: &about, late: None, overridden: None };
        let fault = |check: &Check, recording| {
            let grade = judge::checked(job.submission, job.lesson, check, recording, rules);
            (grade.verdict, grade.fault.map(|fault| fault.code))
        };
        let (before, now) = (fault(earlier, before), fault(check, recording));
        earlier.unstable || (before.0 != Verdict::NotChecked && now.0 != Verdict::NotChecked && before != now)
    }

    /// Judges all that the journal has.
    fn grades(&self) -> Grades {
        let abouts: Vec<_> = self.lessons.iter().map(|lesson| self.rubric.about(lesson)).collect();
        let mut grades = Vec::new();
        for ((lesson, class), about) in self.classes.iter().zip(&abouts) {
            for submission in &class.submissions {
                let overridden = points::override_of(self.overrides, &submission.key, &submission.student, about);
                let rules = Rules { about, late: self.rubric.late(submission, self.due), overridden };
                grades.push(self.grade(submission, lesson, rules));
            }
        }
        let at = |id: &str| self.lessons.iter().position(|lesson| lesson.about.id == id);
        grades.sort_by(|one, other| (&one.key, at(&one.lesson)).cmp(&(&other.key, at(&other.lesson))));
        let (_, class) = &self.classes[0];
        Grades {
            lessons: abouts,
            layout: class.layout,
            grades,
            left_aside: class.left_aside.clone(),
            without_submission: class.without_submission.clone(),
            not_joined: class.not_joined.clone(),
            isolation: self.of_checks(|key| key.isolation, || self.isolation.name().to_owned()),
            seed: self.class_seed,
            broker: self.of_checks(|key| key.broker, || self.broker.name()),
            graded_at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed()),
        }
    }

    /// Returns what the checks that count have in their keys, or that of this run if there are none.
    fn of_checks(&self, part: impl Fn(CheckKey) -> String, own: impl Fn() -> String) -> String {
        let checks = self.classes.iter().flat_map(|(lesson, class)| {
            let of = |submission: &Submission| self.journal.any_check(&submission.key, &lesson.about.id).ok()?;
            class.submissions.iter().filter_map(of).map(|check| part(check.key))
        });
        let all: BTreeSet<String> = checks.collect();
        if all.is_empty() { own() } else { all.into_iter().collect::<Vec<_>>().join(", ") }
    }

    fn grade(&self, submission: &Submission, lesson: &Lesson, rules: Rules<'_>) -> Grade {
        let broker = &self.broker.name();
        let on = Circumstances { isolation: self.isolation.name(), broker, seed: 0 };
        let content = match &submission.content {
            Ok(content) => content,
            Err(NoContent::Refused(why)) => return judge::refused(submission, why, rules, on),
            Err(NoContent::NotRead(why)) => return judge::not_checked(submission, why, rules, on),
        };
        let place = (submission.key.clone(), lesson.about.id.clone());
        let not_checked = |why: &str| judge::not_checked(submission, why, rules, on);
        if let Some(why) = self.failures.get(&place) {
            return not_checked(why);
        }
        let key = self.key(content, lesson);
        let kept = if self.args.regrade {
            // Judged again, a check counts whatever sandbox it was done in.
            let any = self.journal.any_check(&submission.key, &lesson.about.id);
            any.map(|check| check.filter(|check| check.key.source == key.source))
        } else {
            self.journal.check(&submission.key, &key)
        };
        let check = match kept {
            Ok(Some(check)) => check,
            Ok(None) => return not_checked(NOT_YET),
            Err(error) => return not_checked(&format!("The journal can't be read: {error}.")),
        };
        match self.journal.recording(&submission.key, &check) {
            Some(recording) => judge::checked(submission, lesson, &check, &recording, rules),
            None => not_checked(NOT_YET),
        }
    }
}

/// The advice about a sandbox that lets a hostile program through.
const DOES_NOT_HOLD: &str = "nothing was graded; grade on another machine, or run `cargo xtask grade --self-test`, and report what \
                             it says";

/// The reason for a submission without a check.
const NOT_YET: &str = "It was not checked yet. Give the same command without --regrade.";

/// Tests the sandbox with the corpus of hostile programs.
async fn self_test(args: &GradeArgs, known: &[Lesson], run: &Run) -> Result<Exit, Stop> {
    let isolation = isolation(args, run).await?;
    let broker = broker(args, run).await?;
    let held = selftest::run(base().await?, (isolation, broker), &known[0], run, args).await;
    let held = held.map_err(|error| Stop::failed(error, "get an unchanged copy of the kit"))?;
    Ok(if held { Exit::Passed } else { Exit::Failed })
}
