//! Links inside the book.

use crate::small::Small;

fn with(link: &str) -> String {
    Small::new(&[
        ("book/src/start.md", "# Start\n\n## Place {#place}\n"),
        ("book/src/deep/page.md", &format!("# Page\n\n## Here\n\n{link}\n")),
    ])
    .problems()
}

#[test]
fn links_that_lead_somewhere() {
    for good in [
        "[a](../start.md)",
        "[a](../start.md#place)",
        "[a](#here)",
        "[a](page.md#here)",
        "[a](../index.html#place)",
        "[a](https://nowhere.invalid/at/all#x)",
        "<a href=\"../start.html#place\">a</a>",
    ] {
        assert_eq!(with(good), "", "{good}");
    }
}

#[test]
fn links_that_lead_nowhere() {
    insta::assert_snapshot!(with("[a](start.md)"), @r#"
    error: book/src/deep/page.md:5: the link start.md leads nowhere
    hint: A link starts at the folder of its own page
    "#);
    insta::assert_snapshot!(with("[a](../../start.md)"), @r#"
    error: book/src/deep/page.md:5: the link ../../start.md leads nowhere
    hint: A link starts at the folder of its own page
    "#);
    insta::assert_snapshot!(with("<a href=\"../nothing.html\">a</a>"), @r#"
    error: book/src/deep/page.md:5: the link ../nothing.html leads nowhere
    hint: A link starts at the folder of its own page
    "#);
    insta::assert_snapshot!(with("![a picture](picture.png)"), @r#"
    error: book/src/deep/page.md:5: the link picture.png leads nowhere
    hint: A link starts at the folder of its own page
    "#);
}

#[test]
fn places_that_are_not_there() {
    insta::assert_snapshot!(with("[a](../start.md#palce)"), @r#"
    error: book/src/deep/page.md:5: the link ../start.md#palce leads to a page that has no such place
    hint: A place is the id of a heading: ## Declare the queue {#declare}
    "#);
    insta::assert_snapshot!(with("[a](#there)"), @r#"
    error: book/src/deep/page.md:5: the link #there leads to a page that has no such place
    hint: A place is the id of a heading: ## Declare the queue {#declare}
    "#);
}

#[test]
fn links_that_work_in_one_place_only() {
    insta::assert_snapshot!(with("[a](/start.html)"), @r#"
    error: book/src/deep/page.md:5: the link /start.html works in one place only
    hint: Start it at the folder of its own page (../), so that the book can lie anywhere
    "#);
    insta::assert_snapshot!(with("[a](file:///start.html)"), @r#"
    error: book/src/deep/page.md:5: the link file:///start.html works in one place only
    hint: Start it at the folder of its own page (../), so that the book can lie anywhere
    "#);
}

#[test]
fn links_of_an_included_page() {
    let book =
        Small::new(&[("book/src/page.md", "{{#include ../../GUIDE.md}}\n"), ("GUIDE.md", "# Guide\n\n[a](wire/)\n")]);
    insta::assert_snapshot!(book.problems(), @r#"
    error: book/src/page.md: the link wire/ leads nowhere
    hint: A link starts at the folder of its own page
    "#);
}
