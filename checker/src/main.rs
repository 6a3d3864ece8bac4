//! The checker as a program: `cargo xtask` starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    checker::app::run(std::env::args_os())
}
