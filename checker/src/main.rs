//! The checker as a program: `cargo xtask` starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(windows)]
    if let Some(pressed) = ctrl_c::press_if_asked() {
        return pressed;
    }
    #[cfg(windows)]
    ctrl_c::heed();
    checker::app::run(std::env::args_os())
}
