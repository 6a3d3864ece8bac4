//! No Rust is typed into the book.

use crate::small::Small;

fn with(block: &str) -> String {
    let page = format!("# Page\n\n{block}\n");
    Small::new(&[("code/main.rs", "fn main() {}\n"), ("book/src/page.md", &page)]).problems()
}

#[test]
fn included_rust_and_other_languages() {
    for good in [
        "```rust\n{{#include ../../code/main.rs}}\n```",
        "```rust,ignore\n{{#include ../../code/main.rs}}\n\n{{#include ../../code/main.rs}}\n```",
        "```diff\n{{#include ../../code/main.rs}}\n```",
        "```text\na drawing\n```",
        "```toml\na = 1\n```",
        "- an item\n\n  ```json\n  {}\n  ```",
        "`let x = 1;` in a sentence",
    ] {
        assert_eq!(with(good), "", "{good}");
    }
}

#[test]
fn typed_rust() {
    insta::assert_snapshot!(with("```rust\nfn main() {}\n```"), @r#"
    error: book/src/page.md:4: code is typed into the page: fn main() {}
    hint: Include it from a file that is compiled and tested: {{#include ../../lessons/…/src/main.rs:anchor}}
    "#);
    insta::assert_snapshot!(with("```rust\n{{#include ../../code/main.rs}}\nfn more() {}\n```"), @r#"
    error: book/src/page.md:5: code is typed into the page: fn more() {}
    hint: Include it from a file that is compiled and tested: {{#include ../../lessons/…/src/main.rs:anchor}}
    "#);
    insta::assert_snapshot!(with("```diff\n- a\n+ b\n```"), @r#"
    error: book/src/page.md:4: code is typed into the page: - a
    hint: Include it from a file that is compiled and tested: {{#include ../../lessons/…/src/main.rs:anchor}}
    "#);
}

#[test]
fn rust_as_text() {
    insta::assert_snapshot!(with("```text\nhello\nlet x = 1\n```"), @r#"
    error: book/src/page.md:5: this looks like Rust: let x = 1
    hint: Include Rust from a file that is compiled and tested, in a block with the language rust
    "#);
    for rust in ["use std::fs", "fn main() {", "async fn main() {", "channel.close().await", "x = 1;", "#[tokio::main]"]
    {
        assert!(with(&format!("```text\n{rust}\n```")).contains("looks like Rust"), "{rust}");
    }
}

#[test]
fn fences_without_a_language_or_with_a_strange_one() {
    insta::assert_snapshot!(with("```\nhello\n```"), @r#"
    error: book/src/page.md:3: a fence without a language
    hint: Write the language after ```, such as console for commands, or text for anything else
    "#);
    insta::assert_snapshot!(with("```cobol\nhello\n```"), @r#"
    error: book/src/page.md:3: a fence with the language `cobol`, which this book does not use
    hint: crates/bookbuilder/src/rules/code.rs lists the languages
    "#);
}

#[test]
fn code_without_a_fence() {
    insta::assert_snapshot!(with("    let x = 1;"), @r#"
    error: book/src/page.md:3: code without a fence: its language is unknown
    hint: Put it between ``` lines, the first with a language; text that is indented by accident moves to the left
    "#);
    insta::assert_snapshot!(with("<pre>let x = 1;</pre>"), @r#"
    error: book/src/page.md:3: code without a fence: its language is unknown
    hint: Put it between ``` lines, the first with a language; text that is indented by accident moves to the left
    "#);
}
