//! Included texts exist: the file, its anchor with both ends, its lines. mdBook only prints a warning. All files for inclusion
//! are included: a recording that no page shows is useless work.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    book::{Book, FOLDER, Page, display_path, short},
    includes::{Part, Taken, anchors, directives, file},
    problem::{Problem, ProblemKind},
};

/// The maximum depth of files that include others. mdBook has the same limit.
const DEEPEST: usize = 10;

/// The folders of files for inclusion, in the book's folder.
const SHOWN: [&str; 2] = ["pictures", "recorded"];

pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in &book.pages {
        of_text(book, &display_path(&page.path), &page.text, DEEPEST, &mut problems);
    }
    problems.extend(not_shown(book));
    problems
}

/// Returns the problems of files for inclusion that no page includes.
fn not_shown(book: &Book) -> Vec<Problem> {
    let includes = |page: &Page| {
        let name = display_path(&page.path);
        directives(&page.text).into_iter().filter_map(move |directive| Some(short(&file(&name, &directive.taken?))))
    };
    let included: BTreeSet<PathBuf> = book.pages.iter().flat_map(includes).collect();
    let folders = SHOWN.map(|folder| Path::new(FOLDER).join(folder));
    let mut waiting: Vec<PathBuf> = folders.iter().flat_map(|folder| files(&book.workspace, folder)).collect();
    waiting.sort();
    waiting.retain(|file| !included.contains(file));
    waiting.into_iter().map(|file| Problem { file, line: None, kind: ProblemKind::NotShown }).collect()
}

/// Returns the files in a folder of the workspace and below it, relative to the workspace's root. None if the folder does not
/// exist.
fn files(workspace: &Path, folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(workspace.join(folder)).into_iter().flatten().flatten();
    let deep = |entry: fs::DirEntry| {
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() { files(workspace, &path) } else { vec![path] }
    };
    entries.flat_map(deep).collect()
}

/// Checks the directives of one file, whose name is relative to the workspace's root.
fn of_text(book: &Book, name: &Path, text: &str, depth: usize, problems: &mut Vec<Problem>) {
    for directive in directives(text) {
        let mut problem = |kind| problems.push(Problem { file: name.to_owned(), line: Some(directive.line), kind });
        let Some(taken) = &directive.taken else {
            if directive.word != "title" {
                problem(ProblemKind::UnknownDirective { word: directive.word });
            }
            continue;
        };
        let path = file(name, taken);
        let Ok(included) = fs::read_to_string(book.workspace.join(&path)) else {
            problem(ProblemKind::NoFile { path: taken.path.clone() });
            continue;
        };
        if let Some(kind) = missing(taken, &included) {
            problem(kind);
        } else if taken.part == Part::Whole && depth > 0 {
            // mdBook also follows the directives in included files.
            of_text(book, &short(&path), &included, depth - 1, problems);
        }
    }
}

/// Returns the problem of an included file that lacks the anchor or the lines.
fn missing(taken: &Taken, included: &str) -> Option<ProblemKind> {
    let path = taken.path.clone();
    match &taken.part {
        Part::Whole => None,
        Part::Anchor(anchor) => {
            let (begun, ended) = anchors(included);
            if !begun.contains(anchor) {
                Some(ProblemKind::NoAnchor { path, anchor: anchor.clone() })
            } else if !ended.contains(anchor) {
                Some(ProblemKind::NoAnchorEnd { path, anchor: anchor.clone() })
            } else {
                None
            }
        }
        Part::Lines(from, to) => {
            let has = included.lines().count();
            let fits = *from >= 1 && *from <= has && to.is_none_or(|to| *from <= to && to <= has);
            (!fits).then_some(ProblemKind::NoLines { path, from: *from, to: *to, has })
        }
    }
}
