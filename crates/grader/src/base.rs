//! The base of all builds: the crates that the lessons offer, compiled once. Submissions read it, and none can write to it.
//!
//! With them comes a crate that makes the lessons' calls. lapin's functions are generic, so each program would compile them again;
//! a program that links that crate takes them from there, which makes its compilation six to eight times faster.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
};

use harness::kit;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::process::Command;
use toml::Table;

/// The name of the crate that makes the lessons' calls.
const WARM: &str = "hello_rabbit_base";

/// Its text.
const CALLS: &str = include_str!("base/warm.txt");

/// The crates of the lessons, compiled.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Base {
    /// The folder of the compiler and its libraries.
    pub toolchain: PathBuf,
    /// The folder of all compiled crates.
    pub crates: PathBuf,
    /// The crates that a program can name, with their files.
    pub offered: BTreeMap<String, PathBuf>,
    /// The crate that makes the lessons' calls.
    pub warm: PathBuf,
    /// The name of that crate for the submissions of this run. It is random, so that none of them can call it.
    pub alias: String,
}

/// An error of the base.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// A file can't be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// A program can't be started.
    #[error("{program} could not be started: {error}")]
    Start {
        /// The program.
        program: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// The crates do not compile.
    #[error("the lessons' crates do not compile:\n{0}")]
    Compile(String),
}

impl Base {
    /// Compiles the crates of all lessons, unless that is done.
    ///
    /// # Errors
    ///
    /// When a file can't be read, or cargo fails.
    pub async fn prepare() -> Result<Base, BaseError> {
        let folder = kit::root().join("target/hello-rabbit/grade/base");
        let file = |path: &Path| {
            let path = path.to_owned();
            move |error| BaseError::File { path, error }
        };
        let manifest = folder.join("Cargo.toml");
        let (text, versions) = manifest_of_lessons()?;
        fs::create_dir_all(folder.join("src")).map_err(file(&folder))?;
        let kit_lock = kit::root().join("Cargo.lock");
        let lock = fs::read_to_string(&kit_lock).map_err(file(&kit_lock))?;
        for (name, text) in [("Cargo.toml", text.as_str()), ("src/lib.rs", CALLS), ("kit.lock", &lock)] {
            let path = folder.join(name);
            // A file that is written again would be compiled again, while another `grade` uses it.
            if fs::read_to_string(&path).is_ok_and(|before| before == text) {
                continue;
            }
            fs::write(&path, text).map_err(file(&path))?;
            if name == "kit.lock" {
                // cargo removes what this package does not need from its own lock file.
                let own = folder.join("Cargo.lock");
                fs::write(&own, text).map_err(file(&own))?;
            }
        }

        let mut cargo = Command::new(kit::cargo());
        cargo.args(["build", "--message-format=json-render-diagnostics", "--manifest-path"]).arg(&manifest);
        cargo.arg("--target-dir").arg(folder.join("target")).current_dir(&folder);
        cargo.env("CARGO_INCREMENTAL", "0").env_remove("RUSTFLAGS").env_remove("RUSTC_WRAPPER");
        cargo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let output = cargo.output().await;
        let output = output.map_err(|error| BaseError::Start { program: kit::cargo(), error })?;
        if !output.status.success() {
            return Err(BaseError::Compile(format!("cargo ended with {}", output.status)));
        }
        let messages = String::from_utf8_lossy(&output.stdout);
        let names = versions.keys().map(|name| name.replace('-', "_")).collect();
        let offered = libraries(&messages, &names);
        let warm = libraries(&messages, &BTreeSet::from([WARM.to_owned()])).remove(WARM).unwrap_or_default();
        let crates = folder.join("target/debug/deps");
        let alias = format!("base_{:016x}", fastrand::u64(..));
        Ok(Base { toolchain: toolchain(&folder).await?, crates, offered, warm, alias })
    }

    /// Returns the compiler.
    #[must_use]
    pub fn compiler(&self) -> PathBuf {
        self.toolchain.join("bin/rustc")
    }
}

/// Returns the crates that lessons offer, with the major versions: `lapin` is `4`.
///
/// # Errors
///
/// When a `Cargo.toml` can't be read.
pub fn offered() -> Result<BTreeMap<String, String>, BaseError> {
    manifest_of_lessons().map(|(_, versions)| versions)
}

/// Returns the folder of the toolchain that compiles the kit.
async fn toolchain(folder: &Path) -> Result<PathBuf, BaseError> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "sysroot"]).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = rustc.output().await.map_err(|error| BaseError::Start { program: "rustc".into(), error })?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Returns the `Cargo.toml` of a package with the dependencies of all lessons, and their major versions.
fn manifest_of_lessons() -> Result<(String, BTreeMap<String, String>), BaseError> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(|error| BaseError::File { path: path.clone(), error })?;
        text.parse::<Table>().map_err(|error| BaseError::File { path, error: io::Error::other(error) })
    };
    let kit = read(kit::root().join("Cargo.toml"))?;
    let mut dependencies = Table::new();
    let lessons = kit::root().join("lessons");
    let entries = fs::read_dir(&lessons).map_err(|error| BaseError::File { path: lessons, error })?;
    for manifest in entries.flatten().map(|entry| entry.path().join("Cargo.toml")).filter(|path| path.is_file()) {
        for (name, value) in
            read(manifest)?.get("dependencies").and_then(|value| value.as_table()).into_iter().flatten()
        {
            let is_shared = value.get("workspace").is_some();
            let shared = || kit.get("workspace")?.get("dependencies")?.get(name).cloned();
            let value = if is_shared { shared().unwrap_or_else(|| value.clone()) } else { value.clone() };
            dependencies.insert(name.clone(), whole(name, value));
        }
    }
    let version = |value: &toml::Value| {
        let version = value.as_str().or_else(|| value.get("version")?.as_str())?;
        version.split('.').next().map(str::to_owned)
    };
    let versions = dependencies.iter().filter_map(|(name, value)| Some((name.clone(), version(value)?))).collect();
    let mut manifest = Table::new();
    let package = [("name", WARM), ("version", "0.0.0"), ("edition", "2024")];
    let package: Table = package.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    manifest.insert("package".to_owned(), package.into());
    manifest.insert("dependencies".to_owned(), dependencies.into());
    manifest.insert("workspace".to_owned(), Table::new().into());
    manifest.insert("profile".to_owned(), toml::toml! { dev = { debug = false } }.into());
    Ok((manifest.to_string(), versions))
}

/// Returns a dependency with all features that students turn on: `tokio = { features = ["full"] }` is in every tutorial.
fn whole(name: &str, mut value: toml::Value) -> toml::Value {
    if name == "tokio"
        && let Some(table) = value.as_table_mut()
    {
        table.insert("features".to_owned(), toml::Value::Array(vec!["full".into()]));
    }
    value
}

/// Returns the files of these crates, from cargo's messages.
fn libraries(messages: &str, names: &BTreeSet<String>) -> BTreeMap<String, PathBuf> {
    let artifact = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let name = message["target"]["name"].as_str()?.to_owned();
        let mut files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
        let library = files.rfind(|file| file.ends_with(".rlib") || file.ends_with(".so"))?;
        (message["reason"] == "compiler-artifact" && names.contains(&name)).then(|| (name, PathBuf::from(library)))
    };
    messages.lines().filter_map(artifact).collect()
}
