//! A lesson and its chapter tell the same steps in the same order, and the chapter shows each step's code.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    book::{Book, Page, shown},
    includes::{Part, directives, file},
    markdown::heading_ids,
    problem::{Kind, Problem},
};

/// What this rule needs of a `lesson.toml`.
#[derive(Deserialize)]
struct About {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    id: String,
}

pub fn check(book: &Book) -> Vec<Problem> {
    let lessons = lessons(book);
    let mut problems = Vec::new();
    for lesson in &lessons {
        match book.pages.iter().find(|page| page.path == Path::new(&format!("{lesson}.md"))) {
            Some(chapter) => problems.extend(of_chapter(book, lesson, chapter)),
            None => problems.push(Problem {
                file: Path::new("lessons").join(lesson),
                line: None,
                kind: Kind::NoChapter { lesson: lesson.clone() },
            }),
        }
    }
    for page in &book.pages {
        let name = page.part();
        if is_numbered(&name) && !lessons.contains(&name) {
            problems.push(Problem::in_page(&page.path, None, Kind::NoLesson { chapter: name }));
        }
    }
    problems
}

/// The lessons' folders, by name.
fn lessons(book: &Book) -> Vec<String> {
    let Ok(entries) = fs::read_dir(book.workspace.join("lessons")) else { return Vec::new() };
    let names = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| is_numbered(name));
    names.sort();
    names
}

fn is_numbered(name: &str) -> bool {
    name.split_once('-')
        .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn of_chapter(book: &Book, lesson: &str, chapter: &Page) -> Vec<Problem> {
    let folder = Path::new("lessons").join(lesson);
    let about = fs::read_to_string(book.workspace.join(&folder).join("lesson.toml"));
    // What is wrong with a lesson.toml is told by the checker's tests, and here by steps that are none.
    let steps = about.ok().and_then(|text| toml::from_str::<About>(&text).ok()).map_or(Vec::new(), |about| about.steps);
    let headings = heading_ids(&chapter.text);
    let shown_steps = shown_steps(book, &folder, chapter);
    let mut problems = Vec::new();
    let mut problem = |line: Option<usize>, kind| problems.push(Problem::in_page(&chapter.path, line, kind));
    let mut last: Option<(usize, &str)> = None;
    for Step { id } in &steps {
        let Some((line, _)) = headings.iter().find(|(_, heading)| heading == id) else {
            problem(None, Kind::NoStep { step: id.clone(), lesson: lesson.to_owned() });
            continue;
        };
        if let Some((_, before)) = last.filter(|(before, _)| before > line) {
            problem(Some(*line), Kind::StepTooEarly { step: id.clone(), before: before.to_owned() });
        } else {
            last = Some((*line, id));
        }
        if !shown_steps.contains(id) {
            problem(Some(*line), Kind::StepNotShown { step: id.clone(), lesson: lesson.to_owned() });
        }
    }
    problems
}

/// The anchors of the lesson's program that the chapter includes.
fn shown_steps(book: &Book, folder: &Path, chapter: &Page) -> Vec<String> {
    let program = book.workspace.join(folder).join("src/main.rs").canonicalize().unwrap_or_default();
    let place = |path: PathBuf| book.workspace.join(path).canonicalize().ok();
    let taken = directives(&chapter.text).into_iter().filter_map(|directive| directive.taken);
    taken
        .filter(|taken| place(file(&shown(&chapter.path), taken)).as_ref() == Some(&program))
        .filter_map(|taken| match taken.part {
            Part::Anchor(name) => Some(name),
            _ => None,
        })
        .collect()
}
