//! The real book.

use crate::small::{words, workspace};

#[test]
fn the_book_keeps_all_rules() {
    let problems = words(&workspace());
    assert!(problems.is_empty(), "\n{problems}");
}
