//! Folders whose files may change without an event: on another machine, or on the host of a virtual one.

use std::path::Path;

/// Returns whether files in this folder may change without an event.
#[cfg(target_os = "linux")]
pub fn may_change_unseen(folder: &Path) -> bool {
    /// The magic numbers of shared file systems, from linux/magic.h and the file systems' own sources: NFS, SMB (three of
    /// them), Plan 9 (the Windows drives in WSL), FUSE (Docker Desktop, sshfs), VirtualBox, VMware.
    const SHARED: [u32; 8] =
        [0x0000_6969, 0x0000_517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x6573_5546, 0x786f_4256, 0xbaca_cafe];
    // The number is 32 bits wide, in a field that has more on some machines.
    rustix::fs::statfs(folder).is_ok_and(|about| SHARED.contains(&(about.f_type as u32)))
}

/// Returns false: on this system, it is unknown whether files may change without an event.
#[cfg(not(target_os = "linux"))]
pub fn may_change_unseen(_folder: &Path) -> bool {
    false
}
