//! The tested book: built by mdBook alone, into its own folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use mdbook_driver::{MDBook, book::BookItem};

/// A built book.
pub struct Book {
    /// The folder of its HTML.
    pub folder: PathBuf,
    /// The pages of the table of contents, in order.
    pub pages: Vec<Page>,
}

/// A page of the table of contents.
pub struct Page {
    /// The path relative to the book, as in a URL: `teach/plan.html`.
    pub path: String,
    /// The title in the table of contents.
    pub title: String,
}

impl Book {
    /// Builds the book.
    pub fn build() -> anyhow::Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{} can't be removed", folder.display()))?;
        }
        let mut book = MDBook::load(repository().join("book"))?;
        book.config.build.build_dir.clone_from(&folder);
        book.build()?;
        let pages = book.iter().filter_map(page).collect::<Vec<_>>();
        ensure!(!pages.is_empty(), "the table of contents names no page");
        Ok(Self { folder, pages })
    }

    /// Returns the chapters of lessons, each with the number of its lesson, `01`.
    pub fn lessons(&self) -> impl Iterator<Item = (&Page, &str)> {
        self.pages.iter().filter_map(|page| {
            let (number, _) = page.path.split_once('-')?;
            (number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some((page, number))
        })
    }

    /// Returns the sum of its files, in bytes.
    pub fn size(&self) -> anyhow::Result<u64> {
        size(&self.folder)
    }
}

/// Returns the root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(item: &BookItem) -> Option<Page> {
    let BookItem::Chapter(chapter) = item else { return None };
    let path = chapter.path.as_ref()?.with_extension("html");
    Some(Page { path: path.to_str()?.replace('\\', "/"), title: chapter.name.clone() })
}

fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(sum)
}
