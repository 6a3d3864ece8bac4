//! The reports that were asked for: `--report KIND[=FILE]`.

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
};

use cli::GradeArgs;

use crate::{
    grade::{Grades, LessonAbout},
    report::{self, Kind, Options},
};

/// The width of the table where there is no terminal.
const COLUMNS: usize = 100;

/// The reports to write. The table goes to stdout in any case.
#[derive(Debug)]
pub struct Reports {
    files: Vec<(Kind, Option<PathBuf>)>,
    gradebook: Option<PathBuf>,
    column: Option<String>,
}

impl Reports {
    /// Reads the flags.
    ///
    /// # Errors
    ///
    /// A sentence that names the wrong value and what was expected.
    pub fn parse(args: &GradeArgs) -> Result<Reports, String> {
        let mut files = Vec::new();
        for asked in &args.report {
            let (name, file) = match asked.split_once('=') {
                Some((name, file)) => (name, Some(PathBuf::from(file))),
                None => (asked.as_str(), None),
            };
            if name == "all" {
                files.extend(Kind::ALL.iter().filter(|(kind, _)| needs_nothing(*kind)).map(|(kind, _)| (*kind, None)));
                continue;
            }
            let kind: Kind = name
                .parse()
                .map_err(|error| format!("--report {asked}: {error}; `all` writes all that need no other file"))?;
            if matches!(kind, Kind::Canvas | Kind::Moodle) && args.gradebook.is_none() {
                return Err(format!("--report {asked} needs --gradebook FILE, the file that {name} has exported"));
            }
            files.push((kind, file));
        }
        Ok(Reports { files, gradebook: args.gradebook.clone(), column: args.column.clone() })
    }

    /// Tests the reports before anything is graded: reads the gradebook, and the environment of a platform.
    ///
    /// # Errors
    ///
    /// What is wrong with a file, or missing.
    pub fn test(&self, lessons: &[LessonAbout]) -> Result<(), String> {
        let grades = Grades { lessons: lessons.to_vec(), ..Grades::default() };
        let folder = tempfile::tempdir().map_err(|error| format!("there is no folder for temporary files: {error}"))?;
        for (kind, file) in &self.files {
            if file.as_deref().is_some_and(|file| file.as_os_str().is_empty()) {
                return Err("--report KIND= names no file".to_owned());
            }
            let to = folder.path().join(default_name(*kind));
            report::write_with(*kind, &grades, &to, &self.options()).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn options(&self) -> Options<'_> {
        Options { gradebook: self.gradebook.as_deref(), column: self.column.as_deref(), ..Options::default() }
    }

    /// Prints the table, and writes the reports; those without a name of their own into the journal's folder.
    ///
    /// # Errors
    ///
    /// When a file can't be written, or a gradebook is wrong.
    pub fn write(&self, grades: &Grades, out: &Path) -> Result<(), String> {
        let printed = io::stdout().lock().write_all(report::table(grades, width()).as_bytes());
        // Whoever reads only the first lines is served, and the reports are written all the same.
        if let Err(error) = printed
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return Err(format!("the table could not be written to stdout: {error}"));
        }
        let options = self.options();
        for (kind, file) in &self.files {
            let name = Kind::ALL.iter().find(|(other, _)| other == kind).map_or("", |(_, name)| name);
            let to = file.clone().unwrap_or_else(|| out.join(default_name(*kind)));
            let written = report::write_with(*kind, grades, &to, &options).map_err(|error| error.to_string())?;
            eprintln!("{name}: {}", to.display());
            written.skipped.iter().for_each(|skipped| eprintln!("  {skipped}"));
        }
        Ok(())
    }
}

/// Returns whether a report needs no other file and no platform around it.
fn needs_nothing(kind: Kind) -> bool {
    match kind {
        Kind::Canvas | Kind::Moodle => false,
        Kind::Classroom50 => env::var_os("CLASSROOM").is_some(),
        _ => true,
    }
}

/// Returns the name of a report in the journal's folder.
fn default_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Json => "grades.json",
        Kind::Html => "class.html",
        Kind::Students => "students",
        Kind::Csv => "grades.csv",
        Kind::Junit => "junit.xml",
        Kind::Gradescope => "gradescope",
        Kind::Classroom50 => "classroom50",
        Kind::Github => "github",
        Kind::Canvas => "canvas.csv",
        Kind::Moodle => "moodle.csv",
    }
}

/// Returns the width for the table: that of the terminal, or what `COLUMNS` says.
fn width() -> usize {
    let terminal = || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let named = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    named.or_else(terminal).filter(|width| *width > 0).unwrap_or(COLUMNS)
}
