//! Included texts exist.

use crate::small::Small;

const LIST: (&str, &str) = ("code/list.toml", "# ANCHOR: one\na = 1\n# ANCHOR_END: one\n# ANCHOR: open\nb = 2\n");

fn with(include: &str) -> String {
    let page = format!("# Page\n\n```toml\n{include}\n```\n");
    Small::new(&[LIST, ("book/src/deep/page.md", &page)]).problems()
}

#[test]
fn files_anchors_and_lines_that_are_there() {
    for good in ["", ":one", ":2:4", ":2:", "::2", ":5"] {
        assert_eq!(with(&format!("{{{{#include ../../../code/list.toml{good}}}}}")), "", "{good}");
    }
    assert_eq!(with(r"\{{#include nothing.toml}}"), "");
}

#[test]
fn a_file_that_is_not_there() {
    insta::assert_snapshot!(with("{{#include ../list.toml}}"), @r#"
    error: book/src/deep/page.md:4: ../list.toml is not there to be included
    hint: The path starts at the folder of the page that includes it
    "#);
    insta::assert_snapshot!(with("{{#rustdoc_include ../list.toml}}"), @r#"
    error: book/src/deep/page.md:4: ../list.toml is not there to be included
    hint: The path starts at the folder of the page that includes it
    "#);
    insta::assert_snapshot!(with("{{#playground ../list.toml editable}}"), @r#"
    error: book/src/deep/page.md:4: ../list.toml is not there to be included
    hint: The path starts at the folder of the page that includes it
    "#);
}

#[test]
fn an_anchor_that_is_not_there() {
    insta::assert_snapshot!(with("{{#include ../../../code/list.toml:two}}"), @r#"
    error: book/src/deep/page.md:4: ../../../code/list.toml has no anchor `two`
    hint: An anchor is a comment in the file: // ANCHOR: name
    "#);
}

#[test]
fn an_anchor_without_an_end() {
    insta::assert_snapshot!(with("{{#include ../../../code/list.toml:open}}"), @r#"
    error: book/src/deep/page.md:4: the anchor `open` in ../../../code/list.toml has no end
    hint: It ends at a comment in the file: // ANCHOR_END: name
    "#);
}

#[test]
fn lines_that_are_not_there() {
    insta::assert_snapshot!(with("{{#include ../../../code/list.toml:4:9}}"), @r#"
    error: book/src/deep/page.md:4: ../../../code/list.toml has 5 lines, and lines 4 to 9 are included
    hint: path:from:to counts from 1; an anchor stays right when the file grows
    "#);
    insta::assert_snapshot!(with("{{#include ../../../code/list.toml:6:}}"), @r#"
    error: book/src/deep/page.md:4: ../../../code/list.toml has 5 lines, and lines 6 to the end are included
    hint: path:from:to counts from 1; an anchor stays right when the file grows
    "#);
    insta::assert_snapshot!(with("{{#include ../../../code/list.toml:3:2}}"), @r#"
    error: book/src/deep/page.md:4: ../../../code/list.toml has 5 lines, and lines 3 to 2 are included
    hint: path:from:to counts from 1; an anchor stays right when the file grows
    "#);
}

#[test]
fn a_directive_that_mdbook_does_not_know() {
    insta::assert_snapshot!(with("{{#inclued ../../../code/list.toml}}"), @r#"
    error: book/src/deep/page.md:4: mdBook knows no directive `#inclued` like this, and leaves it in the page as it stands
    hint: Directives are {{#include path}}, {{#include path:anchor}} and {{#title words}}; a \ before it makes it text
    "#);
}

#[test]
fn what_an_included_page_includes() {
    let book = Small::new(&[
        ("book/src/page.md", "{{#include ../../GUIDE.md}}\n"),
        ("GUIDE.md", "# Guide\n\n{{#include no.md}}\n"),
    ]);
    insta::assert_snapshot!(book.problems(), @r#"
    error: GUIDE.md:3: no.md is not there to be included
    hint: The path starts at the folder of the page that includes it
    "#);
}

#[test]
fn what_no_page_shows() {
    let book = Small::page("# Page\n");
    book.write("book/recorded/help/up.txt", "$ up\n");
    insta::assert_snapshot!(book.problems(), @r#"
    error: book/recorded/help/up.txt: no page includes this file, so readers never see it
    hint: Include it, or remove it and the test that writes it
    "#);
    book.write("book/src/page.md", "# Page\n\n```console\n{{#include ../recorded/help/up.txt}}\n```\n");
    assert_eq!(book.problems(), "");
}
