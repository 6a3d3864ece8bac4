//! Pages and the table of contents, and mdBook's warnings.

use crate::small::Small;

#[test]
fn a_page_that_is_listed_and_not_there() {
    let book = Small::new(&[("book/src/SUMMARY.md", "- [A](a.md)\n  - [B](deep/b.md)\n"), ("book/src/a.md", "# A\n")]);
    insta::assert_snapshot!(book.problems(), @r#"
    error: book/src/SUMMARY.md:2: book/src/deep/b.md is listed and not there
    hint: Write the page, or take the line out
    "#);
    book.write("book/src/deep/b.md", "# B\n");
    assert_eq!(book.problems(), "");
}

#[test]
fn a_page_that_is_not_listed() {
    let book = Small::page("# Page\n");
    book.write("book/src/deep/more.md", "# More\n");
    insta::assert_snapshot!(book.problems(), @r#"
    error: book/src/deep/more.md: no table of contents lists this page, so readers cannot find it
    hint: Add a line to book/src/SUMMARY.md, or remove the file
    "#);
}

#[test]
fn what_mdbook_warns_about() {
    insta::assert_snapshot!(Small::page("# Page\n\n<div><span>\n\ntext\n\n</div>\n").problems(), @r#"
    error: book: mdBook warns: unexpected HTML end tag `</div>` found in `page.md`
    Check that the HTML tags are properly balanced.
    hint: What it warns about comes out wrong in the page
    error: book: mdBook warns: unclosed HTML tag `<span>` found in `page.md`
    hint: What it warns about comes out wrong in the page
    error: book: mdBook warns: unclosed HTML tag `<div>` found in `page.md`
    hint: What it warns about comes out wrong in the page
    "#);
}
