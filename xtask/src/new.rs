//! `cargo xtask new lesson NAME`: writes a lesson that compiles, and whose tests report the missing parts.

mod name;
mod skeleton;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::{
    cargo::root,
    lessons::{self, Lesson},
    new::skeleton::{SUMMARY, Skeleton},
};

/// `new lesson NAME`.
#[derive(Args, Debug)]
pub struct NewArgs {
    /// The skeleton to write.
    #[command(subcommand)]
    pub what: NewWhat,
}

/// A skeleton that can be written.
#[derive(Debug, Subcommand)]
pub enum NewWhat {
    /// Write a program, its contract, its gallery and its chapter: `new lesson 05-emit-log`
    Lesson {
        /// The name of its folder: two digits and lower-case words, with hyphens between them
        #[arg(value_name = "NN-NAME", value_parser = name::parse)]
        name: Lesson,
    },
}

/// Writes the skeleton, or prints the reason why not. Nothing is overwritten.
pub fn run(what: NewWhat) -> anyhow::Result<ExitCode> {
    let NewWhat::Lesson { name: lesson } = what;
    let skeleton = Skeleton::of(&lesson);
    let summary = root().join(SUMMARY);
    let text = fs::read_to_string(&summary).with_context(|| summary.display().to_string())?;
    let refused = refused(&lesson, &skeleton)?;
    let text = match skeleton.in_summary(&text) {
        Some(text) if refused.is_none() => text,
        _ => {
            let why = refused.unwrap_or_else(|| Refused {
                message: format!("{SUMMARY} has no line for a lesson"),
                hint: "add the line `- [Lesson 01: …](01-….md)`; new lessons go below it".to_owned(),
            });
            eprintln!("error: {}\nhint: {}", why.message, why.hint);
            return Ok(cli::Exit::Usage.into());
        }
    };
    for (path, content) in &skeleton.files {
        write(&root().join(path), content).with_context(|| path.clone())?;
        println!("wrote    {path}");
    }
    fs::write(&summary, text).with_context(|| summary.display().to_string())?;
    println!("changed  {SUMMARY}");
    println!("\n{}", skeleton.next());
    Ok(ExitCode::SUCCESS)
}

/// The reason why no skeleton is written.
#[derive(Debug, PartialEq, Eq)]
struct Refused {
    message: String,
    hint: String,
}

/// Returns the reason not to write: a lesson with this number or id, another package of this name, a file of the skeleton.
fn refused(lesson: &Lesson, skeleton: &Skeleton) -> io::Result<Option<Refused>> {
    let taken = taken(lesson, &lessons::all()?, &packages()?);
    let in_the_way = skeleton.files.iter().map(|(path, _)| path).find(|path| root().join(path).exists());
    Ok(taken.or_else(|| {
        in_the_way.map(|path| Refused {
            message: format!("{path} exists, and nothing is overwritten"),
            hint: "choose another name, or remove the file first".to_owned(),
        })
    }))
}

fn taken(lesson: &Lesson, lessons: &[Lesson], packages: &BTreeSet<String>) -> Option<Refused> {
    let Lesson { number, id } = lesson;
    if let Some(other) = lessons.iter().find(|other| other.number == *number) {
        let free = (1..100).map(|free| format!("{free:02}"));
        let free = free.into_iter().find(|free| lessons.iter().all(|other| other.number != *free));
        return Some(Refused {
            message: format!("the number {number} is taken: lessons/{}", other.name()),
            hint: match free {
                Some(free) => format!("use the next free number, {free}: cargo xtask new lesson {free}-{id}"),
                None => "rename a folder first, because all numbers are taken".to_owned(),
            },
        });
    }
    if let Some(other) = lessons.iter().find(|other| other.id == *id) {
        return Some(Refused {
            message: format!("the id {id} is taken: lessons/{}", other.name()),
            hint: "choose other words: the id also names the package and the contract".to_owned(),
        });
    }
    packages.contains(id).then(|| Refused {
        message: format!("the kit already has a package named {id}"),
        hint: "choose other words: a lesson's package is named after its id".to_owned(),
    })
}

/// Returns the names of the kit's packages other than lessons: `checker`, `xtask`, and the folders in `crates`.
fn packages() -> io::Result<BTreeSet<String>> {
    let mut packages = BTreeSet::from(["checker".to_owned(), "xtask".to_owned()]);
    for folder in fs::read_dir(root().join("crates"))? {
        packages.insert(folder?.file_name().to_string_lossy().into_owned());
    }
    Ok(packages)
}

/// Writes a file that must not exist, with its folders.
fn write(path: &Path, content: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create_new(path)?.write_all(content.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> Option<(String, String)> {
        let lessons = ["01-hello-send", "03-worker"].map(|name| Lesson::named(name).unwrap());
        let packages = BTreeSet::from(["broker".to_owned()]);
        taken(&name::parse(name).unwrap(), &lessons, &packages).map(|refused| (refused.message, refused.hint))
    }

    #[test]
    fn numbers_ids_and_packages_that_are_taken_are_refused() {
        assert_eq!(message("02-emit-log"), None);
        let (number, hint) = message("03-emit-log").unwrap();
        assert_eq!(number, "the number 03 is taken: lessons/03-worker");
        assert_eq!(hint, "use the next free number, 02: cargo xtask new lesson 02-emit-log");
        assert_eq!(message("05-worker").unwrap().0, "the id worker is taken: lessons/03-worker");
        assert_eq!(message("05-broker").unwrap().0, "the kit already has a package named broker");
    }

    #[test]
    fn a_lesson_that_is_there_is_in_the_way_of_its_skeleton() {
        let first = lessons::all().unwrap().remove(0);
        let refused = refused(&first, &Skeleton::of(&first)).unwrap().unwrap();
        assert!(refused.message.ends_with(&format!("is taken: lessons/{}", first.name())), "{refused:?}");
        let mut skeleton = Skeleton::of(&first);
        skeleton.files = vec![("README.md".to_owned(), String::new())];
        let free = Lesson { number: "99".to_owned(), id: "no-such-lesson".to_owned() };
        let refused = super::refused(&free, &skeleton).unwrap().unwrap();
        assert_eq!(refused.message, "README.md exists, and nothing is overwritten");
    }
}
