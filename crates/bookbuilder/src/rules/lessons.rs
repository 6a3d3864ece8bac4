//! A lesson and its chapter have the same steps in the same order. The chapter shows each step's task, and then its code behind
//! a fold, for readers who try first. An experiment with a conversation names the command that shows it for the reader's
//! program.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    book::{Book, Page, display_path},
    includes::{Directive, Part, directives, file},
    markdown::{blocks, heading_ids},
    problem::{Problem, ProblemKind},
};

/// The line that opens a fold. hello-rabbit.js closes and remembers it; without scripts, it is open.
const FOLD: &str = "<details class=\"hr-show\" open>";

/// The parts of a `lesson.toml` that this rule needs.
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
                kind: ProblemKind::NoChapter { lesson: lesson.clone() },
            }),
        }
    }
    for page in &book.pages {
        let name = page.part();
        if is_numbered(&name) && !lessons.contains(&name) {
            problems.push(Problem::in_page(&page.path, None, ProblemKind::NoLesson { chapter: name }));
        }
    }
    problems
}

/// Returns the lessons' folders, by name.
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
    // The checker's tests report an invalid lesson.toml. Here, it has no steps.
    let steps = about.ok().and_then(|text| toml::from_str::<About>(&text).ok()).map_or(Vec::new(), |about| about.steps);
    let headings = heading_ids(&chapter.text);
    let shown_steps = shown_steps(book, &folder, chapter);
    let listings = listings(chapter);
    let included = directives(&chapter.text);
    let mut problems = Vec::new();
    let mut problem = |line: Option<usize>, kind| problems.push(Problem::in_page(&chapter.path, line, kind));
    let mut last: Option<(usize, &str)> = None;
    for Step { id } in &steps {
        let Some((line, _)) = headings.iter().find(|(_, heading)| heading == id) else {
            problem(None, ProblemKind::NoStep { step: id.clone(), lesson: lesson.to_owned() });
            continue;
        };
        if let Some((_, before)) = last.filter(|(before, _)| before > line) {
            problem(Some(*line), ProblemKind::StepTooEarly { step: id.clone(), before: before.to_owned() });
        } else {
            last = Some((*line, id));
        }
        if !shown_steps.contains(id) {
            problem(Some(*line), ProblemKind::StepNotShown { step: id.clone(), lesson: lesson.to_owned() });
        }
        let listing = listings.iter().find(|listing| *listing > line).copied().unwrap_or(usize::MAX);
        if !included
            .iter()
            .any(|directive| (line..&listing).contains(&&directive.line) && is_task(directive, lesson, id))
        {
            problem(Some(*line), ProblemKind::TaskNotShown { step: id.clone() });
        }
    }
    for (line, experiment) in experiments(&chapter.text) {
        let command = format!("cargo xtask check lesson {} --wire", number(lesson));
        if shows_the_wire(&experiment) && !experiment.contains(&command) {
            problem(Some(line), ProblemKind::WireCommandMissing { command });
        }
    }
    let folds = folds(&chapter.text);
    for listing in listings.into_iter().filter(|listing| !folds.iter().any(|fold| fold.contains(listing))) {
        problem(Some(listing), ProblemKind::NotFolded);
    }
    problems
}

/// Returns the lines of the chapter's Rust listings.
fn listings(chapter: &Page) -> Vec<usize> {
    let rust = blocks(&chapter.text).into_iter().filter(|block| block.language.as_deref() == Some("rust"));
    rust.map(|block| block.line).collect()
}

/// Returns the parts of the section `break`, each with the line of its heading.
fn experiments(text: &str) -> Vec<(usize, String)> {
    let lines = (1..).zip(text.lines()).skip_while(|(_, line)| !line.ends_with("{#break}")).skip(1);
    let mut parts: Vec<(usize, String)> = Vec::new();
    for (number, line) in lines.take_while(|(_, line)| !line.starts_with("## ")) {
        match parts.last_mut() {
            _ if line.starts_with("### ") => parts.push((number, String::new())),
            Some((_, part)) => *part += &format!("{line}\n"),
            None => {}
        }
    }
    parts
}

fn shows_the_wire(text: &str) -> bool {
    let mut taken = directives(text).into_iter().filter_map(|directive| directive.taken);
    taken.any(|taken| [".wire.txt", ".svg"].iter().any(|ending| taken.path.to_string_lossy().ends_with(ending)))
}

/// Returns the lines of each fold, from 1.
fn folds(text: &str) -> Vec<Range<usize>> {
    let (mut folds, mut open) = (Vec::new(), None);
    for (number, line) in (1..).zip(text.lines()) {
        match line {
            FOLD => open = Some(number),
            "</details>" => folds.extend(open.take().map(|begin| begin..number)),
            _ => {}
        }
    }
    folds
}

/// Returns the name of the file with a lesson's tasks, by the steps' ids. A test of the checker writes it from lesson.toml.
fn tasks(lesson: &str) -> String {
    format!("tasks-{}.md", number(lesson))
}

/// Returns the number at the beginning of a lesson's name.
fn number(lesson: &str) -> &str {
    lesson.split('-').next().unwrap_or_default()
}

fn is_task(directive: &Directive, lesson: &str, step: &str) -> bool {
    let is_of = |part: &Part| matches!(part, Part::Anchor(name) if name == step);
    directive.taken.as_ref().is_some_and(|taken| taken.path.ends_with(tasks(lesson)) && is_of(&taken.part))
}

/// Returns the anchors of the lesson's program that the chapter includes.
fn shown_steps(book: &Book, folder: &Path, chapter: &Page) -> Vec<String> {
    let program = book.workspace.join(folder).join("src/main.rs").canonicalize().unwrap_or_default();
    let place = |path: PathBuf| book.workspace.join(path).canonicalize().ok();
    let taken = directives(&chapter.text).into_iter().filter_map(|directive| directive.taken);
    taken
        .filter(|taken| place(file(&display_path(&chapter.path), taken)).as_ref() == Some(&program))
        .filter_map(|taken| match taken.part {
            Part::Anchor(name) => Some(name),
            _ => None,
        })
        .collect()
}
