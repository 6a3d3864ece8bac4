//! Compiles a submission in a sandbox: with the compiler alone, because cargo would run what a submission brings along.

use std::{collections::BTreeMap, io, path::Path, process::Stdio, time::Duration};

use harness::{cleanup::MARK, program::messages};
use recording::{BuildError, Warning};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    time::timeout,
};

use crate::{base::Base, class::Package, sandbox::Spec};

/// The time limit of the compiler.
pub const COMPILE_TIMEOUT: Duration = Duration::from_secs(30);

/// The most output of the compiler that is read, in bytes.
const MOST_OUTPUT: u64 = 2 * 1024 * 1024;

/// The path that stands for the package's `Cargo.toml` in messages.
const MANIFEST: &str = "Cargo.toml";

/// The reason why a submission was not compiled.
#[derive(Debug)]
pub enum NotCompiled {
    /// The compiler's errors.
    Errors(BuildError),
    /// A limit that the compiler hit because of the program: a sentence.
    Limit(String),
    /// A failure of ours.
    Failed(io::Error),
}

/// One submission to compile.
#[derive(Debug)]
pub struct Compilation<'a> {
    /// The crates that it can use.
    pub base: &'a Base,
    /// The package.
    pub package: &'a Package,
    /// The sandbox of the compiler.
    pub spec: &'a Spec,
    /// The folder for the program.
    pub target: &'a Path,
    /// The mark of its processes.
    pub mark: &'a str,
    /// More variables of the process outside the sandbox.
    pub outside: &'a BTreeMap<String, String>,
}

impl Compilation<'_> {
    /// Compiles the program, and returns the warnings about unused values.
    ///
    /// # Errors
    ///
    /// [`NotCompiled`].
    pub async fn run(&self) -> Result<Vec<Warning>, NotCompiled> {
        let library = self.package.name.replace('-', "_");
        let mut own = Vec::new();
        if let Some(root) = &self.package.library {
            let file = self.target.join(format!("lib{library}.rlib"));
            self.rustc(&library, root, "lib", &file, &[]).await?;
            own = vec!["--extern".to_owned(), format!("{library}={}", file.display())];
        }
        let bin = self.package.bin.replace('-', "_");
        let text = self.rustc(&bin, &self.package.main, "bin", &self.target.join("program"), &own).await?;
        Ok(messages::unused(&text, Path::new(MANIFEST)))
    }

    /// Runs the compiler once. Returns its messages, in cargo's form.
    async fn rustc(
        &self,
        name: &str,
        root: &str,
        kind: &str,
        to: &Path,
        more: &[String],
    ) -> Result<String, NotCompiled> {
        let mut spec = self.spec.clone();
        let folder = spec.folder.to_string_lossy().into_owned();
        let empty = ["AUTHORS", "DESCRIPTION", "HOMEPAGE", "REPOSITORY", "LICENSE", "LICENSE_FILE", "README"];
        spec.environment.extend(empty.map(|name| (format!("CARGO_PKG_{name}"), String::new())));
        let set = [
            ("CARGO_PKG_NAME", self.package.name.as_str()),
            ("CARGO_PKG_VERSION", "0.0.0"),
            ("CARGO_PKG_VERSION_MAJOR", "0"),
            ("CARGO_PKG_VERSION_MINOR", "0"),
            ("CARGO_PKG_VERSION_PATCH", "0"),
            ("CARGO_PKG_VERSION_PRE", ""),
            ("CARGO_CRATE_NAME", name),
            ("CARGO_BIN_NAME", &self.package.bin),
            ("CARGO_MANIFEST_DIR", &folder),
        ];
        spec.environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let wrapper = spec.wrapper("compile").map_err(NotCompiled::Failed)?;
        let mut command = Command::new(&wrapper[0]);
        command.args(&wrapper[1..]).arg(self.base.compiler());
        command.args([
            "--crate-name",
            name,
            "--edition",
            &self.package.edition,
            &format!("./{root}"),
            "--crate-type",
            kind,
            "-o",
        ]);
        command.arg(to).args(more).args(["--error-format=json", "-C", "debug-assertions=on", "-L"]);
        command.arg(format!("dependency={}", self.base.crates.display()));
        let warm = (self.base.alias.as_str(), &self.base.warm);
        let offered = self.base.offered.iter().map(|(name, file)| (name.as_str(), file));
        let renamed = self
            .package
            .renamed
            .iter()
            .filter_map(|(name, krate)| Some((name.as_str(), self.base.offered.get(&krate.replace('-', "_"))?)));
        for (name, file) in offered.chain(renamed).chain([warm]) {
            command.arg("--extern").arg(format!("{}={}", name.replace('-', "_"), file.display()));
        }
        for feature in &self.package.features {
            command.arg("--cfg").arg(format!("feature=\"{feature}\""));
        }
        command.env_remove("AMQP_URL").env(MARK, self.mark).envs(self.outside).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(NotCompiled::Failed)?;
        let stderr = child.stderr.take();
        let ended = timeout(COMPILE_TIMEOUT, async {
            let (text, is_all) = read(stderr).await?;
            if !is_all {
                child.start_kill()?;
            }
            Ok::<_, io::Error>((text, is_all, child.wait().await?))
        });
        let (text, is_all, status) = match ended.await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => return Err(NotCompiled::Failed(error)),
            Err(_) => {
                let seconds = COMPILE_TIMEOUT.as_secs();
                return Err(NotCompiled::Limit(format!("the compiler needed more than {seconds} s")));
            }
        };
        if let Some(limit) = spec.take_limits().pop() {
            return Err(NotCompiled::Limit(format!("while it was compiled, {limit}")));
        }
        if !is_all {
            let most = MOST_OUTPUT / 1024 / 1024;
            return Err(NotCompiled::Limit(format!("the compiler printed more than {most} MiB")));
        }
        let messages = as_cargo(&text);
        if status.success() {
            // A program that is a library by its own word is none.
            return if to.is_file() { Ok(messages) } else { Err(NotCompiled::Limit(NO_PROGRAM.to_owned())) };
        }
        Err(match messages::errors(&messages) {
            Some(errors) => match of_machine(&messages, &errors.text) {
                Some(why) => NotCompiled::Failed(io::Error::other(why)),
                None => NotCompiled::Errors(errors),
            },
            // 128 and the number of a signal, or the code of a compiler that found a bug in itself.
            None if status.code().is_some_and(|code| code == 101 || code > 128) => {
                NotCompiled::Limit("the compiler crashed".to_owned())
            }
            None => NotCompiled::Failed(io::Error::other(format!("the compiler ended with {status}: {}", text.trim()))),
        })
    }
}

/// The reason for a compilation that succeeds without a program.
const NO_PROGRAM: &str = "the compiler made no program of it";

/// Returns the reason for errors that are the machine's and not the program's. Such errors have no place in a source; an error
/// that a program makes by `compile_error!` has one.
fn of_machine(messages: &str, text: &str) -> Option<&'static str> {
    let lines = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut errors = lines.filter(|line| line["message"]["level"] == "error");
    if errors.any(|error| error["message"]["spans"].as_array().is_some_and(|spans| !spans.is_empty())) {
        return None;
    }
    let is = |words: &str| text.contains(words);
    if is("could not exec the linker") {
        Some("there is no linker: install a C compiler (apt install gcc)")
    } else if is("No space left on device") {
        Some("the disk is full")
    } else {
        None
    }
}

async fn read(stderr: Option<impl AsyncRead + Unpin>) -> io::Result<(String, bool)> {
    let mut bytes = Vec::new();
    if let Some(stderr) = stderr {
        stderr.take(MOST_OUTPUT).read_to_end(&mut bytes).await?;
    }
    let is_all = (bytes.len() as u64) < MOST_OUTPUT;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), is_all))
}

/// Returns the compiler's messages as those of cargo about the package.
fn as_cargo(text: &str) -> String {
    let one = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let cargo = json!({ "reason": "compiler-message", "manifest_path": MANIFEST, "message": message });
        Some(cargo.to_string() + "\n")
    };
    text.lines().filter_map(one).collect()
}
