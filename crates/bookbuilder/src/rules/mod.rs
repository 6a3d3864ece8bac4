//! What the book must be: one file a rule.
//!
//! The rules look at sources where a line can be named, and at built pages for what only they show.

mod code;
mod console;
mod glossary;
mod includes;
mod lessons;
mod links;
mod pages;
mod pictures;
mod prose;

use crate::{book::Book, problem::Problem, site::Site};

/// What the sources show to be wrong.
#[must_use]
pub fn of_sources(book: &Book) -> Vec<Problem> {
    let rules = [pages::check, includes::check, code::check, console::check, lessons::check, glossary::check];
    rules.iter().flat_map(|rule| rule(book)).collect()
}

/// What the built pages show to be wrong.
#[must_use]
pub fn of_pages(book: &Book, site: &Site) -> Vec<Problem> {
    let rules = [links::check, pictures::check];
    rules.iter().flat_map(|rule| rule(book, site)).collect()
}
