//! The requirements on the book: one file for each rule.
//!
//! The rules check the sources, where they can name a line, and the built pages for everything else.

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

/// Returns the problems that the sources show.
#[must_use]
pub fn of_sources(book: &Book) -> Vec<Problem> {
    let rules = [pages::check, includes::check, code::check, console::check, lessons::check, glossary::check];
    rules.iter().flat_map(|rule| rule(book)).collect()
}

/// Returns the problems that the built pages show.
#[must_use]
pub fn of_pages(book: &Book, site: &Site) -> Vec<Problem> {
    let rules = [links::check, pictures::check];
    rules.iter().flat_map(|rule| rule(book, site)).collect()
}
