//! Parts that the stand-ins share: a machine with programs of its own before those of this one, submissions, and a deadline.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// The seconds after which a step of a platform is ended: nothing is compiled but submissions.
const DEADLINE: u32 = 240;

/// The same for a step that compiles the kit, on a busy machine.
pub const COMPILING: u32 = 30 * 60;

/// Returns the kit's folder.
pub fn kit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Returns the program of lesson 01.
pub fn right() -> String {
    fs::read_to_string(kit().join("lessons/01-hello-send/src/main.rs")).unwrap()
}

/// Returns a program that sends another text, and prints what would be commands of a platform.
pub fn wrong() -> String {
    let hostile = "    println!(\"::error::pwned\\n##[error]pwned\\n::set-env name=A::b\\n::add-mask::hello\");\n";
    let (head, body) =
        right().split_once("async fn main").map(|(head, rest)| (head.to_owned(), rest.to_owned())).unwrap();
    let (signature, rest) = body.split_once("{\n").unwrap();
    format!("{head}async fn main{signature}{{\n{hostile}{}", rest.replace("Hello World!", "Hello world!"))
}

/// A machine: a folder, and programs that come before the real ones.
pub struct Machine {
    folder: TempDir,
}

impl Machine {
    /// Makes a machine whose `cargo xtask grade` is the grader under test, with this kit's compiled crates. Its programs that would
    /// install something only note that they were called.
    pub fn new() -> Machine {
        let machine = Machine { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(machine.path("bin")).unwrap();
        for installer in ["apt-get", "curl", "rustup", "sudo"] {
            machine.program(installer, &format!("echo \"{installer} $*\" >> '{}'", machine.path("calls").display()));
        }
        let real = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        // As with the real one, the package of the running program tells where the kit is.
        let grade = format!(
            "if [ \"$1\" = xtask ]; then shift; export CARGO_MANIFEST_DIR='{}'; exec '{}' \"$@\"; fi\nexec '{real}' \"$@\"",
            kit().join("xtask").display(),
            env!("CARGO_BIN_EXE_grader"),
        );
        machine.program("cargo", &grade);
        machine
    }

    /// Returns a path on the machine.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file, with its folders.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Puts a program before the real ones.
    pub fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Takes the sandbox away.
    pub fn without_sandbox(&self) {
        self.program("bwrap", "echo 'no permission to create a namespace' >&2; exit 1");
        self.program("docker", "echo 'no engine answers' >&2; exit 1");
    }

    /// Returns what programs wanted to install.
    pub fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    /// Returns a command on the machine, with a deadline.
    pub fn command(&self, program: &str) -> Command {
        self.command_within(DEADLINE, program)
    }

    /// Returns a command on the machine that is ended after so long, in seconds.
    pub fn command_within(&self, seconds: u32, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", &seconds.to_string(), program]);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.path("bin").display()));
        // Neither this test's cargo nor a platform around it counts.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let foreign = ["GITHUB_", "CLASSROOM", "RUNNER_"].iter().any(|start| name.starts_with(start));
            if foreign || ["CARGO", "CARGO_MANIFEST_DIR", "OWNER", "USERNAME", "CI"].contains(&name.as_str()) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Makes a repository with one commit of these files. Returns its hash.
    pub fn repository(&self, path: &str, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            self.write(&format!("{path}/{name}"), text);
        }
        let git = |arguments: &[&str]| {
            let mut git = self.command("git");
            git.arg("-C").arg(self.path(path)).args(["-c", "user.name=ada", "-c", "user.email=ada@example.org"]);
            git.env("GIT_COMMITTER_DATE", format!("{COMMITTED} +0000")).args(arguments);
            let output = git.output().unwrap();
            assert!(output.status.success(), "git {arguments:?}: {}", text(&output));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        git(&["init", "--quiet"]);
        git(&["add", "--all"]);
        git(&["-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "my program"]);
        git(&["rev-parse", "HEAD"])
    }
}

/// The time of each commit, in seconds: 2026-11-29T12:00:00Z.
pub const COMMITTED: u64 = 1_795_953_600;

/// Returns both outputs of a command.
pub fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    format!("{}\n{out}{err}", output.status)
}

/// Reads a JSON file as strictly as the platforms do: UTF-8 without a byte-order mark.
pub fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}\n{text}", path.display()))
}
