//! The files of the package that a learner begins with, made from the lesson and from the kit's workspace.

use harness::kit;
use std::{fmt::Write, fs, path::Path};

use serde::{Deserialize, de::DeserializeOwned};
use toml::{Table, Value};

use super::NotStarted;
use crate::{
    cleanup::at,
    lessons::{Lesson, anchors},
};

/// The text below the lesson's own first line.
const HOW: &str = "\
//! Each step below has a task. Write its code under it, one step after the other,
//! and check the program as often as you like:
";

/// The attribute that lets the starter compile without warnings.
const ALLOW: &str = "\
// The imports are those of the finished program. Delete the next line when all steps
// are done.
#![allow(unused_imports)]
";

/// The parts of the kit's `Cargo.toml` that are needed.
#[derive(Deserialize)]
struct Kit {
    workspace: Workspace,
    #[serde(default)]
    profile: Table,
}

#[derive(Deserialize)]
struct Workspace {
    package: Shared,
    dependencies: Table,
}

#[derive(Deserialize)]
struct Shared {
    edition: String,
}

/// The part of a lesson's `Cargo.toml` that is needed.
#[derive(Deserialize)]
struct Ownership {
    dependencies: Table,
}

/// Returns the names and texts of the files. `name` is the package's, and `check` is the command that judges the program.
pub fn files(lesson: &Lesson, name: &str, check: &str) -> Result<Vec<(&'static str, String)>, NotStarted> {
    Ok(vec![
        ("Cargo.toml", manifest(lesson, name)?),
        // The kit's versions, so that the network is not needed.
        ("Cargo.lock", read(&kit::root().join("Cargo.lock"))?),
        ("src/main.rs", program(lesson, check)?),
    ])
}

fn program(lesson: &Lesson, check: &str) -> Result<String, NotStarted> {
    let file = lesson.folder.join("src/main.rs");
    let cut = anchors::starter(&read(&file)?, &lesson.about.steps);
    let text = cut.map_err(|what| NotStarted::Lesson { file, what })?;
    let is_doc = |line: &&str| line.starts_with("//!");
    let doc: String =
        text.lines().take_while(|line| is_doc(line) && *line != "//!").map(|line| format!("{line}\n")).collect();
    let rest: String = text.lines().skip_while(is_doc).map(|line| format!("{line}\n")).collect();
    Ok(format!("{doc}//!\n{HOW}//!\n//! ```console\n//! $ {check}\n//! ```\n\n{ALLOW}\n{}", rest.trim_start()))
}

fn manifest(lesson: &Lesson, name: &str) -> Result<String, NotStarted> {
    let (kit_file, own_file) = (kit::root().join("Cargo.toml"), lesson.folder.join("Cargo.toml"));
    let mut kit: Kit = parsed(&kit_file)?;
    without_members(&mut kit.profile);
    let own: Ownership = parsed(&own_file)?;
    let mut text = format!(
        "# Your program for lesson {}.\n[package]\nname = \"{name}\"\nedition = \"{}\"\n\n\
         # The same as in the lesson's own program.\n[dependencies]\n",
        lesson.number, kit.workspace.package.edition
    );
    for (name, value) in &own.dependencies {
        let is_shared = value.get("workspace").is_some();
        let value = if is_shared { kit.workspace.dependencies.get(name) } else { Some(value) };
        let value = value.ok_or_else(|| NotStarted::Lesson {
            file: kit_file.clone(),
            what: format!("{} needs {name}, which is not among the workspace's dependencies", own_file.display()),
        })?;
        let _ = writeln!(text, "{name} = {}", dependency(value));
    }
    text.push_str("\n# This package is not a member of the kit's workspace.\n[workspace]\n");
    if !kit.profile.is_empty() {
        let profile = toml::to_string(&Table::from_iter([("profile".to_owned(), kit.profile.into())]));
        let profile = profile.map_err(|error| NotStarted::Lesson { file: kit_file, what: error.to_string() })?;
        let _ =
            write!(text, "\n# The kit's own profile, so that the lessons' crates are not compiled again.\n{profile}");
    }
    Ok(text)
}

/// Removes the settings for single packages, which are members of the kit: cargo warns of a package that it does not know.
fn without_members(profiles: &mut Table) {
    for profile in profiles.iter_mut().filter_map(|(_, profile)| profile.as_table_mut()) {
        if let Some(packages) = profile.get_mut("package").and_then(Value::as_table_mut) {
            packages.retain(|name, _| name == "*");
            if packages.is_empty() {
                profile.remove("package");
            }
        }
    }
}

/// Returns a dependency on one line, its version first, as people write it.
fn dependency(value: &Value) -> String {
    let Some(table) = value.as_table() else { return value.to_string() };
    let version = table.iter().filter(|(key, _)| *key == "version");
    let rest = table.iter().filter(|(key, _)| *key != "version");
    let pairs: Vec<String> = version.chain(rest).map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn parsed<T: DeserializeOwned>(file: &Path) -> Result<T, NotStarted> {
    toml::from_str(&read(file)?).map_err(|error| NotStarted::Lesson { file: file.to_owned(), what: error.to_string() })
}

fn read(file: &Path) -> Result<String, NotStarted> {
    Ok(fs::read_to_string(file).map_err(|error| at(file, &error))?)
}
