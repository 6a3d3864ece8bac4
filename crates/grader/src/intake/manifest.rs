//! `Cargo.toml`: the parts that are used. Unknown parts are no error.

use toml::{Table, Value};

/// The largest `Cargo.toml` that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// The parts of a `Cargo.toml` that are used.
#[derive(Clone, Debug, Default)]
pub(super) struct Manifest {
    /// The package; None in a workspace's root without one.
    pub(super) package: Option<PackageTable>,
    /// True if it is a workspace's root.
    pub(super) is_workspace: bool,
    /// The edition that a workspace's members inherit.
    pub(super) workspace_edition: Option<String>,
    /// The dependencies that a workspace's members inherit.
    pub(super) workspace_dependencies: Vec<Dependency>,
}

/// The table `[package]`, and those that go with it.
#[derive(Clone, Debug, Default)]
pub(super) struct PackageTable {
    /// The name.
    pub(super) name: String,
    /// The edition; None if it is inherited.
    pub(super) edition: Option<String>,
    /// The program that `cargo run` runs.
    pub(super) default_run: Option<String>,
    /// True if programs in `src` are found by their paths.
    pub(super) autobins: bool,
    /// The path of the build script; None if there is none by the manifest's word.
    pub(super) build: Option<String>,
    /// The library's name.
    pub(super) library_name: Option<String>,
    /// The library's path.
    pub(super) library_path: Option<String>,
    /// True if the library is a procedural macro.
    pub(super) is_proc_macro: bool,
    /// The tables `[[bin]]`: name and path.
    pub(super) bins: Vec<(String, Option<String>)>,
    /// The dependencies.
    pub(super) dependencies: Vec<Dependency>,
    /// The features of its own that are on by default.
    pub(super) features: Vec<String>,
}

/// A dependency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dependency {
    /// The name in the manifest, which is the one in the sources.
    pub(super) name: String,
    /// The crate's name.
    pub(super) krate: String,
    /// The version that it requires.
    pub(super) version: Option<String>,
    /// True if the workspace's root says the version.
    pub(super) is_inherited: bool,
    /// True if it is a package beside it.
    pub(super) has_path: bool,
    /// True if it is a repository of git.
    pub(super) has_git: bool,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// The line and the problem, for a sentence: `line 3: …`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Manifest, String> {
        if bytes.len() > LARGEST {
            return Err(format!("it has more than {} KiB", LARGEST / 1024));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let text = text.trim_start_matches('\u{feff}');
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            format!("line {line}: {}", error.message())
        })?;
        let workspace = sub(&table, "workspace");
        Ok(Manifest {
            package: sub(&table, "package").or_else(|| sub(&table, "project")).map(|it| PackageTable::read(&table, it)),
            is_workspace: workspace.is_some(),
            workspace_edition: workspace.and_then(|it| sub(it, "package")).and_then(|it| text_of(it, "edition")),
            workspace_dependencies: workspace.map(dependencies).unwrap_or_default(),
        })
    }
}

impl PackageTable {
    fn read(table: &Table, package: &Table) -> PackageTable {
        let library = sub(table, "lib");
        let in_library = |key: &str| library.and_then(|library| text_of(library, key));
        let is_set = |key: &str| library.and_then(|it| it.get(key)).and_then(Value::as_bool).unwrap_or(false);
        let bins: Vec<(String, Option<String>)> = table
            .get("bin")
            .and_then(Value::as_array)
            .map(|bins| bins.iter().filter_map(Value::as_table))
            .into_iter()
            .flatten()
            .map(|bin| (text_of(bin, "name").unwrap_or_default(), text_of(bin, "path")))
            .collect();
        let edition = match package.get("edition") {
            Some(Value::String(edition)) => Some(edition.clone()),
            Some(_) => None,
            None => Some("2015".to_owned()),
        };
        // Edition 2015 stops looking for programs once the manifest names one.
        let autobins = edition.as_deref() != Some("2015") || bins.is_empty();
        PackageTable {
            name: text_of(package, "name").unwrap_or_default(),
            default_run: text_of(package, "default-run"),
            autobins: package.get("autobins").and_then(Value::as_bool).unwrap_or(autobins),
            build: match package.get("build") {
                Some(Value::Boolean(false)) => None,
                Some(Value::String(path)) => Some(path.clone()),
                _ => Some("build.rs".to_owned()),
            },
            library_name: in_library("name"),
            library_path: in_library("path"),
            is_proc_macro: is_set("proc-macro") || is_set("proc_macro"),
            bins,
            dependencies: all_dependencies(table),
            features: default_features(table),
            edition,
        }
    }
}

/// Returns the features that are on by default, and those that they turn on. Features of dependencies are not among them.
fn default_features(table: &Table) -> Vec<String> {
    let Some(features) = sub(table, "features") else { return Vec::new() };
    let (mut on, mut next) = (Vec::new(), vec!["default"]);
    while let Some(name) = next.pop() {
        let Some(list) = features.get(name).and_then(Value::as_array) else { continue };
        if !on.iter().any(|other| other == name) {
            on.push(name.to_owned());
            next.extend(list.iter().filter_map(Value::as_str));
        }
    }
    on.sort();
    on
}

/// Returns the line of a byte, from 1.
fn line_at(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
}

fn all_dependencies(table: &Table) -> Vec<Dependency> {
    let mut all = dependencies(table);
    for target in sub(table, "target").into_iter().flat_map(Table::values).filter_map(Value::as_table) {
        all.extend(dependencies(target));
    }
    all
}

fn dependencies(table: &Table) -> Vec<Dependency> {
    let read = |(name, value): (&String, &Value)| {
        let details = value.as_table();
        let text = |key: &str| details.and_then(|details| text_of(details, key));
        Dependency {
            name: name.clone(),
            krate: text("package").unwrap_or_else(|| name.clone()),
            version: value.as_str().map(str::to_owned).or_else(|| text("version")),
            is_inherited: details.is_some_and(|it| it.get("workspace").and_then(Value::as_bool) == Some(true)),
            has_path: details.is_some_and(|it| it.contains_key("path")),
            has_git: details.is_some_and(|it| it.contains_key("git")),
        }
    };
    sub(table, "dependencies").map(|table| table.iter().map(read).collect()).unwrap_or_default()
}

fn sub<'a>(table: &'a Table, key: &str) -> Option<&'a Table> {
    table.get(key).and_then(Value::as_table)
}

fn text_of(table: &Table, key: &str) -> Option<String> {
    table.get(key).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let manifest = Manifest::parse(
            "\u{feff}[package]\r\nname = \"my-app\"\r\nedition.workspace = true\r\nbuild = false\r\n[lib]\r\n\
             proc-macro = true\r\n[[bin]]\r\nname = \"a\"\r\npath = \"a.rs\"\r\n[dependencies]\r\nlapin = \"2\"\r\n\
             [target.'cfg(unix)'.dependencies]\r\nq = { package = \"lapin\", version = \"4\" }\r\n"
                .as_bytes(),
        )
        .unwrap();
        let package = manifest.package.unwrap();
        assert_eq!((package.name.as_str(), package.edition, package.build), ("my-app", None, None));
        assert!(package.is_proc_macro && package.autobins);
        assert_eq!(package.bins, [("a".to_owned(), Some("a.rs".to_owned()))]);
        let versions: Vec<_> =
            package.dependencies.iter().map(|it| (it.krate.as_str(), it.version.as_deref())).collect();
        assert_eq!(versions, [("lapin", Some("2")), ("lapin", Some("4"))]);
    }

    #[test]
    fn the_edition_is_2015_by_default() {
        let package = Manifest::parse(b"[package]\nname = \"a\"\n").unwrap().package.unwrap();
        assert_eq!(package.edition.as_deref(), Some("2015"));
    }

    #[test]
    fn errors_name_the_line() {
        assert!(Manifest::parse(b"[package]\nname = \n").unwrap_err().starts_with("line 2: "));
        assert!(Manifest::parse(b"\xff").unwrap_err().contains("UTF-8"));
    }
}
