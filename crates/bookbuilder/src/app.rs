//! The program around the library: commands in, exit code out. stdout has the answer, stderr everything else.

use std::{ffi::OsString, path::Path, process::ExitCode};

use clap::Parser;
use cli::{BookCli, BookWhat, Exit};

use crate::{book::Book, build, problem::Problem, rules};

/// Runs the builder with these arguments; the first is the program's own name.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match BookCli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Passed }.into();
        }
    };
    let workspace = match cli::kit() {
        Ok(kit) => kit,
        Err(no_kit) => {
            eprintln!("error: {no_kit}\nhint: {}", cli::NoKit::HINT);
            return Exit::NotChecked.into();
        }
    };
    let done = match cli.book.what() {
        BookWhat::Build => build(workspace),
        BookWhat::Serve { port } => serve(workspace, port),
        BookWhat::Check => check(workspace),
    };
    let exit = done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        Exit::NotChecked
    });
    exit.into()
}

/// Builds the pages in the folder that `book.toml` names. Problems that leave no hole in a page do not prevent that, so that
/// the author can see the result; the exit code reports them.
fn build(workspace: &Path) -> anyhow::Result<Exit> {
    let book = Book::read(workspace)?;
    let mut problems = rules::of_sources(&book);
    if !problems.iter().any(Problem::spoils_pages) {
        let place = build::output_folder(&book)?;
        problems.extend(build::into(&book, &place)?);
        println!("{}", place.join("index.html").display());
    }
    Ok(if report(&problems) { Exit::Failed } else { Exit::Passed })
}

fn check(workspace: &Path) -> anyhow::Result<Exit> {
    let problems = crate::check(workspace)?;
    Ok(if report(&problems) { Exit::Failed } else { Exit::Passed })
}

#[cfg(feature = "serve")]
fn serve(workspace: &Path, port: u16) -> anyhow::Result<Exit> {
    crate::serve::run(workspace, port)
}

#[cfg(not(feature = "serve"))]
fn serve(_: &Path, _: u16) -> anyhow::Result<Exit> {
    anyhow::bail!("this builder was compiled without its web server\nhint: cargo xtask book serve compiles it")
}

/// Prints the problems to stderr. Returns whether there are any.
pub(crate) fn report(problems: &[Problem]) -> bool {
    for problem in problems {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        eprintln!("{} problem{} in the book", problems.len(), if problems.len() == 1 { "" } else { "s" });
    }
    !problems.is_empty()
}
