//! Reports: views of [`Grades`], for people and for the programs of schools.
//!
//! | module | report |
//! |---|---|
//! | [`mod@table`] | the table on the terminal |
//! | [`json`] | `hello-rabbit/grade/v1`, which `schema/grade-v1.schema.json` describes |
//! | [`class_page`], [`student_page`], [`student_text`] | pages for teachers, and pages and texts for students |
//! | [`list`] | a CSV file |
//! | [`junit`], [`gradescope`], [`classroom50`], [`github`] | files that platforms read |
//! | [`canvas`], [`moodle`] | gradebooks that a teacher has exported, with the grades filled in |
//!
//! Names, outputs and paths come from students. Each of them passes [`plain::plain`] or [`plain::plain_lines`], and then the
//! escaping of its format. Only the JSON report and `extra_data` keep such text exactly, in ASCII escapes.

pub mod canvas;
pub mod class_page;
pub mod classroom50;
pub mod files;
pub mod github;
pub mod gradebook;
pub mod gradescope;
pub mod html;
pub mod json;
pub mod junit;
pub mod list;
pub mod markdown;
pub mod moodle;
pub mod plain;
pub mod spans;
pub mod student_page;
pub mod student_text;
pub mod table;
#[cfg(test)]
mod tests;
pub mod view;

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::grade::Grades;
use classroom50::Classroom50;
use files::Output;

pub use table::table;

/// The kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One JSON file with everything.
    Json,
    /// One page about the class. It links to `students/KEY.html`, which [`Kind::Students`] writes.
    Html,
    /// A folder with a page and a Markdown file for each student.
    Students,
    /// A CSV file with a line for each submission and lesson.
    Csv,
    /// A JUnit file with a suite for each lesson.
    Junit,
    /// Gradescope's `results.json`, or a folder with one for each student.
    Gradescope,
    /// Classroom 50's `result.json` and `release-body.md`, or a folder with them for each student.
    Classroom50,
    /// A folder with `summary.md` and `annotations.txt` for GitHub Actions.
    Github,
    /// A copy of a gradebook that Canvas has exported, with the scores filled in.
    Canvas,
    /// A copy of a grading worksheet that Moodle has exported, with grades and comments filled in.
    Moodle,
}

impl Kind {
    /// All kinds, with their names.
    pub const ALL: [(Kind, &'static str); 10] = [
        (Kind::Json, "json"),
        (Kind::Html, "html"),
        (Kind::Students, "students"),
        (Kind::Csv, "csv"),
        (Kind::Junit, "junit"),
        (Kind::Gradescope, "gradescope"),
        (Kind::Classroom50, "classroom50"),
        (Kind::Github, "github"),
        (Kind::Canvas, "canvas"),
        (Kind::Moodle, "moodle"),
    ];
}

impl FromStr for Kind {
    type Err = ReportError;

    fn from_str(name: &str) -> Result<Kind, ReportError> {
        let found = Kind::ALL.into_iter().find(|(_, known)| *known == name);
        found.map(|(kind, _)| kind).ok_or_else(|| ReportError::Kind(name.to_owned()))
    }
}

/// The reasons why a report can't be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no report of this name.
    #[error(
        "there is no report {0:?}; the reports are json, html, students, csv, junit, gradescope, classroom50, github, canvas and moodle"
    )]
    Kind(String),
    /// A file could not be read.
    #[error("{} can't be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("{} can't be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A submission's key is no file name.
    #[error(
        "{0:?} is no key of a submission: a key has letters, digits and dashes, and begins with a letter or a digit"
    )]
    Key(String),
    /// The report needs a file that the platform has exported.
    #[error("a report for {0} needs the file that {0} has exported: the grades are filled in there")]
    NoGradebook(&'static str),
    /// The exported file is not as expected.
    #[error("{}:{line}: {problem}", path.display())]
    Gradebook {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The expected and the found content, as a sentence without a full stop.
        problem: String,
    },
    /// The highest scores differ.
    #[error(
        "{}:{line}: the column {column:?} has {gradebook} points, but lesson {lesson} has {ours}; \
         change the assignment's points to {ours}, then export the file again", path.display()
    )]
    Points {
        /// The file.
        path: PathBuf,
        /// The line with the points.
        line: usize,
        /// The title of the column.
        column: String,
        /// The points in the file.
        gradebook: String,
        /// The lesson's id.
        lesson: String,
        /// The lesson's points.
        ours: u32,
    },
    /// The report is about one lesson, and the grades are not.
    #[error("a report for {platform} is about one lesson, and these grades are about {found}; select one of them")]
    Lessons {
        /// The platform.
        platform: &'static str,
        /// The ids of the lessons.
        found: String,
    },
    /// The selected lesson is not among the grades.
    #[error("lesson {wanted:?} was not graded; these were: {found}")]
    NoLesson {
        /// The selected lesson.
        wanted: String,
        /// The ids of the lessons.
        found: String,
    },
    /// Classroom 50's runner has to set environment variables.
    #[error("a result for Classroom 50 needs the environment variables of its runner; not set: {0}")]
    Environment(String),
    /// A file's content could not be made.
    #[error("the {format} report can't be made: {problem}")]
    Format {
        /// The format.
        format: &'static str,
        /// The problem.
        problem: String,
    },
}

/// The files of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files, in the order in which they were written.
    pub files: Vec<PathBuf>,
    /// The entries that the report leaves out or leaves as they were, a sentence each, with the reason.
    pub skipped: Vec<String>,
}

/// Choices for some reports.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// The exported file, for Canvas and Moodle.
    pub gradebook: Option<&'a Path>,
    /// The exact title of the column to fill, with or without Canvas's number at its end.
    pub column: Option<&'a str>,
    /// The id or number of the only lesson to report.
    pub lesson: Option<&'a str>,
    /// The data of Classroom 50's runner. Without them they are read from the environment.
    pub classroom50: Option<Classroom50>,
}

/// Writes a report. Each file is written under a temporary name in its folder, then renamed.
///
/// `to` is a folder for [`Kind::Students`] and [`Kind::Github`], and a file for the others. In an existing folder, or with a
/// slash at the end of `to`, the file gets its usual name. With several students, the files for Gradescope and Classroom 50
/// are in `to/KEY/`.
pub fn write(kind: Kind, grades: &Grades, to: &Path, gradebook: Option<&Path>) -> Result<Written, ReportError> {
    write_with(kind, grades, to, &Options { gradebook, ..Options::default() })
}

/// Writes a report, as [`write()`] does, with choices.
pub fn write_with(kind: Kind, grades: &Grades, to: &Path, options: &Options) -> Result<Written, ReportError> {
    let selected;
    let grades = match options.lesson {
        Some(lesson) => {
            selected = view::only(grades, lesson)?;
            &selected
        }
        None => grades,
    };
    for grade in &grades.grades {
        files::check_key(&grade.key)?;
    }
    let mut output = Output::default();
    match kind {
        Kind::Json => output.write(&files::file_at(to, "grades.json"), json::report(grades)?.as_bytes())?,
        Kind::Html => output.write(&files::file_at(to, "class.html"), class_page::page(grades).as_bytes())?,
        Kind::Csv => output.write(&files::file_at(to, "grades.csv"), &list::csv(grades)?)?,
        Kind::Junit => output.write(&files::file_at(to, "junit.xml"), junit::report(grades)?.as_bytes())?,
        Kind::Students => {
            for student in view::by_key(grades) {
                let (page, text) = (student_page::page(grades, &student), student_text::text(grades, &student));
                output.write(&to.join(format!("{}.html", student.key)), page.as_bytes())?;
                output.write(&to.join(format!("{}.md", student.key)), text.as_bytes())?;
            }
        }
        Kind::Github => {
            output.write(&to.join("summary.md"), github::summary(grades).as_bytes())?;
            output.write(&to.join("annotations.txt"), github::annotations(grades).as_bytes())?;
        }
        Kind::Gradescope => gradescope::write(grades, to, &mut output)?,
        Kind::Classroom50 => {
            let about = match &options.classroom50 {
                Some(about) => about.clone(),
                None => Classroom50::from_env(|name| std::env::var(name).ok())?,
            };
            classroom50::write(grades, &about, to, &mut output)?;
        }
        Kind::Canvas => {
            let path = options.gradebook.ok_or(ReportError::NoGradebook("Canvas"))?;
            let filled = canvas::fill(path, &files::read(path)?, grades, options.column)?;
            output.write(&files::file_at(to, "canvas.csv"), &filled.bytes)?;
            output.written.skipped.extend(filled.skipped);
        }
        Kind::Moodle => {
            let path = options.gradebook.ok_or(ReportError::NoGradebook("Moodle"))?;
            let filled = moodle::fill(path, &files::read(path)?, grades, options.column)?;
            output.write(&files::file_at(to, "moodle.csv"), &filled.bytes)?;
            output.written.skipped.extend(filled.skipped);
        }
    }
    Ok(output.written)
}
