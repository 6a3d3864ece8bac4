//! The problems of the book: as data, and, in one place, in words.

use std::{
    fmt::{self, Display},
    path::{Path, PathBuf},
};

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, from the workspace's root.
    pub file: PathBuf,
    /// The line, from 1, if it is known.
    pub line: Option<usize>,
    /// The kind of problem.
    pub kind: ProblemKind,
}

/// The kinds of problems.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what the sentences in `words` are made of")]
pub enum ProblemKind {
    /// An included file does not exist.
    NoFile { path: PathBuf },
    /// An included file has no such anchor.
    NoAnchor { path: PathBuf, anchor: String },
    /// An anchor has no end, so mdBook includes the rest of the file.
    NoAnchorEnd { path: PathBuf, anchor: String },
    /// An included file has no such lines.
    NoLines { path: PathBuf, from: usize, to: Option<usize>, has: usize },
    /// A file for inclusion that no page includes.
    NotShown,
    /// A directive that mdBook leaves in the page unchanged.
    UnknownDirective { word: String },
    /// A page in `SUMMARY.md` that does not exist.
    NoPage { page: PathBuf },
    /// A page that `SUMMARY.md` does not list.
    Unlisted,
    /// A warning of mdBook.
    Warned { text: String },
    /// Code that is indented, or in `<pre>`.
    NoFence,
    /// A fence without a language.
    NoLanguage,
    /// A fence with a language that the book does not use.
    UnknownLanguage { language: String },
    /// Rust, or a difference, that is typed into the page.
    TypedRust { text: String },
    /// A text that looks like Rust.
    RustAsText { text: String },
    /// A lesson without a chapter.
    NoChapter { lesson: String },
    /// A chapter without a lesson.
    NoLesson { chapter: String },
    /// A step without a heading.
    NoStep { step: String, lesson: String },
    /// A step's heading comes before that of a step before it.
    StepTooEarly { step: String, before: String },
    /// A step whose code is not shown.
    StepNotShown { step: String, lesson: String },
    /// A step whose task is not shown before its code.
    TaskNotShown { step: String },
    /// A listing of a chapter that gives its step away.
    NotFolded,
    /// An experiment that shows a conversation, without the command that shows it for the reader's own program.
    WireCommandMissing { command: String },
    /// A link to nowhere.
    DeadLink { link: String },
    /// A link to a place that its page does not have.
    DeadFragment { link: String },
    /// A link that works from one address only.
    AbsoluteLink { link: String },
    /// An image without a text for readers who don't see it.
    NoAlt { image: String },
    /// A drawing that is not marked as an image.
    NoRole { svg: String },
    /// A drawing without a title that it refers to.
    NoTitle { svg: String },
    /// A drawing with a short title and without a description.
    ShortTitle { svg: String, title: String },
    /// An id that is given more than once.
    IdTwice { id: String, count: usize },
    /// Output without a command.
    NoCommand,
    /// Output that is included under a typed command.
    MixedOutput,
    /// A recording of output that does not begin with its command.
    NoRecordedCommand { path: PathBuf },
    /// Output of a command that no test runs.
    NotRun { command: String },
    /// A program that is run in another way than in the rest of the book.
    RunOtherwise { command: String },
    /// A term that is used before it is explained.
    TooEarly { term: String, page: String },
    /// A term that no chapter explains.
    NotExplained { term: String },
    /// A term that is explained more than once.
    ExplainedTwice { term: String, first: String },
    /// A `<dfn>` that the glossary does not have.
    NotInGlossary { term: String },
    /// A term that the glossary has more than once.
    TwiceInGlossary { term: String },
}

impl Problem {
    /// Returns a problem in the source of a page, whose path is relative to the source folder.
    #[must_use]
    pub fn in_page(page: &Path, line: impl Into<Option<usize>>, kind: ProblemKind) -> Problem {
        Problem { file: crate::book::display_path(page), line: line.into(), kind }
    }

    /// Returns whether mdBook would fail, or would make a page with a hole in it.
    #[must_use]
    pub fn spoils_pages(&self) -> bool {
        matches!(
            self.kind,
            ProblemKind::NoFile { .. }
                | ProblemKind::NoAnchor { .. }
                | ProblemKind::NoAnchorEnd { .. }
                | ProblemKind::NoLines { .. }
                | ProblemKind::UnknownDirective { .. }
                | ProblemKind::NoPage { .. }
        )
    }
}

impl Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (message, hint) = words(&self.kind);
        // Paths have slashes on every system, as in Markdown.
        let file = self.file.to_string_lossy().replace('\\', "/");
        match self.line {
            Some(line) => write!(formatter, "error: {file}:{line}: {message}\nhint: {hint}"),
            None => write!(formatter, "error: {file}: {message}\nhint: {hint}"),
        }
    }
}

/// Returns the message and the hint for a problem.
#[expect(clippy::too_many_lines, reason = "one place for all sentences, so that they sound alike")]
fn words(kind: &ProblemKind) -> (String, String) {
    let (message, hint) = match kind {
        ProblemKind::NoFile { path } => (
            format!("{} is not there to be included", path.display()),
            "The path starts at the folder of the page that includes it",
        ),
        ProblemKind::NoAnchor { path, anchor } => (
            format!("{} has no anchor `{anchor}`", path.display()),
            "An anchor is a comment in the file: // ANCHOR: name",
        ),
        ProblemKind::NoAnchorEnd { path, anchor } => (
            format!("the anchor `{anchor}` in {} has no end", path.display()),
            "It ends at a comment in the file: // ANCHOR_END: name",
        ),
        ProblemKind::NoLines { path, from, to, has } => (
            format!(
                "{} has {has} lines, and lines {from} to {} are included",
                path.display(),
                to.map_or("the end".to_owned(), |to| to.to_string())
            ),
            "path:from:to counts from 1; an anchor stays right when the file grows",
        ),
        ProblemKind::NotShown => (
            "no page includes this file, so readers never see it".to_owned(),
            "Include it, or remove it and the test that writes it",
        ),
        ProblemKind::UnknownDirective { word } => (
            format!("mdBook knows no directive `#{word}` like this, and leaves it in the page as it stands"),
            "Directives are {{#include path}}, {{#include path:anchor}} and {{#title words}}; a \\ before it makes it text",
        ),
        ProblemKind::NoPage { page } => {
            (format!("{} is listed and not there", page.display()), "Write the page, or take the line out")
        }
        ProblemKind::Unlisted => (
            "no table of contents lists this page, so readers cannot find it".to_owned(),
            "Add a line to book/src/SUMMARY.md, or remove the file",
        ),
        ProblemKind::Warned { text } => {
            (format!("mdBook warns: {text}"), "What it warns about comes out wrong in the page")
        }
        ProblemKind::NoFence => (
            "code without a fence: its language is unknown".to_owned(),
            "Put it between ``` lines, the first with a language; text that is indented by accident moves to the left",
        ),
        ProblemKind::NoLanguage => (
            "a fence without a language".to_owned(),
            "Write the language after ```, such as console for commands, or text for anything else",
        ),
        ProblemKind::UnknownLanguage { language } => (
            format!("a fence with the language `{language}`, which this book does not use"),
            "crates/bookbuilder/src/rules/code.rs lists the languages",
        ),
        ProblemKind::TypedRust { text } => (
            format!("code is typed into the page: {text}"),
            "Include it from a file that is compiled and tested: {{#include ../../lessons/…/src/main.rs:anchor}}",
        ),
        ProblemKind::RustAsText { text } => (
            format!("this looks like Rust: {text}"),
            "Include Rust from a file that is compiled and tested, in a block with the language rust",
        ),
        ProblemKind::NoChapter { lesson } => (
            format!("the lesson has no chapter: book/src/SUMMARY.md lists no {lesson}.md"),
            "A chapter has the name of its lesson's folder",
        ),
        ProblemKind::NoLesson { chapter } => (
            format!("the chapter has no lesson: there is no folder lessons/{chapter}"),
            "A page whose name starts with a number belongs to the lesson with that folder; another needs another name",
        ),
        ProblemKind::NoStep { step, lesson } => (
            format!("the step `{step}` of lessons/{lesson}/lesson.toml has no heading here"),
            "Write the step's id behind the heading: ## Declare the queue {#declare}",
        ),
        ProblemKind::StepTooEarly { step, before } => (
            format!("the step `{step}` comes before `{before}`, and in lesson.toml after it"),
            "Chapter, lesson.toml and program tell the steps in one order",
        ),
        ProblemKind::StepNotShown { step, lesson } => (
            format!("the code of the step `{step}` of lessons/{lesson}/src/main.rs is not shown"),
            "Include its anchor: {{#include ../../lessons/…/src/main.rs:anchor}}",
        ),
        ProblemKind::TaskNotShown { step } => (
            format!("the task of the step `{step}` is not shown before its code"),
            "Include it below the heading, by the step's id: {{#include ../recorded/tasks-NN.md:step}}",
        ),
        ProblemKind::NotFolded => (
            "this listing gives its step away to readers who try first".to_owned(),
            "Put it behind a fold: <details class=\"hr-show\" open>, a <summary>, and </details>, on lines of their own",
        ),
        ProblemKind::WireCommandMissing { command } => (
            format!("this experiment shows the wire, and does not name `{command}`"),
            "Readers see the wire of a change with that command; where it shows another one, say why",
        ),
        ProblemKind::DeadLink { link } => {
            (format!("the link {link} leads nowhere"), "A link starts at the folder of its own page")
        }
        ProblemKind::DeadFragment { link } => (
            format!("the link {link} leads to a page that has no such place"),
            "A place is the id of a heading: ## Declare the queue {#declare}",
        ),
        ProblemKind::AbsoluteLink { link } => (
            format!("the link {link} works in one place only"),
            "Start it at the folder of its own page (../), so that the book can lie anywhere",
        ),
        ProblemKind::NoAlt { image } => (
            format!("the image {image} has no text for those who don't see it"),
            "Say what it shows: ![what it shows](image)",
        ),
        ProblemKind::NoRole { svg } => {
            (format!("the drawing {svg} does not say that it is an image"), "Write <svg role=\"img\" …>")
        }
        ProblemKind::NoTitle { svg } => (
            format!("the drawing {svg} has no title for those who don't see it"),
            "Write <svg aria-labelledby=\"ID\" …><title id=\"ID\">what it shows</title>",
        ),
        ProblemKind::ShortTitle { svg, title } => (
            format!("the drawing {svg} has the title \"{title}\", which is short, and no <desc>"),
            "Tell what it shows in a <desc id=\"ID\">, and name that in aria-labelledby, too",
        ),
        ProblemKind::IdTwice { id, count } => (
            format!("the id `{id}` is given {count} times in this page"),
            "Links and titles go to the first of them; give each its own",
        ),
        ProblemKind::NoCommand => (
            "this line of a console block is neither a command nor below one".to_owned(),
            "A command is a line that starts with \"$ \"; output alone is a text block",
        ),
        ProblemKind::MixedOutput => (
            "output is included under a command that is typed, so no test tells that it is this command's".to_owned(),
            "Include a file that begins with the command, or type all of it: then a test runs the command",
        ),
        ProblemKind::NoRecordedCommand { path } => (
            format!("{} does not begin with the command that it is the output of", path.display()),
            "Its first line is the command, as it is typed: $ cargo xtask …",
        ),
        ProblemKind::NotRun { command } => (
            format!("no test runs `{command}`, so what it prints may not be typed"),
            "Include what it prints from a file that a test compares; what is typed is run for cargo only",
        ),
        ProblemKind::RunOtherwise { command } => (
            format!("`{command}` is another way to run a program than the rest of the book has"),
            "A learner's own program: cargo run -q, in its folder; a lesson's own: cargo run -q -p NAME",
        ),
        ProblemKind::TooEarly { term, page } => (
            format!("\"{term}\" is used before {page} explains it"),
            "Use another word, make it a link to where it is explained, or explain it here with <dfn>",
        ),
        ProblemKind::NotExplained { term } => {
            (format!("no chapter explains \"{term}\""), "Mark where a chapter explains it: a <dfn>queue</dfn> is …")
        }
        ProblemKind::ExplainedTwice { term, first } => {
            (format!("\"{term}\" is explained twice, first in {first}"), "Take the <dfn> away from one of them")
        }
        ProblemKind::NotInGlossary { term } => (
            format!("\"{term}\" is explained here, and the glossary does not have it"),
            "Add it to book/src/glossary.md: the term on a line, then a line \": what it is\"",
        ),
        ProblemKind::TwiceInGlossary { term } => {
            (format!("the glossary has \"{term}\" twice"), "Make one entry of the two")
        }
    };
    (message, hint.to_owned())
}
