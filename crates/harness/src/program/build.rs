//! Builds the program for `--path`, `--program` or no flag, so that it can run.

use recording::NotChecked;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use cli::{CommandLine, ProgramArgs};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::{
    activity::watched,
    brokers::address::without_passwords,
    cleanup::MARK,
    kit,
    program::{
        Program,
        cargo::cargo,
        command, messages,
        target::{self, Asked, Target},
    },
};

/// The time limit of a build: the first one compiles the dependencies, perhaps on a slow machine.
const BUILD_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The source of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The lesson's own program: the folder of its package.
    Reference(PathBuf),
    /// A Rust package, or one of the programs in it.
    Package(Asked),
    /// A command line.
    Command(CommandLine),
}

/// The lesson's own program, which a check judges by default.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// Its package.
    pub folder: &'a Path,
    /// The lesson's number, as in `check lesson 01`.
    pub number: &'a str,
    /// The lesson's id, as in `check lesson hello-send`.
    pub id: &'a str,
}

/// The reason why there is no program.
#[derive(Clone, Debug, PartialEq)]
pub enum NoProgram {
    /// The program does not compile; with the compiler's errors.
    DoesNotCompile(recording::BuildError),
    /// The program could not be checked.
    NotChecked(NotChecked),
}

impl Source {
    /// Returns the program that the flags ask for. `own` is the learner's package, if any, and `reference` the lesson's own.
    #[must_use]
    pub fn from_args(args: &ProgramArgs, reference: &Reference<'_>, own: Option<PathBuf>) -> Source {
        let package = |path: Option<&PathBuf>, folder: PathBuf| {
            Source::Package(Asked {
                lesson: reference.number.to_owned(),
                id: reference.id.to_owned(),
                path: path.cloned(),
                folder,
                bin: args.bin.clone(),
            })
        };
        match (&args.path, &args.program) {
            (Some(path), _) => package(Some(path), target::folder_of(path)),
            (None, Some(line)) => Source::Command(line.clone()),
            (None, None) if args.reference => Source::Reference(reference.folder.to_owned()),
            (None, None) => match own {
                Some(own) => package(None, own),
                None => Source::Reference(reference.folder.to_owned()),
            },
        }
    }

    /// Returns its name in a report.
    #[must_use]
    pub fn display_name(&self) -> String {
        match self {
            Source::Reference(folder) => format!("{} (the lesson's own program)", kit::display_path(folder)),
            Source::Package(asked) => {
                let bin = asked.bin.as_ref().map(|bin| format!(", the program {bin}")).unwrap_or_default();
                kit::display_path(&asked.folder) + &bin
            }
            Source::Command(line) => without_passwords(&line.typed),
        }
    }

    /// Returns the command that checks it. Without a flag, that is the learner's own program.
    #[must_use]
    pub fn check_command(&self, lesson: &str, as_mine: bool) -> String {
        let check = format!("cargo xtask check lesson {lesson}");
        let command = match self {
            Source::Package(asked) => asked.check_command(),
            Source::Command(line) => {
                format!("{check} --program {}", shell_words::quote(&without_passwords(&line.typed)))
            }
            Source::Reference(_) => format!("{check} --reference"),
        };
        command + if as_mine { " --as-mine" } else { "" }
    }

    /// Builds it, if necessary. `mark` is the run that owns the build.
    ///
    /// # Errors
    ///
    /// [`NoProgram`].
    pub async fn build(&self, mark: &str) -> Result<Program, NoProgram> {
        match self {
            Source::Reference(folder) => match built_already(folder) {
                Some(program) => Ok(program),
                None => package(folder, None, mark).await.map_err(|none| none.into_plain(folder)),
            },
            Source::Package(asked) => chosen(asked, mark).await,
            Source::Command(line) => command::program(line).map_err(NoProgram::NotChecked),
        }
    }
}

/// Returns the lesson's own program, if xtask has built it along with the checker.
fn built_already(folder: &Path) -> Option<Program> {
    let package = std::env::var(cli::BUILT).ok()?;
    let is_this = folder.file_name()?.to_str()?.split_once('-')?.1 == package;
    let program = std::env::current_exe().ok()?.with_file_name(format!("{package}{}", std::env::consts::EXE_SUFFIX));
    (is_this && program.is_file()).then(|| Program {
        command: vec![program.to_string_lossy().into_owned()],
        folder: folder.to_owned(),
        is_package: true,
        ..Program::default()
    })
}

/// Returns the requested program. cargo lists the programs only when it does not build exactly one.
async fn chosen(asked: &Asked, mark: &str) -> Result<Program, NoProgram> {
    if !asked.names_a_source() {
        match package(&asked.folder, asked.bin.as_deref(), mark).await {
            Ok(program) => return Ok(program),
            Err(NotBuilt::No(none)) => return Err(none),
            Err(NotBuilt::NotOne) => {}
        }
    }
    let Target { folder, bin } = target::choose(asked, mark).await.map_err(NoProgram::NotChecked)?;
    package(&folder, Some(&bin), mark).await.map_err(|none| none.into_plain(&folder))
}

/// The reason why a package gave no program.
enum NotBuilt {
    /// The package has no program, or several, or it is a workspace.
    NotOne,
    No(NoProgram),
}

impl NotBuilt {
    /// Returns the reason when nothing more can be found out.
    fn into_plain(self, folder: &Path) -> NoProgram {
        match self {
            NotBuilt::No(none) => none,
            NotBuilt::NotOne => NoProgram::NotChecked(NotChecked {
                message: format!("cargo did not build exactly one program in {}.", folder.display()),
                hints: vec!["Add a src/main.rs, or name one of several programs: --bin NAME".to_owned()],
            }),
        }
    }
}

/// The errors of cargo when it is asked for one program, and there is none of that name, or not exactly one.
const NOT_ONE: [&str; 4] = [
    "extra arguments to `rustc` can only be passed to one target",
    "no bin target named",
    "is a virtual manifest",
    "no bin targets",
];

async fn package(folder: &Path, bin: Option<&str>, mark: &str) -> Result<Program, NotBuilt> {
    let not_checked = |message: String, hint: &str| {
        NotBuilt::No(NoProgram::NotChecked(NotChecked { message, hints: vec![hint.to_owned()] }))
    };
    // cargo is started in the folder, where a relative path leads elsewhere.
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let manifest = absolute.join("Cargo.toml");
    if !manifest.is_file() {
        let message = format!("There is no Rust package in {}: {} is missing.", folder.display(), manifest.display());
        return Err(not_checked(
            message,
            "Name the folder that has a Cargo.toml, or check a command: --program 'COMMAND'",
        ));
    }
    let mut cargo = cargo();
    cargo.arg("rustc");
    match bin {
        Some(bin) => cargo.args(["--bin", bin]),
        None => cargo.arg("--bins"),
    };
    cargo.args(["--quiet", "--message-format=json", "--manifest-path"]).arg(&manifest);
    // To cargo, packages of the same name in the same target folder are one package, and it would confuse their programs. With
    // its path in the metadata, each is a package of its own, and dependencies stay shared.
    cargo.args(["--", "-C"]).arg(format!("metadata={}", display_folder(&absolute)));
    cargo.env(MARK, mark).current_dir(&absolute).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    cargo.process_group(0);
    let (status, messages, said) = match timeout(BUILD_TIMEOUT, build(cargo.kill_on_drop(true))).await {
        Ok(Ok(built)) => built,
        Ok(Err(error)) => {
            let message = format!("cargo could not be started: {error}.");
            return Err(not_checked(message, "Install Rust: https://rustup.rs"));
        }
        Err(_) => {
            let message = format!("The build took longer than {} minutes.", BUILD_TIMEOUT.as_secs() / 60);
            return Err(not_checked(message, "Build it by hand, to see the slow part: cargo build"));
        }
    };
    if !status.success() {
        // The compiler's errors are about the program. Without one, cargo itself failed: it misses a dependency or a linker.
        return Err(if NOT_ONE.iter().any(|words| said.contains(words)) {
            NotBuilt::NotOne
        } else if let Some(errors) = messages::errors(&messages) {
            NotBuilt::No(NoProgram::DoesNotCompile(errors))
        } else {
            let message = format!("cargo could not build {}:\n{said}", folder.display());
            not_checked(message, "Fix cargo's error, then check again")
        });
    }
    let programs = messages::executables(&messages);
    match programs.as_slice() {
        [program] => {
            let warnings = messages::unused(&messages, &manifest);
            Ok(Program {
                command: vec![program.clone()],
                folder: absolute,
                is_package: true,
                warnings,
                ..Program::default()
            })
        }
        _ => Err(NotBuilt::NotOne),
    }
}

/// Runs cargo to its end, and shows its progress on a terminal. Returns its status, its messages and its stderr.
async fn build(cargo: &mut Command) -> io::Result<(ExitStatus, String, String)> {
    let mut child = cargo.spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let printed = async {
        let (mut messages, mut crates) = (String::new(), 0_u32);
        let shown = watched("compiling the program");
        let mut lines = BufReader::new(stdout.ok_or_else(|| io::Error::other("cargo has no stdout"))?).lines();
        while let Some(text) = lines.next_line().await? {
            if text.contains("\"reason\":\"compiler-artifact\"") && text.contains("\"fresh\":false") {
                crates += 1;
                shown.how_far(&format!("{crates} {}", if crates == 1 { "crate" } else { "crates" }));
            }
            messages.push_str(&text);
            messages.push('\n');
        }
        Ok(messages)
    };
    let heard = async {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            stderr.read_to_end(&mut said).await?;
        }
        io::Result::Ok(String::from_utf8_lossy(&said).trim_end().to_owned())
    };
    let (messages, said): (io::Result<String>, _) = tokio::join!(printed, heard);
    Ok((child.wait().await?, messages?, said?))
}

/// Returns a word that is unique to a folder.
fn display_folder(folder: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("hello-rabbit-{:016x}", hasher.finish())
}
