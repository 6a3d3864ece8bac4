//! Control groups: bounded memory, processes and processor time, where the system lets us make groups.
//!
//! The name of a group begins with the id of the process that grades and ends with the id of the process that made it. The process
//! that made it may be killed, so the one that grades reads the limits that were hit, and removes the group.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::Limits;

/// The folder in which groups are mounted.
const MOUNT: &str = "/sys/fs/cgroup";

/// The start of the names of our groups.
const PREFIX: &str = "hello-rabbit-";

/// The controllers of version 1, each with a tree of its own.
const TREES: [&str; 3] = ["pids", "memory", "cpu"];

/// The period over which processor time is counted, in microseconds. A sandbox has one core.
const PERIOD: &str = "100000";

/// Returns the start of the names of the groups of one check.
#[must_use]
pub fn name(scratch: &Path) -> String {
    format!("{PREFIX}{}-{}", std::process::id(), scratch.file_name().unwrap_or_default().to_string_lossy())
}

/// The attempts to remove a group, and the time between two.
const RETRIES: u32 = 40;
const RETRY: Duration = Duration::from_millis(5);

fn is_second() -> bool {
    Path::new(MOUNT).join("cgroup.controllers").exists()
}

/// Makes a group with these limits, and moves this process into it, so that the processes that it starts are in it, too. Returns
/// whether groups can be made here.
pub fn enter(name: &str, limits: Limits) -> bool {
    let name = format!("{name}-{}", std::process::id());
    if is_second() { second(&name, limits) } else { first(&name, limits) }.is_ok()
}

/// Version 1: a tree for each controller.
fn first(name: &str, limits: Limits) -> io::Result<()> {
    let make = |tree: &str| -> io::Result<PathBuf> {
        let folder = Path::new(MOUNT).join(tree).join(name);
        fs::create_dir(&folder).map(|()| folder)
    };
    let pids = make("pids")?;
    fs::write(pids.join("pids.max"), limits.processes.to_string())?;
    let memory = make("memory")?;
    fs::write(memory.join("memory.limit_in_bytes"), limits.memory.to_string())?;
    join(&pids)?;
    join(&memory)?;
    // Where this one is missing, a busy program slows others down, and nothing worse.
    if let Ok(cpu) = make("cpu") {
        let _ = fs::write(cpu.join("cpu.cfs_period_us"), PERIOD);
        let _ = fs::write(cpu.join("cpu.cfs_quota_us"), PERIOD);
        let _ = join(&cpu);
    }
    Ok(())
}

/// Version 2: one tree.
fn second(name: &str, limits: Limits) -> io::Result<()> {
    let _ = fs::write(Path::new(MOUNT).join("cgroup.subtree_control"), "+pids +memory +cpu");
    let folder = Path::new(MOUNT).join(name);
    fs::create_dir(&folder)?;
    fs::write(folder.join("pids.max"), limits.processes.to_string())?;
    fs::write(folder.join("memory.max"), limits.memory.to_string())?;
    let _ = fs::write(folder.join("memory.swap.max"), "0");
    let _ = fs::write(folder.join("cpu.max"), format!("{PERIOD} {PERIOD}"));
    join(&folder)
}

fn join(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), std::process::id().to_string())
}

/// Returns the limits that were hit in the groups of one check, one sentence each, and removes the groups.
#[must_use]
pub fn take(name: &str, limits: Limits) -> Vec<String> {
    let folders = groups().filter(|(_, group)| group.starts_with(name)).map(|(folder, _)| folder).collect::<Vec<_>>();
    let counted = |file: &str, name: &str| {
        folders.iter().any(|folder| {
            let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.any(|(key, count)| key == name && count.trim() != "0")
        })
    };
    let mut hit = Vec::new();
    if counted("pids.events", "max") {
        hit.push(limits.over_processes());
    }
    if counted("memory.events", "oom_kill") || counted("memory.oom_control", "oom_kill") {
        hit.push(limits.over_memory());
    }
    remove(&folders);
    hit
}

/// Removes groups, as soon as the last processes in them have ended.
fn remove(folders: &[PathBuf]) {
    for _ in 0..RETRIES {
        if folders.iter().filter(|folder| folder.exists()).all(|folder| fs::remove_dir(folder).is_ok()) {
            break;
        }
        std::thread::sleep(RETRY);
    }
}

/// Removes the groups of this `grade`, and of those that have ended without removing them. Afterwards, their processes are gone.
pub fn reap() {
    let is_over = |(_, group): &(PathBuf, String)| {
        let process = group.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()).unwrap_or_default();
        process == std::process::id().to_string() || !Path::new("/proc").join(process).exists()
    };
    let folders: Vec<PathBuf> = groups().filter(is_over).map(|(folder, _)| folder).collect();
    remove(&folders);
}

/// Returns our groups: folders and names.
fn groups() -> impl Iterator<Item = (PathBuf, String)> {
    let trees =
        if is_second() { vec![PathBuf::from(MOUNT)] } else { TREES.map(|tree| Path::new(MOUNT).join(tree)).to_vec() };
    let entries = trees.into_iter().flat_map(|tree| fs::read_dir(tree).into_iter().flatten().flatten());
    entries.filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with(PREFIX).then(|| (entry.path(), name))
    })
}
