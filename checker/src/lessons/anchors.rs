//! A lesson's program by its steps: the parts between mdBook's anchors.
//!
//! `// ANCHOR: declare` and `// ANCHOR_END: declare` stand on lines of their own, around whole statements or items.

use crate::lessons::StepAbout;

/// The program as somebody has it who did the first `done` steps and none of the others.
///
/// The steps that are not done are left out. Where the first of them says that leaving out would not show
/// ([`StepAbout::without`]), it stays, with the text changed as it says.
///
/// # Errors
///
/// A sentence, when an anchor is missing, or what is to be changed does not stand in the program exactly once.
pub fn step_program(program: &str, steps: &[StepAbout], done: usize) -> Result<String, String> {
    let mut text = program.to_owned();
    let missing = &steps[done.min(steps.len())..];
    for (index, step) in missing.iter().enumerate() {
        if index == 0 && !step.without.is_empty() {
            for change in &step.without {
                let count = text.matches(&change.find).count();
                if count != 1 {
                    return Err(format!(
                        "{:?}, of the step {}, stands in the program {count} times",
                        change.find, step.id
                    ));
                }
                text = text.replace(&change.find, &change.replace);
            }
        } else {
            text = left_out(&text, &step.id)?;
        }
    }
    Ok(text)
}

/// The program without the part between these anchors.
fn left_out(program: &str, id: &str) -> Result<String, String> {
    let place = |mark: &str| {
        let at = program.lines().position(|line| line.trim() == format!("// {mark}: {id}"));
        at.ok_or_else(|| format!("the program has no line `// {mark}: {id}`"))
    };
    let (start, end) = (place("ANCHOR")?, place("ANCHOR_END")?);
    let kept = program.lines().enumerate().filter(|(number, _)| !(start..=end).contains(number));
    Ok(kept.map(|(_, line)| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::Replacement;

    const PROGRAM: &str = "fn main() {\n    // ANCHOR: one\n    one();\n    // ANCHOR_END: one\n    // ANCHOR: two\n    two();\n    // ANCHOR_END: two\n}\n";

    fn steps(without: &[(&str, &str)]) -> Vec<StepAbout> {
        let step = |id: &str, without: &[(&str, &str)]| StepAbout {
            id: id.to_owned(),
            title: String::new(),
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
    fn a_missing_anchor_is_named() {
        assert!(step_program("fn main() {}", &steps(&[]), 0).unwrap_err().contains("ANCHOR: one"));
    }
}
