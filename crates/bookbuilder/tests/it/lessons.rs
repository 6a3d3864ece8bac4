//! A lesson and its chapter.

use crate::small::Small;

const PROGRAM: &str = "// ANCHOR: one\n// ANCHOR_END: one\n// ANCHOR: two\n// ANCHOR_END: two\n";
const ABOUT: &str = "[[steps]]\nid = \"one\"\n[[steps]]\nid = \"two\"\n";
const TASKS: &str =
    "<!-- ANCHOR: one -->\nOne.\n<!-- ANCHOR_END: one -->\n<!-- ANCHOR: two -->\nTwo.\n<!-- ANCHOR_END: two -->\n";
const TASK: &str = "{{#include ../recorded/tasks-01.md:one}}\n";
const OPEN: &str = "<details class=\"hr-show\" open>\n<summary>Show it</summary>\n";
const ONE: &str = "## One {#one}\n\n{{#include ../recorded/tasks-01.md:one}}\n\n\
    <details class=\"hr-show\" open>\n<summary>Show it</summary>\n\n\
    ```rust\n{{#include ../../lessons/01-a/src/main.rs:one}}\n```\n\n</details>\n\n";
const TWO: &str = "## Two {#two}\n\n{{#include ../recorded/tasks-01.md:two}}\n\n\
    <details class=\"hr-show\" open>\n<summary>Show it</summary>\n\n\
    ```rust\n{{#include ../../lessons/01-a/src/main.rs:two}}\n```\n\n</details>\n\n";

fn with(pages: &[(&str, &str)]) -> String {
    let lesson = [
        ("lessons/01-a/src/main.rs", PROGRAM),
        ("lessons/01-a/lesson.toml", ABOUT),
        ("book/recorded/tasks-01.md", TASKS),
    ];
    Small::new(&[&lesson, pages].concat()).problems()
}

fn chapter(parts: &[&str]) -> String {
    with(&[("book/src/01-a.md", &format!("# A\n\n{}", parts.concat()))])
}

#[test]
fn a_chapter_with_all_steps_in_order() {
    assert_eq!(chapter(&[ONE, "## Between\n\n", TWO]), "");
}

#[test]
fn a_lesson_without_a_chapter() {
    let a = format!("# A\n\n{TASK}");
    insta::assert_snapshot!(with(&[("book/src/a.md", &a)]), @r#"
    error: lessons/01-a: the lesson has no chapter: book/src/SUMMARY.md lists no 01-a.md
    hint: A chapter has the name of its lesson's folder
    "#);
}

#[test]
fn a_chapter_without_a_lesson() {
    let a = format!("# A\n\n{ONE}{TWO}");
    insta::assert_snapshot!(with(&[("book/src/01-a.md", &a), ("book/src/02-b.md", "# B\n")]), @r#"
    error: book/src/02-b.md: the chapter has no lesson: there is no folder lessons/02-b
    hint: A page whose name starts with a number belongs to the lesson with that folder; another needs another name
    "#);
}

#[test]
fn a_step_without_a_heading() {
    insta::assert_snapshot!(chapter(&[ONE]), @r#"
    error: book/src/01-a.md: the step `two` of lessons/01-a/lesson.toml has no heading here
    hint: Write the step's id behind the heading: ## Declare the queue {#declare}
    "#);
}

#[test]
fn steps_in_another_order() {
    insta::assert_snapshot!(chapter(&[TWO, ONE]), @r#"
    error: book/src/01-a.md:3: the step `two` comes before `one`, and in lesson.toml after it
    hint: Chapter, lesson.toml and program tell the steps in one order
    "#);
}

#[test]
fn a_step_that_is_not_shown() {
    let two = "## Two {#two}\n\n{{#include ../recorded/tasks-01.md:two}}\n";
    insta::assert_snapshot!(chapter(&[ONE, two]), @r#"
    error: book/src/01-a.md:16: the code of the step `two` of lessons/01-a/src/main.rs is not shown
    hint: Include its anchor: {{#include ../../lessons/…/src/main.rs:anchor}}
    "#);
}

#[test]
fn a_task_that_is_not_shown_before_its_code() {
    let task = "{{#include ../recorded/tasks-01.md:two}}\n\n";
    let without = TWO.replace(task, "");
    for two in [without.clone(), without.clone() + task, without.replacen("## ", &format!("{task}## "), 1)] {
        let problems = chapter(&[ONE, &two]);
        assert!(problems.contains("the task of the step `two` is not shown before its code"), "{two}\n{problems}");
    }
    insta::assert_snapshot!(chapter(&[ONE, &without]), @r#"
    error: book/src/01-a.md:16: the task of the step `two` is not shown before its code
    hint: Include it below the heading, by the step's id: {{#include ../recorded/tasks-NN.md:step}}
    "#);
}

#[test]
fn an_experiment_that_shows_the_wire_and_not_the_command_for_it() {
    let broken = |experiment: &str| {
        let part = format!("## Break it {{#break}}\n\n### Change it {{#change}}\n\n{experiment}\n\n## After\n");
        let a = format!("# A\n\n{ONE}{TWO}{part}");
        with(&[("book/src/01-a.md", &a), ("book/recorded/a.wire.txt", "program  channel.open\n")])
    };
    let wire = "```text\n{{#include ../recorded/a.wire.txt}}\n```";
    assert_eq!(broken(&format!("`cargo xtask check lesson 01 --wire`:\n\n{wire}")), "");
    assert_eq!(broken(&format!("Nothing.\n\n## More\n\n{wire}")), "");
    insta::assert_snapshot!(broken(wire), @r#"
    error: book/src/01-a.md:31: this experiment shows the wire, and does not name `cargo xtask check lesson 01 --wire`
    hint: Readers see the wire of a change with that command; where it shows another one, say why
    "#);
}

#[test]
fn a_listing_that_is_not_behind_a_fold() {
    let bare = TWO.replace(OPEN, "").replace("</details>\n", "");
    insta::assert_snapshot!(chapter(&[ONE, &bare]), @r#"
    error: book/src/01-a.md:21: this listing gives its step away to readers who try first
    hint: Put it behind a fold: <details class="hr-show" open>, a <summary>, and </details>, on lines of their own
    "#);
    // A `<details>` that stays closed without scripts does not count as a fold.
    assert!(chapter(&[ONE, &TWO.replace(" class=\"hr-show\" open", "")]).contains("gives its step away"));
}
