//! Every page is in `SUMMARY.md`, and every page in `SUMMARY.md` exists.

use std::path::Path;

use crate::{
    book::{Book, display_path},
    problem::{Problem, ProblemKind},
};

pub fn check(book: &Book) -> Vec<Problem> {
    let missing = book.missing.iter().map(|page| {
        let name = page.to_string_lossy();
        let line = book.summary.lines().position(|line| line.contains(&*name)).map(|index| index + 1);
        Problem::in_page(Path::new("SUMMARY.md"), line, ProblemKind::NoPage { page: display_path(page) })
    });
    let unlisted = book.unlisted.iter().map(|page| Problem::in_page(page, None, ProblemKind::Unlisted));
    missing.chain(unlisted).collect()
}
