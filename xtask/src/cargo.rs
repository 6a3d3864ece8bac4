//! Starting cargo: the one that started us, in the workspace.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
};

use anyhow::Context;

/// The workspace's root folder. `main` made sure that there is one.
pub fn root() -> &'static Path {
    cli::kit().unwrap_or(Path::new("."))
}

/// cargo, about the workspace, from whatever folder we are in.
pub fn cargo(subcommand: &str) -> Command {
    let cargo = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let mut command = Command::new(cargo);
    command.arg(subcommand).arg("--manifest-path").arg(root().join("Cargo.toml"));
    command
}

/// A program of ours, beside the one that runs now: cargo puts them there.
pub fn beside(program: &str) -> anyhow::Result<PathBuf> {
    let own = env::current_exe().context("this program's own place is unknown")?;
    Ok(own.with_file_name(format!("{program}{}", env::consts::EXE_SUFFIX)))
}

/// Becomes another program: one process fewer, and signals meet the one that knows what to clean up.
#[cfg(unix)]
pub fn become_it(mut command: Command, name: &str) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).with_context(|| format!("{name} could not be started"))
}

/// Starts another program and ends as it does.
#[cfg(not(unix))]
pub fn become_it(mut command: Command, name: &str) -> anyhow::Result<ExitCode> {
    let status = command.status().with_context(|| format!("{name} could not be started"))?;
    Ok(code(status))
}

/// A program's end, as ours.
pub fn code(status: ExitStatus) -> ExitCode {
    let unknown = cli::Exit::NotChecked.code();
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(unknown))
}

/// A command as a shell would have it, for tests: the environment in the order of its names, without the manifest's path.
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
