//! Starts cargo: the one that started this program, in the workspace.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
};

use anyhow::Context;

/// Returns the workspace's root folder. `main` has made sure that it exists.
pub fn root() -> &'static Path {
    cli::kit().unwrap_or(Path::new("."))
}

/// Returns a cargo command for the workspace, which works in any folder.
pub fn cargo(subcommand: &str) -> Command {
    let cargo = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let mut command = Command::new(cargo);
    command.arg(subcommand).arg("--manifest-path").arg(root().join("Cargo.toml"));
    command
}

/// Returns the path of another program of the kit: cargo puts it beside the running one.
pub fn beside(program: &str) -> anyhow::Result<PathBuf> {
    let own = env::current_exe().context("the path of this program is unknown")?;
    Ok(own.with_file_name(format!("{program}{}", env::consts::EXE_SUFFIX)))
}

/// Becomes another program. That saves a process, and signals reach the program that cleans up.
#[cfg(unix)]
pub fn become_it(mut command: Command, name: &str) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).with_context(|| format!("{name} could not be started"))
}

/// Starts another program, and returns its exit code. Ctrl-C is left to that program.
#[cfg(not(unix))]
pub fn become_it(mut command: Command, name: &str) -> anyhow::Result<ExitCode> {
    #[cfg(windows)]
    ctrl_c::ignore();
    let status = command.status().with_context(|| format!("{name} could not be started"))?;
    Ok(code(status))
}

/// Returns the exit code of a program as that of this one.
pub fn code(status: ExitStatus) -> ExitCode {
    let unknown = cli::Exit::NotChecked.code();
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(unknown))
}

/// Returns a command as typed in a shell, for tests: the environment by name, without the manifest's path.
#[cfg(test)]
pub fn typed(command: &Command) -> String {
    let set = command.get_envs().map(|(name, value)| {
        let value = value.unwrap_or_default().to_string_lossy();
        format!("{}={}", name.to_string_lossy(), if value.is_empty() { value } else { shell_words::quote(&value) })
    });
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    let arguments: Vec<_> = arguments.filter(|argument| !argument.ends_with("Cargo.toml")).collect();
    let arguments = arguments.iter().filter(|argument| *argument != "--manifest-path").map(|word| word.to_string());
    set.chain(["cargo".to_owned()]).chain(arguments).collect::<Vec<_>>().join(" ")
}
