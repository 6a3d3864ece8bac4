//! The command line of bubblewrap.
//!
//! Root makes the mounts, and the program then has a user id of its own without any capability: the toolchain may lie in root's
//! home. Any other user needs a user namespace for the mounts, and the program has that user's id in it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{Spec, watchdog};

/// The folders of the system that every program needs, as far as they exist.
pub(super) const SYSTEM: [&str; 9] = [
    "/etc/nsswitch.conf",
    "/usr",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ssl/certs",
    "/etc/localtime",
    "/etc/python3",
];

/// The folders that are links into `/usr` on most systems, and folders on others.
pub(super) const MERGED: [&str; 5] = ["/bin", "/sbin", "/lib", "/lib64", "/lib32"];

/// The path of the socket inside.
pub const SOCKET: &str = "/run/hello-rabbit/tap";

/// The path of this program inside.
pub const OWN: &str = "/run/hello-rabbit/grader";

/// Returns the words that run a command in the sandbox. `socket` is the tap's, outside. Ctrl-C reaches the program: bubblewrap ignores it, and `grader inside` restores it.
#[must_use]
pub fn words(spec: &Spec, socket: Option<&Path>) -> Vec<String> {
    let filter = Some(spec.filter()).filter(|filter| filter.exists());
    let start = match &filter {
        Some(filter) => vec!["sh", "-c", r#"trap "" INT; exec "$@" 9<"$0""#, filter.to_str().unwrap_or_default()],
        None => vec!["sh", "-c", r#"trap "" INT; exec "$@""#, "sh"],
    };
    let mut words: Vec<String> = start.into_iter().map(str::to_owned).collect();
    words.extend(resources(spec));
    words.push("bwrap".to_owned());
    let mut add = |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
    if filter.is_some() {
        add(&["--seccomp", "9"]);
    }
    add(&["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]);
    add(&["--die-with-parent", "--clearenv", "--hostname", "sandbox", "--cap-drop", "ALL"]);
    // Without a tap it is the compiler, which needs no Ctrl-C, and must not have the terminal of the teacher.
    if socket.is_none() {
        add(&["--new-session"]);
    }
    match spec.user {
        Some(_) => {
            add(&["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]);
        }
        None => add(&["--unshare-user", "--uid", "65534", "--gid", "65534"]),
    }
    // Bubblewrap would make the folders above for its own user alone.
    add(&["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/etc/ssl"]);
    for folder in SYSTEM {
        add(&["--ro-bind-try", folder, folder]);
    }
    add(&["--ro-bind", &spec.hosts().to_string_lossy(), "/etc/hosts"]);
    for folder in MERGED {
        match std::fs::read_link(folder) {
            Ok(to) => add(&["--symlink", &to.to_string_lossy(), folder]),
            Err(_) => add(&["--ro-bind-try", folder, folder]),
        }
    }
    let size = spec.limits.temporary.to_string();
    add(&["--proc", "/proc", "--dev", "/dev"]);
    add(&["--perms", "1777", "--size", "1048576", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]);
    add(&["--perms", "1777", "--size", &size, "--tmpfs", "/tmp"]);
    let inside = [SOCKET, OWN].map(Path::new).into_iter().filter(|_| socket.is_some());
    for folder in above(spec.read_only.iter().chain(&spec.writable).map(PathBuf::as_path).chain(inside)) {
        add(&["--perms", "0755", "--dir", &folder.to_string_lossy()]);
    }
    for path in &spec.read_only {
        let path = path.to_string_lossy();
        add(&["--ro-bind", &path, &path]);
    }
    for path in &spec.writable {
        let path = path.to_string_lossy();
        add(&["--bind", &path, &path]);
    }
    if let Some(socket) = socket {
        add(&["--ro-bind", &spec.own.to_string_lossy(), OWN, "--bind", &socket.to_string_lossy(), SOCKET]);
    }
    for (name, value) in [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/tmp"), ("LANG", "C.UTF-8")] {
        add(&["--setenv", name, value]);
    }
    for (name, value) in &spec.environment {
        add(&["--setenv", name, value]);
    }
    add(&["--chdir", &spec.folder.to_string_lossy(), "--remount-ro", "/", "--"]);
    if let Some(user) = spec.user {
        let user = user.to_string();
        add(&["setpriv", &format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]);
        add(&["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]);
        add(&["unshare", "--user", "--map-current-user"]);
    }
    words
}

/// Returns the folders above these paths, each once, the outer ones first, without those of the system.
fn above<'a>(paths: impl Iterator<Item = &'a Path>) -> BTreeSet<&'a Path> {
    let is_system =
        |folder: &Path| folder == Path::new("/tmp") || SYSTEM.iter().any(|system| folder.starts_with(system));
    let all = paths.flat_map(|path| path.ancestors().skip(1));
    all.filter(|folder| folder.parent().is_some() && !is_system(folder)).collect()
}

/// Returns the words that set the limits of single processes. The number of processes is one of a user: of the program's own user,
/// or of the user who grades. For the latter it is the last resort, until the watchdog has looked.
fn resources(spec: &Spec) -> Vec<String> {
    let limits = &spec.limits;
    let mut words = vec!["prlimit".to_owned()];
    let mut add = |name: &str, value: u64| words.push(format!("--{name}={value}:{value}"));
    add("fsize", limits.file);
    add("nofile", limits.open_files);
    add("core", 0);
    add("cpu", limits.processor);
    let others = if spec.user.is_some() { 0 } else { watchdog::threads_of_user() };
    add("nproc", others + limits.processes * 8);
    words
}
