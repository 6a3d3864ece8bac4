//! The packages of a tree, and their programs, found as cargo finds them.

use std::collections::BTreeMap;

use super::{
    manifest::{Manifest, PackageTable},
    path,
    tree::Tree,
};
use crate::class::Package;

/// The editions of Rust.
const EDITIONS: [&str; 4] = ["2015", "2018", "2021", "2024"];

/// The edition of a program without a `Cargo.toml`, and of one whose workspace is missing.
const NEWEST: &str = "2024";

/// A package with its programs.
#[derive(Debug)]
pub(super) struct Found {
    /// The folder; empty at the top.
    pub(super) folder: String,
    /// The manifest's tables.
    pub(super) table: PackageTable,
    /// The programs: name, and path relative to the folder.
    pub(super) programs: Vec<(String, String)>,
    /// A program that the manifest names, and that is missing.
    pub(super) missing: Option<String>,
}

/// The manifests of a tree.
#[derive(Debug, Default)]
pub(super) struct Packages {
    /// The packages.
    pub(super) found: Vec<Found>,
    /// The workspaces' roots: folder and manifest.
    pub(super) workspaces: Vec<(String, Manifest)>,
    /// The manifests that can't be read: path and problem.
    pub(super) broken: Vec<(String, String)>,
}

/// Reads all manifests of a tree.
pub(super) fn packages(tree: &Tree) -> Packages {
    let mut packages = Packages::default();
    for (at, bytes) in tree.files.iter().filter(|(at, _)| path::split(at).1.eq_ignore_ascii_case("Cargo.toml")) {
        let folder = path::split(at).0.to_owned();
        match Manifest::parse(bytes) {
            Err(problem) => packages.broken.push((at.clone(), problem)),
            Ok(manifest) => {
                if let Some(table) = &manifest.package {
                    let (programs, missing) = programs(tree, &folder, table);
                    packages.found.push(Found { folder: folder.clone(), table: table.clone(), programs, missing });
                }
                if manifest.is_workspace {
                    packages.workspaces.push((folder, manifest));
                }
            }
        }
    }
    packages
}

fn programs(tree: &Tree, folder: &str, table: &PackageTable) -> (Vec<(String, String)>, Option<String>) {
    let exists = |file: &str| path::resolve(folder, file).is_some_and(|file| tree.files.contains_key(&file));
    let mut programs: Vec<(String, String)> = Vec::new();
    let mut missing = None;
    for (name, given) in &table.bins {
        let mut places = vec![format!("src/bin/{name}.rs"), format!("src/bin/{name}/main.rs")];
        if *name == table.name || table.bins.len() == 1 {
            places.push("src/main.rs".to_owned());
        }
        places.push(format!("src/{name}.rs"));
        let places = given.clone().map_or(places, |given| vec![given]);
        match places.iter().find(|place| exists(place)) {
            Some(place) => programs.push((name.clone(), place.clone())),
            None => missing = Some(places[0].clone()),
        }
    }
    if table.autobins {
        let mut automatic = vec![(table.name.clone(), "src/main.rs".to_owned())];
        let bins = format!("{}/", path::join(folder, "src/bin"));
        for file in tree.files.range(bins.clone()..).map(|(file, _)| file).take_while(|file| file.starts_with(&bins)) {
            let below = &file[bins.len()..];
            let name = match below.split_once('/') {
                None => below.strip_suffix(".rs"),
                Some((name, "main.rs")) => Some(name),
                Some(_) => None,
            };
            automatic.extend(name.map(|name| (name.to_owned(), format!("src/bin/{below}"))));
        }
        let normal = |file: &str| path::resolve(folder, file);
        for (name, file) in automatic {
            let is_known = programs.iter().any(|(known, at)| *known == name || normal(at) == normal(&file));
            if !is_known && exists(&file) {
                programs.push((name, file));
            }
        }
    }
    // An upload form without folders puts main.rs beside Cargo.toml.
    if programs.is_empty() && exists("main.rs") {
        programs.push((table.name.clone(), "main.rs".to_owned()));
    }
    (programs, missing)
}

impl Found {
    /// Builds the package for one of its programs.
    ///
    /// # Errors
    ///
    /// A sentence, if there is no such edition.
    pub(super) fn package(&self, tree: &Tree, all: &Packages, program: &(String, String)) -> Result<Package, String> {
        let exists = |file: &str| path::resolve(&self.folder, file).is_some_and(|file| tree.files.contains_key(&file));
        let places =
            [self.table.library_path.as_deref(), Some("src/lib.rs"), Some("lib.rs").filter(|_| program.1 == "main.rs")];
        let library = places.into_iter().flatten().find(|place| exists(place)).map(str::to_owned);
        let edition = match &self.table.edition {
            Some(edition) => edition.clone(),
            None => {
                self.workspace(all).and_then(|it| it.workspace_edition.clone()).unwrap_or_else(|| NEWEST.to_owned())
            }
        };
        if !EDITIONS.contains(&edition.as_str()) {
            return Err(format!(
                "Its Cargo.toml has `edition = \"{edition}\"`, which does not exist. Write \"{NEWEST}\"."
            ));
        }
        let library_name = self.table.library_name.clone().filter(|_| library.is_some());
        let name = library_name.unwrap_or_else(|| self.table.name.clone()).replace('_', "-");
        for name in [&name, &program.0] {
            let is_letter = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
            if name.is_empty() || !name.chars().all(is_letter) {
                let name = name.escape_debug();
                return Err(format!(
                    "Its Cargo.toml has the name `{name}`, or a file in src/bin has it: cargo refuses it."
                ));
            }
        }
        Ok(Package {
            name,
            edition,
            library: library.map(|library| self.plain_path(&library)),
            main: self.plain_path(&program.1),
            bin: program.0.clone(),
            folder: self.folder.clone(),
            features: self.table.features.clone(),
            renamed: self.renamed(),
        })
    }

    /// Returns the dependencies with another name in the sources, and their crates.
    fn renamed(&self) -> BTreeMap<String, String> {
        let renamed = self.table.dependencies.iter().filter(|dependency| dependency.name != dependency.krate);
        renamed.map(|dependency| (dependency.name.clone(), dependency.krate.clone())).collect()
    }

    /// Returns a path relative to the package without detours: upwards only as far as the submission's own folder. The path as it
    /// was written is never used.
    fn plain_path(&self, file: &str) -> String {
        let below = if self.folder.is_empty() { String::new() } else { format!("{}/", self.folder) };
        let resolved = path::resolve(&self.folder, file).unwrap_or_default();
        match resolved.strip_prefix(&below) {
            Some(inside) => inside.to_owned(),
            None => "../".repeat(self.folder.split('/').count()) + &resolved,
        }
    }

    /// Returns the workspace of which it is a member: the root nearest above.
    pub(super) fn workspace<'a>(&self, all: &'a Packages) -> Option<&'a Manifest> {
        let is_above =
            |root: &str| root.is_empty() || self.folder == root || self.folder.starts_with(&format!("{root}/"));
        let above = all.workspaces.iter().filter(|(root, _)| is_above(root));
        above.max_by_key(|(root, _)| root.len()).map(|(_, manifest)| manifest)
    }
}

/// Builds the package of a program without a `Cargo.toml`.
pub(super) fn loose(tree: &Tree, file: &str, lesson: &str) -> Package {
    let (folder, name) = path::split(file);
    let (above, last) = path::split(folder);
    let (folder, main) = if last == "src" { (above, format!("src/{name}")) } else { (folder, name.to_owned()) };
    let library = path::join(path::split(&main).0, "lib.rs");
    let has_library = library != main && tree.files.contains_key(&path::join(folder, &library));
    Package {
        name: lesson.to_owned(),
        edition: NEWEST.to_owned(),
        library: has_library.then_some(library),
        main,
        bin: lesson.to_owned(),
        folder: folder.to_owned(),
        ..Package::default()
    }
}
