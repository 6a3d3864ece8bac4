//! `start lesson 01`: a learner's own copy of a lesson's program, with a comment in place of each step.
//!
//! Nothing is ever overwritten, and nothing is left half done: the package is written beside its place, and then renamed.

mod alias;
mod package;

use harness::kit;
use std::{
    fmt::{self, Write},
    fs, io,
    path::{Component, Path, PathBuf},
};

use crate::{cleanup::at, lessons::Lesson};
use harness::fingerprint;

/// The place for a new program, and whether an existing one is moved aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartOptions {
    /// The folder; without it, one in the kit's `work/`.
    pub to: Option<PathBuf>,
    /// Set to move the old folder aside, and to keep it there.
    pub force: bool,
}

/// The result of a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The new program's folder.
    pub folder: PathBuf,
    /// The new path of the old folder, if there was one.
    pub kept: Option<PathBuf>,
}

/// The reason why nothing was done.
#[derive(Debug)]
pub enum NotStarted {
    /// The folder exists already.
    IsThere(PathBuf),
    /// The folder belongs to the kit, or contains it.
    KitsOwn(PathBuf),
    /// A file can't be read or written; the error names it.
    Io(io::Error),
    /// The lesson's own files are not as expected.
    Lesson {
        /// The file.
        file: PathBuf,
        /// The problem with it.
        what: String,
    },
}

impl std::error::Error for NotStarted {}

impl fmt::Display for NotStarted {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotStarted::IsThere(folder) => write!(to, "{} exists already, and stays as it is", display_path(folder)),
            NotStarted::KitsOwn(folder) => {
                write!(to, "{} can't hold your program, because the kit itself is there", display_path(folder))
            }
            NotStarted::Io(error) => error.fmt(to),
            NotStarted::Lesson { file, what } => write!(to, "{}: {what}", file.display()),
        }
    }
}

impl From<io::Error> for NotStarted {
    fn from(error: io::Error) -> NotStarted {
        NotStarted::Io(error)
    }
}

/// Writes the package that a learner begins with.
///
/// # Errors
///
/// [`NotStarted`]; then nothing has changed.
pub fn start(lesson: &Lesson, options: &StartOptions) -> Result<Started, NotStarted> {
    let folder = folder(lesson, options.to.as_deref())?;
    let is_there = fs::symlink_metadata(&folder).is_ok();
    if is_there && !options.force {
        return Err(NotStarted::IsThere(folder));
    }
    let mut files = package::files(lesson, &name_for(lesson, &folder), &check_command(lesson, &folder))?;
    files.extend(alias::files(&real(&folder)));
    let staging = beside(&folder, &format!("new-{}", fastrand::u32(..)), ".");
    let placed = write(&staging, &files).and_then(|()| move_into_place(&staging, &folder, is_there));
    if placed.is_err() {
        let _ = fs::remove_dir_all(&staging);
    }
    Ok(Started { folder, kept: placed? })
}

/// Returns the folder for the program, as an absolute path.
fn folder(lesson: &Lesson, to: Option<&Path>) -> Result<PathBuf, NotStarted> {
    let root = real(kit::root());
    let Some(to) = to else { return Ok(place_of(lesson)) };
    let folder = std::path::absolute(to).map_err(|error| at(to, &error))?;
    let place = real(&folder);
    let may_be = |free: &str| place.starts_with(root.join(free)) && place != root.join(free);
    let is_kits = place.starts_with(&root) && !may_be("work") && !may_be("target");
    if is_kits || root.starts_with(&place) || folder.file_name().is_none() {
        return Err(NotStarted::KitsOwn(folder));
    }
    let goes_up = folder.components().any(|part| part == Component::ParentDir);
    Ok(if goes_up { place } else { folder })
}

/// Returns the path without `..`, and without links as far as it exists.
fn real(path: &Path) -> PathBuf {
    let resolved = |above: &Path| Some((above.canonicalize().ok()?, path.strip_prefix(above).ok()?));
    let (mut place, rest) = path.ancestors().find_map(resolved).unwrap_or_else(|| (PathBuf::new(), path));
    for part in rest.components() {
        if part == Component::ParentDir {
            place.pop();
        } else {
            place.push(part);
        }
    }
    place
}

fn write(staging: &Path, files: &[(&str, String)]) -> io::Result<()> {
    for (name, text) in files {
        let path = staging.join(name);
        let parent = path.parent().unwrap_or(staging);
        fs::create_dir_all(parent).map_err(|error| at(parent, &error))?;
        fs::write(&path, text).map_err(|error| at(&path, &error))?;
    }
    Ok(())
}

/// Moves the package into its place. An existing folder is moved aside, and moved back when that fails.
fn move_into_place(staging: &Path, folder: &Path, is_there: bool) -> io::Result<Option<PathBuf>> {
    let kept = is_there.then(|| free(folder));
    if let Some(kept) = &kept {
        fs::rename(folder, kept).map_err(|error| at(folder, &error))?;
    }
    fs::rename(staging, folder).map_err(|error| {
        if let Some(kept) = &kept {
            let _ = fs::rename(kept, folder);
        }
        at(folder, &error)
    })?;
    Ok(kept)
}

/// Returns the first numbered name that is not in use.
fn free(folder: &Path) -> PathBuf {
    let numbered = (1_u32..).map(|number| beside(folder, &number.to_string(), ""));
    numbered.into_iter().find(|path| fs::symlink_metadata(path).is_err()).unwrap_or_else(|| folder.to_owned())
}

fn beside(folder: &Path, suffix: &str, prefix: &str) -> PathBuf {
    folder.with_file_name(format!("{prefix}{}.{suffix}", name(folder)))
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Describes the new program and the next commands, for stdout.
#[must_use]
pub fn describe(lesson: &Lesson, started: &Started) -> String {
    let folder = &started.folder;
    let page = kit::root().join("book/src").join(name(&lesson.folder) + ".md");
    let mut text = format!("lesson {} · {}\nstarted    {}\n", lesson.number, lesson.about.title, display_path(folder));
    if let Some(kept) = &started.kept {
        let _ = writeln!(text, "kept       {} (the old folder)", display_path(kept));
    }
    let _ = writeln!(text, "\n  read     {} (in a browser: cargo xtask book serve)", display_path(&page));
    let _ = writeln!(text, "  write    {} (its comments have the tasks)", display_path(&folder.join("src/main.rs")));
    let _ = writeln!(text, "  check    {}", check_command(lesson, folder));
    text
}

/// Returns the hints for a failed start, a line each.
#[must_use]
pub fn hints(lesson: &Lesson, options: &StartOptions, why: &NotStarted) -> Vec<String> {
    match why {
        NotStarted::IsThere(folder) => {
            let to = if options.to.is_some() { format!(" --to {}", quoted(folder)) } else { String::new() };
            vec![
                format!("go on with it: {}", check_command(lesson, folder)),
                format!(
                    "start again, and keep the old one beside it: cargo xtask start lesson {}{to} --force",
                    lesson.number
                ),
            ]
        }
        NotStarted::KitsOwn(_) => vec![format!("name a new folder: --to work/my-{}", lesson.about.id)],
        NotStarted::Io(_) => {
            vec!["fix the problem above, or write to another folder: --to DIR (nothing was changed)".to_owned()]
        }
        NotStarted::Lesson { .. } => {
            vec!["restore the kit's own files, which were changed: git status lists them".to_owned()]
        }
    }
}

/// Returns the command that checks the program; in the usual place, no path is needed.
fn check_command(lesson: &Lesson, folder: &Path) -> String {
    let check = format!("cargo xtask check lesson {}", lesson.number);
    if folder == place_of(lesson) { check } else { format!("{check} --path {}", quoted(folder)) }
}

/// Returns the package's name. When packages with the same name share a target folder, cargo takes them for one, and may run
/// the wrong program. So each place other than the usual one gets a name of its own.
fn name_for(lesson: &Lesson, folder: &Path) -> String {
    let usual = format!("my-{}", lesson.about.id);
    if folder == place_of(lesson) {
        return usual;
    }
    let place = fingerprint::of(real(folder).as_os_str().as_encoded_bytes());
    format!("{usual}-{:06x}", place & 0x00ff_ffff)
}

/// Returns the usual place of a learner's program for a lesson.
fn place_of(lesson: &Lesson) -> PathBuf {
    kit::work().join(name(&lesson.folder))
}

fn quoted(path: &Path) -> String {
    shell_words::quote(&display_path(path)).into_owned()
}

/// Returns a path as it is typed here: relative to the current folder, if it is in there.
fn display_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons;

    #[test]
    fn a_program_is_begun_in_work() {
        let [lesson, ..] = &lessons::all().unwrap()[..] else { panic!("there are lessons") };
        let expected = kit::root().join("work/01-hello-send");
        assert_eq!(folder(lesson, None).unwrap(), expected);
    }

    #[test]
    fn the_kit_itself_does_not_make_room() {
        let [lesson, ..] = &lessons::all().unwrap()[..] else { panic!("there are lessons") };
        let root = kit::root();
        let own = ["", "lessons/03-mine", "broker", "work", "work/../lessons/01-hello-send", "no/../../such/../.."];
        for place in own.map(|place| root.join(place)).iter().map(PathBuf::as_path).chain([Path::new("/")]) {
            let refused = folder(lesson, Some(place));
            assert!(matches!(refused, Err(NotStarted::KitsOwn(_))), "{}: {refused:?}", place.display());
        }
        for place in ["work/mine", "work/../work/mine", "../mine"] {
            let taken = folder(lesson, Some(&root.join(place)));
            assert!(taken.is_ok_and(|taken| taken.ends_with("mine") && !taken.ends_with("../mine")), "{place}");
        }
    }

    #[test]
    fn what_made_room_for_nothing_comes_back() {
        let base = std::env::temp_dir().join(format!("hello-rabbit-start-{}", std::process::id()));
        let folder = base.join("mine");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("notes"), "mine").unwrap();
        let failed = move_into_place(&base.join("nothing"), &folder, true).unwrap_err();
        let left: Vec<_> = fs::read_dir(&base).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let notes = fs::read_to_string(folder.join("notes")).unwrap();
        fs::remove_dir_all(&base).unwrap();
        assert!(failed.to_string().contains("mine"), "{failed}");
        assert_eq!((notes.as_str(), left), ("mine", vec!["mine".into()]));
    }
}
