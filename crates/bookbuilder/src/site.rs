//! The pages as they were built.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::{
    book::{Book, Page},
    html::{Piece, pieces},
};

/// The built pages.
#[derive(Clone, Debug)]
pub struct Site {
    /// The folder they were built into.
    pub folder: PathBuf,
    /// The pages, in the book's order: by their file, relative to the folder, with what stands in them.
    pub pages: Vec<(PathBuf, Built)>,
}

/// One built page.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// All its pieces.
    pub pieces: Vec<Piece>,
    /// How often each id is given.
    pub ids: HashMap<String, usize>,
}

impl Site {
    /// Reads the pages of this book that were built into this folder.
    ///
    /// # Errors
    ///
    /// When a page is not there.
    pub fn read(book: &Book, folder: &Path) -> anyhow::Result<Site> {
        let read = |page: &Page| {
            let path = built_as(&page.path);
            let file = folder.join(&path);
            let html = fs::read_to_string(&file).with_context(|| format!("mdBook did not build {}", file.display()))?;
            Ok((path, built(&html)))
        };
        let pages = book.pages.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Site { folder: folder.to_owned(), pages })
    }
}

/// The file that mdBook builds from this source.
fn built_as(source: &Path) -> PathBuf {
    match source.file_name() {
        Some(name) if name.eq_ignore_ascii_case("README.md") => source.with_file_name("index.html"),
        _ => source.with_extension("html"),
    }
}

fn built(html: &str) -> Built {
    let mut page = Built::default();
    for (_, piece) in pieces(html) {
        if let Piece::Open(tag) = &piece
            && let Some(id) = tag.get("id")
        {
            *page.ids.entry(id.to_owned()).or_default() += 1;
        }
        page.pieces.push(piece);
    }
    page
}
