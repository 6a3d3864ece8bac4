//! The built pages.

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
    /// The folder of the build.
    pub folder: PathBuf,
    /// The pages, in the book's order: each with its file, relative to the folder.
    pub pages: Vec<(PathBuf, Built)>,
}

/// One built page.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// All its pieces.
    pub pieces: Vec<Piece>,
    /// The number of times that each id is used.
    pub ids: HashMap<String, usize>,
}

impl Site {
    /// Reads the pages of this book from this folder.
    ///
    /// # Errors
    ///
    /// When a page is missing.
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

/// Returns the file that mdBook builds from this source.
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
