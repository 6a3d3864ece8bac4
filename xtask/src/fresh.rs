//! Finds out without cargo whether programs are up to date, because each start of cargo costs a check a seventh of a second.
//!
//! After a build, a note keeps a fingerprint of all that the programs were made of: the files that cargo lists beside each
//! program (`checker.d`), the manifests of their packages, the settings of cargo, the variables for cargo and the compiler, and
//! the programs themselves. The running xtask belongs to it, too: cargo has just compared it with the compiler. As long as the
//! fingerprint is the same, cargo would compile nothing. A file that changed during the build leaves no note.

use std::{
    collections::BTreeSet,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// The start of the names of variables that change what cargo builds.
const VARIABLES: [&str; 3] = ["CARGO_", "RUST", "CC"];

/// Those among them that cargo sets for the programs that it runs. They name the package of xtask, and change nothing.
const OF_XTASK: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// The precision of the times of files, at its worst.
const PRECISION: Duration = Duration::from_secs(2);

/// The programs of one build, with the note about it.
pub struct Build {
    programs: Vec<PathBuf>,
    arguments: Vec<String>,
    note: PathBuf,
    root: PathBuf,
    begin: SystemTime,
}

impl Build {
    /// Describes the build of these programs, in cargo's folder for programs, from the workspace in `root`. Other `arguments`
    /// (features, profiles) are another build.
    pub fn new(root: &Path, folder: &Path, programs: &[&str], arguments: &[&str]) -> Build {
        let file = |program: &&str| folder.join(format!("{program}{}", env::consts::EXE_SUFFIX));
        Build {
            programs: programs.iter().map(file).collect(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            note: folder.join(".xtask-built"),
            root: root.to_owned(),
            begin: SystemTime::now(),
        }
    }

    /// Returns whether nothing has changed since [`Build::keep`]. Where that is not known, something has.
    pub fn is_fresh(&self) -> bool {
        let noted = fs::read_to_string(&self.note).unwrap_or_default();
        self.fingerprint().is_some_and(|(fingerprint, _)| noted.lines().any(|line| line == fingerprint))
    }

    /// Notes that the programs were built just now. The note has one line for each lesson's program that was built with the same
    /// checker: the last few are kept.
    pub fn keep(&self) {
        const KEPT: usize = 16;
        let Some((fingerprint, newest)) = self.fingerprint() else { return };
        if newest + PRECISION >= self.begin {
            return;
        }
        let noted = fs::read_to_string(&self.note).unwrap_or_default();
        let others = noted.lines().filter(|line| *line != fingerprint).take(KEPT - 1);
        let lines: String = [fingerprint.as_str()].into_iter().chain(others).map(|line| format!("{line}\n")).collect();
        let _ = fs::write(&self.note, lines);
    }

    /// Returns the fingerprint, and the time of the newest source. Returns none if a file is missing.
    fn fingerprint(&self) -> Option<(String, SystemTime)> {
        let mut hasher = DefaultHasher::new();
        self.arguments.hash(&mut hasher);
        for (name, value) in env::vars_os().collect::<BTreeSet<_>>() {
            let text = name.to_string_lossy();
            let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
            if starts(&VARIABLES) && !starts(&OF_XTASK) {
                (&name, value).hash(&mut hasher);
            }
        }
        for program in self.programs.iter().map(PathBuf::as_path).chain([env::current_exe().ok()?.as_path()]) {
            stamp(program)?.hash(&mut hasher);
        }
        let mut newest = SystemTime::UNIX_EPOCH;
        for source in self.sources()? {
            let stamp = stamp(&source)?;
            newest = newest.max(stamp.0);
            (source, stamp).hash(&mut hasher);
        }
        Some((format!("{:016x}", hasher.finish()), newest))
    }

    /// Returns the files that cargo would compare.
    fn sources(&self) -> Option<BTreeSet<PathBuf>> {
        let mut sources = BTreeSet::new();
        for program in &self.programs {
            let listed = fs::read_to_string(program.with_extension("d")).ok()?;
            sources.extend(listed_files(&listed)?);
        }
        let packages: BTreeSet<&Path> = sources.iter().flat_map(|source| source.ancestors().skip(1)).collect();
        let manifests: Vec<_> =
            packages.into_iter().map(|folder| folder.join("Cargo.toml")).filter(|file| file.is_file()).collect();
        sources.extend(manifests);
        let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
        let settings = self.root.ancestors().map(|folder| folder.join(".cargo")).chain(home);
        let settings = settings.flat_map(|folder| ["config.toml", "config"].map(|file| folder.join(file)));
        let others = ["Cargo.lock", "rust-toolchain.toml", "rust-toolchain"].map(|file| self.root.join(file));
        sources.extend(settings.chain(others).filter(|file| file.is_file()));
        Some(sources)
    }
}

/// Returns the time of a file's last change, and its size in bytes.
fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let found = fs::metadata(file).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// Returns the files behind the colon of a rule for make. A space in a path is written as `\ `.
fn listed_files(rule: &str) -> Option<Vec<PathBuf>> {
    let (_, files) = rule.lines().next()?.split_once(": ")?;
    let words = files.replace("\\ ", "\0");
    Some(words.split_whitespace().map(|word| PathBuf::from(word.replace('\0', " "))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace with a program in it, as cargo leaves it.
    struct Workspace(tempfile::TempDir);

    impl Workspace {
        fn new() -> Workspace {
            let workspace = Workspace(tempfile::tempdir().unwrap());
            for file in ["Cargo.toml", "Cargo.lock", "one/Cargo.toml", "one/src/my main.rs", "out/program"] {
                workspace.write(file, "old");
                let path = workspace.path(file);
                let old = SystemTime::now() - Duration::from_secs(60);
                fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
            }
            let source = workspace.path("one/src/my main.rs").display().to_string().replace(' ', "\\ ");
            workspace.write("out/program.d", &format!("out/program: {source}\n"));
            workspace
        }

        fn path(&self, file: &str) -> PathBuf {
            self.0.path().join(file)
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.path(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn build(&self, features: &str) -> Build {
            Build::new(self.0.path(), &self.path("out"), &["program"], &[features])
        }
    }

    #[test]
    fn after_a_build_nothing_is_built_until_something_changes() {
        let changes: [fn(&Workspace); 6] = [
            |workspace| workspace.write("one/src/my main.rs", "new"),
            |workspace| workspace.write("one/Cargo.toml", "new"),
            |workspace| workspace.write("Cargo.lock", "new"),
            |workspace| workspace.write("out/program", "built by another command"),
            |workspace| workspace.write(".cargo/config.toml", "a setting"),
            |workspace| fs::remove_file(workspace.path("one/src/my main.rs")).unwrap(),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let workspace = Workspace::new();
            assert!(!workspace.build("").is_fresh(), "{number}: never built");
            workspace.build("").keep();
            assert!(workspace.build("").is_fresh(), "{number}: built");
            assert!(!workspace.build("docker").is_fresh(), "{number}: with other features");
            change(&workspace);
            assert!(!workspace.build("").is_fresh(), "{number}: changed");
        }
    }

    #[test]
    fn a_file_that_changes_during_a_build_is_compared_by_cargo_again() {
        let workspace = Workspace::new();
        let build = workspace.build("");
        workspace.write("one/src/my main.rs", "saved while cargo was compiling");
        build.keep();
        assert!(!workspace.build("").is_fresh());
    }

    #[test]
    fn several_builds_are_kept() {
        let workspace = Workspace::new();
        ["", "docker"].iter().for_each(|features| workspace.build(features).keep());
        assert!(["", "docker"].iter().all(|features| workspace.build(features).is_fresh()));
    }
}
