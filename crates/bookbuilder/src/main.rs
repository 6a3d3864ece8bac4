//! The book's builder, as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    bookbuilder::app::run(std::env::args_os())
}
