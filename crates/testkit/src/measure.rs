//! Measuring whole commands, on Linux.

use std::{env, fs, path::Path, process::Command};

/// The number of clock ticks in a second, as `/proc` counts them on Linux.
const TICKS: f64 = 100.0;

/// Sets the folder of a cargo command, and removes what the running cargo says to its programs.
pub fn clean<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let of_cargo = text.starts_with("CARGO") && text != "CARGO_HOME";
        if of_cargo || text.starts_with("HELLO_RABBIT_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder)
}

/// Returns the processor time of all ended child processes, in seconds: the fields `cutime` and `cstime` of `proc(5)`. Returns
/// none where there is no `/proc`.
#[must_use]
pub fn processor_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // The state, after the name, is the third field.
    let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    Some((ticks(16)? + ticks(17)?) / TICKS)
}
