//! Checks many submissions at the same time, each in a slot of its own.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Component, Path, PathBuf},
    pin::Pin,
    process::Stdio,
    time::Duration,
};

use contracts::lesson::Lesson;
use harness::cleanup::{MARK, Run, end_processes};
use recording::{NotChecked, Recording};
use tokio::{
    process::Command,
    sync::Semaphore,
    task::{JoinError, JoinSet},
    time::{Instant, timeout},
};

use crate::{
    base::Base,
    broker::ClassBroker,
    class::{Content, Package, Program},
    compile::{Compilation, NotCompiled},
    record::{Task, begun},
    sandbox::{Isolation, Limits, Spec, control_group},
};

/// The first user id of programs in a sandbox, if root grades. Each slot has its own.
const FIRST_USER: u32 = 64_100;

/// The time limit of a check's process on top of the check's own limit.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(30);

/// The number of attempts: a `not checked` is repeated at most twice.
pub const ATTEMPTS: u32 = 3;

/// All that checks of one class have in common.
#[derive(Debug)]
pub struct Workshop {
    /// The compiled crates of the lessons.
    pub base: Base,
    /// This program, for the processes of checks.
    pub own: PathBuf,
    /// The broker.
    pub broker: ClassBroker,
    /// The sandbox.
    pub isolation: Isolation,
    /// True if root grades, so that programs get user ids of their own.
    pub is_root: bool,
    /// Folders that programs may read, in addition to the system's.
    pub readable: Vec<PathBuf>,
    /// The time limit of one run of a program, in seconds.
    pub time_limit: u64,
    /// More variables of the processes outside the sandbox. Nothing inside sees them: the test of the sandbox proves that.
    pub environment: BTreeMap<String, String>,
    /// A permit for each compiler that may run at one time: compilers are busy, while checks mostly wait.
    pub compilers: Semaphore,
}

/// A check to do.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The name of the submission in reports.
    pub name: &'a str,
    /// Its files.
    pub content: &'a Content,
    /// The lesson.
    pub lesson: &'a Lesson,
    /// The seed.
    pub seed: u64,
    /// The slot, which no other check has at the same time.
    pub slot: u32,
    /// The run that owns the check.
    pub run: &'a Run,
}

/// The result of a check.
#[derive(Debug)]
pub struct Checked {
    /// The recording.
    pub recording: Recording,
    /// The limits that were hit, one sentence each.
    pub limits: Vec<String>,
    /// The limit that the compiler hit, so that nothing was run.
    pub compile_limit: Option<String>,
    /// The number of attempts.
    pub attempts: u32,
    /// The duration, without the time until a compiler was free.
    pub took: Duration,
}

/// Does these jobs in their order, one in each slot at a time. `start` returns the work of a job in a slot, and
/// `ended` gets what it gave, in the order of the ends, or the reason why it panicked.
pub async fn in_slots<J, T: Send + 'static>(
    slots: usize,
    jobs: impl IntoIterator<Item = J>,
    start: impl Fn(&J, u32) -> BoxFuture<T>,
    mut ended: impl FnMut(J, Result<T, JoinError>),
) {
    let mut free: Vec<u32> = (0..u32::try_from(slots).unwrap_or(1)).collect();
    let mut jobs = jobs.into_iter();
    let mut working = JoinSet::new();
    let mut places = HashMap::new();
    loop {
        while !free.is_empty()
            && let Some(job) = jobs.next()
            && let Some(slot) = free.pop()
        {
            let started = working.spawn(start(&job, slot));
            places.insert(started.id(), (job, slot));
        }
        let Some(end) = working.join_next_with_id().await else { return };
        let (id, end) = match end {
            Ok((id, end)) => (id, Ok(end)),
            Err(error) => (error.id(), Err(error)),
        };
        if let Some((job, slot)) = places.remove(&id) {
            free.push(slot);
            ended(job, end);
        }
    }
}

/// The work of one job.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Workshop {
    /// Checks a submission in a lesson. A check without a verdict is repeated; a failure never.
    pub async fn check(&self, order: Order<'_>) -> Checked {
        let mut attempts = 0;
        let not_done = |message, attempts| Checked {
            recording: without(order.lesson, message),
            limits: vec![],
            compile_limit: None,
            attempts,
            took: Duration::ZERO,
        };
        loop {
            attempts += 1;
            // A broker that is gone stays away, and all the others wait for nothing.
            if let Err(gone) = self.broker.answers().await {
                return not_done(gone, attempts);
            }
            let mut checked = self
                .once(order)
                .await
                .unwrap_or_else(|error| not_done(format!("The check could not be done: {error}."), attempts));
            if checked.recording.not_checked.is_none() || checked.compile_limit.is_some() || attempts == ATTEMPTS {
                checked.attempts = attempts;
                return checked;
            }
        }
    }

    /// Checks the lesson's own program, as a submission is checked: if that fails, the machine is at fault.
    ///
    /// # Errors
    ///
    /// The reason, in words.
    pub async fn prove(&self, lesson: &Lesson, run: &Run) -> Result<(), String> {
        let path = lesson.folder.join("src/main.rs");
        let text = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let id = lesson.about.id.clone();
        let package = Package {
            name: id.clone(),
            edition: "2024".to_owned(),
            main: "src/main.rs".to_owned(),
            bin: id,
            ..Package::default()
        };
        let content = Content { files: [("src/main.rs".to_owned(), text)].into(), program: Program::Rust(package) };
        let order = Order { name: "proof", content: &content, lesson, seed: 1, slot: 0, run };
        let checked = self.once(order).await;
        let checked = checked.map_err(|error| format!("the lesson's own program can't be checked: {error}"))?;
        match (checked.recording.build_error, checked.compile_limit, checked.recording.not_checked) {
            (Some(error), _, _) => Err(format!("the lesson's own program does not compile here:\n{}", error.text)),
            (None, Some(limit), _) => Err(format!("the lesson's own program can't be compiled here: {limit}")),
            (None, None, Some(reason)) => Err(format!("the lesson's own program can't be checked: {}", reason.message)),
            (None, None, None) => Ok(()),
        }
    }

    async fn once(&self, Order { name, content, lesson, seed, slot, run }: Order<'_>) -> io::Result<Checked> {
        let scratch = tempfile::Builder::new().prefix(&format!("slot-{slot}-")).tempdir_in(run.folder())?;
        let place = |name: &str| scratch.path().join(name);
        let (source, target) = (place("source"), place("program"));
        write_sources(&source, content, &self.base.alias)?;
        fs::create_dir(&target)?;
        let mark = format!("{}.grade.{slot}", run.id());
        let spec = Spec {
            isolation: self.isolation,
            user: (self.is_root && self.isolation != Isolation::None).then_some(FIRST_USER + slot),
            read_only: [std::slice::from_ref(&source), self.readable.as_slice()].concat(),
            writable: Vec::new(),
            folder: source.clone(),
            environment: [("TOKIO_WORKER_THREADS", "2"), ("PYTHONDONTWRITEBYTECODE", "1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            limits: Limits::RUN,
            own: self.own.clone(),
            group: control_group::name(scratch.path()),
            scratch: scratch.path().to_owned(),
        };
        let (begin, mut waited) = (Instant::now(), Duration::ZERO);
        let done = |recording, limits, compile_limit, waited| {
            Ok(Checked { recording, limits, compile_limit, attempts: 1, took: begin.elapsed().saturating_sub(waited) })
        };
        let (command, folder, warnings, is_package) = match &content.program {
            Program::Command { command, folder } => (command.clone(), source.join(folder), Vec::new(), false),
            Program::Rust(package) => {
                let folder = source.join(&package.folder);
                fs::set_permissions(&target, fs::Permissions::from_mode(0o777))?;
                let compiler = Spec {
                    read_only: [
                        spec.read_only.as_slice(),
                        &[self.base.toolchain.clone(), self.base.crates.clone(), self.base.warm.clone()],
                    ]
                    .concat(),
                    writable: vec![target.clone()],
                    folder: folder.clone(),
                    limits: Limits::BUILD,
                    ..spec.clone()
                };
                let compiled = {
                    let queued = Instant::now();
                    let _core = self.compilers.acquire().await;
                    waited += queued.elapsed();
                    Compilation {
                        base: &self.base,
                        package,
                        spec: &compiler,
                        target: &target,
                        mark: &mark,
                        outside: &self.environment,
                    }
                    .run()
                    .await
                };
                end_processes(&mark).await;
                let _ = compiler.take_limits();
                match compiled {
                    Ok(warnings) => {
                        (vec![target.join("program").to_string_lossy().into_owned()], folder, warnings, true)
                    }
                    Err(NotCompiled::Errors(error)) => {
                        let recording = Recording { build_error: Some(error), ..begun(name, &lesson.about.id) };
                        return done(finished(recording), vec![], None, waited);
                    }
                    Err(NotCompiled::Limit(limit)) => {
                        let recording = without(lesson, format!("The program was not run, because {limit}."));
                        return done(recording, vec![], Some(limit), waited);
                    }
                    Err(NotCompiled::Failed(error)) => return Err(error),
                }
            }
        };
        let spec = Spec { read_only: [spec.read_only.as_slice(), &[target]].concat(), folder: folder.clone(), ..spec };
        let task = Task {
            lesson: lesson.about.id.clone(),
            seed,
            name: name.to_owned(),
            command,
            wrapper: spec.wrapper("run")?,
            folder,
            is_package,
            warnings,
            time_limit: self.time_limit,
            broker: self.broker.clone(),
            to: place("recording.json"),
        };
        let recording = self.record(&task, &place("task.json"), &mark).await?;
        if let Ok(why) = fs::read_to_string(spec.not_started()) {
            let _ = spec.take_limits();
            return Err(io::Error::other(why));
        }
        done(recording, spec.take_limits(), None, waited)
    }

    /// Runs the process of a check, and returns its recording.
    async fn record(&self, task: &Task, file: &Path, mark: &str) -> io::Result<Recording> {
        fs::write(file, serde_json::to_vec(task)?)?;
        let mut record = Command::new(&self.own);
        record
            .arg("record")
            .arg(file)
            .env(MARK, mark)
            .envs(&self.environment)
            .env_remove("AMQP_URL")
            .kill_on_drop(true);
        record.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let ended = timeout(task.longest() + PROCESS_TIMEOUT, record.output()).await;
        end_processes(mark).await;
        let output = ended.map_err(|_| io::Error::other("its process did not end"))??;
        let text = fs::File::open(&task.to).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            io::Error::other(format!(
                "its process ended with {}, and left no recording ({error}) {}",
                output.status,
                said.trim()
            ))
        })?;
        Recording::read(text).map_err(io::Error::other)
    }
}

/// Returns the recording of a check that gave no verdict.
fn without(lesson: &Lesson, message: String) -> Recording {
    let not_checked = Some(NotChecked { message, hints: vec![] });
    finished(Recording { lesson: lesson.about.id.clone(), not_checked, ..Recording::default() })
}

fn finished(mut recording: Recording) -> Recording {
    recording.finish("");
    recording
}

/// Writes the sources into a new folder, which other users can read and not write. The program gets one more line, by which it
/// links the crate that has the lessons' calls compiled; at the end, so that errors name the student's own lines.
fn write_sources(folder: &Path, content: &Content, alias: &str) -> io::Result<()> {
    let main = match &content.program {
        Program::Rust(package) => normal(&Path::new(&package.folder).join(&package.main)),
        Program::Command { .. } => None,
    };
    fs::create_dir(folder)?;
    for (name, bytes) in &content.files {
        let inside =
            normal(Path::new(name)).ok_or_else(|| io::Error::other(format!("{name} leads out of its folder")))?;
        let path = folder.join(&inside);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut bytes = bytes.clone();
        if main.as_ref() == Some(&inside) {
            bytes.extend_from_slice(format!("\nextern crate {alias} as _;\n").as_bytes());
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// Returns a relative path without detours. None if it leads out of its folder.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => plain.push(part),
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_its_folder() {
        let plain = |path: &str| normal(Path::new(path));
        assert_eq!(plain("src/./a/../main.rs"), Some(PathBuf::from("src/main.rs")));
        for outside in ["/etc/passwd", "../a", "a/../../b", "pkg//../../etc"] {
            assert_eq!(plain(outside), None, "{outside}");
        }
    }

    #[tokio::test]
    async fn a_slot_is_free_again_also_after_a_panic() {
        let mut ends = Vec::new();
        let start = |job: &u32, slot: u32| -> BoxFuture<(u32, u32)> {
            let job = *job;
            Box::pin(async move {
                assert_ne!(job, 1, "the second one panics");
                (job, slot)
            })
        };
        in_slots(1, 0..4, start, |job, end| ends.push((job, end.ok()))).await;
        assert_eq!(ends, [(0, Some((0, 0))), (1, None), (2, Some((2, 0))), (3, Some((3, 0)))]);
    }

    #[test]
    fn the_line_for_the_base_goes_into_the_program_alone() {
        let folder = tempfile::tempdir().unwrap();
        let files = [("pkg/Cargo.toml", ""), ("other/main.rs", "fn main() {}")];
        let package =
            crate::class::Package { folder: "pkg".into(), main: "../other/main.rs".into(), ..Default::default() };
        let content = Content {
            files: files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into(),
            program: Program::Rust(package),
        };
        let to = folder.path().join("source");
        write_sources(&to, &content, "alias").unwrap();
        assert_eq!(fs::read_to_string(to.join("pkg/Cargo.toml")).unwrap(), "");
        assert_eq!(fs::read_to_string(to.join("other/main.rs")).unwrap(), "fn main() {}\nextern crate alias as _;\n");
    }
}
