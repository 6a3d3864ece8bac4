//! Dependencies and build scripts that a program can't do without.

use std::collections::BTreeMap;

use super::{
    manifest::Dependency,
    package::{Found, Packages},
    path,
    tree::Tree,
};
use crate::class::Package;

/// Checks that a program needs only what the lesson offers. Unused dependencies are laid aside.
///
/// # Errors
///
/// A sentence that names the crate, the build script, or the file with another encoding.
pub(super) fn check(
    tree: &mut Tree,
    found: &Found,
    all: &Packages,
    package: &Package,
    scripts: &[(String, String)],
    offered: &BTreeMap<String, String>,
) -> Result<(), String> {
    let folder = &found.folder;
    let others: Vec<String> = others(found, all, package);
    let is_own =
        |file: &str| !others.iter().any(|other| file == other || (other.ends_with('/') && file.starts_with(other)));
    utf8(tree, folder, &is_own)?;
    let code = code(tree, folder, &is_own);
    if let Some((_, script)) = scripts.iter().find(|(folder, _)| *folder == found.folder)
        && needs_script(&code, script)
    {
        return Err(
            "It needs its build script, because the program includes what the script generates. Build scripts are \
                    never run. Hand in a program without one, with the generated code as a file in src."
                .to_owned(),
        );
    }
    for dependency in &found.table.dependencies {
        let mut version = dependency.version.clone();
        if dependency.is_inherited {
            let inherited = found.workspace(all).map(|root| &root.workspace_dependencies[..]).unwrap_or_default();
            version = inherited.iter().find(|it| it.name == dependency.name).and_then(|it| it.version.clone());
        }
        let at = format!("Cargo.toml: {}", dependency.name);
        let is_used = is_used(&code, &dependency.name.replace('-', "_"));
        if let Err(sentence) = offers(dependency, version.as_deref(), offered) {
            if is_used {
                return Err(sentence);
            }
            tree.lay_aside(at, "a dependency that the program does not use");
        } else if dependency.has_path || dependency.has_git {
            tree.lay_aside(at, "the place of a dependency; the lesson's own crate is used");
        }
    }
    Ok(())
}

/// Checks that the package's sources are UTF-8, as rustc needs them.
///
/// # Errors
///
/// A sentence that names the file.
pub(super) fn utf8(tree: &Tree, folder: &str, is_own: &dyn Fn(&str) -> bool) -> Result<(), String> {
    for (file, bytes) in sources(tree, folder).filter(|(file, _)| is_own(file)) {
        if std::str::from_utf8(bytes).is_err() {
            return Err(format!(
                "The file {file} is not UTF-8, and Rust reads no other encoding. \
                 Save it as UTF-8, and hand it in again."
            ));
        }
    }
    Ok(())
}

fn sources<'a>(tree: &'a Tree, folder: &str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let files = tree.files.iter().filter(move |(file, _)| file.starts_with(&below) && file.ends_with(".rs"));
    files.map(|(file, bytes)| (file.as_str(), &bytes[..]))
}

/// Lists what lies in a package's folder and is no part of its program: tests, other programs, and packages below.
fn others(found: &Found, all: &Packages, package: &Package) -> Vec<String> {
    let mut others: Vec<String> =
        ["tests/", "examples/", "benches/"].iter().map(|other| path::join(&found.folder, other)).collect();
    let own = path::resolve(&found.folder, &package.main);
    let programs = found.programs.iter().map(|(_, main)| path::resolve(&found.folder, main));
    others.extend(programs.filter(|main| *main != own).flatten());
    let below = all.found.iter().filter(|other| other.folder.len() > found.folder.len());
    others.extend(below.map(|other| format!("{}/", other.folder)));
    others
}

/// Returns the package's sources without comments at the ends of lines.
fn code(tree: &Tree, folder: &str, is_own: &dyn Fn(&str) -> bool) -> String {
    let mut code = String::new();
    for (_, bytes) in sources(tree, folder).filter(|(file, _)| is_own(file)) {
        for line in String::from_utf8_lossy(bytes).lines() {
            // `//` in a string, such as `"amqp://…"`, ends the line here as well: no crate is used after it.
            code.push_str(line.split("//").next().unwrap_or_default());
            code.push('\n');
        }
    }
    code
}

fn needs_script(code: &str, script: &str) -> bool {
    let variables = script.split("rustc-env=").skip(1).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        format!("\"{}\"", &rest[..end])
    });
    code.contains("\"OUT_DIR\"") || variables.filter(|name| name.len() > 2).any(|name| code.contains(&name))
}

/// Returns true if a crate's name is used in code: `name::…`, `use name` or `extern crate name`.
fn is_used(code: &str, name: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        if before.ends_with(is_letter) || after.starts_with(is_letter) {
            return false;
        }
        let before = before.trim_end();
        let is_root =
            !before.ends_with("::") || before.trim_end_matches("::").ends_with([' ', '(', '<', ',', '{', '&']);
        let is_imported = before.ends_with("use") || before.ends_with("extern crate") || before.ends_with("use ::");
        is_imported || (is_root && after.trim_start().starts_with("::"))
    })
}

fn offers(dependency: &Dependency, version: Option<&str>, offered: &BTreeMap<String, String>) -> Result<(), String> {
    let name = &dependency.krate;
    let Some(major) = offered.get(name) else {
        let crates: Vec<&str> = offered.keys().map(String::as_str).collect();
        let offer = if crates.is_empty() { "no crates".to_owned() } else { super::choose::list(&crates) };
        let advice =
            if dependency.has_path { "Move its code into the package's src." } else { "Hand in a program without it." };
        return Err(format!("It needs the crate {name}, and the lesson offers only {offer}. {advice}"));
    };
    let Some(wanted) = version.and_then(|version| major_of(version, major)) else { return Ok(()) };
    if wanted == *major {
        return Ok(());
    }
    Err(format!(
        "It needs {name} {wanted}, and the lesson uses {name} {major}, where some functions differ. \
         Write `{name} = \"{major}\"` into Cargo.toml, fix what `cargo check` finds, and hand it in again."
    ))
}

/// Returns the major version that a requirement fixes, with as many numbers as the offered one. None if it fixes none.
fn major_of(requirement: &str, offered: &str) -> Option<String> {
    let requirement = requirement.trim().trim_start_matches(['^', '=', '~']).trim_start();
    let requirement = requirement.split(',').next().unwrap_or_default();
    let numbers: Vec<&str> = requirement.split(['.', '-', '+']).take(offered.split('.').count()).collect();
    let is_number = |text: &&str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    let is_prefix = offered.starts_with(&format!("{}.", numbers.join(".")));
    (numbers.iter().all(is_number) && !is_prefix).then(|| numbers.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses() {
        for (code, is) in [
            ("use rand::Rng;", true),
            ("let x = rand::random();", true),
            ("let x = ::rand::random();", true),
            ("extern crate rand;", true),
            ("use rand;", true),
            ("let rand = 1;", false),
            ("use std::rand::X;", false),
            ("use my_rand::X;", false),
            ("fn f<T: rand::Rng>() {}", true),
        ] {
            assert_eq!(is_used(code, "rand"), is, "{code}");
        }
    }

    #[test]
    fn versions() {
        for (requirement, offered, major) in [
            ("2", "4", Some("2")),
            ("^2.1", "4", Some("2")),
            ("=4.1.0", "4", Some("4")),
            (">=2", "4", None),
            ("*", "4", None),
            ("0.8", "0.9", Some("0.8")),
            ("0", "0.9", None),
            ("4.0.0-beta.1", "4", Some("4")),
        ] {
            assert_eq!(major_of(requirement, offered).as_deref(), major, "{requirement}");
        }
    }
}
