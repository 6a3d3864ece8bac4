//! Pictures for readers who don't see them.

use crate::small::Small;

fn with(picture: &str) -> String {
    Small::new(&[
        ("book/src/page.md", &format!("# Page\n\n{picture}\n")),
        ("book/src/a.png", ""),
        ("book/src/SUMMARY.md", "- [Page](page.md)\n"),
    ])
    .problems()
}

#[test]
fn pictures_that_say_what_they_show() {
    for good in [
        "![A queue](a.png)",
        "<img src=\"a.png\" alt=\"A queue\">",
        "<svg role=\"img\" aria-labelledby=\"t d\"><title id=\"t\">A queue</title><desc id=\"d\">One message</desc></svg>",
        "<svg role=\"img\" aria-labelledby=\"t\"><title id=\"t\">A queue that holds one message</title></svg>",
        "<span aria-hidden=\"true\"><svg></svg></span>",
    ] {
        assert_eq!(with(good), "", "{good}");
    }
}

#[test]
fn an_image_without_a_text() {
    insta::assert_snapshot!(with("![](a.png)"), @r#"
    error: book/src/page.md:3: the image a.png has no text for those who don't see it
    hint: Say what it shows: ![what it shows](image)
    "#);
    insta::assert_snapshot!(with("<img src=\"a.png\">"), @r#"
    error: book/src/page.md:3: the image a.png has no text for those who don't see it
    hint: Say what it shows: ![what it shows](image)
    "#);
}

#[test]
fn a_drawing_that_is_no_image() {
    insta::assert_snapshot!(with("<svg id=\"s\" aria-labelledby=\"t\"><title id=\"t\">A queue that holds one message</title></svg>"), @r#"
    error: book/src/page.md: the drawing `s` does not say that it is an image
    hint: Write <svg role="img" …>
    "#);
}

#[test]
fn a_drawing_without_a_title() {
    insta::assert_snapshot!(with("<svg role=\"img\"></svg>"), @r#"
    error: book/src/page.md: the drawing without a name has no title for those who don't see it
    hint: Write <svg aria-labelledby="ID" …><title id="ID">what it shows</title>
    "#);
    insta::assert_snapshot!(with("<svg role=\"img\" aria-labelledby=\"x\"><title id=\"t\">A queue that holds one message</title></svg>"), @r#"
    error: book/src/page.md: the drawing `x` has no title for those who don't see it
    hint: Write <svg aria-labelledby="ID" …><title id="ID">what it shows</title>
    "#);
}

#[test]
fn a_title_that_says_little() {
    insta::assert_snapshot!(with("<svg role=\"img\" aria-labelledby=\"t\"><title id=\"t\">A queue</title></svg>"), @r#"
    error: book/src/page.md: the drawing `t` has the title "A queue", which is short, and no <desc>
    hint: Tell what it shows in a <desc id="ID">, and name that in aria-labelledby, too
    "#);
}

#[test]
fn an_id_twice() {
    insta::assert_snapshot!(with("<span id=\"here\"></span>\n\ntext\n\n<span id=\"here\"></span>"), @r#"
    error: book/src/page.md:3: the id `here` is given 2 times in this page
    hint: Links and titles go to the first of them; give each its own
    "#);
}
