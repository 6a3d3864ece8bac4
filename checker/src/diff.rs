//! A learner's program beside the lesson's own: `diff`.

mod comments;

use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use similar::{Algorithm, ChangeTag, DiffOp, TextDiff, capture_diff_slices, group_diff_ops};
use wire::words::harmless;

use crate::{
    cleanup::at,
    lessons::{Lesson, anchors},
};

/// The number of equal lines around each difference.
const AROUND: usize = 3;

const OWN: &str = "your program";
const LESSONS: &str = "the lesson's own";

/// Returns the difference from the learner's program to the lesson's own; with `comments`, it includes the comments.
///
/// # Errors
///
/// When one of the two can't be read; the error names it.
pub fn diff(lesson: &Lesson, own: &Path, comments: bool) -> io::Result<String> {
    let read = |file: PathBuf| fs::read_to_string(&file).map_err(|error| at(&file, &error));
    let theirs = read(own.join("src/main.rs"))?;
    let ours = anchors::without_marks(&read(lesson.folder.join("src/main.rs"))?);
    Ok(if comments { whole(&theirs, &ours) } else { of_code(&theirs, &ours) })
}

fn whole(theirs: &str, ours: &str) -> String {
    if theirs == ours {
        return "your program is identical to the lesson's own\n".to_owned();
    }
    let difference = TextDiff::from_lines(theirs, ours);
    let text = difference.unified_diff().context_radius(AROUND).header(OWN, LESSONS).to_string();
    text.lines().map(|line| harmless(line) + "\n").collect()
}

/// Returns the difference of the code. The line numbers are those of the complete programs.
fn of_code(theirs: &str, ours: &str) -> String {
    let (theirs, ours) = (comments::without(theirs), comments::without(ours));
    let [old, new] = [&theirs, &ours].map(|lines| lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>());
    let is_code = |line: &&&str| !line.trim().is_empty();
    if old.iter().filter(is_code).eq(new.iter().filter(is_code)) {
        return "your program is identical to the lesson's own, except for comments and empty lines\n".to_owned();
    }
    let mut text = String::new();
    for group in group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), AROUND) {
        let first = group.first().map(DiffOp::as_tag_tuple);
        let number = |lines: &[comments::Line], at: usize| lines.get(at).map_or(lines.len(), |line| line.number);
        let Some((_, in_theirs, in_ours)) = first else { continue };
        let _ = writeln!(text, "@@ -{} +{} @@", number(&theirs, in_theirs.start), number(&ours, in_ours.start));
        for change in group.iter().flat_map(|operation| operation.iter_changes(&old, &new)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let _ = writeln!(text, "{}", format!("{sign}{}", harmless(change.value())).trim_end());
        }
    }
    format!("--- {OWN}, without comments\n+++ {LESSONS}, without comments\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_code_only_what_is_done_differs() {
        let ours = "//! Ours.\nuse a;\n\nfn main() {\n    // Why.\n    one();\n    two(); // why\n}\n";
        let theirs = "use a;\n\n// Step 1.\nfn main() {\n    one();\n    three();\n}\n";
        insta::assert_snapshot!(of_code(theirs, ours), @r"
        --- your program, without comments
        +++ the lesson's own, without comments
        @@ -2 +3 @@

         fn main() {
             one();
        -    three();
        +    two();
         }
        ");
        let alike = "your program is identical to the lesson's own, except for comments and empty lines\n";
        assert_eq!(of_code(&format!("// Mine.\n\n{}", ours.replace("    two", "\n    two")), ours), alike);
        assert!(whole(&format!("// Mine.\n{ours}"), ours).contains("\n-// Mine.\n"));
    }
}
