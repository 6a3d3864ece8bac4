//! Terms, in the order in which they are explained.

use crate::small::Small;

const GLOSSARY: &str =
    "# Glossary\n\nqueue\n: where messages wait\n\nmessage broker\n: a program\n\nbroker\n: the same\n";

fn with(first: &str, second: &str) -> String {
    Small::new(&[
        ("book/src/first.md", &format!("# First\n\n{first}\n")),
        ("book/src/second.md", &format!("# Second\n\n{second}\n")),
        ("book/src/glossary.md", GLOSSARY),
        ("book/src/reference/more.md", "# More\n\nA queue, a broker.\n"),
    ])
    .problems()
}

const ALL: &str = "A <dfn>message broker</dfn>, or <dfn>broker</dfn>, has a <dfn>Queue</dfn>.";

#[test]
fn terms_that_are_explained_before_they_are_used() {
    for (first, second) in [
        (ALL, "Queues and brokers. The broker's queue."),
        ("", ALL),
        ("The [queue](second.md) is `queue`.\n\n## The queue\n\n```text\nqueue\n```", ALL),
        ("A dead-queue, a queued one, the queue_length.", ALL),
        ("<svg role=\"img\" aria-labelledby=\"t\"><title id=\"t\">A queue that holds one message</title></svg>", ALL),
        ("A <dfn id=\"b\">message broker</dfn>.\nThe message broker runs.", "A <dfn>broker</dfn>, a <dfn>queue</dfn>."),
    ] {
        assert_eq!(with(first, second), "", "{first}");
    }
}

#[test]
fn a_term_that_is_used_too_early() {
    insta::assert_snapshot!(with("One.\nTwo *queues*.", ALL), @r#"
    error: book/src/first.md:4: "queue" is used before book/src/second.md explains it
    hint: Use another word, make it a link to where it is explained, or explain it here with <dfn>
    "#);
    insta::assert_snapshot!(with("<figure>\n\n<figcaption>A queue.</figcaption>\n</figure>", ALL), @r#"
    error: book/src/first.md:5: "queue" is used before book/src/second.md explains it
    hint: Use another word, make it a link to where it is explained, or explain it here with <dfn>
    "#);
    insta::assert_snapshot!(with("A message\nbroker.", ALL), @r#"
    error: book/src/first.md:3: "message broker" is used before book/src/second.md explains it
    hint: Use another word, make it a link to where it is explained, or explain it here with <dfn>
    "#);
    insta::assert_snapshot!(with("| a |\n|---|\n| The Broker |", ALL), @r#"
    error: book/src/first.md:5: "broker" is used before book/src/second.md explains it
    hint: Use another word, make it a link to where it is explained, or explain it here with <dfn>
    "#);
    insta::assert_snapshot!(with("- a broker\n  - a queue", ALL), @r#"
    error: book/src/first.md:3: "broker" is used before book/src/second.md explains it
    hint: Use another word, make it a link to where it is explained, or explain it here with <dfn>
    error: book/src/first.md:4: "queue" is used before book/src/second.md explains it
    hint: Use another word, make it a link to where it is explained, or explain it here with <dfn>
    "#);
}

#[test]
fn a_term_without_an_explanation() {
    insta::assert_snapshot!(with("A queue.", "A <dfn>message broker</dfn>, or <dfn>broker</dfn>."), @r#"
    error: book/src/glossary.md:3: no chapter explains "queue"
    hint: Mark where a chapter explains it: a <dfn>queue</dfn> is …
    "#);
}

#[test]
fn a_term_that_is_explained_twice() {
    insta::assert_snapshot!(with(ALL, "A <dfn>queue</dfn>."), @r#"
    error: book/src/second.md:3: "queue" is explained twice, first in book/src/first.md
    hint: Take the <dfn> away from one of them
    "#);
}

#[test]
fn a_term_that_the_glossary_does_not_have() {
    insta::assert_snapshot!(with(ALL, "An <dfn>exchange</dfn>."), @r#"
    error: book/src/second.md:3: "exchange" is explained here, and the glossary does not have it
    hint: Add it to book/src/glossary.md: the term on a line, then a line ": what it is"
    "#);
}

#[test]
fn a_term_that_the_glossary_has_twice() {
    let book = Small::new(&[
        ("book/src/first.md", "# First\n\nA <dfn>queue</dfn>.\n"),
        ("book/src/glossary.md", "# Glossary\n\nqueue\n: one\n\nQueue\n: two\n"),
    ]);
    insta::assert_snapshot!(book.problems(), @r#"
    error: book/src/glossary.md:6: the glossary has "queue" twice
    hint: Make one entry of the two
    "#);
}
