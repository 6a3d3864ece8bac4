//! The bounds of memory and processes where no control group can be made: a look at all processes of a sandbox, many times a second.

use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt, time::Duration};

use super::Limits;

/// The time between two looks.
const PACE: Duration = Duration::from_millis(25);

/// The size of a page of memory, in bytes.
const PAGE: u64 = 4096;

/// A process: its parent, its threads and its memory in pages.
#[derive(Clone, Copy, Debug)]
struct Process {
    parent: u32,
    threads: u64,
    pages: u64,
}

/// Watches the descendants of a process until they hit a limit. Returns the sentence about it.
pub async fn watch(of: u32, limits: Limits) -> String {
    let mut tick = tokio::time::interval(PACE);
    loop {
        tick.tick().await;
        if let Some(sentence) = over(&all(), of, limits) {
            return sentence;
        }
    }
}

/// Returns the sentence about the limit that the descendants of a process exceed.
fn over(all: &BTreeMap<u32, Process>, of: u32, limits: Limits) -> Option<String> {
    let descends = |mut pid: u32| {
        // As many steps as there are processes: a parent may have ended between two lines.
        for _ in 0..all.len() {
            match all.get(&pid) {
                Some(process) if process.parent == of => return true,
                Some(process) => pid = process.parent,
                None => return false,
            }
        }
        false
    };
    let (mut threads, mut pages) = (0, 0);
    for (_, process) in all.iter().filter(|(pid, _)| descends(**pid)) {
        threads += process.threads;
        pages += process.pages;
    }
    if threads > limits.processes {
        return Some(limits.over_processes());
    }
    (pages * PAGE > limits.memory).then(|| limits.over_memory())
}

/// Returns the number of threads of the user who grades.
pub fn threads_of_user() -> u64 {
    let user = rustix::process::geteuid().as_raw();
    let is_own = |pid: &u32| fs::metadata(format!("/proc/{pid}")).is_ok_and(|about| about.uid() == user);
    all().iter().filter(|(pid, _)| is_own(pid)).map(|(_, process)| process.threads).sum()
}

/// Returns all processes, from `/proc`.
fn all() -> BTreeMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let process = |entry: fs::DirEntry| -> Option<(u32, Process)> {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        Some((pid, read(&fs::read_to_string(entry.path().join("stat")).ok()?)?))
    };
    entries.filter_map(process).collect()
}

/// Reads a line of `/proc/PID/stat`: see proc(5). The name of the program, in parentheses, may have any character.
fn read(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // The first one after the name is the third field.
    let number = |field: usize| fields.get(field - 3)?.parse().ok();
    Some(Process { parent: u32::try_from(number(4)?).ok()?, threads: number(20)?, pages: number(24)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_behind_the_name() {
        let line = "7 (a) b) S 5 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 100 1000 250 18446744073709551615 1 1";
        let process = read(line).unwrap();
        assert_eq!((process.parent, process.threads, process.pages), (5, 3, 250));
        assert!(read("7").is_none());
        assert!(all().contains_key(&std::process::id()));
    }

    #[test]
    fn only_descendants_count() {
        let process = |parent, threads, pages| Process { parent, threads, pages };
        let mut all =
            BTreeMap::from([(2, process(1, 60, 10)), (3, process(2, 4, 10)), (9, process(8, 900, 9_000_000))]);
        assert_eq!(over(&all, 1, Limits::RUN), None);
        all.insert(4, process(3, 1, 10));
        assert_eq!(over(&all, 1, Limits::RUN), Some(Limits::RUN.over_processes()));
        all.insert(4, process(3, 0, 200_000));
        assert_eq!(over(&all, 1, Limits::RUN), Some(Limits::RUN.over_memory()));
        // A circle, which numbers that are used again could make, ends.
        assert_eq!(over(&BTreeMap::from([(5, process(6, 1, 1)), (6, process(5, 1, 1))]), 1, Limits::RUN), None);
    }
}
