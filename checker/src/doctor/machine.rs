//! The machine: its system, disk and memory.

use std::{env, fs, path::Path};

use super::{Diagnosis, ask::ask};
use crate::cleanup;

/// A megabyte, in bytes.
const MB: u64 = 1_000_000;

/// The free disk space below which a build fails half-way, in bytes.
const TOO_LITTLE_DISK: u64 = 200 * MB;
/// The free disk space below which there is a warning, in bytes: a first build takes about half of it.
const LITTLE_DISK: u64 = 2000 * MB;
/// The free memory below which the system may end a compiler, in bytes.
const LITTLE_MEMORY: u64 = 500 * MB;

/// Finds the operating system, and whether it runs in WSL or in a container.
pub(super) async fn system() -> Vec<Diagnosis> {
    let name = match env::consts::OS {
        "linux" => linux(),
        "macos" => {
            ask("sw_vers", &["-productVersion"]).await.map_or_else(|_| "macOS".to_owned(), |v| format!("macOS {v}"))
        }
        "windows" => ask("cmd", &["/C", "ver"]).await.unwrap_or_else(|_| "Windows".to_owned()),
        other => other.to_owned(),
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    vec![Diagnosis::ok("system", format!("{name}, {}, {cores} cores", env::consts::ARCH))]
}

fn linux() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty =
        release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux").trim_matches('"');
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut name = format!("{pretty}, Linux {}", kernel.trim());
    if kernel.to_lowercase().contains("microsoft") {
        name.push_str(", in WSL");
    }
    if ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists()) {
        name.push_str(", in a container");
    }
    name
}

/// Measures the free disk space where cargo builds.
pub(super) async fn disk() -> Vec<Diagnosis> {
    let here = env::current_exe().unwrap_or_default();
    let folder = here.parent().unwrap_or(Path::new("."));
    let Some(free) = free_disk(folder) else {
        return vec![Diagnosis::ok("disk", "free disk: not measured on this system")];
    };
    vec![disk_space(free)]
}

/// Judges this much free disk space, in bytes.
fn disk_space(free: u64) -> Diagnosis {
    let what = format!("free disk space for target/: {}", size(free));
    let how = "Free some space: `cargo clean` in the kit's folder removes all build output";
    if free < TOO_LITTLE_DISK {
        Diagnosis::problem("disk", what).fix(how)
    } else if free < LITTLE_DISK {
        Diagnosis::warning("disk", format!("{what}; a first build takes about 1 GB")).fix(how)
    } else {
        Diagnosis::ok("disk", what)
    }
}

#[cfg(unix)]
fn free_disk(folder: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder).ok()?;
    about.f_bavail.checked_mul(about.f_frsize)
}

#[cfg(not(unix))]
fn free_disk(_folder: &Path) -> Option<u64> {
    None
}

/// Measures the memory, where the system has a file or a command for it.
pub(super) async fn memory() -> Vec<Diagnosis> {
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let of = |key: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().split(' ').next()?.parse::<u64>().ok()?.checked_mul(1024)
    };
    match (of("MemAvailable:"), of("MemTotal:")) {
        (Some(free), Some(all)) => {
            let what = format!("free memory: {} of {}", size(free), size(all));
            vec![if free < LITTLE_MEMORY {
                Diagnosis::warning("memory", what)
                    .fix("Close other programs, or build one crate at a time: cargo build -j 1")
            } else {
                Diagnosis::ok("memory", what)
            }]
        }
        _ => match ask("sysctl", &["-n", "hw.memsize"]).await.ok().and_then(|bytes| bytes.parse().ok()) {
            Some(all) => vec![Diagnosis::ok("memory", format!("memory: {}", size(all)))],
            None => Vec::new(),
        },
    }
}

/// Finds the folder in which checks work.
pub(super) async fn runs() -> Vec<Diagnosis> {
    vec![match cleanup::base() {
        Ok(folder) => Diagnosis::ok("runs", format!("checks work in {}", folder.display())),
        Err(error) => Diagnosis::problem("runs", format!("the folder that checks work in can't be used: {error}"))
            .fix("Remove it, or name another folder for temporary files in TMPDIR"),
    }]
}

/// Formats a number of bytes for a person.
fn size(bytes: u64) -> String {
    let mb = bytes / MB;
    if mb < 1000 { format!("{mb} MB") } else { format!("{}.{} GB", mb / 1000, mb % 1000 / 100) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn sizes_are_for_people() {
        assert_eq!([0, 999 * MB, 1000 * MB, 12_345 * MB].map(size), ["0 MB", "999 MB", "1.0 GB", "12.3 GB"]);
    }

    #[test]
    fn little_disk_warns_and_hardly_any_is_a_problem() {
        assert_eq!([100, 1000, 9000].map(|mb| disk_space(mb * MB).state), [State::Problem, State::Warning, State::Ok]);
    }
}
