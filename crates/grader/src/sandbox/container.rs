//! The command line of Docker: a container whose system is that of this machine, read-only.
//!
//! Its image has nothing but the folders on which the system's are mounted, so there is nothing to download, and the compiler, its
//! libraries and Python are those of the machine. The engine sets the limits, and `grader contained` is process 1: it forwards the
//! program's connections, and ends with the process outside.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    Spec,
    bwrap::{MERGED, OWN, SOCKET, SYSTEM},
};

/// The name of the image.
const IMAGE: &str = "hello-rabbit/sandbox:1";

/// The label of our containers: the id of the process that grades.
const LABEL: &str = "hello-rabbit.grade";

/// The number of processes above the limit at which the kernel refuses one more. In between, the watchdog sees that the limit was hit.
const HEADROOM: u64 = 16;

/// The folders of the image.
const FOLDERS: [&str; 8] = ["usr", "etc", "proc", "sys", "dev", "tmp", "run", "run/hello-rabbit"];

/// The variables of the process outside that the Docker client needs.
pub const CLIENT: [&str; 7] =
    ["PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"];

/// Returns the words that run a command in a container with this name. `socket` is the path, outside, of the socket behind which
/// is the tap, and `port` that of the address in `AMQP_URL`; 0 for the compiler, which has no tap.
#[must_use]
pub fn words(spec: &Spec, name: &str, socket: &Path, port: u16) -> Vec<String> {
    let limits = &spec.limits;
    let mut words: Vec<String> = Vec::new();
    let mut add = |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
    add(&["docker", "run", "--name", name, "--label", &format!("{LABEL}={}", grader_of(&spec.group))]);
    add(&["--pull", "never", "--log-driver", "none", "--network", "none", "--hostname", "sandbox", "--read-only"]);
    add(&["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--ipc", "private"]);
    let user = spec.user.map_or_else(own_user, |user| (user, user));
    add(&["--user", &format!("{}:{}", user.0, user.1)]);
    let memory = limits.memory.to_string();
    add(&["--memory", &memory, "--memory-swap", &memory, "--cpus", "1"]);
    add(&["--pids-limit", &(limits.processes + HEADROOM).to_string(), "--shm-size", "1m"]);
    for (limit, value) in
        [("fsize", limits.file), ("nofile", limits.open_files), ("core", 0), ("cpu", limits.processor)]
    {
        add(&["--ulimit", &format!("{limit}={value}:{value}")]);
    }
    add(&["--tmpfs", &format!("/tmp:rw,exec,nosuid,nodev,mode=1777,size={}", limits.temporary)]);
    let system = SYSTEM.iter().filter(|path| Path::new(path).exists());
    let merged = MERGED.iter().filter(|path| Path::new(path).is_dir() && fs::read_link(path).is_err());
    let readable = system.chain(merged).map(Path::new).chain(spec.read_only.iter().map(PathBuf::as_path));
    for path in readable {
        add(&["--mount", &mount(path, path, true)]);
    }
    for path in &spec.writable {
        add(&["--mount", &mount(path, path, false)]);
    }
    add(&["--mount", &mount(&spec.hosts(), Path::new("/etc/hosts"), true)]);
    add(&["--mount", &mount(&spec.own, Path::new(OWN), true)]);
    add(&["--mount", &mount(socket, Path::new(SOCKET), false)]);
    for (name, value) in [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/tmp"), ("LANG", "C.UTF-8")] {
        add(&["--env", &format!("{name}={value}")]);
    }
    for (name, value) in &spec.environment {
        add(&["--env", &format!("{name}={value}")]);
    }
    add(&["--workdir", &spec.folder.to_string_lossy(), IMAGE, OWN, "contained", &port.to_string(), "--"]);
    words
}

/// Returns the user and the group of this process.
fn own_user() -> (u32, u32) {
    (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}

/// Returns the value of `--mount`, a line of CSV.
fn mount(from: &Path, to: &Path, read_only: bool) -> String {
    let field = |name: &str, path: &Path| {
        let field = format!("{name}={}", path.display());
        if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
    };
    let end = if read_only { ",readonly" } else { "" };
    format!("type=bind,{},{}{end}", field("source", from), field("target", to))
}

/// Runs a command of the Docker client, without a terminal.
fn docker(arguments: &[&str]) -> io::Result<Output> {
    Command::new("docker").args(arguments).stdin(Stdio::null()).output()
}

/// Returns the version of the engine; None if none answers.
#[must_use]
pub fn version() -> Option<String> {
    let output = docker(&["version", "--format", "{{.Server.Version}}"]).ok()?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !version.is_empty()).then_some(version)
}

/// True if this process grades in containers.
static IS_USED: AtomicBool = AtomicBool::new(false);

/// Gets ready for containers: removes those of earlier runs, and makes the image, unless it is there.
///
/// # Errors
///
/// When the engine does not take it.
pub fn prepare() -> io::Result<()> {
    IS_USED.store(true, Ordering::Relaxed);
    reap();
    if docker(&["image", "inspect", "--format", "{{.Id}}", IMAGE])?.status.success() {
        return Ok(());
    }
    let mut import = Command::new("docker");
    import.args(["import", "-", IMAGE]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut import = import.spawn()?;
    if let Some(stdin) = import.stdin.take() {
        content(stdin)?;
    }
    let output = import.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// Writes the content of the image: folders, and the links of this machine between them.
fn content(to: impl io::Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(to);
    let mut add = |name: &str, kind: tar::EntryType, link: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        // A file system that is mounted on a folder gets its mode.
        header.set_mode(if name == "tmp" { 0o1777 } else { 0o755 });
        header.set_size(0);
        if link.is_empty() {
            archive.append_data(&mut header, name, io::empty())
        } else {
            archive.append_link(&mut header, name, link)
        }
    };
    for folder in FOLDERS {
        add(folder, tar::EntryType::Directory, "")?;
    }
    for folder in MERGED {
        let name = folder.trim_start_matches('/');
        match fs::read_link(folder) {
            Ok(to) => add(name, tar::EntryType::Symlink, &to.to_string_lossy())?,
            Err(_) if Path::new(folder).is_dir() => add(name, tar::EntryType::Directory, "")?,
            Err(_) => {}
        }
    }
    archive.into_inner().map(drop)
}

/// Returns the file that says that there is a container with this name.
fn trace(scratch: &Path, name: &str) -> PathBuf {
    scratch.join(format!("container-{name}"))
}

/// Notes that there is going to be a container with this name.
///
/// # Errors
///
/// When the file can't be written.
pub fn note(scratch: &Path, name: &str) -> io::Result<()> {
    fs::write(trace(scratch, name), name)
}

/// Removes a container with all its processes. Returns whether it ran out of memory.
pub fn remove(scratch: &Path, name: &str) -> bool {
    let inspected = docker(&["inspect", "--format", "{{.State.OOMKilled}}", name]);
    let over_memory = inspected.is_ok_and(|output| output.stdout.starts_with(b"true"));
    if docker(&["rm", "--force", name]).is_ok_and(|output| output.status.success()) {
        let _ = fs::remove_file(trace(scratch, name));
    }
    over_memory
}

/// Removes the containers of one check whose process outside was killed. Returns whether one ran out of memory.
#[must_use]
pub fn remove_all(scratch: &Path) -> bool {
    let entries = fs::read_dir(scratch).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().to_str()?.strip_prefix("container-").map(str::to_owned));
    // Each of them, also after the first that did.
    names.collect::<Vec<_>>().iter().filter(|name| remove(scratch, name)).count() > 0
}

/// Returns the id of the process that grades, from the start of the names of a check's control groups.
fn grader_of(group: &str) -> String {
    group.trim_start_matches("hello-rabbit-").split('-').next().unwrap_or_default().to_owned()
}

/// Removes the containers of this `grade`, and of those that have ended without removing them. It asks no engine unless this process
/// grades in containers.
pub fn reap() {
    if !IS_USED.load(Ordering::Relaxed) {
        return;
    }
    let format = format!("{{{{.Names}}}} {{{{.Label \"{LABEL}\"}}}}");
    let Ok(listed) = docker(&["ps", "--all", "--filter", &format!("label={LABEL}"), "--format", &format]) else {
        return;
    };
    let own = std::process::id().to_string();
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        let Some((name, process)) = line.split_once(' ') else { continue };
        if process == own || !Path::new("/proc").join(process).exists() {
            let _ = docker(&["rm", "--force", name]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_a_line_of_csv() {
        let path = Path::new("/a/b");
        assert_eq!(mount(path, path, true), "type=bind,source=/a/b,target=/a/b,readonly");
        let odd = Path::new("/a,\"b\"");
        assert_eq!(mount(odd, path, false), "type=bind,\"source=/a,\"\"b\"\"\",target=/a/b");
    }

    #[test]
    fn the_image_has_nothing_but_folders_and_links() {
        let mut bytes = Vec::new();
        content(&mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries: Vec<_> = archive.entries().unwrap().map(Result::unwrap).collect();
        assert!(entries.len() >= FOLDERS.len());
        assert!(
            entries
                .iter()
                .all(|entry| entry.header().entry_type().is_dir() || entry.header().entry_type().is_symlink())
        );
    }

    #[test]
    fn the_process_that_grades_is_in_the_name() {
        assert_eq!(grader_of("hello-rabbit-123-slot-0-abc"), "123");
    }
}
