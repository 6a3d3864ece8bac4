//! The choice of a package and of its program: `--path` may name a folder, a Cargo.toml, a source file, or a workspace's root.

use recording::NotChecked;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::Deserialize;

use super::cargo::cargo;
use crate::cleanup::MARK;

/// The program that the flags ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The lesson's number, for the commands in hints.
    pub lesson: String,
    /// The lesson's id. A program with a similar name is the likely one.
    pub id: String,
    /// The value of `--path`; None for the learner's own package.
    pub path: Option<PathBuf>,
    /// The folder of the package or of the workspace.
    pub folder: PathBuf,
    /// The value of `--bin`.
    pub bin: Option<String>,
}

/// A program of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The package's folder.
    pub folder: PathBuf,
    /// The program's name.
    pub bin: String,
}

/// Returns the folder for a path: for a Cargo.toml the folder that it is in, for a source file the folder of its package.
#[must_use]
pub fn folder_of(path: &Path) -> PathBuf {
    if !path.is_file() {
        return path.to_owned();
    }
    let has_manifest = |folder: &&Path| folder.join("Cargo.toml").is_file();
    let folder = path.ancestors().skip(1).find(has_manifest).or_else(|| path.parent()).unwrap_or(path);
    if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() }
}

impl Asked {
    /// Returns the source file that `--path` names.
    fn source(&self) -> Option<&Path> {
        self.path.as_deref().filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
    }

    /// Returns whether cargo has to find the program first.
    #[must_use]
    pub fn names_a_source(&self) -> bool {
        self.source().is_some()
    }

    /// Returns the command that checks this program.
    #[must_use]
    pub fn check_command(&self) -> String {
        self.command(self.path.as_deref(), self.bin.as_deref())
    }

    /// Returns a command that checks the program with this path and name.
    fn command(&self, path: Option<&Path>, bin: Option<&str>) -> String {
        let path =
            path.map(|path| format!(" --path {}", shell_words::quote(&path.to_string_lossy()))).unwrap_or_default();
        let bin = bin.map(|bin| format!(" --bin {bin}")).unwrap_or_default();
        format!("cargo xtask check lesson {}{path}{bin}", self.lesson)
    }
}

/// The metadata of a package or a workspace, from cargo.
#[derive(Debug, Default, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Default, Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    #[serde(default)]
    default_run: Option<String>,
    targets: Vec<CargoTarget>,
}

#[derive(Debug, Default, Deserialize)]
struct CargoTarget {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Package {
    fn programs(&self) -> impl Iterator<Item = &CargoTarget> {
        self.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "bin"))
    }

    fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("."))
    }

    fn target(&self, program: &CargoTarget) -> Target {
        Target { folder: self.folder().to_owned(), bin: program.name.clone() }
    }
}

/// Finds the program with cargo's metadata.
///
/// # Errors
///
/// The reason why there is none, with the names of the existing programs.
pub async fn choose(asked: &Asked, mark: &str) -> Result<Target, NotChecked> {
    let absolute = std::path::absolute(&asked.folder).unwrap_or_else(|_| asked.folder.clone());
    let mut cargo = cargo();
    cargo.args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"]).arg(absolute.join("Cargo.toml"));
    cargo.env(MARK, mark).current_dir(&absolute).stdin(Stdio::null()).kill_on_drop(true);
    let unread = |what: String| NotChecked {
        message: format!("cargo can't read {}: {what}", asked.folder.display()),
        hints: vec!["Fix cargo's error, then check again".to_owned()],
    };
    let output = cargo.output().await.map_err(|error| unread(error.to_string()))?;
    if !output.status.success() {
        return Err(unread(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()));
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).map_err(|error| unread(error.to_string()))?;
    among(&metadata, asked, &absolute)
}

/// Returns the requested program in a package or a workspace.
fn among(metadata: &Metadata, asked: &Asked, folder: &Path) -> Result<Target, NotChecked> {
    let same = |one: &Path, other: &Path| {
        one == other || one.canonicalize().ok().is_some_and(|one| Some(one) == other.canonicalize().ok())
    };
    if let Some(package) = metadata.packages.iter().find(|package| same(package.folder(), folder)) {
        return in_package(package, asked, asked.path.as_deref());
    }
    let with_programs: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| match &asked.bin {
            Some(bin) => package.programs().any(|program| program.name == *bin),
            None => package.programs().next().is_some(),
        })
        .collect();
    match with_programs.as_slice() {
        [package] => in_package(package, asked, Some(&relative(package, asked, folder))),
        packages => Err(several_packages(packages, metadata, asked, folder)),
    }
}

fn in_package(package: &Package, asked: &Asked, path: Option<&Path>) -> Result<Target, NotChecked> {
    let absolute = |path: &Path| std::path::absolute(path).ok().and_then(|path| path.canonicalize().ok());
    let source = asked.source().and_then(absolute);
    let of_source = |program: &&CargoTarget| source.is_some() && absolute(&program.src_path) == source;
    let named = |name: &str| package.programs().find(|program| program.name == name);
    if let Some(bin) = &asked.bin {
        return named(bin).map(|program| package.target(program)).ok_or_else(|| no_such(package, asked, path, bin));
    }
    if let Some(program) = package.programs().find(of_source) {
        return Ok(package.target(program));
    }
    let programs: Vec<&CargoTarget> = package.programs().collect();
    match programs.as_slice() {
        [program] => Ok(package.target(program)),
        [] => Err(NotChecked {
            message: format!(
                "The package `{}` has no program. A program is a src/main.rs, or a file in src/bin.",
                package.name
            ),
            hints: vec!["Name another package, or check a command: --program 'COMMAND'".to_owned()],
        }),
        several => match package.default_run.as_deref().and_then(named) {
            Some(program) => Ok(package.target(program)),
            None => Err(NotChecked {
                message: format!("The package `{}` has several programs: {}.", package.name, names(several)),
                hints: vec![format!(
                    "Name the one to check: {}",
                    asked.command(folder_only(path), likely(several, asked))
                )],
            }),
        },
    }
}

/// Returns the path for a command with `--bin`, where a source file can't stand for its package.
fn folder_only(path: Option<&Path>) -> Option<&Path> {
    path.map(
        |path| if path.extension().is_some_and(|ending| ending == "rs") { path.parent().unwrap_or(path) } else { path },
    )
}

fn no_such(package: &Package, asked: &Asked, path: Option<&Path>, bin: &str) -> NotChecked {
    let programs: Vec<&CargoTarget> = package.programs().collect();
    let message = format!("The package `{}` has no program `{bin}`; it has {}.", package.name, names(&programs));
    let hint = match programs.as_slice() {
        [] => "Add a src/main.rs, or a file in src/bin".to_owned(),
        programs => format!("Name one of them: {}", asked.command(folder_only(path), likely(programs, asked))),
    };
    NotChecked { message, hints: vec![hint] }
}

fn names(programs: &[&CargoTarget]) -> String {
    let names: Vec<&str> = programs.iter().map(|program| program.name.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Returns the likely program for a lesson: the one with the most of the lesson's words in its name.
fn likely<'a>(programs: &[&'a CargoTarget], asked: &Asked) -> Option<&'a str> {
    let words =
        |name: &str| asked.id.split('-').filter(|word| name.split(['-', '_']).any(|part| part == *word)).count();
    let best = programs.iter().rev().max_by_key(|program| words(&program.name))?;
    Some(&best.name)
}

fn several_packages(found: &[&Package], all: &Metadata, asked: &Asked, folder: &Path) -> NotChecked {
    let packages: Vec<&Package> = if found.is_empty() { all.packages.iter().collect() } else { found.to_vec() };
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let what = if found.is_empty() { "without such a program in its packages" } else { "with several packages" };
    let message = format!("{} is a workspace {what}: {}.", asked.folder.display(), names.join(", "));
    let by_name = |package: &&&Package| asked.id.split('-').filter(|word| package.name.contains(word)).count();
    let hint = match packages.iter().rev().max_by_key(by_name) {
        Some(package) => format!("Name one of them: {}", asked.command(Some(&relative(package, asked, folder)), None)),
        None => "List the workspace's packages under `members` in its Cargo.toml".to_owned(),
    };
    NotChecked { message, hints: vec![hint] }
}

/// Returns a package's folder as it can be typed: from the folder that was named.
fn relative(package: &Package, asked: &Asked, folder: &Path) -> PathBuf {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let inside = package.folder().strip_prefix(folder).or_else(|_| package.folder().strip_prefix(&real));
    inside.map_or_else(|_| package.folder().to_owned(), |inside| asked.folder.join(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: Option<&str>, bin: Option<&str>) -> Asked {
        Asked {
            lesson: "01".to_owned(),
            id: "hello-send".to_owned(),
            path: path.map(PathBuf::from),
            folder: path.map_or_else(|| PathBuf::from("/work/01"), |path| folder_of(Path::new(path))),
            bin: bin.map(str::to_owned),
        }
    }

    fn package(name: &str, folder: &str, programs: &[&str], default_run: Option<&str>) -> Package {
        let target = |name: &&str| CargoTarget {
            name: (*name).to_owned(),
            kind: vec!["bin".to_owned()],
            src_path: format!("{folder}/src/bin/{name}.rs").into(),
        };
        Package {
            name: name.to_owned(),
            manifest_path: format!("{folder}/Cargo.toml").into(),
            default_run: default_run.map(str::to_owned),
            targets: programs.iter().map(target).collect(),
        }
    }

    fn chosen(packages: Vec<Package>, asked: &Asked) -> Result<String, NotChecked> {
        among(&Metadata { packages }, asked, &asked.folder)
            .map(|target| format!("{} {}", target.folder.display(), target.bin))
    }

    #[test]
    fn of_several_programs_the_one_that_is_named_or_the_default_is_taken() {
        let several = |default_run| vec![package("bins", "/x", &["receive", "send"], default_run)];
        assert_eq!(chosen(several(None), &asked(Some("/x"), Some("send"))), Ok("/x send".to_owned()));
        assert_eq!(chosen(several(Some("receive")), &asked(Some("/x"), None)), Ok("/x receive".to_owned()));
        let reason = chosen(several(None), &asked(Some("/x"), None)).unwrap_err();
        assert_eq!(reason.message, "The package `bins` has several programs: receive, send.");
        assert_eq!(reason.hints, ["Name the one to check: cargo xtask check lesson 01 --path /x --bin send"]);
        let reason = chosen(several(None), &asked(Some("/x"), Some("sned"))).unwrap_err();
        assert_eq!(reason.message, "The package `bins` has no program `sned`; it has receive, send.");
        assert_eq!(reason.hints, ["Name one of them: cargo xtask check lesson 01 --path /x --bin send"]);
    }

    #[test]
    fn the_learners_own_package_needs_no_path() {
        let reason = chosen(vec![package("mine", "/work/01", &["a", "b"], None)], &asked(None, None)).unwrap_err();
        assert_eq!(reason.hints, ["Name the one to check: cargo xtask check lesson 01 --bin a"]);
    }

    #[test]
    fn a_workspace_has_one_package_with_a_program_or_names_them() {
        let library = || package("tools", "/x/tools", &[], None);
        let sender = || package("send", "/x/send", &["send"], None);
        let receiver = || package("my-receive", "/x/my receive", &["receive"], None);
        assert_eq!(chosen(vec![library(), sender()], &asked(Some("/x"), None)), Ok("/x/send send".to_owned()));
        assert_eq!(
            chosen(vec![sender(), receiver()], &asked(Some("/x"), Some("receive"))),
            Ok("/x/my receive receive".to_owned())
        );
        let reason = chosen(vec![receiver(), sender()], &asked(Some("/x"), None)).unwrap_err();
        assert_eq!(reason.message, "/x is a workspace with several packages: my-receive, send.");
        // On Windows, a backslash is quoted.
        let hint = reason.hints[0].replace('\\', "/").replace('\'', "");
        assert_eq!(hint, "Name one of them: cargo xtask check lesson 01 --path /x/send");
        let reason = chosen(vec![library()], &asked(Some("/x"), None)).unwrap_err();
        assert_eq!(reason.message, "/x is a workspace without such a program in its packages: tools.");
    }
}
