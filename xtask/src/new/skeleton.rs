//! The files of a new lesson. The templates in `xtask/templates/lesson/` are for a lesson 05, emit-log.

use crate::lessons::Lesson;

/// The book's table of contents.
pub const SUMMARY: &str = "book/src/SUMMARY.md";

/// The files of a new lesson.
pub struct Skeleton<'a> {
    lesson: &'a Lesson,
    /// The files, each with its path from the kit's folder.
    pub files: Vec<(String, String)>,
}

/// The paths and the texts of lesson 05.
const TEMPLATES: [(&str, &str); 6] = [
    ("lessons/05-emit-log/Cargo.toml", include_str!("../../templates/lesson/Cargo.toml")),
    ("lessons/05-emit-log/src/main.rs", include_str!("../../templates/lesson/main.rs")),
    ("lessons/05-emit-log/lesson.toml", include_str!("../../templates/lesson/lesson.toml")),
    ("lessons/05-emit-log/gallery.toml", include_str!("../../templates/lesson/gallery.toml")),
    ("crates/contracts/src/lessons/emit_log.rs", include_str!("../../templates/lesson/contract.rs")),
    ("book/src/05-emit-log.md", include_str!("../../templates/lesson/chapter.md")),
];

/// The text that is printed after the files are written.
const NEXT: &str = "\
next:
  1. Write the program and its steps: lessons/05-emit-log/src/main.rs and lesson.toml.
     Describe it in Cargo.toml: the README shows that line.
     Run it by hand with: cargo run -p emit-log, and format it before you go on: cargo fmt -p emit-log
  2. Write the contract and its scene: crates/contracts/src/lessons/emit_log.rs.
     Check your program with: cargo xtask check 05 --reference --broker embedded
     Format it with: rustfmt --edition 2024 crates/contracts/src/lessons/emit_log.rs
  3. Add wrong programs to lessons/05-emit-log/gallery.toml, at least one for each step and twenty in all.
     Record and judge them with: cargo xtask bless recordings emit-log
  4. Write the chapter: book/src/05-emit-log.md.
     Read it with: cargo xtask book serve
  5. Accept the new output of the tests, and read the difference: cargo xtask bless, bless book
  6. See what is still missing: cargo xtask test, then cargo xtask book check, then cargo xtask ci";

impl Skeleton<'_> {
    /// Returns the skeleton of this lesson.
    pub fn of(lesson: &Lesson) -> Skeleton<'_> {
        let files = TEMPLATES.map(|(path, text)| (named(path, lesson), named(text, lesson)));
        Skeleton { lesson, files: files.into() }
    }

    /// Returns the table of contents with the new chapter after the lesson before it. None if it has no lesson.
    pub fn in_summary(&self, summary: &str) -> Option<String> {
        let number = |line: &str| {
            let chapter = line.rsplit_once("](")?.1.strip_suffix(".md)")?;
            Lesson::named(chapter).map(|lesson| lesson.number).filter(|number| number.parse::<u32>().is_ok())
        };
        let mut lines: Vec<String> = summary.lines().map(str::to_owned).collect();
        let before = lines.iter().rposition(|line| number(line).is_some_and(|number| number < self.lesson.number));
        let at = before.map(|line| line + 1).or_else(|| lines.iter().position(|line| number(line).is_some()))?;
        lines.insert(at, named("- [Lesson 05: emit log](05-emit-log.md)", self.lesson));
        Some(lines.join("\n") + "\n")
    }

    /// Returns the author's next steps.
    pub fn next(&self) -> String {
        named(NEXT, self.lesson)
    }
}

/// Returns a text about lesson 05, emit-log, with the names of this lesson.
fn named(text: &str, lesson: &Lesson) -> String {
    let id = &lesson.id;
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let contract: String = id.split('-').map(capital).collect();
    let words = id.replace('-', " ");
    text.replace("05", &lesson.number)
        .replace("emit-log", id)
        .replace("emit_log", &id.replace('-', "_"))
        .replace("EmitLog", &contract)
        .replace("emit log", &words)
        .replace("Emit log", &capital(&words))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cargo::root;

    fn lesson(name: &str) -> Lesson {
        Lesson::named(name).unwrap()
    }

    #[test]
    fn the_templates_are_lesson_05() {
        let skeleton = lesson("05-emit-log");
        let files = Skeleton::of(&skeleton).files;
        assert_eq!(files, TEMPLATES.map(|(path, text)| (path.to_owned(), text.to_owned())));
    }

    #[test]
    fn another_lesson_has_its_own_names_everywhere() {
        let lesson = lesson("12-rpc-client");
        let skeleton = Skeleton::of(&lesson);
        let mut all = skeleton.next();
        skeleton.files.iter().for_each(|(path, text)| all += &format!("\n{path}\n{text}"));
        for name in ["12-rpc-client", "rpc_client.rs", "struct RpcClient", "Lesson 12: rpc client", "tasks-12.md"] {
            assert!(all.contains(name), "{name}");
        }
        for left in ["05", "emit", "Emit"] {
            assert!(!all.contains(left), "{left} is left: {all}");
        }
    }

    #[test]
    fn the_steps_are_the_same_in_the_program_the_contract_the_tasks_and_the_chapter() {
        let text = |end: &str| TEMPLATES.iter().find(|(path, _)| path.ends_with(end)).unwrap().1;
        let (program, about, contract, chapter) =
            (text("main.rs"), text("lesson.toml"), text("emit_log.rs"), text(".md"));
        let ids = |text: &str, before: &str, after: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| line.trim().strip_prefix(before)?.split(after).next());
            lines.map(str::to_owned).collect()
        };
        let steps = ids(contract, "(\"", "\"");
        assert_eq!(steps, ["connect", "declare", "close"]);
        assert_eq!(ids(about, "id = \"", "\"")[1..], steps);
        assert_eq!(ids(program, "// ANCHOR: ", "\n")[1..], steps);
        assert_eq!(ids(chapter, "{{#include ../recorded/tasks-05.md:", "}"), steps);
        for step in steps {
            assert!(chapter.contains(&format!(" {{#{step}}}")), "the chapter has no heading for {step}");
        }
    }

    /// The templates are in no package, so they are not compiled. Their code is that of lesson 01, which is compiled.
    #[test]
    fn the_code_of_the_templates_is_that_of_lesson_01() {
        let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let contract =
            ["mod.rs", "scene.rs"].map(|file| read(&format!("crates/contracts/src/lessons/hello_send/{file}")));
        let program = read("lessons/01-hello-send/src/main.rs");
        let own_of_program = ["//", "use ", "format!", "run()"];
        let own_of_contract =
            ["//", "sending, steps,", "mod scene {", "use super::", "const TIMEOUT", "let expected", "look_into"];
        for (template, lesson, own) in [(1, program, &own_of_program[..]), (4, contract.concat(), &own_of_contract[..])]
        {
            let (path, text) = TEMPLATES[template];
            for line in text.lines().filter(|line| !own.iter().any(|own| line.contains(own))) {
                let line =
                    line.replace("emit-log", "hello-send").replace("emit_log", "hello").replace("EmitLog", "HelloSend");
                assert!(
                    lesson.contains(line.trim()),
                    "the template of {path} has a line that lesson 01 has not: {line}"
                );
            }
        }
    }

    #[test]
    fn the_chapter_stands_behind_the_lesson_before_it() {
        let summary =
            "# Summary\n\n- [One](01-one.md)\n- [Extra](extra.md)\n\n# Two\n\n- [Three](03-three.md)\n- [Z](z.md)\n";
        let with = |name: &str| Skeleton::of(&lesson(name)).in_summary(summary).unwrap();
        let line = "- [Lesson 05: emit log](05-emit-log.md)\n";
        assert_eq!(with("05-emit-log"), summary.replace("- [Z]", &format!("{line}- [Z]")));
        let line = "- [Lesson 02: two](02-two.md)\n";
        assert_eq!(with("02-two"), summary.replace("- [Extra]", &format!("{line}- [Extra]")));
        let lesson = lesson("05-emit-log");
        assert_eq!(Skeleton::of(&lesson).in_summary("# Summary\n- [A](a.md)\n"), None);
    }

    #[test]
    fn the_book_has_a_place_for_another_lesson() {
        let summary = fs::read_to_string(root().join(SUMMARY)).unwrap();
        let with = Skeleton::of(&lesson("99-last")).in_summary(&summary).unwrap();
        assert!(with.contains("(99-last.md)") && with.lines().count() == summary.lines().count() + 1);
    }
}
