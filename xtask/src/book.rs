//! `cargo xtask book`: passes it on to the book's builder, and runs the tests that compare the output in the book.

use std::{
    env, fs, io,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::Context;
use cli::BookWhat;

use crate::cargo::{become_it, beside, cargo, code};

/// The tests that compare the output in the book with the programs: each with its package and its filter.
const TESTS: [(&str, &[&str]); 5] = [
    ("bookbuilder", &["--test", "it"]),
    ("xtask", &[]),
    ("checker", &["--test", "it", "reference"]),
    ("checker", &["--test", "it", "start::book"]),
    ("checker", &["--test", "real_broker", "embedded::book"]),
];

/// Builds the book, shows it or checks it.
pub fn run(what: BookWhat) -> anyhow::Result<ExitCode> {
    match what {
        BookWhat::Build => become_it(builder("build", false)?, "the book's builder"),
        BookWhat::Serve { port } => {
            let mut serve = builder("serve", true)?;
            serve.args(["--port", &port.to_string()]);
            become_it(serve, "the book's server")
        }
        BookWhat::Check => check(),
    }
}

/// Returns the builder with this command. Its web server is compiled only when it is needed.
fn builder(what: &str, with_server: bool) -> anyhow::Result<Command> {
    let mut run = cargo("run");
    run.args(["--package", "bookbuilder"]);
    if with_server {
        run.args(["--features", "serve"]);
    }
    let program = beside("bookbuilder")?;
    if with_server && !server_was_compiled(&program) {
        eprintln!("compiling the book's server for the first time; about half a minute …");
    } else if !program.exists() {
        eprintln!("compiling the book's builder for the first time; about half a minute …");
    } else {
        run.arg("--quiet");
    }
    run.args(["--", what]);
    Ok(run)
}

/// Returns whether cargo has compiled the server's parts, beside the builder.
fn server_was_compiled(builder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(builder.with_file_name("deps")) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libtower_livereload-"))
}

/// Checks the book itself, which takes a second. Then it runs the tests that compare the output in it.
fn check() -> anyhow::Result<ExitCode> {
    let status = builder("check", false)?.status().context("cargo could not be started")?;
    if !status.success() {
        return Ok(code(status));
    }
    for (package, tests) in TESTS {
        let name = [&["-p", package], tests].concat().join(" ");
        eprintln!("── cargo test {name}");
        let mut test = cargo("test");
        // The output of tests goes to stderr; the answer on stdout is one line.
        test.args(["--quiet", "--package", package]).args(tests).stdout(io::stderr());
        if env::var_os("INSTA_UPDATE").is_none() {
            test.env("INSTA_UPDATE", "no");
        }
        if !test.status().context("cargo could not be started")?.success() {
            eprintln!("error: the output in the book differs from that of the programs");
            eprintln!("hint: read the difference with cargo test {name}, and accept it with cargo xtask bless book");
            return Ok(cli::Exit::Failed.into());
        }
    }
    println!("the book is right, and so is the output in it");
    Ok(cli::Exit::Passed.into())
}
