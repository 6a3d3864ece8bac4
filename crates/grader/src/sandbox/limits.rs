//! The limits of a sandbox, and the sentences about those that were hit.

use serde::{Deserialize, Serialize};

/// One mebibyte.
const MIB: u64 = 1024 * 1024;

/// The limits of one program.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// The memory of all its processes together, in bytes.
    pub memory: u64,
    /// The number of its processes and threads at one time.
    pub processes: u64,
    /// The size of a file that it writes, in bytes.
    pub file: u64,
    /// The size of its folder for temporary files, in bytes.
    pub temporary: u64,
    /// The number of files that a process has open.
    pub open_files: u64,
    /// The processor time of one process, in seconds.
    pub processor: u64,
}

impl Limits {
    /// The limits of a program that is checked.
    pub const RUN: Limits = Limits {
        memory: 512 * MIB,
        processes: 64,
        file: 16 * MIB,
        temporary: 64 * MIB,
        open_files: 1024,
        processor: 30,
    };

    /// The limits of the compiler.
    pub const BUILD: Limits = Limits {
        memory: 1536 * MIB,
        processes: 128,
        file: 256 * MIB,
        temporary: 256 * MIB,
        open_files: 1024,
        processor: 30,
    };

    /// Returns the sentence about the memory.
    #[must_use]
    pub fn over_memory(&self) -> String {
        format!("it used more than {} MiB of memory", self.memory / MIB)
    }

    /// Returns the sentence about the processes.
    #[must_use]
    pub fn over_processes(&self) -> String {
        format!("it started more than {} processes", self.processes)
    }

    /// Returns the sentence about the signal that ended it, if a limit sends that signal.
    #[must_use]
    pub fn over_by_signal(&self, signal: i32) -> Option<String> {
        match signal {
            // SIGXCPU and SIGXFSZ: the same numbers on all architectures of Linux but MIPS.
            24 => Some(format!("it used more than {} s of processor time", self.processor)),
            25 => Some(format!("it wrote a file of more than {} MiB", self.file / MIB)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_its_sentence() {
        let limits = Limits::RUN;
        assert_eq!(limits.over_memory(), "it used more than 512 MiB of memory");
        assert_eq!(limits.over_processes(), "it started more than 64 processes");
        assert_eq!(limits.over_by_signal(24).as_deref(), Some("it used more than 30 s of processor time"));
        assert_eq!(limits.over_by_signal(25).as_deref(), Some("it wrote a file of more than 16 MiB"));
        assert_eq!(limits.over_by_signal(9), None);
    }
}
