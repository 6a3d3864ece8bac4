//! `cargo xtask grade`: grades a class.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{BrokerChoice, CommandLine, command_line};

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
#[command(after_help = GRADE_EXIT_CODES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct GradeArgs {
    /// A command that grades nothing now.
    #[command(subcommand)]
    pub what: Option<GradeWhat>,
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
    /// embedded, docker, local, or the address of a running RabbitMQ (amqp://administrator:password@host:port)
    #[arg(long, value_name = "BROKER", default_value = "embedded", value_parser = broker)]
    pub broker: BrokerChoice,
    /// The image for --broker docker
    // Help is the same on every machine, so it leaves out the variable's value.
    #[arg(long, value_name = "IMAGE", env = "HELLO_RABBIT_IMAGE", hide_env_values = true)]
    pub image: Option<String>,
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
    /// The sandbox; auto takes bubblewrap, or else Docker
    #[arg(long, value_name = "KIND", value_enum, default_value = "auto", conflicts_with = "unsafe_no_sandbox")]
    pub sandbox: SandboxChoice,
    /// Run submissions without a sandbox, as your own user: only on a machine that has nothing to lose
    #[arg(long, conflicts_with = "self_test")]
    pub unsafe_no_sandbox: bool,
}

/// The kinds of sandbox that can be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SandboxChoice {
    /// The best at hand.
    #[default]
    Auto,
    /// Bubblewrap.
    Bwrap,
    /// A container of Docker for each program.
    Docker,
}

/// Commands beside grading.
#[derive(Clone, Debug, Subcommand)]
pub enum GradeWhat {
    /// Write the file that grades on a platform; to grade a folder named package, type ./package
    Package(PackageArgs),
}

/// The exit codes of `grade package`.
const PACKAGE_EXIT_CODES: &str = "Exit codes: 0 written · 2 usage · 3 not written";

/// `grade package gradescope --lesson 01`.
#[derive(Args, Clone, Debug)]
#[command(after_help = PACKAGE_EXIT_CODES)]
pub struct PackageArgs {
    /// The platform
    #[arg(value_enum, value_name = "PLATFORM")]
    pub platform: Platform,
    /// The lesson, or several with commas between them: 01,02
    #[arg(long, value_name = "LESSON", value_delimiter = ',', required = true)]
    pub lesson: Vec<String>,
    /// The file to write; the default is PLATFORM-LESSON.zip
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The points of the steps, as TOML
    #[arg(long, value_name = "FILE")]
    pub rubric: Option<PathBuf>,
    /// The class's seed; the default is computed from what is packed
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The time limit of one run of a program, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
}

/// A platform that grades with a packaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Platform {
    /// An autograder for Gradescope, as a zip
    Gradescope,
}

/// Reads `--broker`. Grades must not depend on what a machine happens to have, so there is no `auto`.
fn broker(text: &str) -> Result<BrokerChoice, String> {
    match crate::broker(text) {
        Ok(BrokerChoice::Auto) | Err(_) if !text.starts_with("amqps://") => {
            Err("expected embedded, docker, local or an amqp:// address".to_owned())
        }
        other => other,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<GradeArgs, clap::Error> {
        GradeCli::try_parse_from(line.split(' ')).map(|cli| cli.grade)
    }

    #[test]
    fn a_package_is_a_command_and_a_class_is_none() {
        let package = |line: &str| match parsed(line).unwrap().what {
            Some(GradeWhat::Package(package)) => (package.lesson, package.out, package.seed),
            None => panic!("{line} grades"),
        };
        let lessons = vec!["01".to_owned(), "02".to_owned()];
        let line = "x package gradescope --lesson 01,02 --out a.zip --seed 7";
        assert_eq!(package(line), (lessons, Some("a.zip".into()), Some(7)));
        assert_eq!(package("x package gradescope --lesson 01"), (vec!["01".to_owned()], None, None));
        // A folder may have the command's name.
        for line in ["x ./package --lesson 01", "x --lesson 01 package", "x week1.zip --lesson 01", "x --self-test"] {
            assert!(parsed(line).unwrap().what.is_none(), "{line}");
        }
        for wrong in [
            "x package",
            "x package --lesson 01",
            "x package gradescope",
            "x package canvas --lesson 01",
            "x package gradescope --lesson 01 --report all",
            "x week1.zip package gradescope --lesson 01",
            "x week1.zip",
            "x --lesson 01",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong} was taken");
        }
    }
}
