//! A report for a person. Words carry the verdict; colour only helps.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use recording::ProgramRun;
use wire::words;

use crate::verdict::{BrokerIdentity, Mistake, NotChecked, Outcome, Report, Step, Verdict};
use contracts::ending;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = AnsiColor::BrightBlack.on_default();

/// The indentation of a step's text.
const INDENT: &str = "           ";

/// The most lines of output that are repeated; the rest is in the JSON.
const LINES: usize = 12;

/// The most characters that are repeated of a line of output.
const LONGEST: usize = 200;

/// Most ids of steps are not longer than this.
const SHORT: usize = 7;

/// The layout of a report.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The terminal's width, in columns.
    pub width: usize,
    /// Set to print the conversation, too.
    pub wire: bool,
}

/// Returns the report as text, with colours. The printer removes the colours where they can't be shown.
#[must_use]
pub fn report(report: &Report, layout: Layout) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "lesson {} · {}", report.number, report.title);
    let _ = writeln!(text, "program    {}", words::harmless(&report.recording.program.name));
    if let Some(broker) = &report.recording.broker {
        let _ = writeln!(text, "judged by  {}", judge(broker));
    }
    text.push('\n');
    match &report.reason {
        Some(reason) => text.push_str(&not_checked(reason, layout)),
        None => {
            let longest = report.steps.iter().map(|step| step.id.len()).max().unwrap_or_default();
            for step in &report.steps {
                text.push_str(&self::step(step, longest.max(SHORT) + 2, layout));
            }
            for note in &report.notes {
                text.push('\n');
                text.push_str(&paragraph("note: ", &note.message, layout));
                if !note.read.is_empty() {
                    let _ = writeln!(text, "{INDENT}read: {}", note.read);
                }
            }
            if report.verdict == Verdict::Failed {
                text.push_str(&output(report));
            }
        }
    }
    if layout.wire {
        text.push_str(&wire(report));
    }
    let _ = write!(text, "\n{}\n", conclusion(report));
    text
}

/// Names the broker of a check, in words.
pub(crate) fn judge(broker: &BrokerIdentity) -> String {
    let whence = match broker.kind.as_str() {
        "amqp" => "at",
        "embedded" => "as",
        kind => kind,
    };
    format!("{} {} ({whence} {})", broker.product, broker.version, broker.detail)
}

fn step(step: &Step, column: usize, layout: Layout) -> String {
    match &step.outcome {
        Outcome::Passed(_) => format!("  {GOOD}passed{GOOD:#}   {:<column$}{}\n", step.id, step.title),
        Outcome::Failed(mistake) => {
            let mut text = format!("  {BAD}FAILED{BAD:#}   {:<column$}{}\n", step.id, step.title);
            text.push_str(&failed_step(mistake, &step.page, &step.read, layout));
            text
        }
        Outcome::Skipped(_) => format!("  {DIM}skipped{DIM:#}  {:<column$}{}\n", step.id, step.title),
        Outcome::NotChecked => format!("  not checked  {:<column$}{}\n", step.id, step.title),
    }
}

fn failed_step(mistake: &Mistake, page: &str, read: &str, layout: Layout) -> String {
    let mut text = String::from("\n");
    text.push_str(&paragraph("", &mistake.message, layout));
    if !mistake.evidence.is_empty() {
        text.push('\n');
        for line in mistake.evidence.lines() {
            let _ = writeln!(text, "{INDENT}  {}", start_of(line));
        }
        text.push('\n');
    }
    if !mistake.hint.is_empty() {
        text.push_str(&paragraph("hint: ", &mistake.hint, layout));
    }
    let _ = writeln!(text, "{INDENT}why:  cargo xtask explain {}", mistake.code);
    if page.is_empty() {
        let _ = writeln!(text, "{INDENT}read: {read}\n");
    } else {
        let _ = writeln!(text, "{INDENT}read: http://127.0.0.1:3000/{page}");
        let _ = writeln!(text, "{INDENT}      (while `cargo xtask book serve` runs), and");
        let _ = writeln!(text, "{INDENT}      {read}\n");
    }
    text
}

/// Returns options that break lines at blanks only: names and addresses stay whole.
pub(crate) fn lines_of<'a>(width: usize) -> textwrap::Options<'a> {
    textwrap::Options::new(width.max(40))
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

fn paragraph(label: &str, text: &str, layout: Layout) -> String {
    let later = format!("{INDENT}{}", " ".repeat(label.len()));
    let first = format!("{INDENT}{label}");
    let options = lines_of(layout.width).initial_indent(&first).subsequent_indent(&later);
    text.lines().map(|line| textwrap::fill(&words::harmless(line), &options) + "\n").collect()
}

/// Returns the output of the programs, which helps when a step failed.
fn output(report: &Report) -> String {
    let mut text = String::new();
    let primary = report.primary();
    let is_shown = |run: &&ProgramRun| report.shows_all || primary.is_some_and(|primary| primary.index == run.index);
    for run in report.runs().iter().filter(is_shown) {
        let role = &run.role;
        let is_one = role.is_empty() || !report.shows_all;
        let whose = if is_one { "the program's".to_owned() } else { format!("{role}'s") };
        for (name, lines) in [("stdout", run.stdout.lines()), ("stderr", ending::complaints(run))] {
            if lines.is_empty() {
                continue;
            }
            let _ = writeln!(text, "\n  {whose} {name}");
            let hidden = lines.len().saturating_sub(LINES);
            for line in &lines[..lines.len() - hidden] {
                let _ = writeln!(text, "  | {}", start_of(line));
            }
            if hidden > 0 {
                let _ = writeln!(text, "  … {hidden} more lines: --format json has them");
            }
        }
    }
    text
}

/// Returns the start of a line of output, without anything that a terminal would act on.
fn start_of(line: &str) -> String {
    let mut start = words::harmless(&line.chars().take(LONGEST).collect::<String>());
    if line.chars().count() > LONGEST {
        start.push_str(" …");
    }
    start
}

/// Returns the conversation of each program.
#[must_use]
pub fn wire(report: &Report) -> String {
    let mut text = String::new();
    for run in report.runs() {
        let role = &run.role;
        let whose = if role.is_empty() { String::new() } else { format!(" of {role}") };
        let _ = writeln!(text, "\n  the conversation{whose}");
        let lines = words::conversation(&run.events, true);
        if lines.is_empty() {
            text.push_str("  nothing was sent\n");
        }
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
        if run.events_cut {
            text.push_str("  … and more, which was not kept\n");
        }
    }
    text
}

fn not_checked(reason: &NotChecked, layout: Layout) -> String {
    let options = lines_of(layout.width).initial_indent("  ").subsequent_indent("  ");
    let mut text = String::new();
    for line in reason.message.lines() {
        let _ = writeln!(text, "{}", textwrap::fill(&words::harmless(line), &options));
    }
    text.push('\n');
    for hint in &reason.hints {
        let item = options.clone().initial_indent("  - ").subsequent_indent("    ");
        let _ = writeln!(text, "{}", textwrap::fill(hint, &item));
    }
    text
}

/// Returns the last line: the verdict.
#[must_use]
pub fn conclusion(report: &Report) -> String {
    // A build is not a step of the lesson.
    let count = report.steps.iter().filter(|step| step.id != "build").count();
    match report.verdict {
        Verdict::Passed => {
            format!("{GOOD}passed{GOOD:#}: all {count} steps of lesson {}, in {}", report.number, seconds(report))
        }
        Verdict::Failed => {
            let failed = report.steps.iter().position(|step| matches!(step.outcome, Outcome::Failed(_))).unwrap_or(0);
            let id = report.steps.get(failed).map_or("", |step| &step.id);
            let again = report
                .recording
                .seed
                .map(|seed| format!("; --seed {seed} sends the same messages again"))
                .unwrap_or_default();
            format!("{BAD}failed{BAD:#}: step {} of {count}, {id}{again}", failed + 1)
        }
        Verdict::NotChecked => "not checked: this says nothing about the program".to_owned(),
    }
}

fn seconds(report: &Report) -> String {
    format!("{:.1} s", report.recording.timing.total.as_secs_f64())
}
