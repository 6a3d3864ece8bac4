//! A conversation as text; after a failed check, beside that of the lesson's own program.

use recording::ProgramRun;
use std::fmt::Write;

use textwrap::core::display_width;
use wire::{Event, words};

use super::{
    Conversation,
    compare::{self, Comparison, Line, Row},
};
use crate::{lessons::Lesson, report::text::lines_of, verdict::Report};

/// The smallest width with room for two columns.
const WIDE: usize = 100;

/// The most consecutive lines from only one side; the rest is left out.
const ALIKE: usize = 12;

const MORE: &str = "  … and more, which was not kept\n";

const EXPECTED: &str = "the lesson's own program, on the embedded broker";

/// The layout of the text.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The number of columns.
    pub width: usize,
    /// Set to print the reason under each line.
    pub explain: bool,
}

/// Returns the conversation as text. `expected` is that of the lesson's own program, for a check that failed.
#[must_use]
pub fn text(lesson: &Lesson, conversation: &Conversation, expected: Option<&[Event]>, layout: Layout) -> String {
    let layout = Layout { width: layout.width.max(40), ..layout };
    let mut text = format!("lesson {} · {}\n", lesson.number, lesson.about.title);
    let _ = writeln!(text, "program    {}", conversation.program);
    if !conversation.judged_by.is_empty() {
        let _ = writeln!(text, "judged by  {}", conversation.judged_by);
    }
    if conversation.programs > 1 {
        text.push_str(&paragraph("shown      ", &shown_program(conversation), layout.width));
    }
    text.push_str(&paragraph("checked    ", &checked(conversation, &conversation.age()), layout.width));
    let verdict = match &conversation.failed {
        None => "passed".to_owned(),
        Some(failed) => format!("FAILED at {}: {}", failed.step, failed.message.lines().next().unwrap_or_default()),
    };
    text.push_str(&paragraph("verdict    ", &verdict, layout.width));
    match expected {
        Some(expected) => {
            let comparison = compare::compare(expected, &conversation.events, &conversation.passed);
            text.push('\n');
            if layout.width >= WIDE {
                text.push_str(&beside(&comparison, &conversation.whose(), layout));
            } else {
                text.push_str(&below(&comparison, &conversation.whose(), layout));
            }
            text.push_str(&cut(conversation));
            text.push_str(&legend(&comparison, layout));
        }
        None if conversation.failed.as_ref().is_some_and(|failed| failed.step == "build") => {
            text.push_str("\n  The program did not compile, so it was not run.\n");
            let _ = writeln!(text, "  See the errors: cargo xtask check lesson {}", lesson.number);
        }
        None => {
            let whose = if conversation.programs > 1 { format!(" of {}", conversation.role) } else { String::new() };
            let _ = writeln!(text, "\n  the conversation{whose}");
            text.push_str(&alone(&conversation.events, layout));
            text.push_str(&cut(conversation));
        }
    }
    text
}

/// Names the program that is shown, and the command that shows all.
fn shown_program(conversation: &Conversation) -> String {
    let Conversation { role, programs, again, .. } = conversation;
    format!("{role}, one of {programs}\nall of them: {again} --wire")
}

/// Describes the age of the check, and whether the program has changed since then.
fn checked(conversation: &Conversation, age: &str) -> String {
    if conversation.is_stale() {
        format!("{age}; your program has changed since then\ncheck it again: {}", conversation.again)
    } else {
        age.to_owned()
    }
}

/// Returns the conversations of all programs of a check, at this width.
#[must_use]
pub fn of_programs(report: &Report, width: usize) -> String {
    let layout = Layout { width: width.max(40), explain: false };
    let of = |run: &ProgramRun| {
        let role = &run.role;
        let whose = if role.is_empty() { String::new() } else { format!(" of {role}") };
        let cut = if run.events_cut { MORE } else { "" };
        format!("  the conversation{whose}\n{}{cut}", alone(&run.events, layout))
    };
    report.runs().iter().map(of).collect::<Vec<_>>().join("\n")
}

/// Returns one conversation, with its times.
fn alone(events: &[Event], layout: Layout) -> String {
    if events.is_empty() {
        return "  nothing was sent\n".to_owned();
    }
    let mut text = String::new();
    for (timed, line) in words::conversation(events, true).into_iter().zip(compare::lines(events)) {
        let first = format!("  {}", timed.strip_suffix(&line.parts.join("  ")).unwrap_or_default());
        text.push_str(&said(&first, &line, layout.width));
        if layout.explain {
            text.push_str(&why(&line, display_width(&first) - display_width(&line.who), layout.width));
        }
    }
    text
}

/// Returns the reason for a line, to be printed below it. `begins` is the column at which the line itself begins.
fn why(line: &Line, begins: usize, width: usize) -> String {
    let indent = begins + display_width(&line.who);
    hanging(&" ".repeat(indent), &format!("why: {}", line.why), indent + 5, width)
}

fn cut(conversation: &Conversation) -> String {
    if conversation.cut { MORE.to_owned() } else { String::new() }
}

/// Returns the sign to the left of a row.
fn sign(row: Row) -> &'static str {
    match row {
        Row::Same(..) => " ",
        Row::Changed(..) => "≠",
        Row::Allowed(..) => "~",
        Row::Expected(_) => "<",
        Row::Seen(_) => ">",
    }
}

fn mark(comparison: &Comparison, width: usize) -> String {
    let what = comparison.first_in_words().unwrap_or_default();
    hanging("", &format!("≠ first difference: {what}"), 2, width)
}

fn legend(comparison: &Comparison, layout: Layout) -> String {
    let text = if comparison.first.is_none() {
        "The two conversations are the same. The fault is elsewhere: in the output of the program, or in the way it ends."
    } else {
        "≠ differs · ~ differs, which is allowed · < only the lesson's · > only yours. Times, consumer tags and the check's own messages don't count."
    };
    format!("\n{}", paragraph("  ", text, layout.width))
}

/// Returns the rows, with long runs of one side's lines cut to a readable length. An error is the number of lines left out.
fn bearable(comparison: &Comparison) -> Vec<(usize, Result<Row, usize>)> {
    let mut shown = Vec::new();
    let mut run = (' ', 0);
    for (index, row) in comparison.rows.iter().enumerate() {
        let kind = sign(*row).chars().next().unwrap_or(' ');
        run = if kind == run.0 { (kind, run.1 + 1) } else { (kind, 1) };
        if run.1 <= ALIKE || !matches!(row, Row::Expected(_) | Row::Seen(_)) {
            shown.push((index, Ok(*row)));
        } else if let Some((_, Err(more))) = shown.last_mut() {
            *more += 1;
        } else {
            shown.push((index, Err(1)));
        }
    }
    shown
}

fn left_out(more: usize) -> String {
    format!("  … {more} more lines: --format json has them\n")
}

/// Returns the comparison in two columns.
fn beside(comparison: &Comparison, whose: &str, layout: Layout) -> String {
    let column = (layout.width - 2 - 3) / 2;
    let filled = |text: &str| format!("{text}{}", " ".repeat(column.saturating_sub(display_width(text))));
    let mut text = format!("  {} │ {whose}\n", filled(EXPECTED));
    for (index, row) in bearable(comparison) {
        let row = match row {
            Ok(row) => row,
            Err(more) => {
                text.push_str(&left_out(more));
                continue;
            }
        };
        if comparison.first == Some(index) {
            text.push_str(&mark(comparison, layout.width));
        }
        let left_line = row.expected().map(|left| &comparison.expected[left]);
        let right_line = row.seen().map(|right| &comparison.seen[right]);
        // A reason that both sides have is printed once, below both.
        let alike = left_line.zip(right_line).is_some_and(|(left, right)| left.why == right.why);
        let cell =
            |line: Option<&Line>| line.map_or_else(Vec::new, |line| cell(line, column, layout.explain && !alike));
        let (left, right) = (cell(left_line), cell(right_line));
        for part in 0..left.len().max(right.len()) {
            let of = |cell: &[String]| cell.get(part).cloned().unwrap_or_default();
            let sign = if part == 0 { sign(row) } else { " " };
            let line = format!("{sign} {} │ {}", filled(&of(&left)), of(&right));
            let _ = writeln!(text, "{}", line.trim_end());
        }
        if let Some(line) = left_line.filter(|_| alike && layout.explain) {
            text.push_str(&why(line, 2, layout.width));
        }
    }
    text
}

/// Returns the lines of a cell.
fn cell(line: &Line, width: usize, explain: bool) -> Vec<String> {
    let mut cell = said(&line.who, line, width);
    if explain {
        cell.push_str(&why(line, 0, width));
    }
    cell.lines().map(str::to_owned).collect()
}

/// Returns the two conversations one below the other.
fn below(comparison: &Comparison, whose: &str, layout: Layout) -> String {
    let mut text = format!("  {EXPECTED}\n");
    text.push_str(&side(comparison, layout, &comparison.expected, Row::expected));
    let _ = writeln!(text, "\n  {whose}");
    text.push_str(&side(comparison, layout, &comparison.seen, Row::seen));
    text
}

/// Returns one of the two conversations, with the first difference marked.
fn side(comparison: &Comparison, layout: Layout, lines: &[Line], of: impl Fn(Row) -> Option<usize>) -> String {
    if lines.is_empty() {
        return "  nothing was sent\n".to_owned();
    }
    let mut text = String::new();
    for (index, row) in bearable(comparison) {
        if comparison.first == Some(index) {
            text.push_str(&mark(comparison, layout.width));
        }
        match row {
            Ok(row) => {
                let Some(line) = of(row).map(|index| &lines[index]) else { continue };
                text.push_str(&said(&format!("{} {}", sign(row), line.who), line, layout.width));
                if layout.explain {
                    text.push_str(&why(line, 2, layout.width));
                }
            }
            Err(more) if of(comparison.rows[index]).is_some() => text.push_str(&left_out(more)),
            Err(_) => {}
        }
    }
    text
}

/// Returns a line that follows its sender, with indented lines below for what does not fit. The line is broken between its
/// parts if possible, so that the body of a message stays whole.
fn said(first: &str, line: &Line, width: usize) -> String {
    let indent = " ".repeat(display_width(first));
    let (mut text, mut row) = (String::new(), first.to_owned());
    for part in &line.parts {
        let begun = row.len() > first.len().max(indent.len());
        let gap = if begun { "  " } else { "" };
        if display_width(&row) + gap.len() + display_width(part) <= width {
            row.push_str(gap);
            row.push_str(part);
            continue;
        }
        if begun {
            let _ = writeln!(text, "{row}");
            row.clone_from(&indent);
        }
        // The last line may have room for the next part.
        let broken = hanging(&row, part, indent.len(), width);
        let mut lines: Vec<&str> = broken.lines().collect();
        row = lines.pop().unwrap_or_default().to_owned();
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
    }
    let _ = writeln!(text, "{row}");
    text
}

/// Returns a line that follows `first`, continued below with this indentation. Words that are wider than the space are broken.
fn hanging(first: &str, line: &str, indent: usize, width: usize) -> String {
    let later = " ".repeat(indent);
    let options = lines_of(width).break_words(true).initial_indent(first).subsequent_indent(&later);
    textwrap::fill(line, options) + "\n"
}

fn paragraph(label: &str, words: &str, width: usize) -> String {
    hanging(label, words, label.len(), width)
}
