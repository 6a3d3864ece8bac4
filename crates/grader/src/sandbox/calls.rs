//! The system calls that a sandbox refuses, as a seccomp filter.
//!
//! They reach what no namespace separates, or take memory that is counted for no process. The kernel's answer is that there is
//! no such call, as on an older kernel, and programs can live with that.

use std::{collections::BTreeMap, env, io};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// The refused calls.
const REFUSED: [i64; 12] = [
    // Keyrings belong to the user, and outlive the sandbox. The one of the session is inherited.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Memory that is in no process. Without control groups, it would not count.
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_shmget,
    // A file system in memory, in namespaces that a program makes for itself.
    libc::SYS_mount,
    libc::SYS_fsopen,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    // It makes calls that no filter sees.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_register,
];

/// Applies the filter to this process and to all that it starts from now on.
///
/// # Errors
///
/// When the kernel does not take it.
pub fn refuse() -> io::Result<()> {
    match program()? {
        Some(program) => seccompiler::apply_filter_all_threads(&program).map_err(io::Error::other),
        None => Ok(()),
    }
}

/// Returns the filter, in the form that bubblewrap reads. None on a processor that the filter does not know.
///
/// # Errors
///
/// When the filter can't be made.
pub fn filter() -> io::Result<Option<Vec<u8>>> {
    let Some(program) = program()? else { return Ok(None) };
    let bytes = program.iter().flat_map(|line| {
        let [code, k] = [line.code.to_ne_bytes().to_vec(), line.k.to_ne_bytes().to_vec()];
        [code, vec![line.jt, line.jf], k].concat()
    });
    Ok(Some(bytes.collect()))
}

fn program() -> io::Result<Option<BpfProgram>> {
    let Ok(arch) = TargetArch::try_from(env::consts::ARCH) else { return Ok(None) };
    let rules: BTreeMap<_, _> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let missing = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, missing, arch).map_err(io::Error::other)?;
    BpfProgram::try_from(filter).map(Some).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_is_whole_instructions() {
        let filter = filter().unwrap().expect("a filter for this processor");
        assert!(filter.len() > 8 * REFUSED.len() && filter.len().is_multiple_of(8), "{}", filter.len());
    }
}
