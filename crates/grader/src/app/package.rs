//! The command `grade package`: from its flags to the file.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use cli::{Exit, PackageArgs, Platform};
use harness::kit;

use super::{Stop, known_lessons, lessons, rubric};
use crate::{
    package::{self, Choices},
    report::files::Output,
};

/// The number of files that are named in a warning.
const NAMED: usize = 3;

/// Writes the file, and prints what is in it and what to do with it.
pub fn write(args: &PackageArgs) -> Result<Exit, Stop> {
    let known = known_lessons()?;
    let lessons = lessons(&args.lesson, &known)?;
    let points = rubric(args.rubric.as_deref(), &known)?;
    let unreadable = |error| Stop::usage(error, "fix the rubric, and give the same command again");
    let rubric = args
        .rubric
        .as_ref()
        .map(|path| fs::read(path).map_err(|error| unreadable(format!("{} can't be read: {error}", path.display()))));
    let numbers: Vec<&str> = lessons.iter().map(|lesson| lesson.number.as_str()).collect();
    let choices =
        Choices { lessons: numbers.join(","), rubric: rubric.transpose()?, seed: args.seed, time_limit: args.timeout };
    let Platform::Gradescope = args.platform;
    let package = package::gradescope(kit::root(), &choices).map_err(|error| Stop::failed(&error, error.hint()))?;
    warn_of_others(&package.not_packed);

    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("gradescope-{}.zip", numbers.join("-"))));
    let written = Output::default().write(&out, &package.bytes);
    written.map_err(|error| Stop::failed(error, "name another file in --out"))?;
    let points: u32 = lessons.iter().map(|lesson| points.about(lesson).max_score).sum();
    let text = format!(
        "{}: {} files, {} KB, for lesson {}, with the seed {}\n\
         Upload it as the assignment's autograder, and set the assignment's points to {points}.\n",
        out.display(),
        package.files,
        package.bytes.len().div_ceil(1000),
        numbers.join(", "),
        package.seed,
    );
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Stop::failed(format!("stdout can't be written: {error}"), "the file is written all the same"))
        }
        _ => Ok(Exit::Passed),
    }
}

/// Names files of the kit that git does not know: if the kit needs them, the package does not work.
fn warn_of_others(not_packed: &[String]) {
    let Some((named, more)) = not_packed.split_at_checked(NAMED.min(not_packed.len())) else { return };
    if named.is_empty() {
        return;
    }
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    eprintln!("warning: not in git, so not packed: {}{more}", named.join(", "));
}
