//! Chooses the program that belongs to the lesson.

use std::collections::BTreeSet;

use super::{
    HAND_IN, foreign, key,
    manifest::Manifest,
    needs,
    options::Options,
    package::{self, Found, Packages},
    path, role,
    tree::{self, Tree},
};
use crate::class::{Package, Program};

/// Chooses the program of a submission, and lays aside what is executed in a build.
///
/// # Errors
///
/// A sentence that a teacher can forward, if there is no program, or several that may be the one.
pub(super) fn choose(tree: &mut Tree, options: &Options) -> Result<Program, String> {
    if tree.files.is_empty() {
        return Err(no_program(tree));
    }
    only_own_part_of_kit(tree, &options.lesson_id)?;
    if tree.files.len() > options.limits.files {
        return Err(tree::too_many_files(&options.limits));
    }
    lay_proc_macros_aside(tree);
    let packages = package::packages(tree);
    let with_programs: Vec<&Found> = packages.found.iter().filter(|found| !found.programs.is_empty()).collect();
    if let Some(found) = one_package(&with_programs, &options.lesson_id)? {
        let program = one_program(found, &options.lesson_id)?;
        let package = found.package(tree, &packages, program)?;
        let scripts = lay_build_scripts_aside(tree, &packages);
        needs::check(tree, found, &packages, &package, &scripts, &options.offered)?;
        return Ok(Program::Rust(package));
    }
    if let Some((at, problem)) = packages.broken.first() {
        return Err(format!("Its {at} can't be read: {problem}. Run `cargo check`, which names the place."));
    }
    if let Some(missing) = packages.found.iter().find_map(|found| found.missing.as_ref()) {
        return Err(format!("Its Cargo.toml names {missing} as the program, and there is no such file. {HAND_IN}"));
    }
    let program = if only_library(tree, &packages).is_some() { None } else { loose_program(tree, &options.lesson_id)? };
    if let Some(package) = program {
        let main = path::join(&package.folder, &package.main);
        for script in named_build(tree, &package.folder).into_iter().filter(|script| *script != main) {
            lay_script_aside(tree, script);
        }
        needs::utf8(tree, &package.folder, &|_| true)?;
        return Ok(Program::Rust(package));
    }
    if let Some(program) = foreign::find(tree, &options.programs, &options.lesson_id)? {
        return Ok(program);
    }
    if let Some(library) = only_library(tree, &packages) {
        return Err(format!(
            "It is a library ({library}), and has no program that can be run: there is no src/main.rs with `fn main`. {HAND_IN}"
        ));
    }
    if !packages.found.is_empty() {
        return Err(format!("Its package has no program: there is no src/main.rs. {HAND_IN}"));
    }
    Err(no_program(tree))
}

/// Keeps only the student's own folder, if the whole kit was handed in. Its `lessons` are not the student's work.
fn only_own_part_of_kit(tree: &mut Tree, lesson: &str) -> Result<(), String> {
    let Some(root) = tree.files.keys().find_map(|file| {
        let root = file.strip_suffix("xtask/Cargo.toml")?;
        let lessons = format!("{root}lessons/");
        let has_lessons =
            tree.files.range(lessons.clone()..).next().is_some_and(|(next, _)| next.starts_with(&lessons));
        ((root.is_empty() || root.ends_with('/')) && has_lessons).then(|| root.to_owned())
    }) else {
        return Ok(());
    };
    let Some(own) = folder_for(tree, &format!("{root}work/"), lesson) else {
        let folder = folder_for(tree, &format!("{root}lessons/"), lesson).unwrap_or_else(|| lesson.to_owned());
        return Err(format!(
            "It is the whole kit, and it has no work/{folder}: the lessons of the kit are not the student's own work. \
             Hand in the folder in which the program was written."
        ));
    };
    let own = format!("{root}work/{own}/");
    tree.files.retain(|file, _| file.starts_with(&own));
    tree.aside.retain(|path, _| path.starts_with(&own) || !path.starts_with(&root));
    let kit = if root.is_empty() { "." } else { &root };
    tree.lay_aside(kit, format!("the whole kit, of which only {} is used", own.trim_end_matches('/')));
    Ok(())
}

/// Returns the folder for a lesson: `01-hello-send`, or else the only one like `my-hello-send`.
///
/// The name of the package in it counts as well.
fn folder_for(tree: &Tree, above: &str, lesson: &str) -> Option<String> {
    let below = tree.files.keys().filter_map(|file| file.strip_prefix(above)?.split_once('/'));
    let folders: BTreeSet<&str> = below.map(|(folder, _)| folder).collect();
    let wanted = key::words(lesson).len();
    let score = |folder: &&str| {
        let manifest = tree.files.get(&format!("{above}{folder}/Cargo.toml"));
        let manifest = manifest.and_then(|bytes| Manifest::parse(bytes).ok()).and_then(|manifest| manifest.package);
        let by_package = manifest.map_or(0, |package| key::overlap(&package.name, lesson).min(wanted));
        let score = key::overlap(folder, lesson).max(by_package);
        if score < wanted { 0 } else { score }
    };
    key::only_best(folders, score).map(str::to_owned)
}

fn lay_proc_macros_aside(tree: &mut Tree) {
    let packages = package::packages(tree);
    for found in packages.found.iter().filter(|found| found.table.is_proc_macro && !found.folder.is_empty()) {
        let below = format!("{}/", found.folder);
        tree.files.retain(|file, _| !file.starts_with(&below));
        tree.lay_aside(below, "a procedural macro, which would run in the compiler");
    }
}

/// Removes the build scripts from the tree, and returns them: folder of the package, and text.
///
/// A `build.rs` goes even if the manifest says that it is none: cargo would find it by its name under another manifest.
fn lay_build_scripts_aside(tree: &mut Tree, packages: &Packages) -> Vec<(String, String)> {
    let mut scripts = Vec::new();
    for found in &packages.found {
        let mains: Vec<String> =
            found.programs.iter().filter_map(|(_, main)| path::resolve(&found.folder, main)).collect();
        let named = found.table.build.as_deref().and_then(|script| path::resolve(&found.folder, script));
        for script in named.into_iter().chain(named_build(tree, &found.folder)).filter(|script| !mains.contains(script))
        {
            if let Some(text) = lay_script_aside(tree, script) {
                scripts.push((found.folder.clone(), text));
            }
        }
    }
    scripts
}

/// Returns the files that cargo takes for a folder's build script: on macOS and Windows, also `Build.rs`.
fn named_build(tree: &Tree, folder: &str) -> Vec<String> {
    let is_script = |file: &&String| {
        let (above, name) = path::split(file);
        above == folder && name.eq_ignore_ascii_case("build.rs")
    };
    tree.files.keys().filter(is_script).cloned().collect()
}

fn lay_script_aside(tree: &mut Tree, script: String) -> Option<String> {
    let bytes = tree.files.remove(&script)?;
    tree.lay_aside(script, "a build script, which is never run");
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn one_package<'a>(packages: &[&'a Found], lesson: &str) -> Result<Option<&'a Found>, String> {
    if packages.len() < 2 {
        return Ok(packages.first().copied());
    }
    let names = |found: &'a Found| vec![path::split(&found.folder).1, found.table.name.as_str()];
    if let Some(found) = role::for_lesson(packages.iter().copied(), lesson, names) {
        return Ok(Some(found));
    }
    let folders: Vec<&str> = packages.iter().map(|found| folder_name(&found.folder)).collect();
    Err(format!(
        "It has several packages with a program: {}. None of them is clearly the one for {lesson}. \
         Hand in the folder of that one only.",
        list(&folders)
    ))
}

fn folder_name(folder: &str) -> &str {
    if folder.is_empty() { "the top folder" } else { folder }
}

fn one_program<'a>(found: &'a Found, lesson: &str) -> Result<&'a (String, String), String> {
    if let [only] = &found.programs[..] {
        return Ok(only);
    }
    let default = found.table.default_run.as_ref();
    if let Some(program) = found.programs.iter().find(|(name, _)| Some(name) == default) {
        return Ok(program);
    }
    let names = |program: &'a (String, String)| {
        let file = program.1.trim_end_matches(".rs").trim_end_matches("/main");
        vec![program.0.as_str(), path::split(file).1]
    };
    role::for_lesson(&found.programs, lesson, names).ok_or_else(|| {
        let files: Vec<&str> = found.programs.iter().map(|(_, file)| file.as_str()).collect();
        format!(
            "It has {} programs in one package: {}. Hand in the one for {lesson} only, or name it in Cargo.toml: \
             `default-run = \"…\"`.",
            number(files.len()),
            list(&files)
        )
    })
}

/// Returns the root of a library, if a submission has one and no program in Rust.
fn only_library(tree: &Tree, packages: &Packages) -> Option<String> {
    let is_program = |(file, text): (&String, &Vec<u8>)| {
        file.ends_with(".rs") && (path::split(file).1 == "main.rs" || has_main(text))
    };
    if tree.files.iter().any(is_program) {
        return None;
    }
    let named = packages.found.iter().filter_map(|found| {
        let root = found.table.library_path.as_deref().unwrap_or("src/lib.rs");
        path::resolve(&found.folder, root).filter(|root| tree.files.contains_key(root))
    });
    let by_name = tree.files.keys().filter(|file| path::split(file).1 == "lib.rs").cloned();
    named.chain(by_name).next()
}

/// Finds a program without a `Cargo.toml`.
fn loose_program(tree: &Tree, lesson: &str) -> Result<Option<Package>, String> {
    let sources: Vec<&str> = tree.files.keys().map(String::as_str).filter(|file| file.ends_with(".rs")).collect();
    if let [only] = sources[..] {
        return Ok(Some(package::loose(tree, only, lesson)));
    }
    let mains: Vec<&str> = sources.iter().copied().filter(|file| path::split(file).1 == "main.rs").collect();
    let with_main: Vec<&str> = sources.iter().copied().filter(|file| has_main(&tree.files[*file])).collect();
    for files in [mains, with_main] {
        if let [only] = files[..] {
            return Ok(Some(package::loose(tree, only, lesson)));
        }
        if files.is_empty() {
            continue;
        }
        return match role::for_lesson(files.iter().copied(), lesson, |file| vec![file.trim_end_matches(".rs")]) {
            Some(file) => Ok(Some(package::loose(tree, file, lesson))),
            None => Err(format!(
                "It has several programs: {}. None of them is clearly the one for {lesson}. Hand in that one only.",
                list(&files)
            )),
        };
    }
    if sources.is_empty() {
        Ok(None)
    } else {
        Err(format!("It has no program: no Cargo.toml, and no file with `fn main`. {HAND_IN}"))
    }
}

fn has_main(source: &[u8]) -> bool {
    String::from_utf8_lossy(source).lines().any(|line| {
        let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ").trim_start();
        line.strip_prefix("fn").is_some_and(|rest| rest.trim_start().starts_with("main"))
    })
}

fn no_program(tree: &Tree) -> String {
    let files: Vec<&str> = tree.files.keys().map(String::as_str).collect();
    let aside: Vec<&str> = tree.aside.keys().map(String::as_str).collect();
    match (&files[..], &aside[..]) {
        ([], []) => format!("It is empty. {HAND_IN}"),
        ([], aside) => format!("It has no program, only parts that are not used: {}. {HAND_IN}", list(aside)),
        (files, _) if files.len() < 4 => format!("It has no program, only {}. {HAND_IN}", list(files)),
        _ => format!("It has no program: no Cargo.toml, and no main.rs. {HAND_IN}"),
    }
}

fn number(count: usize) -> String {
    match count {
        2 => "two".to_owned(),
        3 => "three".to_owned(),
        _ => count.to_string(),
    }
}

/// Lists names in a sentence: at most five.
pub(super) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= 5 => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..4].join(", "), names.len() - 4),
    }
}
