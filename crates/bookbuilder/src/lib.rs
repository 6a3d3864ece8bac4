//! Builds and serves the book, and checks what mdBook does not.
//!
//! The pages are mdBook's own work: plain `mdbook build book` makes the same. Generated files are in `book/recorded/`, where
//! tests compare them with the output of the programs.
//!
//! | module | what it has |
//! |---|---|
//! | [`book`] | the sources, in the order in which they are read |
//! | [`includes`], [`markdown`], [`console`] | the content of a source |
//! | [`html`], [`site`] | the content of a page |
//! | [`rules`] | the requirements on the book, one file for each rule |
//! | [`problem`] | the problems as data; and, in one place, in words |
//! | [`build`] | the build by mdBook, with its warnings as problems |
//! | `serve` (feature `serve`) | the book in a browser, built again at each change |

pub mod app;
pub mod book;
pub mod build;
pub mod console;
pub mod html;
pub mod includes;
pub mod markdown;
pub mod problem;
pub mod rules;
#[cfg(feature = "serve")]
pub mod serve;
pub mod site;

use std::path::Path;

use book::Book;
use problem::Problem;

/// Returns all problems of the book in this workspace: first those of its sources, then, if they can be built, those of its
/// pages.
///
/// # Errors
///
/// When the book can't be read, or can't be built for a reason that is not in its sources.
pub fn check(workspace: &Path) -> anyhow::Result<Vec<Problem>> {
    let book = Book::read(workspace)?;
    let mut problems = rules::of_sources(&book);
    if problems.iter().any(Problem::spoils_pages) {
        return Ok(problems);
    }
    let folder = tempfile::tempdir()?;
    problems.extend(build::into(&book, folder.path())?);
    problems.extend(rules::of_pages(&book, &site::Site::read(&book, folder.path())?));
    Ok(problems)
}
