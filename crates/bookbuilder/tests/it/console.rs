//! Console blocks: commands, and output that is compared.

use std::{fs, path::Path};

use bookbuilder::console::{Command, commands};
use snapbox::{Assert, Data, IntoData};

use crate::small::{Small, workspace};

fn with(block: &str) -> String {
    Small::new(&[("out.txt", "$ ls\none\n"), ("book/src/page.md", &format!("# Page\n\n```console\n{block}\n```\n"))])
        .problems()
}

#[test]
fn commands_and_output_that_is_compared() {
    for good in
        ["$ ls", "{{#include ../../out.txt}}", "$ cargo run \\\n    -q\none\ntwo", "{{#include ../../out.txt}}\n$ ls"]
    {
        assert_eq!(with(good), "", "{good}");
    }
}

#[test]
fn output_that_no_test_compares() {
    insta::assert_snapshot!(with("one\n$ ls"), @r#"
    error: book/src/page.md:4: this line of a console block is neither a command nor below one
    hint: A command is a line that starts with "$ "; output alone is a text block
    "#);
    insta::assert_snapshot!(with("$ ls\none"), @r#"
    error: book/src/page.md:5: no test runs `ls`, so what it prints may not be typed
    hint: Include what it prints from a file that a test compares; what is typed is run for cargo only
    "#);
    insta::assert_snapshot!(with("$ cargo run -q\n{{#include ../../out.txt}}"), @r#"
    error: book/src/page.md:4: output is included under a command that is typed, so no test tells that it is this command's
    hint: Include a file that begins with the command, or type all of it: then a test runs the command
    "#);
    let book = Small::new(&[
        ("out.txt", "one\n"),
        ("book/src/page.md", "# Page\n\n```console\n{{#include ../../out.txt}}\n```\n"),
    ]);
    insta::assert_snapshot!(book.problems(), @r#"
    error: book/src/page.md:4: ../../out.txt does not begin with the command that it is the output of
    hint: Its first line is the command, as it is typed: $ cargo xtask …
    "#);
}

#[test]
fn a_program_that_is_run_in_another_way() {
    for good in [
        "$ cargo run -q",
        "$ cargo run -q -- First message.",
        "$ cargo run -q -p hello-send",
        "$ cargo run -q -p new-task -- First message.",
        "$ AMQP_URL=amqp://ann@host RUST_LOG=1 cargo run -q -p hello-send",
        "$ cargo xtask check lesson 01",
    ] {
        assert_eq!(with(good), "", "{good}");
    }
    for other in ["$ cargo run", "$ cargo run -p hello-send", "$ A=b cargo run -q --manifest-path work/a/Cargo.toml"] {
        assert!(with(other).contains("is another way to run a program"), "{other}");
    }
    let recorded = Small::new(&[
        ("out.txt", "$ cargo run -q --manifest-path work/01-a/Cargo.toml\none\n"),
        ("book/src/page.md", "# Page\n\n```console\n{{#include ../../out.txt}}\n```\n"),
    ]);
    insta::assert_snapshot!(recorded.problems(), @r#"
    error: book/src/page.md:4: `cargo run -q --manifest-path work/01-a/Cargo.toml` is another way to run a program than the rest of the book has
    hint: A learner's own program: cargo run -q, in its folder; a lesson's own: cargo run -q -p NAME
    "#);
}

/// Output that is typed into the book and the documents is the output of its command. Wildcards are snapbox's: `[..]` in a
/// line, `...` for lines.
#[test]
fn typed_output_is_what_the_commands_print() {
    for (document, text) in documents() {
        for command in commands(&text).into_iter().filter(|command| !command.output.is_empty()) {
            run(&document, &command);
        }
    }
}

fn run(document: &str, command: &Command) {
    let words = shell_words::split(&command.typed).unwrap();
    assert_eq!(words[0], "cargo", "{document}:{}: only cargo is run", command.line);
    let output = snapbox::cmd::Command::new(env!("CARGO"))
        .args(&words[1..])
        .current_dir(workspace())
        .env("NO_COLOR", "1")
        .env("COLUMNS", "80")
        .env_remove("AMQP_URL")
        .env_remove("HELLO_RABBIT_IMAGE")
        .stderr_to_stdout()
        .output()
        .unwrap();
    let place = format!("{document}:{}: $ {}", command.line, command.typed);
    let expected: String = command.output.iter().map(|(_, line)| format!("{line}\n")).collect();
    Assert::new()
        .try_eq(Some(&place), output.stdout.into_data(), Data::text(expected))
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        output.status.code(),
        Some(command.exit_code().into()),
        "{place}: hint: an exit code other than 0 stands behind the command: # exit code 2"
    );
}

/// Returns the book's pages, and the documents that are written like them.
fn documents() -> Vec<(String, String)> {
    let book = bookbuilder::book::Book::read(&workspace()).unwrap();
    let pages = book
        .pages
        .into_iter()
        .map(|page| (bookbuilder::book::display_path(&page.path).display().to_string(), page.text));
    let others = ["README.md", "CONTRIBUTING.md", "crates/broker/README.md"]
        .map(|document| (document.to_owned(), fs::read_to_string(workspace().join(Path::new(document))).unwrap()));
    pages.chain(others).collect()
}

#[test]
fn output_that_is_the_same_passes() {
    let typed = "```console\n$ cargo --version\ncargo [..]\n\
                 $ cargo xtask chek all   # exit code 2\nerror: unrecognized subcommand 'chek'\n...\n```\n";
    commands(typed).iter().for_each(|command| run("page.md", command));
}

#[test]
fn an_exit_code_that_differs_is_reported() {
    let typed = commands("```console\n$ cargo --version   # exit code 1\ncargo [..]\n```\n");
    let message = std::panic::catch_unwind(|| run("page.md", &typed[0])).unwrap_err();
    assert!(message.downcast_ref::<String>().unwrap().contains("page.md:2: $ cargo --version: hint"));
}

#[test]
fn output_that_differs_is_reported() {
    let typed = commands("```console\n$ cargo --version\ncargo 0.1\n```\n");
    let message = std::panic::catch_unwind(|| run("page.md", &typed[0])).unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(message.contains("page.md:2: $ cargo --version") && message.contains("cargo 0.1"), "{message}");
}
