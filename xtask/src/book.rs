//! `cargo xtask book`: handing it on to the book's builder, and the tests that compare what the book shows.

use std::{
    env, fs, io,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::Context;
use cli::BookWhat;

use crate::cargo::{become_it, beside, cargo, code};

/// The tests that compare what the book shows with what the programs do: of which package, and which of its tests.
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

/// The builder, with this command. Its web server is compiled where it is needed only.
fn builder(what: &str, with_server: bool) -> anyhow::Result<Command> {
    let mut run = cargo("run");
    run.args(["--package", "bookbuilder"]);
    if with_server {
        run.args(["--features", "serve"]);
    }
    let program = beside("bookbuilder")?;
    if with_server && !server_was_compiled(&program) {
        eprintln!("compiling the book's server, this once; half a minute or so …");
    } else if !program.exists() {
        eprintln!("compiling the book's builder, this once; half a minute or so …");
    } else {
        run.arg("--quiet");
    }
    run.args(["--", what]);
    Ok(run)
}

/// Whether cargo has the server's parts compiled, beside the builder.
fn server_was_compiled(builder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(builder.with_file_name("deps")) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libtower_livereload-"))
}

/// Checks the book itself, which takes a second; then runs the tests that compare what it shows.
fn check() -> anyhow::Result<ExitCode> {
    let status = builder("check", false)?.status().context("cargo could not be started")?;
    if !status.success() {
        return Ok(code(status));
    }
    for (package, tests) in TESTS {
        let name = [&["-p", package], tests].concat().join(" ");
        eprintln!("── cargo test {name}");
        let mut test = cargo("test");
        // What tests print is the story; the answer is one line.
        test.args(["--quiet", "--package", package]).args(tests).stdout(io::stderr());
        if env::var_os("INSTA_UPDATE").is_none() {
            test.env("INSTA_UPDATE", "no");
        }
        if !test.status().context("cargo could not be started")?.success() {
            eprintln!("error: the book shows something else than what the programs do");
            eprintln!("hint: cargo test {name} shows the difference, and cargo xtask bless book accepts it");
            return Ok(cli::Exit::Failed.into());
        }
    }
    println!("the book is right, and so is all output it shows");
    Ok(cli::Exit::Passed.into())
}
