//! The findings about hostile programs: what does not hold.

use std::{fs, path::Path};

use super::{MARGIN, TIME_LIMIT, Tested, corpus::Holds, passed};
use crate::{
    compile::COMPILE_TIMEOUT,
    grade::{Grade, Verdict},
};

/// The largest recording, in bytes.
const LARGEST: usize = 32 * 1024 * 1024;

/// The start of a line by which a hostile program reports an escape that no canary shows.
const ESCAPED: &str = "ESCAPED ";

/// A word in the command lines of processes that a hostile program leaves behind.
const SURVIVOR: &str = "hostile-survivor";

/// Returns a sentence for each thing that does not hold.
pub fn problems(tested: &Tested) -> Vec<String> {
    let Some(hostile) = &tested.hostile else {
        let is_right = passed(&tested.grade);
        return if is_right { vec![] } else { vec![format!("a right program failed: {}", what(&tested.grade))] };
    };
    let longest = COMPILE_TIMEOUT + std::time::Duration::from_secs(TIME_LIMIT) + MARGIN;
    let said = what(&tested.grade);
    let finding = |holds: &Holds| -> Option<String> {
        let problem = match holds {
            Holds::NoSecret if tested.canaries.is_in(&tested.text) => "it got the secret".to_owned(),
            Holds::NoSecret => {
                let lines = tested.grade.stdout.iter().chain(&tested.grade.stderr);
                lines.into_iter().find(|line| line.starts_with(ESCAPED))?.clone()
            }
            Holds::NoWrite if !tested.canaries.is_unchanged() => "it changed the folder of another".to_owned(),
            Holds::NoConnect if tested.canaries.reached() > 0 => {
                format!("it reached a socket outside, {} times", tested.canaries.reached())
            }
            Holds::InTime if tested.took > longest => format!("it took {} s", tested.took.as_secs()),
            Holds::NotPassed | Holds::NoPoints if passed(&tested.grade) => "it passed".to_owned(),
            Holds::NotPassed if tested.grade.verdict == Verdict::NotChecked => {
                format!("it prevented its check: {said}")
            }
            Holds::Small if tested.text.len() > LARGEST => {
                format!("its recording has {} MiB", tested.text.len() / 1024 / 1024)
            }
            _ => return None,
        };
        Some(format!("{}: {problem} ({})", hostile.name, hostile.about))
    };
    let mut all: Vec<String> = hostile.holds.iter().filter_map(finding).collect();
    if let Some(name) = hostile.names.as_ref().filter(|name| !said.contains(name.as_str())) {
        all.push(format!("{}: the verdict does not name {name:?}: {said}", hostile.name));
    }
    all
}

/// Returns the verdict in words: fault, reason and limits.
pub fn what(grade: &Grade) -> String {
    let fault = grade.fault.as_ref().map(|fault| format!("{}: {}", fault.code, fault.message));
    let parts = fault.into_iter().chain(grade.reason.clone()).chain(grade.limits.iter().cloned());
    let all: Vec<String> = parts.collect();
    if all.is_empty() { format!("{:?}", grade.verdict) } else { all.join(" · ") }
}

/// Returns a sentence for each process that is left: by its name, or by a program from this folder.
pub fn survivors(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let left = entries.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let program = fs::read_link(entry.path().join("exe")).unwrap_or_default();
        let is_left = line.contains(SURVIVOR) || program.to_string_lossy().starts_with(&folder);
        (is_left && pid != std::process::id()).then(|| format!("a process is left: {pid} {}", line.trim()))
    });
    left.collect()
}
