//! The steps of a lesson's program: the parts between mdBook's anchors.
//!
//! `// ANCHOR: declare` and `// ANCHOR_END: declare` are on lines of their own, around whole statements or items. A step may be
//! nested in an earlier one, as the code for each message is inside the loop: without the outer step, there is no inner one.

use crate::lesson::{Experiment, Replacement, StepAbout};

/// The maximum width of a comment in a starter, including its indentation, so that it fits beside the book.
const COMMENT_WIDTH: usize = 84;

/// Returns the program with the first `done` steps and none of the others.
///
/// The code of the missing steps is left out. If that would not show for the first of them ([`StepAbout::without`]), its code
/// stays, with the changes given there.
///
/// # Errors
///
/// A sentence, if an anchor is missing, or if a text to replace is not in the program exactly once.
pub fn step_program(program: &str, steps: &[StepAbout], done: usize) -> Result<String, String> {
    let mut text = program.to_owned();
    let missing = &steps[done.min(steps.len())..];
    for (index, step) in missing.iter().enumerate() {
        if index == 0 && !step.without.is_empty() {
            text = changed(text, &step.without, &format!("the step {}", step.id))?;
        } else if has(&text, &step.id) || !has(program, &step.id) {
            text = left_out(&text, &step.id)?;
        }
    }
    Ok(text)
}

/// Returns the program with the changes of an experiment.
///
/// # Errors
///
/// The same as in [`step_program`].
pub fn experiment(program: &str, experiment: &Experiment) -> Result<String, String> {
    let mut text = program.to_owned();
    for step in &experiment.leave_out {
        text = left_out(&text, step)?;
    }
    changed(text, &experiment.change, &format!("the experiment {}", experiment.id))
}

/// Returns the program before its steps are written: comments with the tasks replace the code of the steps.
///
/// The comments of a nested step stand where its code belongs: with the indentation of that code, between the comments of the
/// outer step and a mark for the end of the outer step.
///
/// # Errors
///
/// A sentence, when an anchor is missing.
pub fn starter(program: &str, steps: &[StepAbout]) -> Result<String, String> {
    let mut text = program.to_owned();
    let mut next = 0;
    while next < steps.len() {
        // A step includes the steps that are nested in it.
        let last = last_inside(program, steps, next);
        text = replaced(&text, &steps[next].id, &tasks(program, steps, next, last)?)?;
        next = last + 1;
    }
    // The blank line after each comment separates it from the next line. If there was one already, one of the two is dropped.
    Ok(without_marks(&text).replace("\n\n\n", "\n\n"))
}

/// Returns the comments of the steps from `first` to `last`, each where its code belongs.
fn tasks(program: &str, steps: &[StepAbout], first: usize, last: usize) -> Result<String, String> {
    let name = |index: usize| format!("Step {} of {}, {}", index + 1, steps.len(), steps[index].id);
    let (mut text, mut open) = (String::new(), Vec::<usize>::new());
    for (index, step) in steps.iter().enumerate().take(last + 1).skip(first) {
        let indent = indent(program, &step.id)?;
        text += &comment(indent, &format!("{}: {}.", name(index), step.title));
        text += &comment(indent, &step.task);
        let end = last_inside(program, steps, index);
        if end > index {
            text += &comment(indent, &around(index + 2, end + 1));
            open.push(index);
        }
        text.push('\n');
        while let Some(outer) = open.pop_if(|outer| last_inside(program, steps, *outer) == index) {
            let indent = self::indent(program, &steps[outer].id)?;
            text += &(comment(indent, &format!("{}, ends here.", name(outer))) + "\n");
        }
    }
    Ok(text)
}

/// Returns the sentence for a step with nested steps, whose numbers are `first` to `last`.
fn around(first: usize, last: usize) -> String {
    let inside = if first == last { format!("Step {last} stands") } else { format!("Steps {first} to {last} stand") };
    format!("{inside} inside: begin the code here, and end it below, where a comment says so.")
}

/// Returns a comment, wrapped; text in backquotes stays on one line.
fn comment(indent: &str, text: &str) -> String {
    const TIED: &str = "\u{a0}";
    let tie = |(index, part): (usize, &str)| if index % 2 == 1 { part.replace(' ', TIED) } else { part.to_owned() };
    let tied = text.split('`').enumerate().map(tie).collect::<Vec<_>>().join("`");
    let start = format!("{indent}// ");
    let options = textwrap::Options::new(COMMENT_WIDTH).initial_indent(&start).subsequent_indent(&start);
    // A name such as `receive-logs` is typed as it stands.
    let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(&tied, options).replace(TIED, " ") + "\n"
}

/// Returns the program without its anchor lines, as the book shows it and as a learner has it.
#[must_use]
pub fn without_marks(program: &str) -> String {
    let is_mark = |line: &&str| line.trim().starts_with("// ANCHOR");
    program.lines().filter(|line| !is_mark(line)).map(|line| format!("{line}\n")).collect()
}

fn changed(mut program: String, changes: &[Replacement], whose: &str) -> Result<String, String> {
    for Replacement { find, replace } in changes {
        let count = program.matches(find).count();
        if count != 1 {
            return Err(format!("{find:?}, of {whose}, stands in the program {count} times"));
        }
        program = program.replace(find, replace);
    }
    Ok(program)
}

/// Returns whether the program has an anchor for this step.
fn has(program: &str, id: &str) -> bool {
    line_of(program, "ANCHOR", id).is_some()
}

/// Returns the index of the last step that is nested in this one, or of this step if there is none.
fn last_inside(program: &str, steps: &[StepAbout], index: usize) -> usize {
    let outer = &steps[index].id;
    index + steps[index + 1..].iter().take_while(|inner| stands_inside(program, &inner.id, outer)).count()
}

/// Returns whether one step's code is inside another's.
fn stands_inside(program: &str, inner: &str, outer: &str) -> bool {
    let begin = line_of(program, "ANCHOR", inner);
    begin > line_of(program, "ANCHOR", outer) && begin < line_of(program, "ANCHOR_END", outer)
}

/// Returns the indentation of a step's code.
fn indent<'a>(program: &'a str, id: &str) -> Result<&'a str, String> {
    let line = find_mark(program, "ANCHOR", id)?;
    Ok(program.lines().nth(line).and_then(|line| line.split("//").next()).unwrap_or_default())
}

/// Returns the same as [`line_of`], or an error if the mark is missing.
fn find_mark(program: &str, mark: &str, id: &str) -> Result<usize, String> {
    line_of(program, mark, id).ok_or_else(|| format!("the program has no line `// {mark}: {id}`"))
}

fn line_of(program: &str, mark: &str, id: &str) -> Option<usize> {
    program.lines().position(|line| line.trim() == format!("// {mark}: {id}"))
}

/// Returns the program without the part between these anchors.
fn left_out(program: &str, id: &str) -> Result<String, String> {
    replaced(program, id, "")
}

/// Returns the program with other whole lines in place of the part between these anchors.
fn replaced(program: &str, id: &str, lines: &str) -> Result<String, String> {
    let (start, end) = (find_mark(program, "ANCHOR", id)?, find_mark(program, "ANCHOR_END", id)?);
    let all: Vec<&str> = program.lines().collect();
    let text = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    Ok(text(&all[..start]) + lines + &text(&all[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::Replacement;

    const PROGRAM: &str = "fn main() {\n    // ANCHOR: one\n    one();\n    // ANCHOR_END: one\n    // ANCHOR: two\n    two();\n    // ANCHOR_END: two\n}\n";

    fn steps(without: &[(&str, &str)]) -> Vec<StepAbout> {
        let step = |id: &str, without: &[(&str, &str)]| StepAbout {
            id: id.to_owned(),
            title: format!("do {id}"),
            task: format!("Call `{id} and  more`, and then go on: there is more to be done below, and nothing above."),
            hints: Vec::new(),
            done: Vec::new(),
            read: String::new(),
            without: without
                .iter()
                .map(|(find, replace)| Replacement { find: (*find).to_owned(), replace: (*replace).to_owned() })
                .collect(),
        };
        vec![step("one", &[]), step("two", without)]
    }

    #[test]
    fn steps_that_are_not_done_are_left_out() {
        assert_eq!(step_program(PROGRAM, &steps(&[]), 0).unwrap(), "fn main() {\n}\n");
        assert!(step_program(PROGRAM, &steps(&[]), 1).unwrap().contains("one();"));
        assert!(!step_program(PROGRAM, &steps(&[]), 1).unwrap().contains("two();"));
        assert_eq!(step_program(PROGRAM, &steps(&[]), 2).unwrap(), PROGRAM);
    }

    #[test]
    fn a_step_that_can_not_be_left_out_is_changed() {
        assert!(step_program(PROGRAM, &steps(&[("two();", "three();")]), 1).unwrap().contains("three();"));
        assert!(step_program(PROGRAM, &steps(&[("four();", "three();")]), 1).unwrap_err().contains("0 times"));
    }

    #[test]
    fn an_experiment_leaves_out_and_changes() {
        let change = vec![Replacement { find: "two();".to_owned(), replace: "three();".to_owned() }];
        let wild = Experiment { id: "wild".to_owned(), leave_out: vec!["one".to_owned()], change };
        assert_eq!(without_marks(&experiment(PROGRAM, &wild).unwrap()), "fn main() {\n    three();\n}\n");
        let lost = Experiment { leave_out: vec!["two".to_owned()], ..wild };
        assert!(
            experiment(PROGRAM, &lost).unwrap_err().contains("of the experiment wild, stands in the program 0 times")
        );
    }

    #[test]
    fn a_starter_says_what_to_do_and_has_no_code_of_a_step() {
        let expected = "fn main() {
    // Step 1 of 2, one: do one.
    // Call `one and  more`, and then go on: there is more to be done below, and
    // nothing above.

    // Step 2 of 2, two: do two.
    // Call `two and  more`, and then go on: there is more to be done below, and
    // nothing above.

}
";
        assert_eq!(starter(PROGRAM, &steps(&[])).unwrap(), expected);
    }

    #[test]
    fn a_step_inside_another_goes_with_it() {
        let nested = "    // ANCHOR: one\n    one();\n        // ANCHOR: two\n        two();\n        // ANCHOR_END: two\n    // ANCHOR_END: one\n";
        assert_eq!(step_program(nested, &steps(&[]), 0).unwrap(), "");
        assert_eq!(without_marks(&step_program(nested, &steps(&[]), 1).unwrap()), "    one();\n");
        // A step without an anchor is an error here, too.
        assert!(
            step_program("// ANCHOR: one\n// ANCHOR_END: one\n", &steps(&[]), 0).unwrap_err().contains("ANCHOR: two")
        );
    }

    #[test]
    fn in_a_starter_the_comments_of_a_step_inside_another_stand_where_its_code_belongs() {
        let nested = "loop:
    // ANCHOR: one
    loop {
        one();
        // ANCHOR: two
        two();
        // ANCHOR_END: two
    }
    // ANCHOR_END: one
end
";
        let expected = "loop:
    // Step 1 of 2, one: do one.
    // Call `one and  more`, and then go on: there is more to be done below, and
    // nothing above.
    // Step 2 stands inside: begin the code here, and end it below, where a comment
    // says so.

        // Step 2 of 2, two: do two.
        // Call `two and  more`, and then go on: there is more to be done below, and
        // nothing above.

    // Step 1 of 2, one, ends here.

end
";
        assert_eq!(starter(nested, &steps(&[])).unwrap(), expected);
    }

    #[test]
    fn a_starter_has_an_end_for_each_step_that_has_others_inside() {
        let of = |id: &str| StepAbout { id: id.to_owned(), ..steps(&[]).remove(0) };
        let nested = ["a", "b", "c"].map(|id| format!("// ANCHOR: {id}\n")).concat()
            + &["c", "b", "a", "d"]
                .map(|id| format!("// ANCHOR_END: {id}\n"))
                .concat()
                .replace("// ANCHOR_END: d", "// ANCHOR: d\n// ANCHOR_END: d");
        let text = starter(&nested, &["a", "b", "c", "d"].map(of)).unwrap();
        let marks: Vec<&str> =
            text.lines().filter(|line| line.starts_with("// Step ") && line.contains(" of ")).collect();
        let expected = [
            "// Step 1 of 4, a: do one.",
            "// Step 2 of 4, b: do one.",
            "// Step 3 of 4, c: do one.",
            "// Step 2 of 4, b, ends here.",
            "// Step 1 of 4, a, ends here.",
            "// Step 4 of 4, d: do one.",
        ];
        assert_eq!(marks, expected);
        let sentences = text.replace("\n// ", " ");
        for inside in ["Steps 2 to 3 stand inside:", "Step 3 stands inside:"] {
            assert!(sentences.contains(inside), "{text}");
        }
    }

    #[test]
    fn what_stands_in_backquotes_stays_on_one_line() {
        let long = format!("{} ` [x] one  line`.", "word ".repeat(15).trim_end());
        assert_eq!(comment("  ", &long), format!("  // {}\n  // ` [x] one  line`.\n", "word ".repeat(15).trim_end()));
    }

    #[test]
    fn a_missing_anchor_is_named() {
        assert!(step_program("fn main() {}", &steps(&[]), 0).unwrap_err().contains("ANCHOR: one"));
        assert!(starter("fn main() {}", &steps(&[])).unwrap_err().contains("ANCHOR: one"));
    }
}
