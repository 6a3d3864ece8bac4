//! `grader`: see the library. In addition to `grade`, it has the processes of a check.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("error: grading needs Linux, whose sandbox keeps submissions away from your files");
    eprintln!("hint: grade in a virtual machine with Linux, or in CI: see the chapter \"Grading a class\"");
    cli::Exit::NotChecked.into()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{path::PathBuf, process::ExitCode};

    use clap::Parser;
    use grader::{app, record, sandbox};

    /// The processes of the grader.
    #[derive(Debug, Parser)]
    #[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
    enum Command {
        /// Grade a class: check all submissions in a sandbox, and write reports
        Grade(Box<cli::GradeArgs>),
        /// Do one check, and write its recording
        #[command(hide = true)]
        Record { task: PathBuf },
        /// Run a command in a sandbox, from outside
        #[command(hide = true)]
        Enter {
            spec: PathBuf,
            #[arg(last = true)]
            command: Vec<String>,
        },
        /// Run a command in a container, as its first process
        #[command(hide = true)]
        Contained {
            port: u16,
            #[arg(last = true)]
            command: Vec<String>,
        },
        /// Run a command in a sandbox, inside
        #[command(hide = true)]
        Inside {
            port: u16,
            #[arg(last = true)]
            command: Vec<String>,
        },
    }

    pub fn main() -> ExitCode {
        let command = Command::parse();
        let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("error: the grader can't start: {error}");
                return cli::Exit::NotChecked.into();
            }
        };
        let ended = |code: std::io::Result<i32>| match code {
            Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
            Err(error) => {
                eprintln!("error: the sandbox failed: {error}");
                ExitCode::from(125)
            }
        };
        let code = runtime.block_on(async {
            match command {
                Command::Grade(args) => app::grade(*args).await,
                Command::Record { task } => match record::record(&task).await {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(error) => {
                        eprintln!("{error}");
                        ExitCode::FAILURE
                    }
                },
                Command::Enter { spec, command } => ended(sandbox::enter::enter(&spec, &command).await),
                Command::Contained { port, command } => ended(sandbox::contained::contained(port, &command).await),
                Command::Inside { port, command } => ended(sandbox::inside::inside(port, &command).await),
            }
        });
        // Connections that are still forwarded need not be waited for.
        runtime.shutdown_background();
        code
    }
}
