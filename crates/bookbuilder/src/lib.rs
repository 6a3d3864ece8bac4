//! Builds the book, shows it, and checks what mdBook lets pass.
//!
//! The pages are mdBook's own work: plain `mdbook build book` makes the same. What is generated lies in `book/recorded/`,
//! where tests compare it with what the programs do.
//!
//! | module | what it knows |
//! |---|---|
//! | [`book`] | the sources, in the order in which they are read |
//! | [`includes`], [`markdown`], [`console`] | what stands in a source |
//! | [`html`], [`site`] | what stands in a page |
//! | [`rules`] | what the book must be, one file a rule |
//! | [`problem`] | what is wrong, as data; and, in one place, in words |
//! | [`build`] | mdBook at work, with its warnings heard |
//! | `serve` (feature `serve`) | the book in a browser, again at each change |

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

/// All that is wrong with the book in this workspace: first what its sources show, then, when they can be built, what its
/// pages show.
///
/// # Errors
///
/// When the book can't be read, or built for another reason than what is written in it.
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
