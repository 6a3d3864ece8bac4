//! Builds of the checker with more in it. A first check compiles little; a command that needs more is carried out by a checker
//! that has it.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use cli::{CHECKER_FEATURES, Exit};
use harness::{brokers::Needs, kit};

use super::tell;
use crate::{
    lessons::Lesson,
    report::{say, spinner::watched},
};

/// Features that the running checker does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Features {
    /// The contracts of all lessons.
    #[cfg(not(feature = "later-lessons"))]
    LaterLessons,
    /// The commands `watch`, `wire`, `diff` and `doctor`, and brokers outside this process.
    #[cfg(not(feature = "tools"))]
    Tools,
    /// The Docker client, and the tools.
    Docker,
}

impl Features {
    /// Returns the features that are missing for these needs.
    pub(super) fn missing(needs: Needs) -> Option<Features> {
        match needs {
            Needs::Docker => (!cfg!(feature = "docker")).then_some(Features::Docker),
            #[cfg(not(feature = "tools"))]
            Needs::Management => Some(Features::Tools),
            _ => None,
        }
    }

    /// Returns the features that are missing to judge all lessons.
    pub(super) fn missing_for_all() -> Option<Features> {
        #[cfg(not(feature = "later-lessons"))]
        return Some(Features::LaterLessons);
        #[cfg(feature = "later-lessons")]
        None
    }

    /// Returns the features that are missing to judge these lessons.
    pub(super) fn missing_for(lessons: &[Lesson]) -> Option<Features> {
        let lacks = |lesson: &Lesson| contracts::contract::of(&lesson.about.id).is_none();
        lessons.iter().any(lacks).then(Features::missing_for_all).flatten()
    }

    /// Returns a name for the part that these features bring.
    pub(super) fn part(self) -> &'static str {
        match self {
            #[cfg(not(feature = "later-lessons"))]
            Features::LaterLessons => "the checks of the later lessons",
            #[cfg(not(feature = "tools"))]
            Features::Tools => "the client of the management API",
            Features::Docker => "the Docker client",
        }
    }

    fn name(self) -> &'static str {
        match self {
            #[cfg(not(feature = "later-lessons"))]
            Features::LaterLessons => "later-lessons",
            #[cfg(not(feature = "tools"))]
            Features::Tools => "tools",
            Features::Docker => "docker",
        }
    }

    fn cargo(self, subcommand: &str) -> Command {
        let mut cargo = Command::new(kit::cargo());
        cargo.arg(subcommand).arg("--manifest-path").arg(kit::root().join("Cargo.toml"));
        cargo.args(["--package", "checker", "--bin", "checker", "--no-default-features", "--features", self.name()]);
        cargo
    }

    /// Continues as the checker that has these features.
    pub(super) fn take_over(self, arguments: &[OsString], handed_on: &[(&str, String)]) -> ExitCode {
        let mut run = self.cargo("run");
        if self != Features::Docker || self.was_compiled() {
            // It may have to be compiled again all the same, and nothing shows that once cargo has taken our place.
            let _busy = watched(&format!("compiling {}", self.part()));
            let _ = self.cargo("build").arg("--quiet").stderr(Stdio::null()).status();
            run.arg("--quiet");
        } else {
            // cargo shows its own progress.
            say("compiling the Docker client for the first time; about a minute …");
        }
        run.arg("--").args(arguments).envs(handed_on.iter().map(|(name, value)| (name, value)));
        become_it(run, "cargo")
    }

    /// Compiles a checker with these features, for the next command.
    pub(super) fn compile(self) {
        let client = self.part();
        say(&format!("compiling {client}, so that the next check uses RabbitMQ; you can stop this with Ctrl-C …"));
        if !self.cargo("build").status().is_ok_and(|status| status.success()) {
            say(&format!("{client} was not compiled; until it is, checks use the embedded broker"));
        }
    }

    /// Returns whether cargo has compiled the client, in the target folder of the running program.
    pub(super) fn was_compiled(self) -> bool {
        let library = match self {
            #[cfg(not(feature = "later-lessons"))]
            Features::LaterLessons => return false,
            #[cfg(not(feature = "tools"))]
            Features::Tools => "libureq-",
            Features::Docker => "libtestcontainers-",
        };
        let Ok(entries) = fs::read_dir(folder().join("deps")) else { return false };
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(library))
    }
}

/// Notes the features that this checker's commands need, so that xtask builds such a checker at once. Without the note, a check
/// starts cargo once more. Only a checker that has them calls this: a client that does not compile, such as one that can't be
/// downloaded, must not stand in the way of other commands.
pub(super) fn remember(needs: Needs) {
    let features = match needs {
        Needs::Nothing if cfg!(feature = "later-lessons") => "later-lessons",
        Needs::Nothing => return,
        Needs::Management => "tools",
        Needs::Docker => "docker",
    };
    // Each has all that those before it have.
    let rank = |name: &str| ["later-lessons", "tools", "docker"].iter().position(|other| *other == name);
    let note = folder().join(CHECKER_FEATURES);
    let noted = fs::read_to_string(&note).unwrap_or_default();
    if rank(features) > rank(&noted) {
        let _ = fs::write(note, features);
    }
}

/// Starts this checker again in its own place, with one more variable in its environment: a process with several threads can't set
/// one.
pub(super) fn again(arguments: &[OsString], (name, value): (&str, String)) -> ExitCode {
    let mut checker = Command::new(env::current_exe().unwrap_or_default());
    checker.args(arguments).env(name, value);
    become_it(checker, "the checker")
}

fn become_it(mut command: Command, name: &str) -> ExitCode {
    let failed = |error: io::Error| {
        tell("error", &format!("{name} could not be started: {error}"));
        Exit::NotChecked.into()
    };
    #[cfg(unix)]
    {
        failed(std::os::unix::process::CommandExt::exec(&mut command))
    }
    #[cfg(not(unix))]
    {
        #[cfg(windows)]
        ctrl_c::ignore();
        match command.status() {
            Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(3)),
            Err(error) => failed(error),
        }
    }
}

/// Returns the folder of the running program.
fn folder() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    program.parent().unwrap_or(Path::new(".")).to_owned()
}
