//! `cargo xtask grade`: grades a class.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use crate::{CommandLine, command_line};

/// Grade a class.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask grade", bin_name = "cargo xtask grade", disable_help_subcommand = true)]
pub struct GradeCli {
    /// The arguments.
    #[command(flatten)]
    pub grade: GradeArgs,
}

/// The exit codes of `grade`.
const GRADE_EXIT_CODES: &str =
    "Exit codes: 0 graded · 1 the self-test failed · 2 usage · 3 some were not checked · 130 interrupted";

/// The arguments of `grade`.
#[derive(Args, Clone, Debug)]
#[command(after_help = GRADE_EXIT_CODES)]
pub struct GradeArgs {
    /// The folder or zip with the submissions
    #[arg(value_name = "DIR|ZIP", required_unless_present = "self_test")]
    pub class: Option<PathBuf>,
    /// The lesson, or several with commas between them: 01,02
    #[arg(long, value_name = "LESSON", value_delimiter = ',', required_unless_present = "self_test")]
    pub lesson: Vec<String>,
    /// The layout of the submissions
    #[arg(long, value_enum, default_value_t = LayoutChoice::Auto)]
    pub layout: LayoutChoice,
    /// Read the student from each entry's name, by groups named `name`, `id`, `login` or `file`
    #[arg(long = "match", value_name = "REGEX")]
    pub pattern: Option<String>,
    /// A CSV file with all students, to find those without a submission
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// Run submissions of one file like this one: 'python3 send.py' runs each student's .py file
    #[arg(long, value_name = "COMMAND", value_parser = command_line)]
    pub program: Vec<CommandLine>,
    /// A folder that submissions may read, such as a library for --program
    #[arg(long, value_name = "DIR")]
    pub readable: Vec<PathBuf>,
    /// The folder of the journal and of the reports; the default is DIR-grades
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The points of the steps and of late days, as TOML
    #[arg(long, value_name = "FILE")]
    pub rubric: Option<PathBuf>,
    /// Scores that replace the computed ones, as TOML; the default is overrides.toml in the journal
    #[arg(long, value_name = "FILE")]
    pub overrides: Option<PathBuf>,
    /// The last day (2026-11-30) or minute (2026-11-30T18:00) in UTC; later submissions are late
    #[arg(long, value_name = "DATE")]
    pub due: Option<String>,
    /// The class's seed; the default is that of the journal, else a random one
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The time limit of one run of a program, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
    /// The number of submissions that are checked at the same time; the default is twice the number of cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Write a report, with its file or folder after `=`; `all` writes every report that needs no other file
    #[arg(long, value_name = "KIND[=FILE]")]
    pub report: Vec<String>,
    /// The gradebook that canvas or moodle exported, to be filled by their reports
    #[arg(long, value_name = "FILE")]
    pub gradebook: Option<PathBuf>,
    /// The exact title of the column to fill in the gradebook
    #[arg(long, value_name = "TITLE", requires = "gradebook")]
    pub column: Option<String>,
    /// Judge the recordings of the journal again, and run no program
    #[arg(long, conflicts_with_all = ["rerun", "self_test"])]
    pub regrade: bool,
    /// Check this student's submission again: a number, a login, or a name of the table
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub rerun: Vec<String>,
    /// Test the sandbox with hostile programs, and grade nothing
    #[arg(long)]
    pub self_test: bool,
    /// With --self-test: only the hostile programs with these names
    #[arg(long, value_name = "NAME", value_delimiter = ',', hide = true, requires = "self_test")]
    pub hostile: Vec<String>,
    /// Run submissions without a sandbox, as your own user: only on a machine that has nothing to lose
    #[arg(long, conflicts_with = "self_test")]
    pub unsafe_no_sandbox: bool,
}

/// A layout, or the choice of one by the entries' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayoutChoice {
    /// The one that fits the entries' names
    Auto,
    /// A folder, archive or file for each student
    Plain,
    /// Moodle's download of all submissions
    Moodle,
    /// Canvas's download of all submissions
    Canvas,
    /// Repositories that gh classroom cloned
    Github,
    /// Repositories of Classroom 50
    Classroom50,
}
